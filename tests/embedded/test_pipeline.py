from __future__ import annotations

import threading
import time
from uuid import UUID

import pytest

from angzarr_domain.books import (
    NOW,
    AngzarrDeferredSequence,
    BusinessResponse,
    CommandRequest,
    Cover,
    EventBook,
    EventPage,
    MergeStrategy,
    Payload,
    Snapshot,
    SpeculateRequest,
    TemporalQuery,
)
from angzarr_domain.embedded._callers import InProcessCaller
from angzarr_domain.embedded._store.base import EventStore
from angzarr_domain.embedded._store.memory import MemoryStore
from angzarr_domain.exceptions import (
    Conflict,
    DeadlineExceeded,
    NotSupported,
    Rejected,
    Status,
    StreamBusy,
)
from angzarr_domain.hosting import CommandCall

from .asking import CALLER, COVER, ROOT, STREAM, Logic, filled, page, pipeline, request, stored

CHECKED = [MergeStrategy.UNSPECIFIED, MergeStrategy.COMMUTATIVE, MergeStrategy.STRICT]
ALL = list(MergeStrategy)


def refuse(_call: CommandCall) -> BusinessResponse:
    raise Rejected("INSUFFICIENT_FUNDS", "not enough money")


class TestSequences:
    @pytest.mark.parametrize("strategy", ALL)
    @pytest.mark.parametrize("head", [0, 3])
    def test_the_next_sequence_is_accepted(self, strategy: MergeStrategy, head: int) -> None:
        """Under every strategy, and the new events continue from there (C-0149, C-0160, C-0167, C-0174, C-0192)."""
        store = filled(head)
        pipeline(Logic.of(page(), page()), store).execute(request(head, strategy), CALLER)
        assert stored(store) == list(range(head + 2))

    @pytest.mark.parametrize("strategy", CHECKED)
    @pytest.mark.parametrize("expected", [0, 1, 2, 4, NOW])
    def test_another_sequence_is_a_conflict(self, strategy: MergeStrategy, expected: int) -> None:
        """Stale or ahead of the head, with both numbers; nothing is stored (C-0154, C-0161, C-0162)."""
        store = filled(3)
        with pytest.raises(Conflict, match="Sequence mismatch") as refused:
            pipeline(Logic.of(page()), store).execute(request(expected, strategy), CALLER)
        assert (refused.value.expected, refused.value.actual) == (expected, 3)
        assert refused.value.status is Status.FAILED_PRECONDITION
        assert stored(store) == [0, 1, 2]

    def test_the_first_command_of_a_root_expects_nothing(self) -> None:
        """Sequence 1 on a new root has moved on (C-0208)."""
        with pytest.raises(Conflict) as refused:
            pipeline(Logic.of(page())).execute(request(1, MergeStrategy.STRICT), CALLER)
        assert (refused.value.expected, refused.value.actual) == (1, 0)

    @pytest.mark.parametrize("strategy", [*CHECKED, MergeStrategy.MANUAL])
    def test_a_stale_command_never_reaches_business_logic(self, strategy: MergeStrategy) -> None:
        """So it is never answered with a rejection from a state its sender did not see."""
        logic = Logic(refuse)
        with pytest.raises((Conflict, NotSupported)):
            pipeline(logic, filled(3)).execute(request(2, strategy), CALLER)
        assert logic.calls == []

    def test_a_stale_manual_command_says_that_it_cannot_be_set_aside(self) -> None:
        """There are no dead letters yet; nothing is stored."""
        store = filled(3)
        with pytest.raises(NotSupported, match="MERGE_MANUAL"):
            pipeline(Logic.of(page()), store).execute(request(1, MergeStrategy.MANUAL), CALLER)
        assert stored(store) == [0, 1, 2]

    @pytest.mark.parametrize("sequence", [None, 0, 99])
    def test_aggregate_handles_is_not_checked(self, sequence: int | None) -> None:
        """The events land at the head (C-0164)."""
        store = filled(3)
        pipeline(Logic.of(page()), store).execute(request(sequence), CALLER)
        assert stored(store) == [0, 1, 2, 3]

    def test_a_snapshot_counts_for_the_head(self) -> None:
        """Snapshot 50 and events 51, 52: next is 53 (C-0175)."""
        store = MemoryStore()
        store.append(STREAM, 0, [], snapshot=Snapshot(50, Payload("/shop.State", b"")))
        store.append(STREAM, 51, [page(51), page(52)])
        pipeline(Logic.of(page()), store).execute(request(53, MergeStrategy.STRICT), CALLER)
        assert store.head(STREAM) == 54


