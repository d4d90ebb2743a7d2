"""Repositories against a real gRPC server, which can also behave as peers in the wild do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, cast
from uuid import UUID

import attrs
import pytest

from angzarr_domain import Aggregate, DomainClient, Repository, aggregate, applies
from angzarr_domain.aggregates import Change, definition_of
from angzarr_domain.books import EventBook, EventPage, Payload, SequenceRange, Snapshot, TemporalQuery
from angzarr_domain.client import Budget, Call, RecordingTransport, Sleep
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    CorruptHistory,
    IncompleteHistory,
    InvalidArgument,
    NotHandled,
    Rejected,
    ServerError,
    Status,
    UnknownOutcome,
    UsageError,
)
from angzarr_domain.hosting import Serving
from angzarr_domain.repositories._executing import Asked, execute
from angzarr_domain.repositories._loading import Subject
from angzarr_domain.wire import PayloadCodec
from tests.awaited import KINDS, awaited_client, repository
from tests.peers import BORN, SECOND, Peer
from tests.wallet import Label, Put, PutCoins, Take, Wallet, WasLabelled, WasPut, WasTaken

ROOT = UUID(int=7)


@pytest.fixture(name="peer")
def _peer() -> Peer:
    return Peer()


@pytest.fixture(name="wallets", params=KINDS)
def _wallets(peer: Peer, request: pytest.FixtureRequest) -> Iterator[Repository[Wallet]]:
    """The blocking repository, and the asynchronous one behind the same names."""
    name: str = request.param
    with Serving(peer.served(), ["127.0.0.1:0"]) as serving, KINDS[name].connect(serving.addresses[0]) as client:
        yield repository(Wallet, client)


def moment(sequence: float) -> datetime:
    """When page `sequence` was created."""
    return datetime.fromtimestamp(BORN / SECOND, UTC) + timedelta(seconds=sequence)


class TestLoad:
    def test_the_aggregate(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Its state, and the facts about it."""
        peer.record(ROOT, WasPut(amount=9), WasTaken(amount=2), WasLabelled(text="travel"), WasPut(amount=1))

        wallet = wallets.load(ROOT)

        assert wallet == Wallet(balance=8, label="travel")
        assert (wallet.root, wallet.exists, wallet.next_sequence) == (ROOT, True, 4)

    def test_an_unknown_root(self, wallets: Repository[Wallet]) -> None:
        """A fresh aggregate that does not exist."""
        wallet = wallets.load(ROOT)

        assert (wallet, wallet.root, wallet.exists, wallet.next_sequence) == (Wallet(), ROOT, False, 0)

    def test_a_root_as_text(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """A root may be text."""
        peer.record(ROOT, WasPut(amount=9))

        assert wallets.load(str(ROOT)).balance == 9

    def test_a_root_that_is_none(self, wallets: Repository[Wallet]) -> None:
        """Text that is no UUID is refused, with a hint for business keys."""
        with pytest.raises(InvalidArgument, match="compute_root") as caught:
            wallets.load("ada")

        assert caught.value.code == "PROTO_UUID_INVALID"

    def test_it_is_streamed(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """In one call, book by book: memory does not grow with history."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(1000)))

        assert wallets.load(ROOT).balance == 1000
        assert [name for name, _ in peer.queries] == ["GetEvents"]

    @pytest.mark.parametrize(
        ("as_of", "balance"),
        [
            pytest.param(0, 1, id="first"),
            pytest.param(6, 7, id="sequence"),
            pytest.param(99, 10, id="beyond"),
            pytest.param(moment(4), 5, id="moment"),
            pytest.param(moment(4.5), 5, id="in between"),
            pytest.param(moment(-1), 0, id="before all"),
        ],
    )
    @pytest.mark.parametrize("habit", ["", "ignores_points", "refuses_streams"])
    def test_as_of(
        self, wallets: Repository[Wallet], peer: Peer, habit: str, as_of: int | datetime, balance: int
    ) -> None:
        """The state right after that sequence, or at that moment (C-0237, C-0238), whatever the peer's habits."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(10)))
        if habit:
            setattr(peer, habit, True)

        wallet = wallets.load(ROOT, as_of=as_of)

        assert (wallet.balance, wallet.next_sequence) == (balance, balance)

    @pytest.mark.parametrize("as_of", [-1, 2**32, datetime(2026, 1, 1)])  # noqa: DTZ001 - the point of the test
    def test_points_that_are_none(self, wallets: Repository[Wallet], as_of: int | datetime) -> None:
        """No sequence, or a datetime that names no moment."""
        with pytest.raises((InvalidArgument, UsageError)):
            wallets.load(ROOT, as_of=as_of)

    def test_a_snapshot_that_does_not_fit(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """All pages are read instead: the pages after it alone would give a wrong state."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(10)))
        peer.snapshot = Snapshot(6, Payload("/other.State", b""))

        assert wallets.load(ROOT).balance == 10
        assert [name for name, _ in peer.queries][:2] == ["GetEvents", "GetEventBook"]

    def test_ranges_that_are_too_large(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """A peer that cannot answer 500 pages at once is asked for fewer."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(900)))
        peer.refuses_streams, peer.largest = True, 100

        assert wallets.load(ROOT).balance == 900

    @pytest.mark.parametrize(
        "holes",
        [
            pytest.param(range(2, 4), id="in a book"),
            pytest.param(range(3, 9), id="between two books"),
            pytest.param(range(500, 502), id="between two ranges"),
            pytest.param(range(100, 1_200), id="wider than a range"),
        ],
    )
    @pytest.mark.parametrize("habit", ["", "ignores_points", "refuses_streams"])
    def test_holes(self, wallets: Repository[Wallet], peer: Peer, habit: str, holes: range) -> None:
        """Engines accept gaps; what comes after one counts, however the history is read."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(1_300)))
        peer.leave_out(ROOT, *holes)
        if habit:
            setattr(peer, habit, True)

        present, past = wallets.load(ROOT), wallets.load(ROOT, as_of=1_250)

        assert (present.balance, present.next_sequence) == (1_300 - len(holes), 1_300)
        assert (past.balance, past.next_sequence) == (1_251 - len(holes), 1_251)

    @pytest.mark.parametrize("first", [1, 600])
    @pytest.mark.parametrize("habit", ["", "refuses_streams"])
    def test_a_missing_start(self, wallets: Repository[Wallet], peer: Peer, habit: str, first: int) -> None:
        """Is no hole: nobody knows what the state was before."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(first + 3)))
        peer.leave_out(ROOT, *range(first))
        if habit:
            setattr(peer, habit, True)

        with pytest.raises(IncompleteHistory, match=f"starts at {first}"):
            wallets.load(ROOT)

    def test_pages_without_times(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """No state of a moment can be told of them, so none is made up."""
        peer.streams[ROOT] = [EventPage(peer.codec.encode(WasPut(amount=1)), 0)]
        peer.refuses_streams = True

        with pytest.raises(IncompleteHistory, match="use a sequence"):
            wallets.load(ROOT, as_of=moment(3))

    def test_corrupt_history(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Names type, sequence and root; a state is never made of the rest."""
        peer.record(ROOT, WasPut(amount=1))
        peer.streams[ROOT].append(EventPage(Payload("/tests.wallet.WasPut", b"\xff"), 1))

        with pytest.raises(CorruptHistory) as caught:
            wallets.load(ROOT)

        assert (caught.value.type_url, caught.value.sequence, caught.value.root) == ("/tests.wallet.WasPut", 1, ROOT)

    def test_a_class_that_is_no_aggregate(self) -> None:
        """Is refused by the repository itself."""

        class Purse(Wallet):
            pass

        with DomainClient.connect("localhost:1") as client, pytest.raises(UsageError, match="not decorated"):
            Repository(Purse, client)


def interlopes(*amounts: int) -> Callable[[Peer, UUID], None]:
    """Others put these, one before each command that arrives."""
    left = list(amounts)

    def interlope(peer: Peer, root: UUID) -> None:
        if left:
            peer.record(root, WasPut(amount=left.pop(0)))

    return interlope


async def _decide(_wallet: Wallet) -> Put:
    return Put(amount=1)


def paused(attempts: int) -> tuple[list[float], Conflict]:
    """How long an execution would wait among conflicts that never end, and the one that it reports."""
    definition = definition_of(Wallet)
    subject = Subject(definition, PayloadCodec(definition.message_types), ROOT)
    flow = execute(subject, lambda _: Put(amount=1), Asked(attempts=attempts), Budget())
    pauses: list[float] = []
    step = next(flow)
    while True:
        try:
            if isinstance(step, Sleep):
                pauses.append(step.seconds)
            step = flow.throw(Conflict(0, 0)) if isinstance(step, Call) else flow.send(None)
        except Conflict as conflict:
            return pauses, conflict


NONSENSE: dict[str, tuple[Callable[[Repository[Wallet]], object], str]] = {
    "attempts": (lambda wallets: wallets.execute(ROOT, Put(amount=1), attempts=0), "from 1"),
    "timeout": (lambda wallets: wallets.execute(ROOT, Put(amount=1), timeout=0), "above 0"),
    "no command": (lambda wallets: wallets.execute(ROOT, cast("Put", "Put")), "neither a command nor a function"),
    "awaited": (lambda wallets: wallets.execute(ROOT, cast("Put", _decide)), "cannot be awaited"),
    "awaited, by another name": (lambda wallets: wallets.execute(ROOT, lambda _: cast("Put", _decide(_))), "await"),
    "no command decided": (lambda wallets: wallets.execute(ROOT, lambda _: cast("Put", "Put")), "str"),
}


class TestExecute:
    def test_a_command(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Is sent at the loaded sequence; the result has events, state, sequence, attempts."""
        peer.record(ROOT, WasPut(amount=9))

        done = wallets.execute(ROOT, Take(amount=4), correlation_id="order-7")

        assert (done.events, done.state, done.sequence, done.attempts) == (
            (WasTaken(amount=4),),
            Wallet(balance=5),
            1,
            1,
        )
        assert (done.state.next_sequence, done.root, done.correlation_id) == (2, ROOT, "order-7")

    def test_a_first_command(self, wallets: Repository[Wallet]) -> None:
        """Creates the aggregate."""
        done = wallets.execute(ROOT, Put(amount=4))

        assert (done.state.balance, done.state.exists, done.sequence) == (4, True, 0)

    def test_the_coordinator_decides(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """A plain command is sent even if the class at hand would refuse it: the coordinator's answer counts."""
        with pytest.raises(Rejected, match="NOT_ENOUGH"):
            wallets.execute(ROOT, Take(amount=4))

        assert len(peer.commands) == 1

    def test_a_conflict(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Only the tail is fetched and folded, and the command goes out again at the new sequence."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(9)))
        peer.interlope = interlopes(5, 6)

        done = wallets.execute(ROOT, Take(amount=20))

        assert (done.state.balance, done.sequence, done.attempts) == (0, 11, 3)
        assert [query.selection for _, query in peer.queries[1:]] == [SequenceRange(9, 9), SequenceRange(10, 10)]

    @pytest.mark.parametrize("width", [1, 600])
    def test_a_conflict_over_a_hole(self, wallets: Repository[Wallet], peer: Peer, width: int) -> None:
        """What others stored after a gap is caught up with."""
        peer.record(ROOT, WasPut(amount=9))
        done: list[int] = []

        def interlope(peer: Peer, root: UUID) -> None:
            if not done:
                peer.record(root, *(WasPut(amount=1) for _ in range(width + 1)))
                peer.leave_out(root, *range(1, width + 1))
                done.append(1)

        peer.interlope = interlope
        took = wallets.execute(ROOT, Take(amount=10))

        assert (took.state.balance, took.sequence, took.attempts) == (0, width + 2, 2)

    def test_one_correlation_id(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Drawn once, and shared by the sends of one execution; the next one has its own."""
        peer.interlope = interlopes(5)
        first, second = wallets.execute(ROOT, Put(amount=1)), wallets.execute(ROOT, Put(amount=1))

        assert [sent["x-correlation-id"] for sent in peer.metadata if "x-correlation-id" in sent] == [
            first.correlation_id,
            first.correlation_id,
            second.correlation_id,
        ]
        assert first.correlation_id != second.correlation_id

    def test_a_function(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Decides anew on the state after each conflict."""
        peer.record(ROOT, WasPut(amount=9))
        peer.interlope = interlopes(5)

        done = wallets.execute(ROOT, lambda wallet: Take(amount=wallet.balance))

        assert (done.events, done.attempts) == ((WasTaken(amount=14),), 2)

    def test_a_function_that_sends_nothing(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """None is an answer, too."""
        peer.record(ROOT, WasPut(amount=9))

        done = wallets.execute(ROOT, lambda wallet: Take(amount=99) if wallet.balance > 99 else None)

        assert (done.events, done.state.balance, done.sequence, done.attempts) == ((), 9, 1, 0)
        assert peer.commands == []

    def test_a_function_that_raises(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Its exception is the caller's, and nothing is sent."""

        def refuse(_wallet: Wallet) -> Put:
            raise LookupError("no rate today")

        with pytest.raises(LookupError, match="no rate today"):
            wallets.execute(ROOT, refuse)
        assert peer.commands == []

    def test_a_function_that_changes_the_aggregate(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Changes its own copy."""
        peer.record(ROOT, WasPut(amount=9))

        def meddle(wallet: Wallet) -> Put:
            wallet.balance = 1_000
            return Put(amount=1)

        assert wallets.execute(ROOT, meddle).state.balance == 10

    def test_nothing_to_say(self, wallets: Repository[Wallet]) -> None:
        """A command may lead to no event."""
        done = wallets.execute(ROOT, Label(text=""))

        assert (done.events, done.state.exists, done.attempts) == ((), False, 1)

    def test_too_many_conflicts(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """After the last attempt the conflict carries the events that got in between."""
        peer.interlope = interlopes(1, 2, 3, 4)

        with pytest.raises(Conflict) as caught:
            wallets.execute(ROOT, Put(amount=1), attempts=2)

        assert (caught.value.expected, caught.value.actual, len(peer.commands)) == (1, 2, 2)
        assert [page.decode() for page in caught.value.events or ()] == [WasPut(amount=2)]

    def test_a_far_conflict(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """It carries the first 100 events, and says that they are not all."""
        peer.interlope = lambda peer, root: peer.record(root, *(WasPut(amount=1) for _ in range(150)))

        with pytest.raises(Conflict, match="are 150 sequences, of which the first 100 were read") as caught:
            wallets.execute(ROOT, Put(amount=1), attempts=1)

        assert len(caught.value.events or ()) == 100

    def test_a_tail_that_cannot_be_read(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """The conflict stays what is reported, with the reason beside it."""
        peer.interlope = interlopes(1)
        peer.fail_queries = ServerError("the store is away", status=Status.INTERNAL)

        with pytest.raises(Conflict, match="the store is away"):
            wallets.execute(ROOT, Put(amount=1))

    @pytest.mark.parametrize(
        "error",
        [UnknownOutcome("torn"), ServerError("broken", status=Status.INTERNAL), Rejected("NO")],
        ids=lambda error: type(error).__name__,
    )
    def test_other_failures_are_not_repeated(
        self, wallets: Repository[Wallet], peer: Peer, error: AngzarrError
    ) -> None:
        """Only a conflict proves that nothing was stored."""
        peer.fail_next = [error]

        with pytest.raises(type(error)):
            wallets.execute(ROOT, Put(amount=1))
        assert len(peer.commands) == 1

    def test_a_time_that_runs_out_among_conflicts(self) -> None:
        """The conflict is reported, not the time: it is what is known."""

        def answers() -> Iterator[object]:
            yield [EventBook()]
            time.sleep(0.1)
            yield Conflict(0, 1)

        with (
            DomainClient.for_transport(RecordingTransport(answers())) as client,
            pytest.raises(Conflict, match="time for this was used up"),
        ):
            Repository(Wallet, client).execute(ROOT, Put(amount=1), timeout=0.05)

    def test_conflicts_without_end(self) -> None:
        """Each pause is of half a second at most, the thousandth too."""
        pauses, conflict = paused(attempts=1_500)

        assert (len(pauses), max(pauses) <= 0.5, conflict.events) == (1_499, True, ())

    @pytest.mark.parametrize(("call", "what"), NONSENSE.values(), ids=NONSENSE)
    def test_calls_that_mean_nothing(
        self, wallets: Repository[Wallet], call: Callable[[Repository[Wallet]], object], what: str
    ) -> None:
        """Are refused by name."""
        with pytest.raises(UsageError, match=what):
            call(wallets)


class TestPreview:
    @pytest.mark.parametrize("remote", [False, True], ids=["here", "coordinator"])
    def test_what_if(self, wallets: Repository[Wallet], peer: Peer, remote: bool) -> None:
        """Events, state and difference; nothing is stored."""
        peer.record(ROOT, WasPut(amount=9))

        seen = wallets.preview(ROOT, Take(amount=4), remote=remote)

        assert (seen.events, seen.state, seen.rejection) == ((WasTaken(amount=4),), Wallet(balance=5), None)
        assert seen.diff == (Change("balance", 9, 5),)
        assert len(peer.streams[ROOT]) == 1

    @pytest.mark.parametrize("remote", [False, True], ids=["here", "coordinator"])
    def test_a_refusal(self, wallets: Repository[Wallet], remote: bool) -> None:
        """Is part of the answer."""
        seen = wallets.preview(ROOT, Take(amount=4), remote=remote)

        assert (seen.events, seen.state, seen.diff) == ((), Wallet(), ())
        assert seen.rejection is not None
        assert (seen.rejection.code, seen.rejection.details) == ("NOT_ENOUGH", {"balance": "0"})

    @pytest.mark.parametrize("remote", [False, True], ids=["here", "coordinator"])
    @pytest.mark.parametrize("as_of", [0, moment(0.5)], ids=["sequence", "moment"])
    def test_in_the_past(self, wallets: Repository[Wallet], peer: Peer, as_of: int | datetime, remote: bool) -> None:
        """Decided on the state of then."""
        peer.record(ROOT, WasPut(amount=9), WasTaken(amount=9))

        seen = wallets.preview(ROOT, Take(amount=4), as_of, remote=remote)

        assert (seen.before.balance, seen.state.balance) == (9, 5)

    def test_the_coordinator_decides_on_what_was_loaded_here(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Not on what has come since, which the states before and after would not show."""
        peer.record(ROOT, WasPut(amount=9), WasTaken(amount=2))

        wallets.preview(ROOT, Take(amount=4), remote=True)

        assert [asked.point_in_time for asked in peer.speculations] == [TemporalQuery(as_of_sequence=1)]

    def test_an_unhandled_command(self, wallets: Repository[Wallet]) -> None:
        """Lists what is handled."""
        with pytest.raises(NotHandled, match=r"tests\.wallet\.Take"):
            wallets.preview(ROOT, WasPut(amount=1))


class Coins(list[int]):
    """Counts how often it is copied."""

    copies: ClassVar[list[int]] = []

    def __deepcopy__(self, _memo: object) -> Coins:
        self.copies.append(len(self))
        return Coins(self)


@aggregate(domain="wallet")
class Purse(Aggregate):
    coins: Coins = attrs.field(factory=Coins)

    @applies
    def was_put(self, event: WasPut) -> None:
        self.coins.append(event.amount)


class TestHistory:
    def test_steps(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Each event with what it changed, from the first on."""
        peer.record(ROOT, WasPut(amount=9), WasLabelled(text="x"), WasTaken(amount=2))

        steps = list(wallets.history(ROOT))

        assert [step.event for step in steps] == [WasPut(amount=9), WasLabelled(text="x"), WasTaken(amount=2)]
        assert [step.changes for step in steps] == [
            (Change("balance", 0, 9),),
            (Change("label", "", "x"),),
            (Change("balance", 9, 7),),
        ]
        assert [(step.sequence, step.created_at) for step in steps] == [(n, moment(n)) for n in range(3)]

    def test_states_are_kept_apart(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Every step has states of its own."""
        peer.record(ROOT, WasPut(amount=9), WasPut(amount=1))

        assert [(step.before.balance, step.state.balance) for step in wallets.history(ROOT)] == [(0, 9), (9, 10)]

    def test_states_that_are_changed(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """They are the caller's: what becomes of them has no effect on others made later."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(3)))
        steps = list(wallets.history(ROOT))
        steps[0].before.balance = steps[2].state.balance = 1_000

        assert [steps[n].state.balance for n in (1, 0)] == [2, 1]

    def test_states_that_are_asked_for_late(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """In any order, after the walk, and past gaps."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(1_100)))
        peer.leave_out(ROOT, 10, 11, 500)
        steps = list(wallets.history(ROOT))

        asked = [(steps[n].before.balance, steps[n].state.balance) for n in (1_096, 3, 700, 10, 699)]
        assert asked == [(1_096, 1_097), (3, 4), (700, 701), (10, 11), (699, 700)]
        assert (steps[10].state.next_sequence, steps[1_096].state.next_sequence) == (13, 1_100)

    def test_a_walk_copies_no_states(self, peer: Peer) -> None:
        """But one for each read: a state that grows with its history would be copied for ever."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(1_100)))
        Coins.copies.clear()

        with Serving(peer.served(), ["127.0.0.1:0"]) as serving, DomainClient.connect(serving.addresses[0]) as client:
            steps = sum(1 for _ in Repository(Purse, client).history(ROOT))

        assert (steps, Coins.copies) == (1_100, [0, 500, 1_000])

    def test_a_corrupt_event(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Ends the walk where it is met, after the steps before it."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(3)))
        peer.streams[ROOT][1] = EventPage(Payload("/tests.wallet.WasPut", b"\xff"), 1)
        steps = iter(wallets.history(ROOT))

        assert next(steps).state.balance == 1
        with pytest.raises(CorruptHistory):
            next(steps)

    def test_a_long_one(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Is read 500 events at a time, from 0, without snapshots."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(1100)))

        assert [step.state.balance for step in wallets.history(ROOT)] == list(range(1, 1101))
        assert len(peer.queries) == 5  # the last asks for whatever comes after a wide gap

    def test_holes(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Engines accept a gap between two events; it is no reason not to read on."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(5)))
        del peer.streams[ROOT][2]

        assert [(step.sequence, step.state.balance) for step in wallets.history(ROOT)] == [
            (0, 1),
            (1, 2),
            (3, 3),
            (4, 4),
        ]
        assert wallets.load(ROOT).balance == 4

    def test_no_history(self, wallets: Repository[Wallet]) -> None:
        """Has no steps."""
        assert list(wallets.history(ROOT)) == []

    def test_blame(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Names the event that set a field last, not the last event."""
        peer.record(ROOT, WasPut(amount=9), WasLabelled(text="x"), WasPut(amount=1), WasLabelled(text="y"))

        step = wallets.history(ROOT).blame("balance")

        assert step is not None
        assert (step.sequence, step.event) == (2, WasPut(amount=1))

    def test_blame_for_a_default(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Nobody is to blame for what was never set."""
        peer.record(ROOT, WasPut(amount=9))

        assert wallets.history(ROOT).blame("label") is None

    def test_blame_for_an_unknown_field(self, wallets: Repository[Wallet]) -> None:
        """Lists the fields there are."""
        with pytest.raises(UsageError, match="no field 'balnce'; it has balance, label"):
            wallets.history(ROOT).blame("balnce")


class TestRoots:
    def test_exists(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """An aggregate with any history does; one event at most is read."""
        peer.record(ROOT, *(WasPut(amount=1) for _ in range(10)))

        assert wallets.exists(ROOT)
        assert not wallets.exists(UUID(int=8))

    def test_roots(self, wallets: Repository[Wallet], peer: Peer) -> None:
        """Those of the aggregate's domain only."""
        peer.record(ROOT, WasPut(amount=1))
        peer.record(UUID(int=8), WasPut(amount=1))

        assert list(wallets.roots()) == [ROOT, UUID(int=8)]


@pytest.fixture(name="kept", params=[(place, kind) for place in ("in process", "tcp", "socket") for kind in KINDS])
def _kept(request: pytest.FixtureRequest, tmp_path: Path, short_path: Path) -> Iterator[Repository[Wallet]]:
    """Wallets in the coordinator of this package, with and without a connection to it."""
    place, kind = request.param
    with ExitStack() as stack:
        coordinator = stack.enter_context(Coordinator([Wallet], tmp_path / "wallets.db"))
        if place == "in process":
            client = stack.enter_context(coordinator.client() if kind == "blocking" else awaited_client(coordinator))
        else:
            address = "127.0.0.1:0" if place == "tcp" else f"unix:{short_path}/c.sock"
            serving = stack.enter_context(coordinator.start(address))
            client = stack.enter_context(KINDS[kind].connect(serving.addresses[0]))
        yield repository(Wallet, client)


class TestWithACoordinator:
    def test_the_life_of_a_wallet(self, kept: Repository[Wallet]) -> None:
        """Everything a repository does, on one aggregate."""
        assert not kept.exists(ROOT)
        kept.execute(ROOT, Put(amount=9))
        taken = kept.execute(ROOT, lambda wallet: Take(amount=wallet.balance - 1))

        assert (taken.state.balance, kept.load(ROOT).balance, kept.load(ROOT, as_of=0).balance) == (1, 1, 9)
        assert [step.changes for step in kept.history(ROOT)] == [(Change("balance", 0, 9),), (Change("balance", 9, 1),)]
        assert list(kept.roots()) == [ROOT]

    @pytest.mark.parametrize("remote", [False, True], ids=["here", "coordinator"])
    def test_what_if(self, kept: Repository[Wallet], remote: bool) -> None:
        """The past, the present and refusals, decided here or there."""
        kept.execute(ROOT, Put(amount=9))
        kept.execute(ROOT, Take(amount=9))

        past, present = (kept.preview(ROOT, Take(amount=4), point, remote=remote) for point in (0, None))

        assert (past.state, past.rejection) == (Wallet(balance=5), None)
        assert present.rejection is not None
        assert kept.load(ROOT).next_sequence == 2

    def test_many_writers(self, kept: Repository[Wallet]) -> None:
        """Sixteen on one aggregate all get through, and every execution counts, once."""
        with ThreadPoolExecutor(16) as threads:
            done = [threads.submit(kept.execute, ROOT, Put(amount=1)) for _ in range(160)]

        assert sorted(each.result().sequence for each in done) == list(range(160))
        assert kept.load(ROOT).balance == 160

    def test_a_long_history(self, kept: Repository[Wallet]) -> None:
        """Arrives in books that continue each other."""
        done = kept.execute(ROOT, PutCoins(count=1200))

        assert done.state.balance == kept.load(ROOT).balance == len(list(kept.history(ROOT))) == 1200
