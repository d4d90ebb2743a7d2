"""What a step of a flow becomes for a coordinator of an older generation. Each of their habits is met in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from angzarr_domain.books import (
    MAX_SEQUENCE,
    NOW,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    Query,
    SequenceRange,
    SequenceSet,
    SpeculateRequest,
    TemporalQuery,
)
from angzarr_domain.exceptions import IncompleteHistory, TooLarge
from angzarr_domain.wire import Method, Methods

from ._budget import Budget
from ._older_sending import meant, notify_once, send_and_check
from ._reading import PAGES_AT_A_TIME, read_range
from ._steps import Call, Drain, Flow

Selection = SequenceRange | SequenceSet | TemporalQuery | None
_AT_PRESENT = TemporalQuery(as_of_sequence=NOW)


def said(step: Call[Any, Any] | Drain[Any, Any], name: str, methods: Methods) -> Flow[Any]:
    """Carry out a step of the newest generation's, by its place in the tables, with these methods."""
    budget = Budget.rest_of(step.options)
    if isinstance(step, Drain):
        sink: Callable[[Any], None] = step.sink
        return (yield from _drain(name, step.request, sink, methods, budget))
    request: Any = step.request
    match name:
        case "handle_command":
            return (yield from send_and_check(request, methods, budget, drawn=step.drawn))
        case "handle_compensation":
            return (yield from notify_once(request, methods, budget))
        case "handle_sync_speculative":
            return (yield from _speculate(request, methods, budget))
        case "get_event_book" | "read_pages":
            request = addressed(request)
        case _:
            pass
    with meant(name, budget):
        return (yield from Call(getattr(methods, name), request, budget.options()))


def addressed(query: Query) -> Query:
    """The query without a correlation id where it has a root: they look at the former alone, in whatever root it is."""
    cover = query.cover
    if cover is None or cover.root is None or not cover.correlation_id:
        return query
    return attrs.evolve(query, cover=attrs.evolve(cover, correlation_id=""))


def synchronized(query: Query) -> Query:
    """The query as Synchronize reads it: the upper end of a range is not part of it there."""
    selection = query.selection
    if isinstance(selection, SequenceRange) and selection.upper is not None:
        upper = None if selection.upper == MAX_SEQUENCE else selection.upper + 1
        query = attrs.evolve(query, selection=attrs.evolve(selection, upper=upper))
    return addressed(query)


def _speculate(request: SpeculateRequest, methods: Methods, budget: Budget) -> Flow[CommandResponse]:
    """A moment is first resolved to a sequence: as_of_time finds nothing there, so that everything looks new."""
    point = request.point_in_time or _AT_PRESENT
    cover = None if request.command is None else request.command.cover
    if point.as_of_time_ns is not None and cover is not None and cover.root is not None:
        last = yield from _last_at(cover, point, methods, budget)
        if last is not None:
            point = TemporalQuery(as_of_sequence=last)
    asked = attrs.evolve(request, point_in_time=point)
    with meant("handle_sync_speculative", budget):
        return (yield from Call(methods.handle_sync_speculative, asked, budget.options()))


def _last_at(cover: Cover, point: TemporalQuery, methods: Methods, budget: Budget) -> Flow[int | None]:
    """The last sequence of a moment; None before the first, where an empty history is what is wanted."""
    book = yield from Pieces(addressed(Query(cover, point)), methods, budget).at(point)
    return book.pages[-1].sequence if book.pages else None


def _drain(name: str, query: Query, sink: Callable[[Any], None], methods: Methods, budget: Budget) -> Flow[None]:
    if name == "read_history" and _by_root(query) and query.selection in (None, _AT_PRESENT):
        # They send all of it in one book, whatever is selected.
        whole = attrs.evolve(addressed(query), selection=None)
        yield from Drain(methods.read_history, whole, sink, budget.options())
        return
    reading = reading_of(query, methods, budget)
    if isinstance(reading, Streamed):
        yield from Drain(reading.method, reading.query, lambda book: sink(reading.selected(book)), budget.options())
        return
    while (book := (yield from reading.following())) is not None:
        sink(book)


def _by_root(query: Query) -> bool:
    return query.cover is not None and query.cover.root is not None


@attrs.frozen
class Streamed:
    """Books that come as one stream; what was selected is picked out here, since nobody looks at it there."""

    method: Method[Query, EventBook]
    query: Query
    selection: Selection

    def selected(self, book: EventBook) -> EventBook:
        """The part of a book that was asked for."""
        if self.selection is None:
            return book
        return attrs.evolve(book, pages=tuple(page for page in book.pages if _within(page, self.selection)))


def _within(page: EventPage, selection: Selection) -> bool:
    sequence = page.sequence or 0
    match selection:
        case SequenceRange(lower=lower, upper=upper):
            return lower <= sequence and (upper is None or sequence <= upper)
        case SequenceSet(values=values):
            return sequence in values
        case TemporalQuery(as_of_sequence=int() as last):
            return sequence <= last
        case TemporalQuery(as_of_time_ns=int() as until):
            return page.created_at_ns is not None and page.created_at_ns <= until
        case _:
            return True


