"""Finding out what a peer speaks, and reading more than one message of an older one may hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import attrs
import pytest

from angzarr_domain import Repository
from angzarr_domain.books import (
    CommandBook,
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    MergeStrategy,
    Payload,
    Query,
    SequenceRange,
    SpeculateRequest,
    TemporalQuery,
    to_nanoseconds,
)
from angzarr_domain.client import DomainClient, Protocol
from angzarr_domain.exceptions import (
    ConnectionFailed,
    InvalidArgument,
    MethodNotServed,
    NotStored,
    ServerError,
    Status,
    TooLarge,
    UnknownOutcome,
)
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Methods, PayloadCodec
from tests.awaited import KINDS
from tests.recorded_bank import Account, Deposit, Deposited
from tests.recordings import find, recorded
from tests.replaying import READ, Replayer

R = TypeVar("R")

ROOT = UUID(int=7)
BORN = datetime(2026, 1, 1, tzinfo=UTC)
CODEC = PayloadCodec()
TABLES = {Protocol.NEWEST: METHODS, Protocol.RELEASED: RELEASED, Protocol.INTERIM: INTERIM}


@attrs.define
class OlderPeer:
    """Holds one long stream, no more than 300 pages of which fit into a message."""

    pages: list[EventPage]
    points: list[TemporalQuery | None] = attrs.field(factory=list[TemporalQuery | None])
    answer: EventPage | None = None
    fail: ServerError | None = None

    @classmethod
    def of(cls, length: int) -> OlderPeer:
        payload = CODEC.encode(Deposited(amount=1))
        born = to_nanoseconds(BORN)
        return cls([EventPage(payload, n, born + n * 10**9) for n in range(length)])

    def served(self, table: Methods) -> list[Served[Any, Any]]:
        return [
            Served(table.get_event_book, self.book),
            Served(table.get_events, self.books),
            Served(table.handle_sync_speculative, self.speculate),
            Served(table.handle_command, self.handle),
        ]

    def book(self, query: Query, _call: Call) -> EventBook:
        if query.cover is None:
            raise InvalidArgument("Query must have a cover with domain/root or correlation_id")
        match query.selection:
            case SequenceRange(lower=lower, upper=upper):
                pages = self.pages[lower : None if upper is None else upper + 1]
            case TemporalQuery(as_of_time_ns=int() as until):
                pages = [page for page in self.pages if (page.created_at_ns or 0) <= until]
            case TemporalQuery(as_of_sequence=int() as last):
                pages = self.pages[: last + 1]
            case _:
                pages = self.pages
        if len(pages) > 300:
            raise TooLarge("Error, encoded message length too large: found 10802312 bytes")
        return EventBook(query.cover, tuple(pages))

    def books(self, query: Query, call: Call) -> Iterator[EventBook]:
        yield self.book(attrs.evolve(query, selection=None), call)

    def speculate(self, request: SpeculateRequest, _call: Call) -> CommandResponse:
        self.points.append(request.point_in_time)
        return CommandResponse(EventBook())

    def handle(self, request: CommandRequest, _call: Call) -> CommandResponse:
        if self.fail is not None:
            raise self.fail
        cover = request.command.cover if request.command else None
        return CommandResponse(EventBook(cover, (self.answer,) if self.answer else ()))


@contextmanager
def older(
    peer: OlderPeer, protocol: Protocol, kind: type[DomainClient] = DomainClient
) -> Generator[DomainClient, None, None]:
    with (
        Serving(peer.served(TABLES[protocol]), ["127.0.0.1:0"]) as serving,
        kind.connect(serving.addresses[0], aggregates=[Account]) as client,
    ):
        yield client


EVERY = pytest.mark.parametrize("protocol", TABLES, ids=lambda each: each.name)
BOTH = pytest.mark.parametrize("kind", [pytest.param(KINDS[name], id=name) for name in KINDS])


@EVERY
@BOTH
def test_every_generation_is_found_out(protocol: Protocol, kind: type[DomainClient]) -> None:
    """By a unary call, and by a stream."""
    with older(OlderPeer.of(3), protocol, kind) as client:
        assert len(client.query("account", ROOT).get_pages()) == 3
        assert client.connection.speaker.protocol is protocol
    with older(OlderPeer.of(3), protocol, kind) as client:
        assert [len(book.pages) for book in client.query("account", ROOT).get_events()] == [3]
        assert client.connection.speaker.protocol is protocol


def test_threads_find_it_out_at_the_same_time() -> None:
    """Each for itself at worst, and all with the same result."""
    opened = find("commands", "open")
    request = RELEASED.handle_command.decode_request(opened.requests[0])
    replayer = Replayer(recorded("commands"))
    with (
        Serving([], ["127.0.0.1:0"], services=[replayer]) as serving,
        DomainClient.connect(serving.addresses[0]) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        answers = list(threads.map(client.aggregate.handle_sync, [request] * 16))

    assert len(set(answers)) == 1
    assert [path for path, _ in replayer.asked].count(READ) <= 8


def spoken_by(client: DomainClient) -> Protocol:
    """The generation that is known by now."""
    return client.connection.speaker.protocol


def once_connected(call: Callable[[], R]) -> R:
    """What a call returns as soon as gRPC has tried the place again."""
    while True:
        try:
            return call()
        except ConnectionFailed:
            time.sleep(0.1)


@BOTH
def test_a_failed_connection_is_not_remembered(kind: type[DomainClient], short_path: Path) -> None:
    """Nobody has said anything yet."""
    place = str(short_path / "c.sock")
    with kind.connect(place) as client:
        with pytest.raises(ConnectionFailed):
            client.query("account", ROOT).get_event_book(timeout=5)
        assert spoken_by(client) is Protocol.AUTO
        with Serving(OlderPeer.of(2).served(RELEASED), [place]):
            assert len(once_connected(lambda: client.query("account", ROOT).get_pages())) == 2
        assert spoken_by(client) is Protocol.RELEASED


def test_a_peer_that_serves_only_streams_of_the_newest_is_not_taken_for_an_older_one() -> None:
    """What it does not serve is still told as such."""
    peer = OlderPeer.of(2)
    with (
        Serving([Served(METHODS.get_event_book, peer.book)], ["127.0.0.1:0"]) as serving,
        DomainClient.connect(serving.addresses[0]) as client,
    ):
        with pytest.raises(MethodNotServed):
            client.command(Deposit(amount=1), ROOT).send()
        assert client.connection.speaker.protocol is Protocol.NEWEST


OLDER = pytest.mark.parametrize("protocol", [Protocol.RELEASED, Protocol.INTERIM], ids=lambda each: each.name)


@OLDER
@BOTH
def test_more_than_a_message_holds_is_read_by_ranges(protocol: Protocol, kind: type[DomainClient]) -> None:
    """Streams too: there they are one book, which does not fit."""
    with older(OlderPeer.of(1_234), protocol, kind) as client:
        books = list(client.query("account", ROOT).get_events())
        assert [page.sequence for book in books for page in book.pages] == list(range(1_234))
        with pytest.raises(TooLarge):
            client.query("account", ROOT).get_event_book()


@OLDER
def test_a_history_that_fits_no_message_is_loaded(protocol: Protocol) -> None:
    """Now, at a sequence, and at a moment."""
    with older(OlderPeer.of(1_234), protocol) as client:
        accounts = Repository(Account, client)

        assert accounts.load(ROOT).balance == 1_234
        assert accounts.load(ROOT, as_of=999).balance == 1_000
        assert accounts.load(ROOT, as_of=BORN.replace(minute=10)).balance == 601


@OLDER
@BOTH
def test_a_moment_of_a_what_if_is_a_sequence_by_then(protocol: Protocol, kind: type[DomainClient]) -> None:
    """As of a time nothing would be found; before all events that is just right."""
    peer = OlderPeer.of(1_234)
    with older(peer, protocol, kind) as client:
        deposit = client.command(Deposit(amount=1), ROOT)
        deposit.speculate(as_of=BORN.replace(minute=10))
        deposit.speculate(as_of=BORN.replace(second=9))
        deposit.speculate(as_of=BORN.replace(year=2020))
        deposit.speculate()

    moment = to_nanoseconds(BORN.replace(year=2020))
    assert peer.points == [
        TemporalQuery(as_of_sequence=600),
        TemporalQuery(as_of_sequence=9),
        TemporalQuery(as_of_time_ns=moment),
        TemporalQuery(as_of_sequence=4_294_967_295),
    ]


@OLDER
@BOTH
@pytest.mark.parametrize("lost", [True, False])
def test_events_are_compared_with_the_stream(protocol: Protocol, kind: type[DomainClient], lost: bool) -> None:
    """What is at the place is told from another event there by its time and its bytes."""
    peer = OlderPeer.of(5)
    stored = EventPage(CODEC.encode(Deposited(amount=1)), 4, to_nanoseconds(BORN) + 4 * 10**9)
    peer.answer = attrs.evolve(stored, created_at_ns=0) if lost else stored
    with older(peer, protocol, kind) as client:
        command = client.command(Deposit(amount=1), ROOT).with_correlation_id("mine")
        if lost:
            with pytest.raises(NotStored) as raised:
                command.send()
            assert (raised.value.sequences, raised.value.correlation_id) == ((4,), "mine")
        else:
            assert command.send().pages


@OLDER
def test_what_repeats_the_history_is_not_a_result(protocol: Protocol) -> None:
    """Business logic may answer with what it was given and what is new."""
    peer = OlderPeer.of(5)
    peer.answer = EventPage(CODEC.encode(Deposited(amount=1)), 4, to_nanoseconds(BORN) + 4 * 10**9)
    with older(peer, protocol) as client:
        result = client.command(Deposit(amount=1), ROOT).with_sequence(5).send()

    assert result.pages == ()


@OLDER
def test_reading_back_that_fails_leaves_it_open(protocol: Protocol) -> None:
    """The answer alone is no proof."""
    peer = OlderPeer.of(5)
    peer.answer = EventPage(Payload("x.Y", b""), 4)
    served = [entry for entry in peer.served(TABLES[protocol]) if entry.method.name == "HandleCommand"]
    with (
        Serving(served, ["127.0.0.1:0"]) as serving,
        DomainClient.connect(serving.addresses[0], protocol=protocol) as client,
        pytest.raises(UnknownOutcome) as raised,
    ):
        client.command("account", ROOT).with_correlation_id("mine").with_command("x.Y", b"").send()

    assert raised.value.correlation_id == "mine"


@OLDER
@pytest.mark.parametrize(
    ("strategy", "expected"), [(MergeStrategy.STRICT, True), (MergeStrategy.AGGREGATE_HANDLES, False)]
)
def test_what_was_compared_is_not_read_back(protocol: Protocol, strategy: MergeStrategy, expected: bool) -> None:
    """A sequence that was checked is proof enough."""
    peer = OlderPeer.of(5)
    peer.answer = EventPage(Payload("type.googleapis.com/x.Y", b""), 5)
    served = [entry for entry in peer.served(TABLES[protocol]) if entry.method.name == "HandleCommand"]
    with (
        Serving(served, ["127.0.0.1:0"]) as serving,
        DomainClient.connect(serving.addresses[0], protocol=protocol) as client,
    ):
        command = client.command("account", ROOT).with_sequence(5).with_merge_strategy(strategy)
        if expected:
            assert command.with_command("x.Y", b"").send().pages
        else:
            with pytest.raises(UnknownOutcome):
                command.with_command("x.Y", b"").send()


def test_an_internal_error_may_have_come_after_the_events() -> None:
    """From the bus, or from projectors; the newest coordinators say which it is."""
    for protocol, cls in ((Protocol.RELEASED, UnknownOutcome), (Protocol.NEWEST, ServerError)):
        peer = OlderPeer.of(0)
        peer.fail = ServerError.of("", "", Status.INTERNAL, {})
        with older(peer, protocol) as client, pytest.raises(cls):
            client.command(Deposit(amount=1), ROOT).send()


def test_a_command_without_a_root_is_left_to_the_coordinator() -> None:
    """It says what is missing."""
    peer = OlderPeer.of(0)
    with older(peer, Protocol.RELEASED) as client:
        response = client.aggregate.handle(CommandBook(Cover("account")))

    assert response.events is not None
