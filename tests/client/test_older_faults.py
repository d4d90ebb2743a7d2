"""Connections that break on the way to a coordinator with the released one's habits, and what becomes of commands."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain import Repository
from angzarr_domain.books import CommandPage, EventPage, MergeStrategy
from angzarr_domain.client import DomainClient, Protocol, RetryPolicy
from angzarr_domain.exceptions import AngzarrError, Retry, UnknownOutcome
from angzarr_domain.hosting import Serving
from angzarr_domain.wire import RELEASED
from tests.awaited import repository
from tests.faults import Breaking, Cut
from tests.older_engine import Engine, deposited
from tests.recorded_bank import Account, Deposit, Deposited

ROOT = UUID(int=7)
AGAIN = RetryPolicy(attempts=6, min_delay=0.05, max_delay=0.4, attempt_timeout=5)
ONCE = RetryPolicy(attempts=1)


class Slow:
    """Business logic that others can watch, and hold up. It stamps no times, as that of older clients."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def decide(self, command: CommandPage, head: int) -> tuple[EventPage, ...]:
        self.asked.set()
        self.go_on.wait(10)
        return (deposited(5, head),)


@attrs.define
class Place:
    """A coordinator, and ways to it that break."""

    engine: Engine
    logic: Slow
    stack: ExitStack

    def breaking(self, *cuts: Cut, gives_up: bool = False) -> str:
        """An address where connections break for the next commands."""
        self.engine.gives_up = gives_up
        served = self.engine.served(RELEASED)
        address = self.stack.enter_context(Serving(served, ["127.0.0.1:0"])).addresses[0]
        return self.stack.enter_context(Breaking(address, *cuts, logic=self.logic, marker=b"/bank.v1.")).address

    def way(self, fault: str) -> str:
        """An address where this goes wrong, once."""
        cut, gives_up, _ = FAULTS[fault]
        return self.breaking(cut, gives_up=gives_up)


#: Where the connection breaks, whether the coordinator then gives up, and whether it stores the command all the same.
FAULTS = {
    "before storing": (Cut.BEFORE, False, False),
    "during, given up": (Cut.DURING, True, False),
    "during, carried on": (Cut.DURING, False, True),
    "after storing": (Cut.AFTER, False, True),
}
EVERY = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture(name="place")
def _place() -> Iterator[Place]:
    logic = Slow()
    engine = Engine(decide=logic.decide)
    engine.stop.set()
    with ExitStack() as stack:
        yield Place(engine, logic, stack)


def command(client: DomainClient, sequence: int | None = None, strategy: MergeStrategy | None = None) -> Any:
    ready: Any = client.command(Deposit(amount=5), ROOT)
    ready = ready if sequence is None else ready.with_sequence(sequence)
    return ready if strategy is None else ready.with_merge_strategy(strategy)


def connected(place: Place, kind: type[DomainClient], fault: str, retry: RetryPolicy = AGAIN) -> Any:
    return kind.connect(place.way(fault), aggregates=[Account], protocol=Protocol.RELEASED, retry=retry)


@EVERY
@pytest.mark.parametrize("sequence", [0, None], ids=["strict", "handles"])
def test_a_client_that_asks_once(kind: type[DomainClient], place: Place, fault: str, sequence: int | None) -> None:
    """Says that the outcome is unknown, and sends nothing again."""
    with connected(place, kind, fault, ONCE) as client, pytest.raises(UnknownOutcome) as caught:
        command(client, sequence).send(timeout=20)

    assert caught.value.retry is Retry.READ_FIRST
    assert place.engine.amounts(ROOT) == ([5] if FAULTS[fault][2] else [])


@EVERY
def test_a_retrying_client_with_an_expected_sequence(kind: type[DomainClient], place: Place, fault: str) -> None:
    """Stores the command exactly once, and gets its events."""
    with connected(place, kind, fault) as client:
        result = command(client, 0).send(timeout=20)

    assert result.events == (Deposited(amount=5),)
    assert place.engine.amounts(ROOT) == [5]


@EVERY
@pytest.mark.parametrize("strategy", [MergeStrategy.AGGREGATE_HANDLES, MergeStrategy.COMMUTATIVE])
def test_a_retrying_client_whose_sequence_is_not_the_only_one(
    kind: type[DomainClient], place: Place, fault: str, strategy: MergeStrategy
) -> None:
    """Finds what was stored by the id that was drawn for it, and sends nothing again that may yet land."""
    with connected(place, kind, fault) as client:
        if FAULTS[fault][2]:
            assert command(client, 0, strategy).send(timeout=20).events == (Deposited(amount=5),)
        else:
            with pytest.raises(UnknownOutcome):
                command(client, 0, strategy).send(timeout=20)

    assert place.engine.amounts(ROOT) == ([5] if FAULTS[fault][2] else [])


@EVERY
def test_an_id_that_others_may_have(kind: type[DomainClient], place: Place, fault: str) -> None:
    """Proves nothing, so nothing is sent again where it might be stored twice."""
    with connected(place, kind, fault) as client, pytest.raises(UnknownOutcome) as caught:
        command(client).with_correlation_id("order-7").send(timeout=20)

    assert caught.value.correlation_id == "order-7"
    assert place.engine.amounts(ROOT) == ([5] if FAULTS[fault][2] else [])


@EVERY
def test_a_repository(kind: type[DomainClient], place: Place, fault: str) -> None:
    """Sends at the sequence it has loaded, so it stores exactly once."""
    with connected(place, kind, fault) as client:
        executed = repository(Account, client).execute(ROOT, Deposit(amount=5), timeout=20)

    assert (executed.events, executed.state.balance) == ((Deposited(amount=5),), 5)
    assert place.engine.amounts(ROOT) == [5]


def test_many_writers_and_many_faults(place: Place) -> None:
    """Whoever was told that it is stored finds it once; whoever was told that it is not finds it nowhere."""
    amounts = iter(range(1_000))
    address = place.breaking(*[Cut.BEFORE, Cut.AFTER] * 5)
    told: dict[str, bool | None] = {}
    policy = RetryPolicy(attempts=8, min_delay=0.01, max_delay=0.1)
    place.engine.decide = lambda _command, head: (deposited(next(amounts), head),)

    def write(name: str) -> None:
        with DomainClient.connect(address, protocol=Protocol.RELEASED, retry=policy) as client:
            accounts = Repository(Account, client)
            for number in range(5):
                sent = f"{name}-{number}"
                try:
                    accounts.execute(ROOT, Deposit(amount=1), correlation_id=sent, attempts=20, timeout=30)
                except UnknownOutcome:
                    told[sent] = None
                except AngzarrError:
                    told[sent] = False
                else:
                    told[sent] = True

    writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    stored = [kept.correlation_id for kept in place.engine.streams["account", ROOT, ""].values()]
    assert len(set(stored)) == len(stored)
    assert len(told) == 15
    proved = {sent for sent, outcome in told.items() if outcome}
    assert len(proved) >= len(told) // 4
    assert proved <= set(stored)
    assert not {sent for sent, outcome in told.items() if outcome is False} & set(stored)
