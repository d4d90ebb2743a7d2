"""Events in this process's memory: nothing is left of them when it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from angzarr_domain.books import EventPage, Snapshot, SnapshotRetention
from angzarr_domain.exceptions import StoreError

from ._rows import Row, page_of, restored_rows, rows_of, size_of
from .base import NO_FACTS, PIECE_BYTES, PIECE_PAGES, DeferredKey, HeadMoved, Stream


@attrs.define
class _Kept:
    """One stream. Rows lie at consecutive sequences from `first` on."""

    first: int = 0
    rows: list[Row] = attrs.field(factory=list[Row])
    correlation_ids: list[str] = attrs.field(factory=list[str])
    snapshots: list[Snapshot] = attrs.field(factory=list[Snapshot])
    executed: dict[DeferredKey, range] = attrs.field(factory=dict[DeferredKey, range])

    @property
    def head(self) -> int:
        if self.rows:
            return self.first + len(self.rows)
        return max((snapshot.sequence + 1 for snapshot in self.snapshots), default=0)

    def piece(self, lower: int, upper: int | None) -> list[Row]:
        start = max(lower - self.first, 0)
        stop = len(self.rows) if upper is None else max(upper - self.first + 1, 0)
        rows = self.rows[start : min(stop, start + PIECE_PAGES)]
        size = 0
        for count, row in enumerate(rows):
            size += size_of(row)
            if size > PIECE_BYTES and count > 0:
                return rows[:count]
        return rows

    def correlated(self, correlation_id: str) -> list[Row]:
        return [row for row, own in zip(self.rows, self.correlation_ids, strict=True) if own == correlation_id]


class MemoryStore:
    """Streams of events in memory. See `EventStore`."""

    def __init__(self) -> None:
        self._streams: dict[Stream, _Kept] = {}
        self._guard = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return "MemoryStore()"

    def head(self, stream: Stream) -> int:
        """See `EventStore.head`."""
        with self._guard:
            return self._kept(stream).head

    def append(
        self,
        stream: Stream,
        expected_head: int,
        pages: Sequence[EventPage],
        *,
        correlation_id: str = "",
        snapshot: Snapshot | None = None,
        deferred: DeferredKey | None = None,
        facts: Mapping[DeferredKey, range] = NO_FACTS,
        timeout: float | None = None,  # noqa: ARG002 - others who write take no time here
    ) -> None:
        """See `EventStore.append`."""
        rows = rows_of(expected_head, pages)
        with self._guard:
            kept = self._kept(stream)
            if kept.head != expected_head or any(key in kept.executed for key in (deferred, *facts)):
                raise HeadMoved(kept.head)
            if not kept.rows:
                kept.first = expected_head
            kept.rows += rows
            kept.correlation_ids += [correlation_id] * len(rows)
            if snapshot is not None:
                kept.snapshots = [*_outliving(kept.snapshots, snapshot.sequence), snapshot]
            if deferred is not None:
                kept.executed[deferred] = range(expected_head, expected_head + len(rows))
            kept.executed |= facts
            self._streams[stream] = kept

    def restore(self, stream: Stream, pages: Iterable[EventPage], snapshot: Snapshot | None = None) -> None:
        """See `EventStore.restore`."""
        if head := self.head(stream):
            raise HeadMoved(head)
        rows = list(restored_rows(pages, snapshot))
        with self._guard:
            kept = self._kept(stream)
            if kept.head:
                raise HeadMoved(kept.head)
            kept.first = rows[0][0] if rows else 0
            kept.rows += rows
            kept.correlation_ids += [""] * len(rows)
            kept.snapshots += [] if snapshot is None else [snapshot]
            self._streams[stream] = kept

    def executed(self, stream: Stream, key: DeferredKey) -> range | None:
        """See `EventStore.executed`."""
        with self._guard:
            return self._kept(stream).executed.get(key)

    def pages(self, stream: Stream, lower: int = 0, upper: int | None = None) -> Iterator[EventPage]:
        """See `EventStore.pages`."""
        while True:
            with self._guard:
                rows = self._kept(stream).piece(lower, upper)
            yield from map(page_of, rows)
            if not rows:
                return
            lower = rows[-1][0] + 1

    def head_at(self, stream: Stream, time_ns: int) -> int:
        """See `EventStore.head_at`."""
        with self._guard:
            kept = self._kept(stream)
            later = (row[0] for row in kept.rows if row[1] is None or row[1] > time_ns)
            return next(later, kept.head)

    def snapshot(self, stream: Stream, at_most: int | None = None, *, by_ns: int | None = None) -> Snapshot | None:
        """See `EventStore.snapshot`."""
        with self._guard:
            fitting = [
                snapshot
                for snapshot in self._kept(stream).snapshots
                if (at_most is None or snapshot.sequence <= at_most)
                and (by_ns is None or (snapshot.created_at_ns is not None and snapshot.created_at_ns <= by_ns))
            ]
        return max(fitting, key=lambda snapshot: snapshot.sequence, default=None)

    def correlated(self, correlation_id: str) -> Iterator[tuple[Stream, Iterator[EventPage]]]:
        """See `EventStore.correlated`."""
        with self._guard:
            self._check_open()
            found = [
                (stream, kept.correlated(correlation_id))
                for stream, kept in self._streams.items()
                if correlation_id and correlation_id in kept.correlation_ids
            ]
        for stream, rows in found:
            yield stream, map(page_of, rows)

    def roots(self) -> Iterator[Stream]:
        """See `EventStore.roots`."""
        with self._guard:
            self._check_open()
            found = [stream for stream, kept in self._streams.items() if kept.rows]
        yield from sorted(found, key=lambda stream: (stream.domain, stream.root))

    def close(self) -> None:
        """See `EventStore.close`."""
        with self._guard:
            self._closed = True
            self._streams.clear()

    def _kept(self, stream: Stream) -> _Kept:
        self._check_open()
        return self._streams.get(stream) or _Kept()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("this coordinator is closed: its events in memory are gone", code="STORE_CLOSED")


def _outliving(snapshots: list[Snapshot], newer: int) -> list[Snapshot]:
    """Those that a snapshot at `newer` leaves: kept ones, and any that is newer still."""
    return [
        each
        for each in snapshots
        if each.sequence > newer or (each.retention is SnapshotRetention.PERSIST and each.sequence != newer)
    ]
