"""History that can be read: each event with the state before and after it."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Generic, TypeVar

import attrs

from angzarr_domain.aggregates import Aggregate, Change, changes
from angzarr_domain.books import NOW, EventBook, EventPage, Message
from angzarr_domain.client import PAGES_AT_A_TIME, AsyncConnection, Budget, Connection, Flow, read_range
from angzarr_domain.exceptions import UsageError

from ._loading import Subject

A = TypeVar("A", bound=Aggregate)


@attrs.frozen(kw_only=True)
class HistoryStep(Generic[A]):
    """One event, and what it did."""

    page: EventPage
    before: A
    state: A

    @property
    def sequence(self) -> int:
        """Its place in the stream, from 0."""
        return self.state.next_sequence - 1 if self.page.sequence is None else self.page.sequence

    @property
    def created_at(self) -> datetime | None:
        """When it was recorded, in UTC; None if nobody stamped it."""
        return self.page.created_at

    @property
    def event(self) -> Message:
        """The event as a message.

        Raises:
            DecodeFailed: The aggregate's class does not know its type; `page.decode(Type)` may.

        """
        return self.page.decode()

    @property
    def changes(self) -> tuple[Change, ...]:
        """The fields it changed."""
        return changes(self.before, self.state)


class Reading(Generic[A]):
    """One pass over the history of an aggregate, from the first event on."""

    def __init__(self, subject: Subject[A], budget: Callable[[], Budget]) -> None:
        self._subject = subject
        self._budget = budget
        self._following = 0
        self._earlier: tuple[EventPage, ...] = ()
        self._fold = subject.fold()
        self._before = copy.deepcopy(self._fold.result().state)

    def more(self) -> Flow[EventBook]:
        """Its next pages; none at its end."""
        lower, subject = self._following, self._subject
        upper = min(lower + PAGES_AT_A_TIME - 1, NOW)
        book = yield from read_range(subject.definition.domain, subject.root, lower, upper, self._budget())
        self._following = book.next_sequence
        return book

    def single(self, book: EventBook) -> Iterator[EventBook]:
        """A book for each page, which is its last.

        The page before it, which a fold skips, comes along: a hole in the middle of a history is no missing start.
        """
        for page in book.remember(self._subject.codec).pages:
            yield EventBook(book.cover, (*self._earlier, page))
            self._earlier = (page,)

    def steps(self, book: EventBook) -> Iterator[HistoryStep[A]]:
        """What each page did."""
        for each in self.single(book):
            self._fold.feed(each)
            before, self._before = self._before, copy.deepcopy(self._fold.result().state)
            yield HistoryStep(page=each.pages[-1], before=before, state=self._before)


def blame(subject: Subject[A], field: str, budget: Callable[[], Budget]) -> Flow[HistoryStep[A] | None]:
    """The step that set a field to what it is now."""
    check_field(subject.definition.cls, field)
    fold, changed = subject.fold(), None
    value = copy.deepcopy(getattr(fold.result().state, field))
    reading = Reading(subject, budget)
    while (book := (yield from reading.more())).pages:
        for each in reading.single(book):
            fold.feed(each)
            present = getattr(fold.result().state, field)
            if present != value:
                # Copied only now: a copy of every state takes far longer than folding once more.
                value, changed = copy.deepcopy(present), each
    return None if changed is None else (yield from _step_of(changed, subject, budget))


def _step_of(last: EventBook, subject: Subject[A], budget: Callable[[], Budget]) -> Flow[HistoryStep[A]]:
    fold, page, found = subject.fold(), last.pages[-1], False
    reading = Reading(subject, budget)
    while not found and (book := (yield from reading.more())).pages:
        for each in reading.single(book):
            found = each.pages[-1].sequence == page.sequence
            if found:
                break
            fold.feed(each)
    before = copy.deepcopy(fold.result().state)
    fold.feed(last)
    return HistoryStep(page=page, before=before, state=fold.result().state)


class History(Generic[A]):
    """The events of one aggregate from the first on, read as they are iterated; each iteration reads anew."""

    def __init__(self, subject: Subject[A], connection: Connection, budget: Callable[[], Budget]) -> None:
        self._subject = subject
        self._connection = connection
        self._budget = budget

    def __iter__(self) -> Iterator[HistoryStep[A]]:
        reading = Reading(self._subject, self._budget)
        while (book := self._connection.run(reading.more())).pages:
            yield from reading.steps(book)

    def blame(self, field: str) -> HistoryStep[A] | None:
        """The step that set a field to what it is now; None if it still has its default. Reads the history twice.

        Raises:
            UsageError: The aggregate has no such field; lists those it has.

        """
        return self._connection.run(blame(self._subject, field, self._budget))


class AsyncHistory(Generic[A]):
    """Same as `History`, awaited: `async for step in history`."""

    def __init__(self, subject: Subject[A], connection: AsyncConnection, budget: Callable[[], Budget]) -> None:
        self._subject = subject
        self._connection = connection
        self._budget = budget

    async def __aiter__(self) -> AsyncIterator[HistoryStep[A]]:
        reading = Reading(self._subject, self._budget)
        while (book := await self._connection.run(reading.more())).pages:
            for step in reading.steps(book):
                yield step

    async def blame(self, field: str) -> HistoryStep[A] | None:
        """Same as `History.blame`, awaited."""
        return await self._connection.run(blame(self._subject, field, self._budget))


def check_field(cls: type[Aggregate], field: str) -> None:
    """Refuse a name that is no field of the class."""
    names = [attribute.name for attribute in attrs.fields(cls)]
    if field not in names:
        raise UsageError(f"{cls.__name__} has no field {field!r}; it has {', '.join(names) or 'none'}", field="field")
