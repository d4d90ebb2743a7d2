"""A coordinator for tests of clients: a real gRPC server that can also behave as peers in the wild do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import attrs

from angzarr_domain.aggregates import decide, definition_of, replay
from angzarr_domain.books import (
    AggregateRoot,
    CommandBook,
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    EventRequest,
    FactInjectionResponse,
    MergeStrategy,
    Query,
    SequenceRange,
    SequenceSet,
    Snapshot,
    SpeculateRequest,
    TemporalQuery,
)
from angzarr_domain.exceptions import AngzarrError, Conflict, NotSupported
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import METHODS, PayloadCodec
from tests.wallet import Wallet

#: Page n of a stream is created at BORN + n seconds.
BORN = 1_700_000_000 * 10**9
SECOND = 10**9


@attrs.define
class Peer:
    """Keeps wallets in memory and remembers what it was asked.

    Attributes:
        fail_next: Errors to answer the next commands with, after storing their events if `stores_first`.
        interlope: Run before each command is decided, as if others had got in between.
        ignores_points: GetEvents answers with everything, as the released engine does.
        refuses_streams: GetEvents is not supported.
        snapshot: Attached to GetEvents in place of the pages it covers.
        largest: More pages than this in one GetEventBook are refused.
        delay: Seconds before each answer to a command.

    """

    streams: dict[UUID, list[EventPage]] = attrs.field(factory=dict[UUID, list[EventPage]])
    correlations: dict[str, UUID] = attrs.field(factory=dict[str, UUID])
    commands: list[CommandRequest] = attrs.field(factory=list[CommandRequest])
    queries: list[tuple[str, Query]] = attrs.field(factory=list[tuple[str, Query]])
    speculations: list[SpeculateRequest] = attrs.field(factory=list[SpeculateRequest])
    metadata: list[dict[str, str | bytes]] = attrs.field(factory=list[dict[str, str | bytes]])
    fail_next: list[AngzarrError] = attrs.field(factory=list[AngzarrError])
    fail_queries: AngzarrError | None = None
    stores_first: bool = False
    interlope: Callable[[Peer, UUID], None] | None = None
    ignores_points: bool = False
    refuses_streams: bool = False
    snapshot: Snapshot | None = None
    largest: int = 10_000
    delay: float = 0
    release: threading.Event = attrs.field(factory=threading.Event)
    codec: PayloadCodec = attrs.field(factory=PayloadCodec)

    def leave_out(self, root: UUID, *sequences: int) -> None:
        """Make holes in a stream, which engines accept."""
        self.streams[root] = [page for page in self.streams[root] if page.sequence not in sequences]

    def record(self, root: UUID, *events: Any) -> None:
        """Put events into a stream."""
        stream = self.streams.setdefault(root, [])
        for event in events:
            sequence = _head(stream)
            stream.append(EventPage(self.codec.encode(event), sequence, BORN + sequence * SECOND))

    def served(self) -> list[Served[Any, Any]]:
        """What it answers."""
        return [
            Served(METHODS.handle_command, self._handle),
            Served(METHODS.handle_sync_speculative, self._speculate),
            Served(METHODS.handle_event, self._inject),
            Served(METHODS.get_event_book, self._book),
            Served(METHODS.get_events, self._events),
            Served(METHODS.synchronize, self._synchronize),
            Served(METHODS.get_aggregate_roots, self._roots),
        ]

    def _handle(self, request: CommandRequest, call: Call) -> CommandResponse:
        self.commands.append(request)
        self.metadata.append(dict(call.metadata))
        book, page = _parts(request.command)
        root = _root(book)
        if self.interlope is not None:
            self.interlope(self, root)
        self.release.wait(self.delay)
        if self.fail_next and not self.stores_first:
            raise self.fail_next.pop(0)
        stream = self.streams.setdefault(root, [])
        head, before = _head(stream), len(stream)
        if page.merge_strategy is MergeStrategy.STRICT and page.sequence != head:
            raise Conflict(page.sequence or 0, head)
        self.record(root, *self._decided(book, stream))
        self.correlations[_cover(book).correlation_id] = root
        if self.fail_next:
            raise self.fail_next.pop(0)
        return CommandResponse(EventBook(_cover(book), tuple(stream[before:]), next_sequence=_head(stream)))

    def _speculate(self, request: SpeculateRequest, call: Call) -> CommandResponse:
        self.speculations.append(request)
        self.metadata.append(dict(call.metadata))
        book, _ = _parts(request.command)
        stream = self.streams.get(_root(book), [])
        past = _selected(stream, request.point_in_time)
        first = len(past)
        pages = tuple(
            EventPage(self.codec.encode(event), sequence, BORN)
            for sequence, event in enumerate(self._decided(book, past), first)
        )
        return CommandResponse(EventBook(_cover(book), pages))

    def _decided(self, book: CommandBook, past: list[EventPage]) -> tuple[Any, ...]:
        definition = definition_of(Wallet)
        payload = book.pages[0].command
        assert payload is not None
        command = PayloadCodec(definition.message_types).decode_known(payload)
        decision = decide(definition, replay(definition, EventBook(book.cover, tuple(past)), self.codec), command)
        if decision.rejection is not None:
            raise decision.rejection
        return decision.events

    def _inject(self, request: EventRequest, _call: Call) -> FactInjectionResponse:
        return FactInjectionResponse(request.events, already_processed=True)

    def _book(self, query: Query, call: Call) -> EventBook:
        self.queries.append(("GetEventBook", query))
        self.metadata.append(dict(call.metadata))
        if self.fail_queries is not None:
            raise self.fail_queries
        cover = query.cover or Cover()
        root = cover.root or self.correlations.get(cover.correlation_id)
        pages = _selected(self.streams.get(root, []) if root else [], query.selection)
        if len(pages) > self.largest:
            from angzarr_domain.exceptions import TooLarge

            raise TooLarge("too large")
        return EventBook(attrs.evolve(cover, root=root), tuple(pages))

    def _events(self, query: Query, call: Call) -> Iterator[EventBook]:
        self.queries.append(("GetEvents", query))
        self.metadata.append(dict(call.metadata))
        if self.refuses_streams:
            raise NotSupported("GetEvents")
        cover = query.cover or Cover()
        root = cover.root or self.correlations.get(cover.correlation_id)
        stream = self.streams.get(root, []) if root else []
        pages = list(stream) if self.ignores_points else _selected(stream, query.selection)
        if self.snapshot is not None:
            pages = [page for page in pages if (page.sequence or 0) > self.snapshot.sequence]
            yield EventBook(cover, tuple(pages), self.snapshot)
            return
        for start in range(0, len(pages), 3):
            yield EventBook(attrs.evolve(cover, root=root), tuple(pages[start : start + 3]))

    def _synchronize(self, queries: Iterator[Query], call: Call) -> Iterator[EventBook]:
        for query in queries:
            yield self._book(query, call)

    def _roots(self, _request: None, _call: Call) -> Iterator[AggregateRoot]:
        yield AggregateRoot("account", UUID(int=1))
        for root in self.streams:
            yield AggregateRoot("wallet", root)


def _selected(
    stream: list[EventPage], selection: SequenceRange | SequenceSet | TemporalQuery | None
) -> list[EventPage]:
    match selection:
        case SequenceRange(lower=lower, upper=upper):
            return [page for page in stream if lower <= _at(page) <= (_at(page) if upper is None else upper)]
        case SequenceSet(values=values):
            return [page for page in stream if page.sequence in values]
        case TemporalQuery(as_of_sequence=int() as last):
            return [page for page in stream if _at(page) <= last]
        case TemporalQuery(as_of_time_ns=int() as until):
            return [page for page in stream if (page.created_at_ns or 0) <= until]
        case _:
            return list(stream)


def _head(stream: list[EventPage]) -> int:
    return _at(stream[-1]) + 1 if stream else 0


def _at(page: EventPage) -> int:
    assert page.sequence is not None
    return page.sequence


def _parts(book: CommandBook | None) -> tuple[CommandBook, Any]:
    assert book is not None
    return book, book.pages[0]


def _cover(book: CommandBook) -> Cover:
    assert book.cover is not None
    return book.cover


def _root(book: CommandBook) -> UUID:
    root = _cover(book).root
    assert root is not None
    return root