class TestDeciding:
    def test_business_logic_gets_all_there_is(self) -> None:
        """The command as it came, the head, and the events before it (C-0164)."""
        logic = Logic.of(page())
        command = request(3, MergeStrategy.STRICT)
        pipeline(logic, filled(3)).execute(command, CALLER)
        call = logic.calls[0]
        assert (call.command, call.next_sequence, call.timeout) == (command.command, 3, None)
        assert [each.sequence for book in call.history.books() for each in book.pages] == [0, 1, 2]

    def test_a_rejection_passes_through(self) -> None:
        """With its code; nothing is stored (C-0165, C-0428)."""
        store = filled(3)
        with pytest.raises(Rejected) as refused:
            pipeline(Logic(refuse), store).execute(request(), CALLER)
        assert refused.value.code == "INSUFFICIENT_FUNDS"
        assert stored(store) == [0, 1, 2]

    def test_several_events_of_one_command(self) -> None:
        """On consecutive sequences (C-0203)."""
        answer = pipeline(Logic.of(page(), page(), page()), filled(2)).execute(request(), CALLER)
        assert answer.events is not None
        assert [each.sequence for each in answer.events.pages] == [2, 3, 4]

    @pytest.mark.parametrize(("waits", "gets"), [(30.0, (29.0, 29.5)), (0.4, (0.1, 0.2)), (1e10, (None, None))])
    def test_business_logic_gets_less_time_than_the_caller_has(
        self, waits: float, gets: tuple[float | None, float | None]
    ) -> None:
        """Half a second is kept back for the answer, or half of what there is; centuries are no bound."""
        logic = Logic.of(page())
        pipeline(logic).execute(request(), InProcessCaller.within(waits))
        timeout = logic.calls[0].timeout
        assert timeout is None if gets[0] is None else gets[0] < (timeout or 0) <= (gets[1] or 0)

    def test_nothing_is_stored_for_a_caller_who_gave_up(self) -> None:
        """A decision that comes too late is dropped, and the error says so."""
        store = filled(1)

        def dawdle(_call: CommandCall) -> BusinessResponse:
            time.sleep(0.05)
            return BusinessResponse(EventBook(pages=(page(),)))

        with pytest.raises(DeadlineExceeded, match="nothing was"):
            pipeline(Logic(dawdle), store).execute(request(), InProcessCaller.within(0.02))
        assert stored(store) == [0]

    def test_business_logic_is_not_asked_for_a_caller_who_gave_up(self) -> None:
        """A command that waited too long is not started."""
        logic = Logic.of(page())
        with pytest.raises(DeadlineExceeded):
            pipeline(logic).execute(request(), InProcessCaller.within(0))
        assert logic.calls == []


class Meddling:
    """A store to which another program writes whenever a command has been decided, a number of times."""

    def __init__(self, times: int) -> None:
        self.store: EventStore = filled(1)
        self.times = times

    def answer(self, call: CommandCall) -> BusinessResponse:
        if self.times:
            self.times -= 1
            self.store.append(STREAM, call.next_sequence, [page(call.next_sequence, b"other")])
        return BusinessResponse(EventBook(pages=(page(call.next_sequence, b"%d" % call.next_sequence),)))


