"""What the coordinator asks of a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol
from uuid import UUID

import attrs

from angzarr_domain.books import EventPage, Snapshot


@attrs.frozen
class Stream:
    """The name of one aggregate's events on the main timeline."""

    domain: str
    root: UUID


@attrs.frozen
class HeadMoved(Exception):  # noqa: N818 - the coordinator catches it, it never reaches a caller
    """Another writer was faster: the stream's head is not the one the events were decided on."""

    actual: int


class EventStore(Protocol):
    """Streams of events, appended all or nothing, durable when `append` returns. Safe for several threads.

    Every method raises StoreError (STORE_CLOSED) after `close`.
    """

    def head(self, stream: Stream) -> int:
        """The next sequence: last page + 1, else newest snapshot + 1, else 0."""
        ...

    def append(
        self,
        stream: Stream,
        expected_head: int,
        pages: Sequence[EventPage],
        *,
        correlation_id: str = "",
        snapshot: Snapshot | None = None,
    ) -> None:
        """Store pages that carry the sequences expected_head, expected_head + 1, ... and a snapshot, or nothing.

        Raises:
            HeadMoved: The head is another one; nothing was stored.

        """
        ...

    def pages(self, stream: Stream, lower: int = 0, upper: int | None = None) -> Iterator[EventPage]:
        """Pages from `lower` to `upper`, both inclusive, in order, read piece by piece as they are asked for."""
        ...

    def head_at(self, stream: Stream, time_ns: int) -> int:
        """The length of the longest prefix whose pages were all created at or before the time."""
        ...

    def snapshot(self, stream: Stream, at_most: int | None = None, *, by_ns: int | None = None) -> Snapshot | None:
        """The newest snapshot with sequence <= at_most and, if asked, a created_at at or before `by_ns`."""
        ...

    def correlated(self, correlation_id: str) -> Iterator[tuple[Stream, Iterator[EventPage]]]:
        """The streams, of all domains, that hold pages stored under this id, each with just those pages."""
        ...

    def roots(self) -> Iterator[Stream]:
        """Every stream that has events, ordered by domain and root."""
        ...

    def close(self) -> None:
        """End it, after appends under way; harmless when repeated."""
        ...