class Pieces:
    """The events of one root, read by one unary call after the other: streams ignore what is selected there."""

    def __init__(self, query: Query, methods: Methods, budget: Budget) -> None:
        self._query = query
        self._methods = methods
        self._budget = budget
        self._range = _range_of(query)
        self._begun = False

    def following(self) -> Flow[EventBook | None]:
        """The next book; None after the last. There is one at least."""
        begun, self._begun = self._begun, True
        if self._range is None:
            return None if begun else (yield from self._at_once())
        lower, upper = self._range
        if begun and (lower > upper or lower > MAX_SEQUENCE):
            return None
        book = yield from self._from(lower, upper)
        last = book.pages[-1].sequence if book.pages else None
        self._range = (MAX_SEQUENCE + 1 if last is None else last + 1, upper)
        return book if book.pages or not begun else None

    def _from(self, lower: int, upper: int) -> Flow[EventBook]:
        cover = self._query.cover or Cover()
        if cover.root is None:
            return EventBook(cover)
        top = min(lower + PAGES_AT_A_TIME - 1, upper)
        book = yield from read_range(cover.domain, cover.root, lower, top, self._budget, methods=self._methods)
        if not book.pages and top < upper:
            # They accept gaps, which may be wider than what is read at a time.
            book = yield from read_range(cover.domain, cover.root, top + 1, upper, self._budget, methods=self._methods)
        return book

    def _at_once(self) -> Flow[EventBook]:
        point = self._query.selection
        if isinstance(point, TemporalQuery) and point.as_of_time_ns is not None:
            return (yield from self.at(point))
        cover = self._query.cover
        if cover is None or cover.edition is None:
            return (yield from Call(self._methods.get_event_book, self._query, self._budget.options()))
        # What is selected of a named timeline leaves out what it shares with the main one.
        whole = attrs.evolve(self._query, selection=None)
        book = yield from Call(self._methods.get_event_book, whole, self._budget.options())
        return attrs.evolve(book, pages=tuple(page for page in book.pages if _within(page, point)))

    def at(self, point: TemporalQuery) -> Flow[EventBook]:
        """The longest unbroken part that is no later than a moment. They select every page that is no later."""
        if self._query.cover is not None and self._query.cover.edition is not None:
            # What is selected of a named timeline leaves out what it shares with the main one.
            whole = attrs.evolve(self._query, selection=None)
            book = yield from Call(self._methods.get_event_book, whole, self._budget.options())
            return attrs.evolve(book, pages=tuple(_until(book.pages, point)))
        try:
            book = yield from Call(self._methods.get_event_book, self._query, self._budget.options())
        except TooLarge:
            return (yield from self._read_until(point))
        following = 0
        for index, page in enumerate(book.pages):
            sequence = page.sequence or 0
            if sequence > following and (yield from self._skipped(following, sequence - 1)):
                return attrs.evolve(book, pages=book.pages[:index])
            following = sequence + 1
        return book

    def _skipped(self, lower: int, upper: int) -> Flow[bool]:
        """Whether there are pages where none was selected: later ones, or without a time. Else it is a gap."""
        cover = self._query.cover or Cover()
        if cover.root is None:
            return False
        book = yield from read_range(cover.domain, cover.root, lower, upper, self._budget, methods=self._methods)
        return bool(book.pages)

    def _read_until(self, point: TemporalQuery) -> Flow[EventBook]:
        """All pages up to the first later one."""
        pages: list[EventPage] = []
        whole = Pieces(attrs.evolve(self._query, selection=None), self._methods, self._budget)
        while (book := (yield from whole.following())) is not None:
            found = list(_until(book.pages, point))
            pages.extend(found)
            if len(found) < len(book.pages):
                break
        return EventBook(self._query.cover, tuple(pages))


def _until(pages: Iterable[EventPage], point: TemporalQuery) -> Iterator[EventPage]:
    for page in pages:
        if page.created_at_ns is None:
            raise IncompleteHistory(
                f"page {page.sequence} says nothing of when it was created, so that nobody can tell whether it is of "
                "this moment: ask for a sequence instead"
            )
        if not _within(page, point):
            return
        yield page


def _range_of(query: Query) -> tuple[int, int] | None:
    """The ends, inclusive, where what is selected can be read by ranges."""
    if query.cover is not None and query.cover.edition is not None:
        return None  # a range of a named timeline leaves out what it shares with the main one
    match query.selection:
        case None:
            return 0, MAX_SEQUENCE
        case SequenceRange(lower=lower, upper=upper):
            return lower, MAX_SEQUENCE if upper is None else upper
        case TemporalQuery(as_of_sequence=int() as last):
            return 0, last
        case _:
            return None


def reading_of(query: Query, methods: Methods, budget: Budget) -> Pieces | Streamed:
    """How the books of GetEvents are had."""
    if _by_root(query):
        return Pieces(addressed(query), methods, budget)
    return Streamed(methods.get_events, attrs.evolve(query, selection=None), query.selection)
