"""History that can be read: each event with the state before and after it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Generic, TypeVar

import attrs

from angzarr_domain.aggregates import Aggregate, Change, changes
from angzarr_domain.books import EventBook, EventPage, Message
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


class History(Generic[A]):
    """The events of one aggregate from the first on, read as they are iterated; each iteration reads anew."""

    def __init__(self, subject: Subject[A], read: Callable[[int], EventBook]) -> None:
        self._subject = subject
        self._read = read

    def __iter__(self) -> Iterator[HistoryStep[A]]:
        fold = self._subject.fold()
        before = copy.deepcopy(fold.result().state)
        for book in self._pages():
            fold.feed(book)
            state = copy.deepcopy(fold.result().state)
            yield HistoryStep(page=book.pages[-1], before=before, state=state)
            before = state

    def blame(self, field: str) -> HistoryStep[A] | None:
        """The step that set a field to what it is now; None if it still has its default. Reads the history twice.

        Raises:
            UsageError: The aggregate has no such field; lists those it has.

        """
        check_field(self._subject.definition.cls, field)
        fold, changed = self._subject.fold(), None
        value = copy.deepcopy(getattr(fold.result().state, field))
        for book in self._pages():
            fold.feed(book)
            present = getattr(fold.result().state, field)
            if present != value:
                # Copied only now: a copy of every state takes far longer than folding once more.
                value, changed = copy.deepcopy(present), book
        return None if changed is None else self._step_of(changed)

    def _step_of(self, last: EventBook) -> HistoryStep[A]:
        fold, page = self._subject.fold(), last.pages[-1]
        for book in self._pages():
            if book.pages[-1].sequence == page.sequence:
                break
            fold.feed(book)
        before = copy.deepcopy(fold.result().state)
        fold.feed(last)
        return HistoryStep(page=page, before=before, state=fold.result().state)

    def _pages(self) -> Iterator[EventBook]:
        """A book for each page, which is its last.

        The page before it, which a fold skips, comes along: a hole in the middle of a history is no missing start.
        """
        following = 0
        earlier: tuple[EventPage, ...] = ()
        while (book := self._read(following)).pages:
            following = book.next_sequence
            for page in book.remember(self._subject.codec).pages:
                yield EventBook(book.cover, (*earlier, page))
                earlier = (page,)


def check_field(cls: type[Aggregate], field: str) -> None:
    """Refuse a name that is no field of the class."""
    names = [attribute.name for attribute in attrs.fields(cls)]
    if field not in names:
        raise UsageError(f"{cls.__name__} has no field {field!r}; it has {', '.join(names) or 'none'}", field="field")