class TestOtherWriters:
    def test_a_command_without_lock_is_decided_again(self) -> None:
        """On what is there now: nothing is appended to a head it was not decided on (C-0166)."""
        meddling = Meddling(3)
        logic = Logic(meddling.answer)
        pipeline(logic, meddling.store).execute(request(), CALLER)
        assert [call.next_sequence for call in logic.calls] == [1, 2, 3, 4]
        values = [each.event.value for each in meddling.store.pages(STREAM) if each.event]
        assert values == [b"0", b"other", b"other", b"other", b"4"]

    def test_a_stream_that_is_never_left_alone(self) -> None:
        """Gives up after some tries: STREAM_BUSY, nothing stored."""
        meddling = Meddling(1_000)
        logic = Logic(meddling.answer)
        with pytest.raises(StreamBusy) as refused:
            pipeline(logic, meddling.store).execute(request(), CALLER)
        assert refused.value.status is Status.ABORTED
        assert len(logic.calls) == 8
        assert meddling.store.head(STREAM) == 9

    @pytest.mark.parametrize("strategy", CHECKED)
    def test_a_command_with_lock_is_a_conflict(self, strategy: MergeStrategy) -> None:
        """Decided once, and not appended."""
        meddling = Meddling(1)
        logic = Logic(meddling.answer)
        with pytest.raises(Conflict) as refused:
            pipeline(logic, meddling.store).execute(request(1, strategy), CALLER)
        assert (refused.value.expected, refused.value.actual, len(logic.calls)) == (1, 2, 1)


def deferred(
    index: int = 0, *, source: Cover | None = None, strategy: MergeStrategy = MergeStrategy.STRICT
) -> CommandRequest:
    header = AngzarrDeferredSequence(source or Cover("order", UUID(int=9)), 3, "ReserveSaga", index)
    return request(None, strategy, deferred=header)


class TestDeferredCommands:
    @pytest.mark.parametrize("strategy", ALL)
    def test_their_sequence_is_never_checked(self, strategy: MergeStrategy) -> None:
        """They land at the head under every strategy."""
        store = filled(3)
        pipeline(Logic.of(page()), store).execute(deferred(strategy=strategy), CALLER)
        assert stored(store) == [0, 1, 2, 3]

    def test_a_repeat_is_answered_with_the_first_ones_events(self) -> None:
        """Business logic is asked once, and later events are not part of the answer."""
        logic = Logic.of(page(), page())
        piped = pipeline(logic, filled(3))
        first = piped.execute(deferred(), CALLER)
        piped.execute(request(), CALLER)
        assert piped.execute(deferred(), CALLER) == first
        assert len(logic.calls) == 2
        assert stored(piped.store) == list(range(7))

    def test_a_repeat_of_one_that_led_to_nothing(self) -> None:
        """It ran, so it does not run again, even where it would lead to something now."""
        answers = [BusinessResponse(), BusinessResponse(EventBook(pages=(page(),)))]
        piped = pipeline(Logic(lambda _call: answers.pop(0)), filled(3))
        piped.execute(deferred(), CALLER)
        repeated = piped.execute(deferred(), CALLER)
        assert repeated.events == EventBook(COVER, next_sequence=3)
        assert stored(piped.store) == [0, 1, 2]

    def test_a_refused_one_may_run_later(self) -> None:
        """A refusal leaves nothing behind."""
        store = filled(3)
        piped = pipeline(Logic(refuse), store)
        with pytest.raises(Rejected):
            piped.execute(deferred(), CALLER)
        pipeline(Logic.of(page()), store).execute(deferred(), CALLER)
        assert stored(store) == [0, 1, 2, 3]

    def test_two_commands_of_one_invocation_are_two(self) -> None:
        """Their index tells them apart (C-0468)."""
        piped = pipeline(Logic.of(page()))
        piped.execute(deferred(0), CALLER)
        piped.execute(deferred(1), CALLER)
        assert stored(piped.store) == [0, 1]

    def test_repeats_at_the_same_time_run_once(self) -> None:
        """Sixteen deliveries of one command: one set of events, and the same answer for all."""
        logic = Logic.of(page(), page())
        piped = pipeline(logic)
        answers: list[EventBook | None] = []

        def deliver() -> None:
            answers.append(piped.execute(deferred(), CALLER).events)

        threads = [threading.Thread(target=deliver) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(answers), answers.count(answers[0]), len(logic.calls)) == (16, 16, 1)
        assert stored(piped.store) == [0, 1]


