"""Reading streams: by root or by correlation id, all of it or a selection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import attrs

from angzarr_domain.books import (
    AggregateRoot,
    Cover,
    EventBook,
    EventPage,
    Query,
    SequenceRange,
    SequenceSet,
    Snapshot,
    TemporalQuery,
)
from angzarr_domain.exceptions import DeadlineExceeded, TooLarge

from ._acceptance import accept_query
from ._callers import Caller
from ._history import View, in_books, page_size
from ._store.base import PIECE_PAGES, EventStore, Stream

#: Bytes that one answer may have; clients accept at least as much.
MAX_BOOK: Final = 10 * 1024 * 1024

#: Ranges that a refusal names.
_NAMED_RANGES: Final = 10


@attrs.frozen
class _Found:
    """One stream's part of an answer; its pages are read as they are asked for."""

    cover: Cover
    pages: Iterator[EventPage]
    snapshot: Snapshot | None = None


@attrs.frozen
class Queries:
    """Answers queries.

    Attributes:
        max_book: Bytes that the one book of `get_event_book` may have, roughly.
        snapshots: Whether books start from one where there is one; without them they have all their pages.

    """

    store: EventStore
    max_book: int = MAX_BOOK
    snapshots: bool = True

    def get_event_book(self, query: Query, caller: Caller) -> EventBook:
        """One book: of the root, or of the first stream with the correlation id; an empty one if there is none.

        Raises:
            InvalidArgument: The query makes no sense; `field` names the part.
            NotSupported: It asks for a named timeline.
            TooLarge: The book would be over the size limit; the text names ranges that are not.

        """
        cover = accept_query(query)
        found = next(self._found(query, cover), None)
        return EventBook(attrs.evolve(cover, ext=None)) if found is None else self._whole(found, caller)

    def get_events(self, query: Query, caller: Caller) -> Iterator[EventBook]:
        """Every book of the query, each in books that end at 500 pages or 1 MiB; a snapshot only in the first.

        Raises:
            InvalidArgument: The query makes no sense; `field` names the part.
            NotSupported: It asks for a named timeline.

        """
        for found in self._found(query, accept_query(query)):
            for book in in_books(found.cover, found.pages, found.snapshot):
                _check_reading(caller)
                yield book

    def get_whole_events(self, query: Query, caller: Caller) -> Iterator[EventBook]:
        """Every book of the query, each in one piece. Raises as `get_event_book`."""
        for found in self._found(query, accept_query(query)):
            _check_reading(caller)
            yield self._whole(found, caller)

    def get_aggregate_roots(self, _request: None, caller: Caller) -> Iterator[AggregateRoot]:
        """Every aggregate that has events, ordered by domain and root."""
        for stream in self.store.roots():
            _check_reading(caller)
            yield AggregateRoot(stream.domain, stream.root)

    def synchronize(self, queries: Iterable[Query], caller: Caller) -> Iterator[EventBook]:
        """For each query its `get_event_book`, as they arrive; the first that fails ends it."""
        for query in queries:
            _check_reading(caller)
            yield self.get_event_book(query, caller)

    def _found(self, query: Query, cover: Cover) -> Iterator[_Found]:
        if not cover.correlation_id:
            if cover.root is not None:
                yield self._of_root(Stream(cover.domain, cover.root), query)
            return
        for stream, pages in self.store.correlated(cover.correlation_id):
            # With a root as well, only that one's part of the workflow.
            if cover.root is None or stream == Stream(cover.domain, cover.root):
                found = Cover(stream.domain, stream.root, cover.correlation_id)
                yield _Found(found, self._selected(stream, pages, query))

    def _of_root(self, stream: Stream, query: Query) -> _Found:
        cover = Cover(stream.domain, stream.root)
        match query.selection:
            case None:
                view = View.at(self.store, stream, None)
                return _Found(cover, view.pages(), view.snapshot() if self.snapshots else None)
            case TemporalQuery() as point:
                view = View.at(self.store, stream, point)
                snapshot = view.snapshot() if self.snapshots else None
                return _Found(cover, view.tail(snapshot), snapshot)
            case SequenceRange(lower=lower, upper=upper):
                return _Found(cover, View.at(self.store, stream, None).pages(lower, upper))
            case SequenceSet(values=values):
                view = View.at(self.store, stream, None)
                # Each run is looked up by itself, and a query can name millions that are not there.
                wanted = (value for value in values if value < view.head)
                return _Found(cover, chain.from_iterable(view.pages(*run) for run in _runs(wanted)))

    def _selected(self, stream: Stream, pages: Iterator[EventPage], query: Query) -> Iterator[EventPage]:
        """Those of a workflow's pages that the selection is about."""
        match query.selection:
            case None:
                return pages
            case TemporalQuery() as point:
                head = View.at(self.store, stream, point).head
                return (page for page in pages if _sequence(page) < head)
            case SequenceRange(lower=lower, upper=upper):
                return (
                    page for page in pages if lower <= _sequence(page) and (upper is None or _sequence(page) <= upper)
                )
            case SequenceSet(values=values):
                wanted = frozenset(values)
                return (page for page in pages if page.sequence in wanted)

    def _whole(self, found: _Found, caller: Caller) -> EventBook:
        state = None if found.snapshot is None else found.snapshot.state
        size = 0 if state is None else len(state.value)
        pages: list[EventPage] = []
        for page in found.pages:
            if len(pages) % PIECE_PAGES == PIECE_PAGES - 1:
                _check_reading(caller)
            size += page_size(page)
            if size > self.max_book and pages:
                raise self._too_large(found.cover, chain(pages, [page], found.pages))
            pages.append(page)
        return EventBook(found.cover, tuple(pages), found.snapshot)

    def _too_large(self, cover: Cover, pages: Iterable[EventPage]) -> TooLarge:
        ranges = list(self._ranges(pages))
        named = ", ".join(f"{lower} to {'the end' if upper is None else upper}" for lower, upper in ranges)
        return TooLarge(
            f"the events of {cover.domain} {cover.root} are over {self.max_book} bytes, too many for one answer: ask "
            f"for the ranges {named} (both ends inclusive), or for GetEvents, which streams them"
        )

    def _ranges(self, pages: Iterable[EventPage]) -> Iterator[tuple[int, int | None]]:
        lower = last = -1
        size = named = 0
        for page in pages:
            sequence = _sequence(page)
            if lower < 0:
                lower = sequence
            elif size + page_size(page) > self.max_book:
                yield lower, last
                lower, size, named = sequence, 0, named + 1
                if named == _NAMED_RANGES:
                    yield lower, None
                    return
            size += page_size(page)
            last = sequence
        yield lower, last


def _sequence(page: EventPage) -> int:
    # A stored page has one.
    return -1 if page.sequence is None else page.sequence


def _runs(values: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The sequences, in order and each once, as ranges."""
    first = last = None
    for value in sorted(set(values)):
        if first is None or last is None or value != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = value
        last = value
    if first is not None and last is not None:
        yield first, last


def _check_reading(caller: Caller) -> None:
    if not caller.is_active():
        raise DeadlineExceeded("the caller's time ran out while events were read: allow more, or ask for a range")
