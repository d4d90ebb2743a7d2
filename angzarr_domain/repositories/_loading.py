"""Loading an aggregate: its history streamed into a fold, book by book, so that memory does not grow with it."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.aggregates import Aggregate, AggregateDefinition, Fold, Replayed
from angzarr_domain.books import NOW, Cover, EventBook, EventPage, Query, Snapshot, TemporalQuery
from angzarr_domain.client import PAGES_AT_A_TIME, Budget, Drain, Flow, read_range, retried
from angzarr_domain.exceptions import IncompleteHistory, MethodNotServed, NotSupported, TooLarge
from angzarr_domain.wire import METHODS, PayloadCodec

A = TypeVar("A", bound=Aggregate)

AT_PRESENT: Final = TemporalQuery(as_of_sequence=NOW)


@attrs.frozen
class Subject(Generic[A]):
    """The one aggregate that a flow is about."""

    definition: AggregateDefinition[A]
    codec: PayloadCodec
    root: UUID

    @property
    def cover(self) -> Cover:
        """Its address."""
        return Cover(self.definition.domain, self.root)

    def fold(self, onto: Replayed[A] | None = None) -> Fold[A]:
        """A fold of its history, from the start, or onto what is folded already."""
        return Fold(self.definition, self.codec, root=self.root, onto=onto)


def load(subject: Subject[A], point: TemporalQuery, budget: Budget) -> Flow[Replayed[A]]:
    """The aggregate as of this point.

    Streamed, from a snapshot on if one fits. Where the peer ignores the point, does not stream, or sends a snapshot
    that does not fit, all pages are read by ranges instead.

    Raises:
        HistoryError: The history cannot be folded.

    """
    try:
        return (yield from retried(lambda: _streamed(subject, point, budget), budget))
    except (_NotSelectedError, IncompleteHistory, TooLarge, NotSupported, MethodNotServed):
        return (yield from load_by_ranges(subject, point, budget))


def _streamed(subject: Subject[A], point: TemporalQuery, budget: Budget) -> Flow[Replayed[A]]:
    fold = subject.fold()

    def take(book: EventBook) -> None:
        _check_selected(book, point)
        # What comes next is computed from the pages: peers may mean the head of the stream instead.
        fold.feed(EventBook(book.cover, book.pages, book.snapshot))

    query = Query(subject.cover, point)
    if point == AT_PRESENT:
        # Nothing to check of single pages, so none is made a value of.
        yield from Drain(METHODS.read_history, query, fold.feed, budget.options())
    else:
        yield from Drain(METHODS.get_events, query, take, budget.options())
    return fold.result()


def load_by_ranges(subject: Subject[A], point: TemporalQuery, budget: Budget) -> Flow[Replayed[A]]:
    """The aggregate as of this point, from all of its events and no snapshot."""
    fold = subject.fold()
    last = NOW if point.as_of_sequence is None else point.as_of_sequence
    while (lower := fold.next_sequence) <= last:
        book = yield from read_on(subject, lower, last, budget)
        pages = _prefix(book.pages, point.as_of_time_ns)
        if pages:
            feed_on(fold, EventBook(book.cover, pages))
        if not pages or len(pages) < len(book.pages):
            break
    return fold.result()


def catch_up(
    subject: Subject[A], replayed: Replayed[A], head: int | None, keep: int, budget: Budget
) -> Flow[tuple[Replayed[A], tuple[EventPage, ...]]]:
    """Fold what came after, up to this head if it is known; and the first `keep` of those pages."""
    fold = subject.fold(onto=replayed)
    kept: tuple[EventPage, ...] = ()
    last = NOW if head is None else head - 1
    while fold.next_sequence <= last:
        book = yield from read_on(subject, fold.next_sequence, last, budget)
        if not book.pages:
            break
        feed_on(fold, book)
        found = filter(has_happened, book.remember(subject.codec).pages)
        kept += tuple(islice(found, keep - len(kept)))
    return fold.result(), kept


def read_on(subject: Subject[Any], lower: int, last: int, budget: Budget) -> Flow[EventBook]:
    """Some pages from `lower` on, up to `last`; none only if there are none at all."""
    domain, root = subject.definition.domain, subject.root
    upper = min(lower + PAGES_AT_A_TIME - 1, last)
    book = yield from read_range(domain, root, lower, upper, budget, for_fold=True)
    if not book.pages and upper < last:
        # Engines accept gaps, and one may be wider than what is asked for at a time.
        book = yield from read_range(domain, root, upper + 1, last, budget, for_fold=True)
    return book


def feed_on(fold: Fold[Any], book: EventBook) -> None:
    """Fold pages that were read from the fold's own place on: if they start later, then there is a gap before them."""
    first = book.pages[0].sequence
    if fold.next_sequence > 0 and first is not None and first > fold.next_sequence:
        # A page that is folded already says that nothing is missing in between; a missing start is still refused.
        book = EventBook(book.cover, (EventPage(sequence=fold.next_sequence - 1), *book.pages))
    fold.feed(book)


def has_happened(page: EventPage) -> bool:
    """Whether there is anything in a page; older coordinators have places for what was never committed."""
    return page.event is not None or page.external is not None


class _NotSelectedError(Exception):
    """The peer sent more than was asked for."""


def _check_selected(book: EventBook, point: TemporalQuery) -> None:
    if not _covers(point, book.snapshot) or not all(_reaches(point, page) for page in book.pages):
        raise _NotSelectedError


def _covers(point: TemporalQuery, snapshot: Snapshot | None) -> bool:
    if snapshot is None:
        return True
    if point.as_of_sequence is not None:
        return snapshot.sequence <= point.as_of_sequence
    return _no_later(snapshot.created_at_ns, point.as_of_time_ns)


def _reaches(point: TemporalQuery, page: EventPage) -> bool:
    if point.as_of_sequence is not None:
        return page.sequence is not None and page.sequence <= point.as_of_sequence
    # A page without a time was selected by a time that only the peer knows.
    return page.created_at_ns is None or _no_later(page.created_at_ns, point.as_of_time_ns)


def _no_later(moment: int | None, limit: int | None) -> bool:
    return moment is not None and limit is not None and moment <= limit


def _prefix(pages: tuple[EventPage, ...], until_ns: int | None) -> tuple[EventPage, ...]:
    """The longest prefix of pages that are no later."""
    if until_ns is None:
        return pages
    for page in pages:
        if page.created_at_ns is None and has_happened(page):
            raise IncompleteHistory(
                f"page {page.sequence} says nothing of when it was created, so no state of a moment can be told: "
                "use a sequence as as_of"
            )
    return tuple(takewhile(lambda page: not has_happened(page) or _no_later(page.created_at_ns, until_ns), pages))
