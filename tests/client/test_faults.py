"""Every fault on the way to a real coordinator: what arises, what is stored, and what a retrying client makes of it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import UUID, uuid4

import attrs
import grpc
import pytest

from angzarr_domain import Repository
from angzarr_domain.client import ChannelSettings, DomainClient, Protocol, RetryPolicy
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    ConnectionFailed,
    DecodeFailed,
    Rejected,
    Retry,
    ServerError,
    Status,
    UnknownOutcome,
)
from tests.awaited import repository
from tests.faults import Breaking, Cut, Deliberate, Fronting, Oddity
from tests.wallet import Put, Take, Wallet, WasPut

ROOT = UUID(int=7)
#: Patient enough for a busy machine, and quick where nothing is to be waited for.
AGAIN = RetryPolicy(attempts=6, min_delay=0.05, max_delay=0.4, attempt_timeout=5)

Send = Callable[[DomainClient], object]


def strict(client: DomainClient) -> object:
    return client.command(Put(amount=5), ROOT).with_sequence(0).send_sync(timeout=20)


def handles(client: DomainClient) -> object:
    return client.command(Put(amount=5), ROOT).send_sync(timeout=20)


def named(client: DomainClient) -> object:
    """With a correlation id that others may have as well."""
    return client.command(Put(amount=5), ROOT).with_correlation_id("order-7").send_sync(timeout=20)


def strict_and_named(client: DomainClient) -> object:
    return client.command(Put(amount=5), ROOT).with_correlation_id("order-7").with_sequence(0).send_sync(timeout=20)


@attrs.define
class Place:
    """A coordinator, and ways to it on which something goes wrong."""

    coordinator: Coordinator
    logic: Deliberate
    address: str
    stack: ExitStack

    def breaking(self, *cuts: Cut, marker: bytes | None = None) -> Breaking:
        named = {} if marker is None else {"marker": marker}
        return self.stack.enter_context(Breaking(self.address, *cuts, logic=self.logic, **named))

    def fronting(self, oddity: Oddity) -> Fronting:
        return self.stack.enter_context(Fronting(self.address, oddity))

    def way(self, fault: str) -> str:
        """An address where this goes wrong, once."""
        return WAYS[fault](self)

    def stored(self, root: UUID = ROOT) -> list[int]:
        """The amounts that were put into a wallet."""
        with self.coordinator.client(aggregates=[Wallet]) as client:
            return [page.decode(WasPut).amount for page in client.query("wallet", root).get_pages()]


@pytest.fixture(name="place")
def _place() -> Iterator[Place]:
    with ExitStack() as stack:
        logic = Deliberate()
        coordinator = stack.enter_context(Coordinator([logic]))
        served = stack.enter_context(coordinator.start("127.0.0.1:0"))
        yield Place(coordinator, logic, served.addresses[0], stack)


#: Larger than the small limit below, and than gRPC's own.
LARGE = (("reason-bin", bytes(60_000)),)
SMALL = ChannelSettings(max_metadata=16_384)

WAYS: dict[str, Callable[[Place], str]] = {
    "before storing": lambda place: place.breaking(Cut.BEFORE).address,
    "during": lambda place: place.breaking(Cut.DURING).address,
    "after storing": lambda place: place.breaking(Cut.AFTER).address,
    "late": lambda place: place.fronting(Oddity(only="HandleCommand", late=2)).address,
    "garbage": lambda place: place.fronting(Oddity(only="HandleCommand", garbage=b"\xff" * 9)).address,
    "unavailable": lambda place: place.fronting(Oddity(only="HandleCommand", then=grpc.StatusCode.UNAVAILABLE)).address,
    "too many": lambda place: (
        place.fronting(Oddity(only="HandleCommand", then=grpc.StatusCode.RESOURCE_EXHAUSTED)).address
    ),
    "cancelled": lambda place: place.fronting(Oddity(only="HandleCommand", then=grpc.StatusCode.CANCELLED)).address,
    "large trailers": lambda place: (
        place.fronting(Oddity(only="HandleCommand", then=grpc.StatusCode.FAILED_PRECONDITION, trailers=LARGE)).address
    ),
}
#: Whether the coordinator stored it, the first time.
STORED = {fault: fault not in {"before storing", "during"} for fault in WAYS}


@pytest.mark.parametrize("send", [strict, handles], ids=lambda send: send.__name__)
@pytest.mark.parametrize("fault", WAYS)
def test_a_client_that_asks_once(kind: type[DomainClient], place: Place, fault: str, send: Send) -> None:
    """Says that the outcome is unknown, whether it was stored or not, and sends nothing again."""
    once = RetryPolicy(attempts=1, attempt_timeout=1)
    with (
        kind.connect(place.way(fault), channel=SMALL, retry=once) as client,
        pytest.raises(UnknownOutcome) as caught,
    ):
        send(client)

    assert caught.value.retry is Retry.READ_FIRST
    assert place.stored() == ([5] if STORED[fault] else [])


@pytest.mark.parametrize("fault", WAYS)
def test_an_unknown_outcome_says_what_to_read(kind: type[DomainClient], place: Place, fault: str) -> None:
    """By the id that the error names, what was stored is found; and nothing else is."""
    with kind.connect(place.way(fault), channel=SMALL, retry=RetryPolicy(attempts=1, attempt_timeout=1)) as client:
        with pytest.raises(UnknownOutcome) as caught:
            handles(client)
        # The broken connection may not be gone for good yet.
        reader = client.with_options(retry=AGAIN)
        books = list(reader.query("wallet").by_correlation_id(caught.value.correlation_id).get_events(timeout=20))

    assert sum(len(book.pages) for book in books) == len(place.stored())


@pytest.mark.parametrize("fault", WAYS)
def test_a_retrying_client_with_an_expected_sequence(kind: type[DomainClient], place: Place, fault: str) -> None:
    """Stores the command exactly once, whatever happened the first time, and gets its events."""
    policy = attrs.evolve(AGAIN, attempt_timeout=1)
    with kind.connect(place.way(fault), aggregates=[Wallet], channel=SMALL, retry=policy) as client:
        result = client.command(Put(amount=5), ROOT).with_sequence(0).send_sync(timeout=20)

    assert (result.events, result.next_sequence) == ((WasPut(amount=5),), 1)
    assert place.stored() == [5]


@pytest.mark.parametrize("fault", WAYS)
def test_a_retrying_client_without_one(kind: type[DomainClient], place: Place, fault: str) -> None:
    """Finds what was stored by the id that was drawn for it; what is not found may yet land, and is not sent again."""
    policy = attrs.evolve(AGAIN, attempt_timeout=1)
    with kind.connect(place.way(fault), aggregates=[Wallet], channel=SMALL, retry=policy) as client:
        if STORED[fault]:
            assert client.command(Put(amount=5), ROOT).send_sync(timeout=20).events == (WasPut(amount=5),)
        else:
            with pytest.raises(UnknownOutcome):
                handles(client)

    assert place.stored() == ([5] if STORED[fault] else [])


@pytest.mark.parametrize("fault", ["before storing", "after storing", "garbage"])
def test_an_id_that_others_may_have(kind: type[DomainClient], place: Place, fault: str) -> None:
    """Proves nothing, so nothing is sent again and the outcome stays unknown."""
    with kind.connect(place.way(fault), retry=AGAIN) as client, pytest.raises(UnknownOutcome) as caught:
        named(client)

    assert caught.value.correlation_id == "order-7"
    assert place.stored() == ([5] if STORED[fault] else [])


def test_an_expected_sequence_and_an_id_that_others_may_have(kind: type[DomainClient], place: Place) -> None:
    """While the sequence is free the command is sent again; once it is taken, nobody can say by whom."""
    with kind.connect(place.way("before storing"), retry=AGAIN) as client:
        strict_and_named(client)
    assert place.stored() == [5]

    other = uuid4()
    with kind.connect(place.way("after storing"), retry=AGAIN) as client, pytest.raises(UnknownOutcome):
        client.command(Put(amount=6), other).with_correlation_id("order-7").with_sequence(0).send_sync(timeout=20)
    assert place.stored(other) == [6]


def test_somebody_else_got_in_between(kind: type[DomainClient], place: Place) -> None:
    """The sequence is taken, and not by this command: nobody can say that it will not land, so nobody claims it."""
    breaking = place.breaking(Cut.BEFORE)

    def interlope(_attempt: int, _error: AngzarrError) -> None:
        if not place.stored():
            with place.coordinator.client(aggregates=[Wallet]) as other:
                other.command(Put(amount=1), ROOT).send_sync()

    policy = attrs.evolve(AGAIN, on_retry=interlope)
    with kind.connect(breaking.address, retry=policy) as client, pytest.raises(UnknownOutcome):
        strict(client)

    assert place.stored() == [1]


def test_a_conflict_before_any_fault(kind: type[DomainClient], place: Place) -> None:
    """Is one, at once: nothing was lost that could have caused it."""
    with place.coordinator.client(aggregates=[Wallet]) as other:
        other.command(Put(amount=1), ROOT).send_sync()

    with kind.connect(place.address, retry=AGAIN) as client, pytest.raises(Conflict):
        strict(client)


def test_a_refusal_after_a_fault(kind: type[DomainClient], place: Place) -> None:
    """The very same command at the very same sequence was decided: that is its answer."""
    with kind.connect(place.way("before storing"), retry=AGAIN) as client, pytest.raises(Rejected, match="NOT_ENOUGH"):
        client.command(Take(amount=5), ROOT).with_sequence(0).send_sync(timeout=20)

    assert place.stored() == []


def test_faults_one_after_the_other(kind: type[DomainClient], place: Place) -> None:
    """Each attempt may meet its own."""
    breaking = place.breaking(Cut.BEFORE, Cut.DURING, Cut.BEFORE, Cut.AFTER)

    with kind.connect(breaking.address, aggregates=[Wallet], retry=attrs.evolve(AGAIN, attempts=12)) as client:
        result = client.command(Put(amount=5), ROOT).with_sequence(0).send_sync(timeout=50)

    assert (result.events, breaking.cuts) == ((WasPut(amount=5),), [])
    assert place.stored() == [5]


def test_more_faults_than_attempts(kind: type[DomainClient], place: Place) -> None:
    """The first loss is reported: what became of the command is as unknown as before."""
    breaking = place.breaking(*[Cut.BEFORE] * 9)

    with (
        kind.connect(breaking.address, retry=attrs.evolve(AGAIN, attempts=3)) as client,
        pytest.raises(UnknownOutcome) as caught,
    ):
        strict(client)

    assert caught.value.correlation_id
    assert place.stored() == []


@pytest.mark.parametrize("fault", WAYS)
def test_a_repository(kind: type[DomainClient], place: Place, fault: str) -> None:
    """Sends at the sequence it has loaded, so it stores exactly once."""
    policy = attrs.evolve(AGAIN, attempt_timeout=1)
    with kind.connect(place.way(fault), channel=SMALL, retry=policy) as client:
        executed = repository(Wallet, client).execute(ROOT, Put(amount=5), timeout=20)

    assert (executed.events, executed.state.balance) == ((WasPut(amount=5),), 5)
    assert place.stored() == [5]


OLDER = pytest.mark.parametrize("protocol", [Protocol.RELEASED, Protocol.INTERIM], ids=lambda each: each.name)


@OLDER
@pytest.mark.parametrize("fault", ["before storing", "during", "after storing", "late"])
def test_older_generations(kind: type[DomainClient], place: Place, fault: str, protocol: Protocol) -> None:
    """Are no reason for a command to be stored twice, or not at all: with an expected sequence it is stored once."""
    policy = attrs.evolve(AGAIN, attempt_timeout=1)
    with kind.connect(place.way(fault), aggregates=[Wallet], protocol=protocol, retry=policy) as client:
        result = client.command(Put(amount=5), ROOT).with_sequence(0).send_sync(timeout=20)

    assert (result.events, result.next_sequence) == ((WasPut(amount=5),), 1)
    assert place.stored() == [5]


QUERIES: dict[str, Callable[[DomainClient], object]] = {
    "book": lambda client: client.query("wallet", ROOT).get_event_book(timeout=20),
    "events": lambda client: list(client.query("wallet", ROOT).get_events(timeout=20)),
    "roots": lambda client: list(client.query.get_aggregate_roots(timeout=20)),
    "load": lambda client: repository(Wallet, client).load(ROOT, timeout=20),
    "what if": lambda client: client.command(Put(amount=1), ROOT).speculate(timeout=20),
}
ODD = {
    "unavailable": Oddity(times=2, then=grpc.StatusCode.UNAVAILABLE, pieces=0),
    "too many": Oddity(times=2, then=grpc.StatusCode.RESOURCE_EXHAUSTED, pieces=0),
    "late": Oddity(late=2),
}


@pytest.mark.parametrize("oddity", ODD)
@pytest.mark.parametrize("query", QUERIES)
def test_queries(kind: type[DomainClient], place: Place, query: str, oddity: str) -> None:
    """Store nothing, so they are asked again until they are answered; a client that asks once says why it was not."""
    fronting = place.fronting(attrs.evolve(ODD[oddity]))
    expected = {"unavailable": ConnectionFailed, "too many": ServerError}
    policy = attrs.evolve(AGAIN, attempt_timeout=1)

    with kind.connect(fronting.address, retry=policy) as client:
        assert QUERIES[query](client) is not None
        if oddity in expected:
            once = client.with_options(retry=None)
            fronting.spoil(attrs.evolve(ODD[oddity]))
            with pytest.raises(expected[oddity]) as caught:
                QUERIES[query](once)
            assert isinstance(caught.value, AngzarrError)
            assert caught.value.retry is Retry.LATER


def test_half_a_stream(kind: type[DomainClient], place: Place) -> None:
    """What has come is kept from nobody, and not asked for again: the rest is an error, not an end."""
    with place.coordinator.client(aggregates=[Wallet]) as client:
        client.command(Put(amount=5), ROOT).send_sync()
    fronting = place.fronting(Oddity(then=grpc.StatusCode.UNAVAILABLE))

    with kind.connect(fronting.address, retry=AGAIN) as client:
        books = iter(client.query("wallet", ROOT).get_events(timeout=20))
        assert len(next(books).pages) == 1
        with pytest.raises(ConnectionFailed):
            next(books)

    assert fronting.asked == ["GetEvents"]


def test_half_a_history(kind: type[DomainClient], place: Place) -> None:
    """Loading begins anew, so that no event is folded twice."""
    with place.coordinator.client(aggregates=[Wallet]) as client:
        client.command(Put(amount=5), ROOT).send_sync()
    fronting = place.fronting(Oddity(then=grpc.StatusCode.UNAVAILABLE))

    with kind.connect(fronting.address, retry=AGAIN) as client:
        assert repository(Wallet, client).load(ROOT, timeout=20).balance == 5

    assert fronting.asked == ["GetEvents", "GetEvents"]


def test_garbage_instead_of_a_book(kind: type[DomainClient], place: Place) -> None:
    """Is named as such; asking again would bring the same."""
    fronting = place.fronting(Oddity(times=9, garbage=b"\xff" * 9))

    with kind.connect(fronting.address, retry=AGAIN) as client, pytest.raises(DecodeFailed):
        client.query("wallet", ROOT).get_event_book(timeout=20)


def test_a_wait_the_server_asked_for(kind: type[DomainClient], place: Place) -> None:
    """Is an attribute of the error, and the least that is waited; a refusal of any further attempt is obeyed."""
    told: list[float | None] = []

    def tell(_attempt: int, error: AngzarrError) -> None:
        told.append(error.retry_after)

    hint = (("grpc-retry-pushback-ms", "120"),)
    fronting = place.fronting(Oddity(then=grpc.StatusCode.UNAVAILABLE, trailers=hint, pieces=0))
    policy = attrs.evolve(AGAIN, min_delay=0.001, on_retry=tell)

    with kind.connect(fronting.address, retry=policy) as client:
        QUERIES["book"](client)
        assert told == [0.12]

        fronting.spoil(Oddity(times=9, then=grpc.StatusCode.UNAVAILABLE, trailers=(("grpc-retry-pushback-ms", "-1"),)))
        before = len(fronting.asked)
        with pytest.raises(ConnectionFailed):
            QUERIES["book"](client)

    assert len(fronting.asked) == before + 1


def test_a_rejection_in_trailers_that_are_too_large(kind: type[DomainClient], place: Place) -> None:
    """Is not readable, so the outcome is unknown; sent again at its sequence, it is refused again, readably."""
    large = Oddity(only="HandleCommand", then=grpc.StatusCode.FAILED_PRECONDITION, trailers=LARGE)
    with (
        kind.connect(place.fronting(large).address, channel=SMALL, retry=AGAIN) as client,
        pytest.raises(Rejected) as caught,
    ):
        client.command(Take(amount=5), ROOT).with_sequence(0).send_sync(timeout=20)

    assert (caught.value.code, caught.value.status) == ("NOT_ENOUGH", Status.FAILED_PRECONDITION)


@pytest.mark.parametrize("seed", range(3))
def test_many_writers_and_many_faults(place: Place, seed: int) -> None:
    """Whoever was told that it is stored finds it once; whoever was told that it is not finds it nowhere."""
    chance = random.Random(seed)
    cuts = [chance.choice([Cut.BEFORE, Cut.AFTER]) for _ in range(25)]
    breaking = place.breaking(*cuts)
    told: dict[int, bool | None] = {}
    policy = RetryPolicy(attempts=8, min_delay=0.01, max_delay=0.1)

    def write(first: int) -> None:
        with DomainClient.connect(breaking.address, retry=policy) as client:
            wallet = Repository(Wallet, client)
            for amount in range(first, first + 8):
                try:
                    wallet.execute(ROOT, Put(amount=amount), attempts=20, timeout=30)
                except UnknownOutcome:
                    told[amount] = None
                except AngzarrError:
                    told[amount] = False
                else:
                    told[amount] = True

    writers = [threading.Thread(target=write, args=(100 * n,)) for n in range(1, 5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    stored = place.stored()
    assert len(set(stored)) == len(stored)
    assert len(told) == 32
    proved = {amount for amount, outcome in told.items() if outcome}
    assert len(proved) >= len(told) // 4
    assert proved <= set(stored)
    assert not {amount for amount, outcome in told.items() if outcome is False} & set(stored)
