"""Sending commands to a real server, and what comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from angzarr_domain.books import (
    NOW,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    EventBook,
    EventRequest,
    MergeStrategy,
    SpeculateRequest,
    SyncMode,
    TemporalQuery,
)
from angzarr_domain.client import DomainClient
from angzarr_domain.exceptions import (
    Conflict,
    DeadlineExceeded,
    DecodeFailed,
    NotSupported,
    Rejected,
    ServerError,
    Status,
    UnknownOutcome,
    UsageError,
)
from angzarr_domain.wire import PayloadCodec
from tests.peers import BORN, Peer
from tests.wallet import Put, Take, WasLabelled, WasPut, WasTaken

ROOT = UUID(int=7)


def book(sequence: int = 0) -> CommandBook:
    page = CommandPage(PayloadCodec().encode(Put(amount=5)), sequence, MergeStrategy.STRICT)
    return CommandBook(Cover("wallet", ROOT, "order-7"), (page,))


def test_the_result(client: DomainClient) -> None:
    """One call builds, sends and answers: events, their pages, and where they are (C-0313, C-0314)."""
    result = client.command(Put(amount=5), ROOT).with_correlation_id("order-7").send_sync()

    assert (result.domain, result.root, result.correlation_id) == ("wallet", ROOT, "order-7")
    assert (result.events, result.next_sequence) == ((WasPut(amount=5),), 1)
    assert [page.sequence for page in result.pages] == [0]


def test_a_new_aggregate(client: DomainClient, peer: Peer) -> None:
    """The result names the root that was drawn, and the correlation id that the events carry."""
    result = client.command("wallet").with_command(Put(amount=5)).send()

    sent = peer.commands[0].command
    assert sent is not None
    assert sent.cover == Cover("wallet", result.root, result.correlation_id)
    assert peer.metadata[0]["x-correlation-id"] == result.correlation_id


def test_events_as_asked(kind: type[DomainClient], endpoint: str) -> None:
    """A client that knows no types decodes the result by those it is given, and no others."""
    with kind.connect(endpoint) as client:
        result = client.command(Put(amount=5), ROOT).send_sync()

        assert result.decode(WasPut, WasTaken) == (WasPut(amount=5),)
        with pytest.raises(DecodeFailed):
            result.decode(WasTaken)


MODES: dict[str, tuple[Callable[[DomainClient], object], SyncMode]] = {
    "send": (lambda c: c.command(Put(amount=5)).send(), SyncMode.ASYNC),
    "send_sync": (lambda c: c.command(Put(amount=5)).send_sync(), SyncMode.SIMPLE),
    "mode": (lambda c: c.command(Put(amount=5)).send_sync(mode=SyncMode.DECISION), SyncMode.DECISION),
    "handle": (lambda c: c.aggregate.handle(book()), SyncMode.ASYNC),
    "handle_sync of a book": (lambda c: c.aggregate.handle_sync(book()), SyncMode.SIMPLE),
    "handle_sync, unset": (lambda c: c.aggregate.handle_sync(CommandRequest(book())), SyncMode.SIMPLE),
    "handle_sync, kept": (
        lambda c: c.aggregate.handle_sync(CommandRequest(book(), SyncMode.ISOLATED)),
        SyncMode.ISOLATED,
    ),
}


@pytest.mark.parametrize(("send", "mode"), MODES.values(), ids=MODES)
def test_modes(client: DomainClient, peer: Peer, send: Callable[[DomainClient], object], mode: SyncMode) -> None:
    """The mode that each way of sending asks for."""
    send(client)

    assert peer.commands[0].sync_mode is mode


def test_a_plain_command(client: DomainClient) -> None:
    """The aggregate client sends books as they stand, and its answers decode."""
    response = client.aggregate.handle(book())

    assert response.events is not None
    assert [page.decode() for page in response.events.pages] == [WasPut(amount=5)]


def test_a_rejection(client: DomainClient) -> None:
    """The very class that the handler raised, with its code and details."""
    with pytest.raises(Rejected) as caught:
        client.command(Take(amount=9), ROOT).send_sync()

    assert (caught.value.code, caught.value.details) == ("NOT_ENOUGH", {"balance": "0"})


def test_a_conflict(client: DomainClient, peer: Peer) -> None:
    """Says what was expected and what is, with the events in between; nothing is stored."""
    peer.record(ROOT, WasPut(amount=1), WasPut(amount=2), WasLabelled(text="x"))

    with pytest.raises(Conflict, match=r"in between: 1 tests.wallet.WasPut, 2 tests.wallet.WasLabelled") as caught:
        client.command(Put(amount=5), ROOT).with_sequence(1).send_sync()

    assert (caught.value.expected, caught.value.actual) == (1, 3)
    assert [page.decode() for page in caught.value.events or ()] == [WasPut(amount=2), WasLabelled(text="x")]
    assert len(peer.streams[ROOT]) == 3


def test_a_conflict_of_a_plain_command(client: DomainClient, peer: Peer) -> None:
    """It is explained as well."""
    peer.record(ROOT, WasPut(amount=1))

    with pytest.raises(Conflict) as caught:
        client.aggregate.handle_sync(book(0))

    assert [page.sequence for page in caught.value.events or ()] == [0]


def test_a_conflict_ahead_of_the_stream(client: DomainClient) -> None:
    """Nothing is in between when the command expects more than there is."""
    with pytest.raises(Conflict, match="in between: nothing") as caught:
        client.command(Put(amount=5), ROOT).with_sequence(4).send_sync()

    assert caught.value.events == ()


def test_a_far_conflict(client: DomainClient, peer: Peer) -> None:
    """At most 100 events are read, and it says so."""
    peer.record(ROOT, *(WasPut(amount=n) for n in range(150)))

    with pytest.raises(Conflict, match="are 140 sequences, of which the first 100 were read: 10 tests") as caught:
        client.command(Put(amount=5), ROOT).with_sequence(10).send_sync()

    assert [page.sequence for page in caught.value.events or ()] == list(range(10, 110))
    assert caught.value.events_until == 109


def test_a_conflict_behind_a_wide_gap(client: DomainClient, peer: Peer) -> None:
    """That nothing was found among what was read does not mean that nothing is there."""
    peer.record(ROOT, *(WasPut(amount=n) for n in range(150)))
    peer.leave_out(ROOT, *range(1, 140))

    with pytest.raises(Conflict, match="are 149 sequences, of which the first 100 were read: nothing") as caught:
        client.command(Put(amount=5), ROOT).with_sequence(1).send_sync()

    assert (caught.value.events, caught.value.events_until) == ((), 100)


def test_a_conflict_whose_events_cannot_be_read(client: DomainClient, peer: Peer) -> None:
    """It stays the conflict, and says why."""
    peer.record(ROOT, WasPut(amount=1))
    peer.fail_queries = ServerError("the store is away", status=Status.INTERNAL)

    with pytest.raises(Conflict, match="the store is away") as caught:
        client.command(Put(amount=5), ROOT).with_sequence(0).send_sync()

    assert (caught.value.events, caught.value.events_error) == (None, "the store is away")


def test_a_late_answer(client: DomainClient, peer: Peer) -> None:
    """A command may have been stored when its answer is late (C-0206); the error says what to read to find out."""
    peer.delay = 30

    with pytest.raises(UnknownOutcome) as caught:
        client.command(Put(amount=5), ROOT).with_correlation_id("order-7").send_sync(timeout=0.2)
    peer.release.set()

    assert (caught.value.correlation_id, caught.value.status) == ("order-7", Status.DEADLINE_EXCEEDED)


def test_the_clients_own_timeout(kind: type[DomainClient], endpoint: str, peer: Peer) -> None:
    """Counts where a call names none."""
    peer.delay = 30

    with kind.connect(endpoint, timeout=0.2) as client, pytest.raises(UnknownOutcome):
        client.command(Put(amount=5), ROOT).send_sync()
    peer.release.set()


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_none(client: DomainClient, timeout: float) -> None:
    """0 seconds are no time to answer in."""
    with pytest.raises(UsageError, match="above 0 seconds"):
        client.command(Put(amount=5), ROOT).send_sync(timeout=timeout)


@pytest.mark.parametrize("timeout", [1e12, float("inf")])
def test_a_timeout_that_never_passes(client: DomainClient, timeout: float) -> None:
    """More than gRPC can count is no bound, rather than over at once."""
    assert client.command(Put(amount=5), ROOT).send_sync(timeout=timeout).next_sequence == 1


def test_metadata_in_a_mapping(client: DomainClient) -> None:
    """Pairs are wanted, since a key may occur twice; the error shows how."""
    headers: Any = {"tenant": "a"}

    with pytest.raises(UsageError, match=r"\.items\(\)"):
        client.command(Put(amount=5), ROOT).send_sync(metadata=headers)


@pytest.mark.parametrize(
    "pair", [("Upper", "x"), ("a", "é"), ("a", "b\n"), ("grpc-x", "y"), ("a", b"y"), ("a-bin", "y")]
)
def test_metadata_that_cannot_travel(client: DomainClient, pair: tuple[str, str | bytes]) -> None:
    """Is refused by name, before anything is sent."""
    with pytest.raises(UsageError, match=pair[0]) as caught:
        client.command(Put(amount=5), ROOT).send_sync(metadata=[pair])

    assert caught.value.field == "metadata"


def test_a_what_if(client: DomainClient, peer: Peer) -> None:
    """Events that would be, and nothing stored (C-0266, C-0270)."""
    peer.record(ROOT, WasPut(amount=9))

    result = client.command(Take(amount=5), ROOT).speculate()

    assert (result.events, result.next_sequence) == ((WasTaken(amount=5),), 2)
    assert len(peer.streams[ROOT]) == 1


def test_a_what_if_of_the_past(client: DomainClient, peer: Peer) -> None:
    """Decided on the state right after that sequence (C-0267), where the aggregate may refuse (C-0268)."""
    peer.record(ROOT, WasPut(amount=1), WasPut(amount=9))

    with pytest.raises(Rejected, match="NOT_ENOUGH"):
        client.command(Take(amount=5), ROOT).speculate(as_of=0)


POINTS: dict[str, tuple[Callable[[DomainClient], object], TemporalQuery]] = {
    "now": (lambda c: c.command(Put(amount=5)).speculate(), TemporalQuery(NOW)),
    "sequence": (lambda c: c.command(Put(amount=5)).speculate(as_of=3), TemporalQuery(3)),
    "plain": (lambda c: c.aggregate.handle_sync_speculative(SpeculateRequest(book())), TemporalQuery(NOW)),
}


@pytest.mark.parametrize(("ask", "point"), POINTS.values(), ids=POINTS)
def test_a_what_if_always_has_a_point(
    client: DomainClient, peer: Peer, ask: Callable[[DomainClient], object], point: TemporalQuery
) -> None:
    """Peers differ on what none means, so now is sent as such."""
    ask(client)

    assert peer.speculations[0].point_in_time == point


def test_a_what_if_with_an_expected_sequence(client: DomainClient) -> None:
    """Nobody would check it, so it is refused."""
    with pytest.raises(UsageError, match="would not be checked"):
        client.command(Put(amount=5), ROOT).with_sequence(0).speculate()


def test_facts(client: DomainClient) -> None:
    """Are injected as they stand."""
    facts = EventBook(Cover("wallet", ROOT, "order-7"))

    response = client.aggregate.handle_event(EventRequest(facts))

    assert (response.events, response.already_processed) == (facts, True)


def test_what_the_peer_does_not_support(client: DomainClient, peer: Peer) -> None:
    """Its own word arrives as what it is."""
    peer.fail_next = [NotSupported("CASCADE")]

    with pytest.raises(NotSupported, match="CASCADE"):
        client.command(Put(amount=5)).send_sync(mode=SyncMode.CASCADE)


def test_commands_are_sent_once(client: DomainClient, peer: Peer) -> None:
    """After a failure that leaves the outcome open nothing is sent again."""
    peer.stores_first, peer.fail_next = True, [UnknownOutcome("torn"), UnknownOutcome("torn")]

    with pytest.raises(UnknownOutcome):
        client.command(Put(amount=5), ROOT).send_sync()

    assert len(peer.commands) == 1


def test_a_client_serves_many_threads(client: DomainClient, peer: Peer) -> None:
    """One client, one connection, many callers."""
    threads = [threading.Thread(target=lambda: client.command(Put(amount=1)).send_sync()) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(peer.streams) == 16


def test_a_late_query(kind: type[DomainClient], endpoint: str) -> None:
    """A query stores nothing, so a late answer is a plain failure (C-0206)."""
    with kind.connect(endpoint) as client, pytest.raises(DeadlineExceeded):
        client.query("wallet", ROOT).get_event_book(timeout=1e-9)


def test_moments_of_a_what_if(client: DomainClient, peer: Peer) -> None:
    """A page that would be is stamped as well."""
    assert client.command(Put(amount=5)).speculate().pages[0].created_at_ns == BORN
