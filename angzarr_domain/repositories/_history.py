"""History that can be read: each event with the state before and after it."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Generic, TypeVar

import attrs

from angzarr_domain.aggregates import Aggregate, Change, Fold, Replayed, changes
from angzarr_domain.books import NOW, EventBook, EventPage, Message
from angzarr_domain.client import AsyncConnection, Budget, Connection, Flow
from angzarr_domain.exceptions import UsageError

from ._loading import Subject, feed_on, has_happened, read_on

A = TypeVar("A", bound=Aggregate)


@attrs.frozen(kw_only=True, slots=False, repr=False)
class HistoryStep(Generic[A]):
    """One event, and what it did.

    States are made when they are asked for: a walk through a long history copies none that nobody looks at.
    """

    page: EventPage
    _stretch: Stretch[A] = attrs.field(alias="stretch", eq=False)
    _index: int = attrs.field(alias="index", eq=False)

    @cached_property
    def before(self) -> A:
        """The aggregate before the event."""
        return self._stretch.state(self._index)

    @cached_property
    def state(self) -> A:
        """The aggregate after the event."""
        return self._stretch.state(self._index + 1)

    def __repr__(self) -> str:
        return f"HistoryStep(page={self.page!r}, before={self.before!r}, state={self.state!r})"

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


class Stretch(Generic[A]):
    """Pages that were read together, and the aggregate before them: the state after any of them can be made anew."""

    def __init__(self, subject: Subject[A], before: Replayed[A], book: EventBook) -> None:
        self._subject = subject
        self._before = before
        self._book = book
        self._fold: Fold[A] | None = None
        self._folded = 0
        self._latest: tuple[int, A] | None = None
        self._lock = Lock()

    def state(self, count: int) -> A:
        """The state after the first `count` pages. Asked for in their order, each page is folded once."""
        with self._lock:
            if self._latest is None or self._latest[0] != count:
                self._latest = count, self._made(count)
            # The step after this one is given the same as its state before.
            return self._latest[1]

    def _made(self, count: int) -> A:
        if self._fold is None or count < self._folded:
            self._fold, self._folded = self._subject.fold(onto=self._before), 0
        if count > self._folded:
            feed_on(self._fold, EventBook(self._book.cover, self._book.pages[self._folded : count]))
            self._folded = count
        return copy.deepcopy(self._fold.result().state)


class Reading(Generic[A]):
    """One pass over the history of an aggregate, from the first event on."""

    def __init__(self, subject: Subject[A], budget: Callable[[], Budget]) -> None:
        self._subject = subject
        self._budget = budget
        self._following = 0
        self._fold = subject.fold()

    def more(self) -> Flow[EventBook]:
        """Its next pages; none at its end."""
        book = yield from read_on(self._subject, self._following, NOW, self._budget())
        self._following = book.next_sequence
        return book.remember(self._subject.codec)

    @property
    def state(self) -> A:
        """The state so far, which changes as the reading goes on."""
        return self._fold.result().state

    def steps(self, book: EventBook) -> Iterator[HistoryStep[A]]:
        """What each page did, once it is folded."""
        stretch = Stretch(self._subject, copy.deepcopy(self._fold.result()), book)
        for index, page in enumerate(book.pages):
            feed_on(self._fold, EventBook(book.cover, (page,)))
            if has_happened(page):
                yield HistoryStep(page=page, stretch=stretch, index=index)


def blame(subject: Subject[A], field: str, budget: Callable[[], Budget]) -> Flow[HistoryStep[A] | None]:
    """The step that set a field to what it is now."""
    check_field(subject.definition.cls, field)
    reading, changed = Reading(subject, budget), None
    value = copy.deepcopy(getattr(reading.state, field))
    while (book := (yield from reading.more())).pages:
        for step in reading.steps(book):
            present = getattr(reading.state, field)
            if present != value:
                value, changed = copy.deepcopy(present), step
    return changed


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
        """The step that set a field to what it is now; None if it still has its default.

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
