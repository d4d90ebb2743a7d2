"""A stream as it was at one point, read in books of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from angzarr_domain.books import Cover, EventBook, EventPage, Snapshot, TemporalQuery

from ._store.base import PIECE_BYTES, PIECE_PAGES, EventStore, Stream

#: Bytes of a page beside its payload and type URL: header, time, and the tags of all.
_ENVELOPE: Final = 48


@attrs.frozen
class View:
    """A stream up to a point: what came later is not seen, also while it is being stored.

    It is the `History` that business logic reads.

    Attributes:
        head: The sequence after the last one seen.
        by_ns: The moment, if that is what was asked for: snapshots have to be from before it.

    """

    store: EventStore
    stream: Stream
    head: int
    by_ns: int | None = None

    @classmethod
    def at(cls, store: EventStore, stream: Stream, point: TemporalQuery | None) -> View:
        """The stream as of a sequence or a moment, inclusive; without either, as of now."""
        if point is not None and point.as_of_time_ns is not None:
            return cls(store, stream, store.head_at(stream, point.as_of_time_ns), point.as_of_time_ns)
        head = store.head(stream)
        if point is not None and point.as_of_sequence is not None:
            head = max(min(head, point.as_of_sequence + 1), 0)
        return cls(store, stream, head)

    def snapshot(self) -> Snapshot | None:
        """The newest one that knows of nothing later (C-0402 to C-0407)."""
        return self.store.snapshot(self.stream, self.head - 1, by_ns=self.by_ns)

    def pages(self, lower: int = 0, upper: int | None = None) -> Iterator[EventPage]:
        """Pages from `lower` to `upper`, both inclusive."""
        last = self.head - 1
        # What lies outside the stream may also lie outside the numbers that a store can look for.
        first, final = max(lower, 0), last if upper is None else min(upper, last)
        return self.store.pages(self.stream, first, final) if first <= final else iter(())

    def tail(self, snapshot: Snapshot | None) -> Iterator[EventPage]:
        """The pages after a snapshot; all of them without one."""
        return self.pages(0 if snapshot is None else snapshot.sequence + 1)

    def books(self, *, from_start: bool = False) -> Iterator[EventBook]:
        """See `hosting.History.books`."""
        snapshot = None if from_start else self.snapshot()
        return in_books(Cover(self.stream.domain, self.stream.root), self.tail(snapshot), snapshot)


def in_books(cover: Cover, pages: Iterable[EventPage], snapshot: Snapshot | None = None) -> Iterator[EventBook]:
    """Books that continue each other, the snapshot in the first; at least one, also without any page.

    A book ends at 500 pages or 1 MiB; one page may exceed that.
    """
    size = 0 if snapshot is None or snapshot.state is None else len(snapshot.state.value)
    taken: list[EventPage] = []
    for page in pages:
        size += page_size(page)
        if taken and (len(taken) == PIECE_PAGES or size > PIECE_BYTES):
            yield EventBook(cover, tuple(taken), snapshot)
            snapshot, taken, size = None, [], page_size(page)
        taken.append(page)
    yield EventBook(cover, tuple(taken), snapshot)


def page_size(page: EventPage) -> int:
    """Bytes on the wire, a few more rather than fewer."""
    payload = 0 if page.event is None else len(page.event.value) + len(page.event.type_url)
    external = 0 if page.external is None else len(page.external.uri) + len(page.external.content_hash) + _ENVELOPE
    return payload + external + _ENVELOPE