class TestWhatIf:
    def speculate(self, logic: Logic, point: TemporalQuery | None, store: EventStore) -> EventBook:
        book = request().command
        answer = pipeline(logic, store).speculate(SpeculateRequest(book, point), CALLER)
        assert answer.events is not None
        return answer.events

    def test_nothing_is_stored(self) -> None:
        """The events it would lead to, and the stream stays as it is (C-0266, C-0270, C-0277)."""
        store = filled(3)
        book = self.speculate(Logic.of(page(), page()), None, store)
        assert [each.sequence for each in book.pages] == [3, 4]
        assert stored(store) == [0, 1, 2]

    @pytest.mark.parametrize(
        ("point", "seen"),
        [
            pytest.param(None, [0, 1, 2, 3, 4], id="no point"),
            pytest.param(TemporalQuery(), [0, 1, 2, 3, 4], id="an empty point"),
            pytest.param(TemporalQuery(NOW), [0, 1, 2, 3, 4], id="now"),
            pytest.param(TemporalQuery(99), [0, 1, 2, 3, 4], id="beyond the head"),
            pytest.param(TemporalQuery(2), [0, 1, 2], id="a sequence"),
            pytest.param(TemporalQuery(as_of_time_ns=1), [0, 1], id="a time"),
            pytest.param(TemporalQuery(as_of_time_ns=-1), [], id="before all"),
        ],
    )
    def test_it_is_decided_at_its_point(self, point: TemporalQuery | None, seen: list[int]) -> None:
        """On the history up to it; an unset point is now (C-0267)."""
        logic = Logic.of(page())
        book = self.speculate(logic, point, filled(5))
        history = [each.sequence for read in logic.calls[0].history.books() for each in read.pages]
        assert (history, logic.calls[0].next_sequence) == (seen, len(seen))
        assert [each.sequence for each in book.pages] == [len(seen)]

    def test_its_sequence_is_not_checked(self) -> None:
        """A stale one is answered all the same."""
        book = request(0, MergeStrategy.STRICT).command
        answer = pipeline(Logic.of(page()), filled(3)).speculate(SpeculateRequest(book), CALLER)
        assert answer.events is not None

    def test_a_rejection_is_reported(self) -> None:
        """With its reason (C-0268)."""
        with pytest.raises(Rejected, match="not enough money"):
            self.speculate(Logic(refuse), None, filled(3))

    def test_runs_are_independent(self) -> None:
        """Each starts from the same base (C-0278)."""
        store = filled(3)
        books = [self.speculate(Logic.of(page()), None, store) for _ in range(2)]
        assert books[0] == books[1]

    def test_a_deferred_one_is_not_remembered(self) -> None:
        """It did not run."""
        store = MemoryStore()
        pipeline(Logic.of(page()), store).speculate(SpeculateRequest(deferred().command), CALLER)
        pipeline(Logic.of(page()), store).execute(deferred(), CALLER)
        assert stored(store) == [0]


class TestHistory:
    def books(self, store: EventStore, *, from_start: bool = False) -> list[EventBook]:
        logic = Logic.of(page())
        pipeline(logic, store).speculate(SpeculateRequest(request().command), CALLER)
        return list(logic.calls[0].history.books(from_start=from_start))

    def test_a_new_aggregate_has_an_empty_book(self) -> None:
        """Which names it."""
        assert self.books(MemoryStore()) == [EventBook(Cover("account", ROOT))]

    @pytest.mark.parametrize(
        ("from_start", "snapshot", "first"), [(False, 4, 5), (True, None, 0)], ids=["from the snapshot", "from start"]
    )
    def test_the_snapshot_and_the_pages_after_it(self, from_start: bool, snapshot: int | None, first: int) -> None:
        """Or all pages and no snapshot, for logic that cannot use it (C-0286)."""
        store = filled(10)
        store.append(STREAM, 10, [], snapshot=Snapshot(4, Payload("/shop.State", b"")))
        (book,) = self.books(store, from_start=from_start)
        assert (book.snapshot.sequence if book.snapshot else None) == snapshot
        assert [each.sequence for each in book.pages] == list(range(first, 10))
        assert book.next_sequence == 10

    def test_it_ends_at_the_head_that_was_loaded(self) -> None:
        """What another writer adds meanwhile is not seen, since the sequence of the new events is fixed."""
        store = filled(3)
        seen: list[EventPage] = []

        def answer(call: CommandCall) -> BusinessResponse:
            if not seen:
                store.append(STREAM, 3, [page(3)])
                seen.extend(each for book in call.history.books() for each in book.pages)
            return BusinessResponse()

        pipeline(Logic(answer), store).execute(request(), CALLER)
        assert [each.sequence for each in seen] == [0, 1, 2]
