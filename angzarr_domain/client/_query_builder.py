"""Fluent queries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Self
from uuid import UUID

import attrs

from angzarr_domain.books import (
    Cover,
    Edition,
    EventBook,
    EventPage,
    Query,
    SequenceRange,
    SequenceSet,
    TemporalQuery,
    check_correlation_id,
    check_sequence,
    to_nanoseconds,
)
from angzarr_domain.exceptions import InvalidArgument
from angzarr_domain.wire import METHODS

from ._budget import Default, Metadata, Timeout
from ._connection import Connection
from ._flows import read_book
from ._points import parse_time
from ._reading import correlation_id_of


@attrs.frozen(kw_only=True)
class QueryDraft:
    """Which events to read. Each setter returns a new value; of several selections the last one counts (C-0397).

    Without a selection that is the whole history, with the newest snapshot beside it.
    """

    domain: str
    root: UUID | None = None
    correlation_id: str = ""
    edition_name: str = ""
    selection: SequenceRange | SequenceSet | TemporalQuery | None = None

    def range(self, lower: int, upper: int | None = None) -> Self:
        """The pages from `lower` to `upper`. BOTH ENDS ARE INCLUSIVE: `range(0, 10)` is eleven events.

        Unlike Python's own ranges. Without `upper`, to the end of the stream. Pages only, never a snapshot.

        Raises:
            InvalidArgument: No sequences, or `upper` below `lower`.

        """
        check_sequence(lower, "lower")
        if upper is not None and check_sequence(upper, "upper") < lower:
            raise InvalidArgument(f"the range {lower} to {upper}, both inclusive, is upside down", field="upper")
        return attrs.evolve(self, selection=SequenceRange(lower, upper))

    def sequences(self, *sequences: int) -> Self:
        """Just these pages; pages only, never a snapshot.

        Raises:
            InvalidArgument: None given, or no sequences.

        """
        if not sequences:
            raise InvalidArgument("no sequences were given: name those to read", field="sequences")
        return attrs.evolve(self, selection=SequenceSet(tuple(check_sequence(n, "sequences") for n in sequences)))

    def as_of_sequence(self, sequence: int) -> Self:
        """The history up to and including this sequence, from a snapshot on if one fits; 4294967295 is now."""
        return attrs.evolve(self, selection=TemporalQuery(as_of_sequence=check_sequence(sequence)))

    def as_of_time(self, moment: datetime | str) -> Self:
        """The history up to and including this moment: an aware datetime, or RFC 3339 text.

        Raises:
            InvalidArgument: TIMESTAMP_PARSE_FAILED.
            UsageError: A naive datetime.

        """
        nanoseconds = parse_time(moment) if isinstance(moment, str) else to_nanoseconds(moment)
        return attrs.evolve(self, selection=TemporalQuery(as_of_time_ns=nanoseconds))

    def by_correlation_id(self, correlation_id: str) -> Self:
        """The events of one workflow, of whatever aggregate: this clears the root (C-0393). Best by `get_events`.

        Raises:
            InvalidArgument: It is empty, or LIMIT_EXCEEDED.

        """
        if not correlation_id:
            raise InvalidArgument("an empty correlation id finds nothing: name one", field="cover.correlation_id")
        return attrs.evolve(self, correlation_id=check_correlation_id(correlation_id), root=None)

    def edition(self, name: str) -> Self:
        """Read a named timeline; "" and "angzarr" are the main one."""
        return attrs.evolve(self, edition_name=name)

    def build(self) -> Query:
        """The query as it would be sent.

        Raises:
            InvalidArgument: PROTO_UUID_INVALID: neither a root nor a correlation id was given.

        """
        if self.root is None and not self.correlation_id:
            raise InvalidArgument(
                f"which {self.domain}? Name a root, query(domain, root), or by_correlation_id(...)",
                field="cover.root",
                code="PROTO_UUID_INVALID",
            )
        cover = Cover(self.domain, self.root, self.correlation_id, Edition(self.edition_name))
        return Query(cover, self.selection)


@attrs.frozen(kw_only=True)
class QueryBuilder(QueryDraft):
    """Says which events to read, and reads them. Frozen: each setter returns a new one."""

    connection: Connection = attrs.field(repr=False, eq=False)

    def get_event_book(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> EventBook:
        """The events in one book; of an unknown aggregate an empty one (C-0231).

        Raises:
            TooLarge: They do not fit one answer: use `get_events`, or ranges.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(read_book(self.build(), budget, self.connection.codec))

    def get_events(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> Iterator[EventBook]:
        """The events in books, as they arrive: parts of one long history, or, by correlation id, one for each root."""
        return read_books(self.connection, self.build(), timeout, metadata)

    def get_pages(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> tuple[EventPage, ...]:
        """Only the pages of `get_event_book`."""
        return self.get_event_book(timeout=timeout, metadata=metadata).pages


def read_books(
    connection: Connection, query: Query, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
) -> Iterator[EventBook]:
    """The books of a query as they arrive, ready to decode."""
    budget = connection.budget(timeout, metadata)
    for book in connection.retried(METHODS.get_events, query, budget, correlation_id_of(query)):
        yield book.remember(connection.codec)
