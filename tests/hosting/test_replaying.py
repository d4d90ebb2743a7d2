"""States given away as messages."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from angzarr_domain import Aggregate, aggregate, applies
from angzarr_domain.aggregates import definition_of, read_state
from angzarr_domain.books import EventPage, Payload, ReadState, ReplayRequest, Snapshot
from angzarr_domain.exceptions import CorruptHistory, NotHandled, SnapshotUnfit, Status
from angzarr_domain.hosting import AggregateLogic, Host
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Methods
from tests.counter import Counter, Decreased, Increased
from tests.hosting.asking import CODEC, ask
from tests.ledger import Noted
from tests.wallet import Wallet, WasPut

GENERATIONS = pytest.mark.parametrize("methods", [METHODS, RELEASED, INTERIM], ids=["newest", "released", "interim"])
COUNTER = AggregateLogic([Counter])
SEVERAL = AggregateLogic([Counter, Wallet])


@aggregate(domain="odd")
class Odd(Aggregate):
    """No snapshot can hold its state."""

    rule: Callable[[str], int] | None = None

    @applies
    def noted(self, event: Noted) -> None:
        self.rule = len


def increments(count: int, start: int = 0) -> tuple[EventPage, ...]:
    return tuple(EventPage(CODEC.encode(Increased()), start + n) for n in range(count))


def fields(kind: type[Aggregate], state: Payload | None) -> object:
    assert state is not None
    read = read_state(definition_of(kind), CODEC, state)
    assert isinstance(read, ReadState)
    return read.values


def snapshot(count: int) -> Snapshot:
    """Of a counter at this count, after as many events."""
    return Snapshot(count - 1, COUNTER.replay(ReplayRequest(None, increments(count))).state)


@GENERATIONS
def test_a_snapshot_and_the_events_after_it(methods: Methods) -> None:
    """10 and 2 increments are 12."""
    with Host([Counter]).start("localhost:0") as host:
        response = ask(host.addresses[0], methods.replay, ReplayRequest(snapshot(10), increments(2, start=10)))

    assert fields(Counter, response.state) == {"count": 12}


def test_events_alone() -> None:
    """Onto a fresh state; none at all are a fresh state."""
    states = [COUNTER.replay(ReplayRequest(None, increments(count))).state for count in (3, 0)]

    assert [fields(Counter, state) for state in states] == [{"count": 3}, {"count": 0}]


def test_the_same_state_gives_the_same_bytes() -> None:
    """However it came about, so that a coordinator can compare it."""
    by_events = COUNTER.replay(ReplayRequest(None, (*increments(3), EventPage(CODEC.encode(Decreased(by=1))))))

    assert by_events == COUNTER.replay(ReplayRequest(None, increments(2)))


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        pytest.param(ReplayRequest(snapshot(10)), Counter, id="by the snapshot alone"),
        pytest.param(ReplayRequest(None, increments(1)), Counter, id="by the events"),
        pytest.param(ReplayRequest(None, (EventPage(CODEC.encode(WasPut(amount=5)), 0),)), Wallet, id="by the others"),
        pytest.param(
            ReplayRequest(None, (*increments(1), EventPage(Payload("/x.Unknown", b""), 1))), Counter, id="by some"
        ),
    ],
)
def test_one_of_several_aggregates_answers_if_it_shows_which(request_: ReplayRequest, kind: type[Aggregate]) -> None:
    """A request names no domain, but what is in it may be of one aggregate only."""
    assert fields(kind, SEVERAL.replay(request_).state)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(ReplayRequest(), id="nothing"),
        pytest.param(ReplayRequest(None, (EventPage(Payload("/x.Unknown", b""), 0),)), id="unknown events"),
        pytest.param(
            ReplayRequest(None, (*increments(1), EventPage(CODEC.encode(WasPut(amount=1)), 1))), id="events of both"
        ),
        pytest.param(ReplayRequest(Snapshot(3, Payload("/x.State", b""))), id="a snapshot of neither"),
    ],
)
def test_otherwise_nobody_answers(request_: ReplayRequest) -> None:
    """UNIMPLEMENTED NO_HANDLER_REGISTERED: a coordinator then compares sequences strictly (C-0154)."""
    with pytest.raises(NotHandled) as refused:
        SEVERAL.replay(request_)

    assert (refused.value.code, refused.value.status) == ("NO_HANDLER_REGISTERED", Status.UNIMPLEMENTED)
    assert refused.value.handled == ("counter", "wallet")


def test_a_state_that_cannot_be_written_is_not_given_away() -> None:
    """UNIMPLEMENTED, naming the field."""
    page = EventPage(CODEC.encode(Noted(text="a")), 0)
    with pytest.raises(NotHandled, match="rule") as refused:
        AggregateLogic([Odd]).replay(ReplayRequest(None, (page,)))

    assert refused.value.code == "NO_HANDLER_REGISTERED"


def test_a_snapshot_that_does_not_fit_is_never_folded_onto() -> None:
    """Its events are not in the request."""
    unfit = Snapshot(9, Payload("/somebody.elses.State", b"?"))
    with pytest.raises(SnapshotUnfit):
        COUNTER.replay(ReplayRequest(unfit, increments(2, start=10)))


def test_an_event_that_does_not_decode() -> None:
    """DATA_LOSS."""
    with pytest.raises(CorruptHistory):
        COUNTER.replay(ReplayRequest(None, (EventPage(Payload("/tests.counter.Increased", b"\xff"), 0),)))


def test_the_request_stays_as_it_is() -> None:
    """Folding changes neither snapshot nor events (C-0299)."""
    request = ReplayRequest(snapshot(10), increments(2, start=10))
    before = attrs.evolve(request)
    COUNTER.replay(request)

    assert request == before
