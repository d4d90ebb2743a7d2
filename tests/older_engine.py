"""A coordinator with the habits of the released one, served over gRPC: what it stores is not what it answers.

It stands where recordings cannot: its streams are real, so that what a client makes of an answer can be held against
what was stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import attrs

from angzarr_domain.books import (
    CommandPage,
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    MergeStrategy,
    Query,
    SequenceRange,
    SequenceSet,
    SpeculateRequest,
    TemporalQuery,
)
from angzarr_domain.client import DomainClient, Protocol
from angzarr_domain.exceptions import AngzarrError, Conflict, InvalidArgument, ServerError, Status, TooLarge
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import INTERIM, RELEASED, Method, Methods, PayloadCodec, WireStatus
from angzarr_domain.wire.pb import interim, released
from tests.recorded_bank import Account, Deposited

TABLES = {Protocol.RELEASED: RELEASED, Protocol.INTERIM: INTERIM}
CODEC = PayloadCodec()
#: A stream's domain, root, and the name of its timeline.
Place = tuple[str, UUID, str]
#: Business logic: the events for a command to a stream with this head.
Decide = Callable[[CommandPage, int], tuple[EventPage, ...]]


def deposited(amount: int, sequence: int | None, created_at_ns: int | None = None) -> EventPage:
    """A page as business logic answers with it; that of older clients stamps no time."""
    return EventPage(CODEC.encode(Deposited(amount=amount)), sequence, created_at_ns)


def refused(status: Status, text: str) -> ServerError:
    """What is answered without any details."""
    return ServerError.of(text, "", status, {})


@attrs.frozen
class Stored:
    """A page and the correlation id it was stored with."""

    page: EventPage
    correlation_id: str = ""


@attrs.define(eq=False)
class Engine:
    """One coordinator, its streams and its business logic.

    Attributes:
        decide: Business logic; a deposit of 1 after the head unless given.
        streams: What is stored, by sequence.
        held_back: Sequences of pages that are not committed, in every stream.
        most: How many pages fit into a message.
        others: Called between the look at the head and the loading, as another writer may come then.
        before_answer: Called once all is done, with the call: may wait, or raise.
        naming: The correlation id that business logic puts on its answers, if not the command's.
        stamps: Whether it stores pages without a time with one, which its answer does not have.
        gives_up: Whether it stores nothing once nobody waits any more.
        stop: Set to let go of commands that are tried again and again.
        points: The points in time of what-ifs.
        asked: The queries, in order.

    """

    decide: Decide = attrs.field(default=lambda _command, head: (deposited(1, head),))
    streams: dict[Place, dict[int, Stored]] = attrs.field(factory=dict[Place, dict[int, Stored]])
    held_back: frozenset[int] = frozenset()
    most: int = 300
    others: Callable[[], None] = attrs.field(default=lambda: None)
    before_answer: Callable[[Call], None] = attrs.field(default=lambda _call: None)
    naming: str = ""
    stamps: bool = False
    gives_up: bool = False
    stop: threading.Event = attrs.field(factory=threading.Event)
    points: list[TemporalQuery | None] = attrs.field(factory=list[TemporalQuery | None])
    asked: list[Query] = attrs.field(factory=list[Query])
    _turn: threading.Lock = attrs.field(init=False, factory=threading.Lock)

    def put(self, root: UUID, *pages: EventPage, correlation_id: str = "", edition: str = "") -> None:
        """Store pages, as somebody else."""
        stream = self.streams.setdefault(("account", root, edition), {})
        stream.update({page.sequence or 0: Stored(page, correlation_id) for page in pages})

    def amounts(self, root: UUID, edition: str = "") -> list[int]:
        """What was deposited, once no command is being decided."""
        with self._turn:
            stream = dict(self.streams.get(("account", root, edition), {}))
        found = (stream[place].page.event for place in sorted(stream))
        return [CODEC.decode(event, Deposited).amount for event in found if event]

    def served(self, table: Methods) -> list[Served[Any, Any]]:
        """Its methods."""
        return [
            Served(self._bare(table.handle_command, table), self.handle),
            Served(self._bare(table.handle_sync_speculative, table), self.speculate),
            Served(self._uncommitted(table.get_event_book, table), self.book),
            Served(self._uncommitted(table.get_events, table), self.books),
        ]

    def handle(self, request: CommandRequest, call: Call) -> CommandResponse:
        """Tries what is stale until nobody waits any more; stores what continues the stream, and drops the rest."""
        assert request.command is not None
        cover, page = request.command.cover or Cover(), request.command.pages[0]
        diverging = cover.edition is not None and bool(cover.edition.divergences)
        checks = page.merge_strategy is not MergeStrategy.AGGREGATE_HANDLES and not diverging and page.deferred is None
        if checks and page.sequence != self._head(cover):
            self._stale(cover, page, call)
        self.others()
        with self._turn:
            head = self._head(cover)
            overtaken = checks and page.sequence != head and page.merge_strategy is not MergeStrategy.COMMUTATIVE
            pages = () if overtaken else self._store(cover, page, head, call)
        if overtaken and page.merge_strategy is MergeStrategy.MANUAL:
            raise refused(Status.ABORTED, "manual review required")
        if overtaken:
            self._stale(cover, page, call)
        self.before_answer(call)
        named = attrs.evolve(cover, edition=None, correlation_id=self.naming or cover.correlation_id)
        return CommandResponse(EventBook(named, pages))

    def _store(self, cover: Cover, command: CommandPage, head: int, call: Call) -> tuple[EventPage, ...]:
        pages = self.decide(command, head)
        if self.gives_up and not call.is_active():
            raise refused(Status.CANCELLED, "nobody waits for it")
        stream = self.streams.setdefault(_place(cover), {})
        for new in pages:
            place = new.sequence or 0
            if place >= head:
                stamped = new.created_at_ns or (1 if self.stamps else None)
                kept = attrs.evolve(new, sequence=place, created_at_ns=stamped)
                stream[place] = Stored(kept, self.naming or cover.correlation_id)
        return pages

    def speculate(self, request: SpeculateRequest, _call: Call) -> CommandResponse:
        """Tells what it was asked about."""
        self.points.append(request.point_in_time)
        assert request.command is not None
        return CommandResponse(EventBook(pages=self.decide(request.command.pages[0], 0)))

    def book(self, query: Query, _call: Call) -> EventBook:
        """A correlation id wins; the upper end of a range is part of it."""
        self.asked.append(query)
        cover = query.cover
        if cover is None or (cover.root is None and not cover.correlation_id):
            raise InvalidArgument("Query must have a cover with domain/root or correlation_id")
        if cover.correlation_id:
            return next(self._by_id(cover.correlation_id), EventBook())
        pages = tuple(page for page in self._pages(query) if _selected(page, query.selection))
        if len(pages) > self.most:
            raise TooLarge("Error, encoded message length too large: found 10802312 bytes")
        return EventBook(cover, pages)

    def books(self, query: Query, call: Call) -> Iterator[EventBook]:
        """Looks at no selection, and at no edition: what carries an id is found on the main timeline."""
        if query.cover is not None and query.cover.correlation_id:
            self.asked.append(query)
            yield from self._by_id(query.cover.correlation_id)
        else:
            yield self.book(attrs.evolve(query, selection=None), call)

    def _by_id(self, correlation_id: str) -> Iterator[EventBook]:
        for (domain, root, edition), stream in self.streams.items():
            pages = [stream[place].page for place in sorted(stream) if stream[place].correlation_id == correlation_id]
            if pages and not edition:
                yield EventBook(Cover(domain, root, correlation_id), tuple(pages))

    def _pages(self, query: Query) -> list[EventPage]:
        cover = query.cover or Cover()
        own = self.streams.get(_place(cover), {})
        stream = dict(own)
        if cover.edition is not None and (query.selection is None or not own):
            shared = self.streams.get((cover.domain, cover.root or UUID(int=0), ""), {})
            stream = {place: page for place, page in shared.items() if place < min(own, default=place + 1)} | own
        return [stream[place].page for place in sorted(stream)]

    def _head(self, cover: Cover) -> int:
        pages = self._pages(Query(cover))
        return (pages[-1].sequence or 0) + 1 if pages else 0

    def _stale(self, cover: Cover, page: CommandPage, call: Call) -> None:
        while call.is_active() and not self.stop.wait(0.02):
            pass
        conflict = Conflict.of(
            f"Sequence mismatch: command expects {page.sequence}, aggregate at {self._head(cover)}",
            Conflict.codes[0],
            Status.FAILED_PRECONDITION,
            {},
        )
        conflict.events = tuple(self._pages(Query(cover)))
        raise conflict

    @staticmethod
    def _bare(method: Method[Any, Any], table: Methods) -> Method[Any, Any]:
        """No error has details of its own, but a conflict has the whole history there."""

        def encode_error(error: AngzarrError) -> WireStatus:
            history = error.events if isinstance(error, Conflict) else None
            details = b"" if history is None else table.get_event_book.encode_response(EventBook(Cover("x"), history))
            return WireStatus(error.status, error.message, details)

        return attrs.evolve(method, encode_error=encode_error)

    def _uncommitted(self, method: Method[Any, Any], table: Methods) -> Method[Any, Any]:
        pb: Any = released if table is RELEASED else interim

        def encode(book: EventBook) -> bytes:
            message = pb.EventBook.FromString(method.encode_response(book))
            for page in message.pages:
                page.no_commit = page.header.sequence in self.held_back
            data: bytes = message.SerializeToString()
            return data

        return attrs.evolve(method, encode_response=encode)


def _place(cover: Cover) -> Place:
    assert cover.root is not None
    return cover.domain, cover.root, "" if cover.edition is None else cover.edition.name


def _selected(page: EventPage, selection: object) -> bool:
    place = page.sequence or 0
    match selection:
        case SequenceRange(lower=lower, upper=upper):
            return lower <= place and (upper is None or place <= upper)
        case SequenceSet(values=values):
            return place in values
        case TemporalQuery(as_of_sequence=int() as last):
            return place <= last
        case TemporalQuery(as_of_time_ns=int() as until):
            return page.created_at_ns is not None and page.created_at_ns <= until
        case _:
            return True


@contextmanager
def engine_client(
    engine: Engine,
    protocol: Protocol = Protocol.RELEASED,
    kind: type[DomainClient] = DomainClient,
    **connecting: Any,
) -> Generator[DomainClient, None, None]:
    """A client of it."""
    with (
        Serving(engine.served(TABLES[protocol]), ["127.0.0.1:0"]) as serving,
        kind.connect(serving.addresses[0], aggregates=[Account], protocol=protocol, **connecting) as client,
    ):
        yield client
        engine.stop.set()
