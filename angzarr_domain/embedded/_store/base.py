"""What the coordinator asks of a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

import attrs

from angzarr_domain.books import EventPage, Snapshot

#: Reads take pages in pieces that end at whichever comes first, so that memory stays bounded; one page may be larger.
PIECE_PAGES: Final = 500
PIECE_BYTES: Final = 1 << 20


@attrs.frozen
class Stream:
    """The name of one aggregate's events on the main timeline."""

    domain: str
    root: UUID


@attrs.frozen
class DeferredKey:
    """What a command, notification or fact without a sequence is carried out once by, at its target.

    That is where it came from, or a fact's external id (`of_fact`).

    Attributes:
        kind: What the provenance sits on, such as "command".
        source_edition: The source's timeline; "" is the main one.

    """

    kind: str
    source_domain: str
    source_root: UUID
    source_edition: str
    source_seq: int
    source_component: str
    command_index: int

    @classmethod
    def of_fact(cls, external_id: str) -> DeferredKey:
        """The key of a fact from outside, which has nothing but its id."""
        return cls("fact", "", UUID(int=0), "", 0, external_id, 0)


#: A batch of pages without facts.
NO_FACTS: Final[Mapping[DeferredKey, range]] = MappingProxyType({})


@attrs.frozen
class HeadMoved(Exception):
    """Another writer was faster: the stream's head is not the one the events were decided on.

    The coordinator catches it; it never reaches a caller.
    """

    actual: int


class EventStore(Protocol):
    """Streams of events, appended all or nothing, durable when `append` returns. Safe for several threads.

    Values that are read share nothing with those that were stored or read before. Every method raises StoreError
    (STORE_CLOSED) after `close`, an iterator when it is next advanced.
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
        deferred: DeferredKey | None = None,
        facts: Mapping[DeferredKey, range] = NO_FACTS,
        timeout: float | None = None,
    ) -> None:
        """Store pages that carry the sequences expected_head, expected_head + 1, ..., or nothing.

        Args:
            correlation_id: The workflow the pages belong to; "" is none.
            snapshot: Stored with them; it replaces older ones unless their retention is PERSIST (C-0450 to C-0453).
            deferred: Stored with them, also when there are no pages, for `executed` to find.
            facts: Further keys stored with them, each with the sequences of its own among the pages.
            timeout: Most seconds to wait for others who write; nothing is stored once they are over. None is as long
                as the store itself sees fit.

        Raises:
            DeadlineExceeded: There was no turn in time; nothing was stored.
            HeadMoved: The head is another one, or a key is known already; nothing was stored.
            UsageError: The pages carry other sequences; nothing was stored.

        """
        ...

    def restore(self, stream: Stream, pages: Iterable[EventPage], snapshot: Snapshot | None = None) -> None:
        """Store a whole stream as it was recorded elsewhere, or nothing of it. Pages are taken as they come.

        Raises:
            HeadMoved: The stream is there already; no page was taken.
            UsageError: The pages do not follow each other, from 0 on or from where the snapshot leads on; nothing
                was stored.

        """
        ...

    def executed(self, stream: Stream, key: DeferredKey) -> range | None:
        """The sequences of the events that what has this key led to; None if it never ran here."""
        ...

    def pages(self, stream: Stream, lower: int = 0, upper: int | None = None) -> Iterator[EventPage]:
        """Pages from `lower` to `upper`, both inclusive, in order, read piece by piece as they are asked for."""
        ...

    def head_at(self, stream: Stream, time_ns: int) -> int:
        """The length of the longest prefix whose pages were all created at or before the time.

        A page that nobody stamped ends the prefix.
        """
        ...

    def snapshot(self, stream: Stream, at_most: int | None = None, *, by_ns: int | None = None) -> Snapshot | None:
        """The newest snapshot with sequence <= at_most and, if asked, a created_at at or before `by_ns`."""
        ...

    def correlated(self, correlation_id: str) -> Iterator[tuple[Stream, Iterator[EventPage]]]:
        """The streams, of all domains, that hold pages stored under this id, each with just those pages.

        The id "" is none, and finds nothing.
        """
        ...

    def roots(self) -> Iterator[Stream]:
        """Every stream that has events, ordered by domain and root."""
        ...

    def close(self) -> None:
        """End it, after appends under way; harmless when repeated."""
        ...
