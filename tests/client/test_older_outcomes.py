"""What has become of a command, held against what a coordinator with the released one's habits has stored."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CommandBook,
    CommandPage,
    Cover,
    DomainDivergence,
    Edition,
    EventPage,
    MergeStrategy,
    Payload,
)
from angzarr_domain.client import ChannelSettings, DomainClient, Protocol, RetryPolicy
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    NotStored,
    Rejected,
    Retry,
    ServerError,
    Status,
    UnknownOutcome,
)
from tests.older_engine import TABLES, Engine, deposited, engine_client, refused
from tests.recorded_bank import Deposit

ROOT = UUID(int=7)
BORN = 1_767_225_600 * 10**9

PROTOCOLS = pytest.mark.parametrize("protocol", TABLES, ids=lambda each: each.name)
EITHER_ID = pytest.mark.parametrize("own_id", [False, True], ids=["drawn", "given"])


def command(
    client: DomainClient, strategy: MergeStrategy | None = None, sequence: int | None = None, own_id: bool = False
) -> Any:
    ready: Any = client.command(Deposit(amount=1), ROOT)
    ready = ready if sequence is None else ready.with_sequence(sequence)
    ready = ready if strategy is None else ready.with_merge_strategy(strategy)
    return ready.with_correlation_id("order-7") if own_id else ready


def sequences(result: Any) -> list[int | None]:
    return [page.sequence for page in result.pages]


def until_nobody_waits(call: Any) -> None:
    while call.is_active():
        time.sleep(0.02)


def answering(*pages: EventPage) -> Callable[[CommandPage, int], tuple[EventPage, ...]]:
    return lambda _command, _head: pages


def once_lost() -> Callable[..., None]:
    """Breaks the connection, as far as the caller can tell, but the first time only."""
    losses = iter([refused(Status.UNAVAILABLE, "Socket closed")])

    def lose(*_: object) -> None:
        for loss in losses:
            raise loss

    return lose


AGAIN = RetryPolicy(attempts=3, min_delay=0.01, max_delay=0.02)


def strict(sequence: int, edition: Edition) -> CommandBook:
    payload = Payload("type.googleapis.com/bank.v1.Deposit", b"")
    page = CommandPage(payload, sequence, MergeStrategy.STRICT)
    return CommandBook(Cover("account", ROOT, "mine", edition), (page,))


@PROTOCOLS
def test_a_stale_command_that_ran_out_of_time(protocol: Protocol, kind: type[DomainClient]) -> None:
    """Is a conflict where nothing carries the id that was drawn for it, and the stream has moved on."""
    engine = Engine()
    engine.put(ROOT, deposited(1, 0), deposited(2, 1), correlation_id="somebody")
    with engine_client(engine, protocol, kind) as client, pytest.raises(Conflict) as raised:
        command(client, sequence=1).send(timeout=2)

    assert (raised.value.expected, raised.value.actual) == (1, 2)
    assert [page.sequence for page in raised.value.events or ()] == [1]


def test_a_stale_command_with_an_id_that_others_may_have() -> None:
    """Only an id that was drawn for this one send is proof of anything."""
    engine = Engine()
    engine.put(ROOT, deposited(1, 0))
    with engine_client(engine) as client, pytest.raises(UnknownOutcome) as raised:
        command(client, sequence=0, own_id=True).send(timeout=1)

    assert raised.value.correlation_id == "order-7"


def test_a_stale_commutative_command_that_ran_out_of_time() -> None:
    """May be stored at another sequence yet, if it came past the first look."""
    engine = Engine()
    engine.put(ROOT, deposited(1, 0))
    with engine_client(engine) as client, pytest.raises(UnknownOutcome):
        command(client, MergeStrategy.COMMUTATIVE, 0).send(timeout=1)


@pytest.mark.parametrize("strategy", [MergeStrategy.STRICT, MergeStrategy.COMMUTATIVE])
def test_a_conflict_whose_trailer_is_over_the_limit(kind: type[DomainClient], strategy: MergeStrategy) -> None:
    """Is still one: the answer came, so nothing will be stored any more, and the stream says what it hid."""
    engine = Engine()
    engine.put(ROOT, *(deposited(n, n) for n in range(290)))
    engine.stop.set()
    small = ChannelSettings(max_metadata=8_192)
    with engine_client(engine, kind=kind, channel=small) as client, pytest.raises(Conflict) as raised:
        command(client, strategy, 288).send(timeout=20)

    assert (raised.value.expected, raised.value.actual) == (288, 290)
    assert isinstance(raised.value.__cause__, UnknownOutcome)
    assert raised.value.__cause__.status is Status.RESOURCE_EXHAUSTED


def test_a_lost_answer_while_the_stream_may_still_take_the_command() -> None:
    """Nothing has come after what the command expects, so it may be about to be stored."""
    with engine_client(Engine()) as client, pytest.raises(UnknownOutcome) as raised:
        command(client, sequence=1).send(timeout=1)

    assert raised.value.correlation_id


def test_a_message_over_a_limit() -> None:
    """Is no conflict: only a trailer may hide one."""
    engine = Engine()

    def decide(_command: CommandPage, _head: int) -> tuple[EventPage, ...]:
        engine.put(ROOT, deposited(2, 0))
        raise refused(Status.RESOURCE_EXHAUSTED, "Received message larger than max (5000000 vs. 4194304)")

    engine.decide = decide
    with engine_client(engine) as client, pytest.raises(UnknownOutcome) as raised:
        command(client, sequence=0).send()

    assert raised.value.status is Status.RESOURCE_EXHAUSTED


def test_business_logic_that_names_an_id_of_its_own() -> None:
    """Has its events stored with that, so that the one that was drawn for the command says nothing of them."""
    engine = Engine(decide=answering(deposited(1, 0, BORN)), naming="theirs")
    with engine_client(engine) as client:
        assert sequences(command(client).send()) == [0]
        engine.decide = answering(deposited(1, 1))
        with pytest.raises(UnknownOutcome):
            command(client).send()

    assert engine.amounts(ROOT) == [1, 1]


@EITHER_ID
def test_a_stored_command_whose_answer_came_too_late(own_id: bool) -> None:
    """Is no conflict: what has moved the stream on is its own."""
    engine = Engine(before_answer=until_nobody_waits)
    with engine_client(engine) as client, pytest.raises(UnknownOutcome):
        command(client, sequence=0, own_id=own_id).send(timeout=1)

    assert engine.amounts(ROOT) == [1]


@PROTOCOLS
def test_a_stored_command_of_a_named_timeline_whose_answer_came_too_late(protocol: Protocol) -> None:
    """Is no conflict: queries by correlation id may not see that timeline, so finding nothing proves nothing."""
    engine = Engine(before_answer=until_nobody_waits)
    with engine_client(engine, protocol) as client, pytest.raises(UnknownOutcome) as raised:
        client.aggregate.handle(strict(0, Edition("what-if")), timeout=1)

    assert raised.value.retry is Retry.READ_FIRST
    assert engine.amounts(ROOT, "what-if") == [1]


def test_a_lost_command_of_a_named_timeline_is_sent_again() -> None:
    """While its place is free there, whatever is at that place of the main one."""
    engine = Engine(others=once_lost())
    engine.put(ROOT, deposited(1, 0), deposited(2, 1))
    engine.put(ROOT, deposited(3, 0), edition="what-if")
    with engine_client(engine, retry=AGAIN) as client:
        client.aggregate.handle(strict(1, Edition("what-if")))

    assert engine.amounts(ROOT, "what-if") == [3, 1]
    assert engine.amounts(ROOT) == [1, 2]


@pytest.mark.parametrize(("lost", "stored"), [("before_answer", [1]), ("others", [])], ids=["stored", "not yet"])
def test_a_lost_command_of_a_timeline_that_says_where_it_diverges_is_not_sent_again(
    lost: str, stored: list[int]
) -> None:
    """Its sequence is not compared there, so it might be stored twice, even where its place is free."""
    engine = Engine()
    setattr(engine, lost, once_lost())
    edition = Edition("what-if", (DomainDivergence("account", 0),))
    with engine_client(engine, retry=AGAIN) as client, pytest.raises(UnknownOutcome):
        client.aggregate.handle(strict(0, edition))

    assert engine.amounts(ROOT, "what-if") == stored


@PROTOCOLS
def test_an_answer_of_a_named_timeline(protocol: Protocol) -> None:
    """Is looked for on that timeline: the same place of the main one is another's."""
    engine = Engine(decide=answering(deposited(5, 2, BORN)))
    engine.put(ROOT, deposited(1, 0), deposited(2, 1), deposited(3, 2))
    engine.put(ROOT, deposited(4, 1), edition="what-if")
    page = CommandPage(Payload("type.googleapis.com/bank.v1.Deposit", b""), 0, MergeStrategy.AGGREGATE_HANDLES)
    cover = Cover("account", ROOT, "mine", Edition("what-if"))
    with engine_client(engine, protocol) as client:
        response = client.aggregate.handle(CommandBook(cover, (page,)))

    assert response.events is not None
    assert [each.sequence for each in response.events.pages] == [2]
    assert engine.amounts(ROOT, "what-if") == [4, 5]


def test_an_answer_of_a_named_timeline_that_repeats_what_is_shared() -> None:
    """What it shares with the main one is there, too."""
    shared = deposited(1, 0, BORN)
    engine = Engine(decide=answering(shared, deposited(5, 2, BORN + 2)))
    engine.put(ROOT, shared)
    engine.put(ROOT, deposited(4, 1), edition="what-if")
    page = CommandPage(Payload("type.googleapis.com/bank.v1.Deposit", b""), 0, MergeStrategy.AGGREGATE_HANDLES)
    with engine_client(engine) as client:
        response = client.aggregate.handle(CommandBook(Cover("account", ROOT, "mine", Edition("what-if")), (page,)))

    assert response.events is not None
    assert response.events.pages[-1].sequence == 2
    assert engine.amounts(ROOT, "what-if") == [4, 5]


UNCOMPARED: dict[str, CommandBook] = {
    "deferred": CommandBook(
        Cover("account", ROOT, "mine"),
        (
            CommandPage(
                Payload("type.googleapis.com/bank.v1.Deposit", b""),
                merge_strategy=MergeStrategy.STRICT,
                deferred=AngzarrDeferredSequence(Cover("account", UUID(int=8)), 3),
            ),
        ),
    ),
    "diverging": strict(0, Edition("what-if", (DomainDivergence("account", 0),))),
}


@pytest.mark.parametrize("book", UNCOMPARED.values(), ids=UNCOMPARED)
def test_an_answer_to_what_they_do_not_compare(book: CommandBook) -> None:
    """Is no proof, whatever the strategy."""
    engine = Engine(decide=answering(deposited(5, 0, BORN)))
    engine.put(ROOT, deposited(4, 0))
    engine.put(ROOT, deposited(4, 0), edition="what-if")
    with engine_client(engine) as client, pytest.raises(NotStored):
        client.aggregate.handle(book)


@EITHER_ID
def test_a_dropped_event_that_differs_in_its_time_alone(own_id: bool) -> None:
    """Is not the one at its place."""
    engine = Engine(decide=answering(deposited(1, 0, BORN + 1)))
    engine.put(ROOT, deposited(1, 0, BORN))
    with engine_client(engine) as client, pytest.raises(NotStored):
        command(client, own_id=own_id).send()


def test_a_dropped_event_without_a_sequence_that_equals_the_first() -> None:
    """Is no repeated history, which has its sequences."""
    engine = Engine(decide=answering(deposited(1, None, BORN)))
    engine.put(ROOT, deposited(1, 0, BORN))
    with engine_client(engine) as client, pytest.raises(NotStored):
        command(client).send()


@PROTOCOLS
def test_a_dropped_event_that_equals_the_one_at_its_place(protocol: Protocol, kind: type[DomainClient]) -> None:
    """Is not stored: nothing in the stream carries the id that was drawn for the command."""
    engine = Engine(decide=answering(deposited(1, 0)))
    engine.put(ROOT, deposited(1, 0), deposited(2, 1))
    with engine_client(engine, protocol, kind) as client, pytest.raises(NotStored) as raised:
        command(client).send()

    assert raised.value.sequences == (0,)
    assert engine.amounts(ROOT) == [1, 2]


def test_an_event_that_equals_the_one_at_its_place_under_an_id_that_others_may_have() -> None:
    """Is unknown while neither a time nor an id tells it from another's."""
    engine = Engine(decide=answering(deposited(1, 0)))
    engine.put(ROOT, deposited(1, 0))
    with engine_client(engine) as client:
        with pytest.raises(UnknownOutcome, match="leave the correlation id out") as raised:
            command(client, own_id=True).send()
        engine.decide = answering(deposited(1, 1, BORN))
        assert sequences(command(client, own_id=True).send()) == [1]

    assert raised.value.correlation_id == "order-7"


@pytest.mark.parametrize("strategy", [MergeStrategy.AGGREGATE_HANDLES, MergeStrategy.COMMUTATIVE])
def test_an_event_whose_time_the_coordinator_stamps(strategy: MergeStrategy) -> None:
    """Is the same one: the answer was made before."""
    with engine_client(Engine(stamps=True)) as client:
        assert sequences(command(client, strategy, 0).send()) == [0]
        with pytest.raises(UnknownOutcome):
            command(client, strategy, 1, own_id=True).send()


def test_a_dropped_event_of_a_checked_command_that_equals_the_one_at_its_place() -> None:
    """The head was compared, so what lies before it is not of this command; nothing says that it is repeated."""
    engine = Engine(decide=answering(deposited(1, 0)))
    engine.put(ROOT, deposited(1, 0))
    with engine_client(engine) as client, pytest.raises(NotStored):
        command(client, sequence=1).send()


@PROTOCOLS
@EITHER_ID
@pytest.mark.parametrize("sequence", [None, 2], ids=["unchecked", "checked"])
def test_a_repeated_history_is_no_part_of_the_result(protocol: Protocol, own_id: bool, sequence: int | None) -> None:
    """Whether or not the head was compared: what was there before is told by its id."""
    history = deposited(1, 0, BORN), deposited(2, 1, BORN + 1)
    engine = Engine(decide=answering(*history, deposited(3, 2, BORN + 2)))
    engine.put(ROOT, *history, correlation_id="earlier")
    with engine_client(engine, protocol) as client:
        assert sequences(command(client, sequence=sequence, own_id=own_id).send()) == [2]

    assert engine.amounts(ROOT) == [1, 2, 3]


def test_a_repeated_history_without_times() -> None:
    """Is known by leading up to what is new without a break."""
    history = deposited(1, 0), deposited(2, 1)
    engine = Engine(decide=answering(*history, deposited(3, 2)))
    engine.put(ROOT, *history)
    with engine_client(engine) as client:
        assert sequences(command(client).send()) == [2]
        engine.decide = answering(history[0], deposited(4, 3))
        with pytest.raises(NotStored, match="sequence 0 was taken; what it answered for sequence 3 is there") as raised:
            command(client).send()

    assert raised.value.sequences == (0,)
    assert engine.amounts(ROOT) == [1, 2, 3, 4]


@EITHER_ID
def test_a_commutative_command_whose_events_were_overtaken(own_id: bool) -> None:
    """Somebody's page came between the look at the head and the decision, and business logic took the same number."""
    engine = Engine(decide=answering(deposited(1, 0)))
    engine.others = lambda: engine.put(ROOT, deposited(2, 0))
    with engine_client(engine) as client, pytest.raises(NotStored) as raised:
        command(client, MergeStrategy.COMMUTATIVE, 0, own_id).send()

    assert raised.value.sequences == (0,)
    assert engine.amounts(ROOT) == [2]


@pytest.mark.parametrize(("own_id", "error"), [(False, NotStored), (True, UnknownOutcome)], ids=["drawn", "given"])
def test_a_commutative_command_that_was_overtaken_by_its_like(own_id: bool, error: type[AngzarrError]) -> None:
    """The very same event of somebody else is no proof."""
    engine = Engine(decide=answering(deposited(1, 0)))
    engine.others = lambda: engine.put(ROOT, deposited(1, 0))
    with engine_client(engine) as client, pytest.raises(error):
        command(client, MergeStrategy.COMMUTATIVE, 0, own_id).send()


@PROTOCOLS
def test_a_commutative_command_that_went_on_after_another(protocol: Protocol) -> None:
    """Is stored where the stream was by then."""
    engine = Engine()
    engine.others = lambda: engine.put(ROOT, deposited(2, 0))
    with engine_client(engine, protocol) as client:
        assert sequences(command(client, MergeStrategy.COMMUTATIVE, 0).send()) == [1]

    assert engine.amounts(ROOT) == [2, 1]


@EITHER_ID
def test_a_commutative_command_whose_answer_repeats_what_overtook_it(own_id: bool) -> None:
    """What somebody else has stored in between is no part of the result."""
    engine = Engine()
    theirs = deposited(2, 0, BORN)
    engine.others = lambda: engine.put(ROOT, theirs, correlation_id="theirs")
    engine.decide = answering(theirs, deposited(1, 1, BORN + 1))
    with engine_client(engine) as client:
        assert sequences(command(client, MergeStrategy.COMMUTATIVE, 0, own_id).send()) == [1]

    assert engine.amounts(ROOT) == [2, 1]


@PROTOCOLS
@EITHER_ID
def test_a_manual_command_that_was_overtaken(protocol: Protocol, kind: type[DomainClient], own_id: bool) -> None:
    """ABORTED is the word for it there; the stream says what came in between."""
    engine = Engine()
    engine.others = lambda: engine.put(ROOT, deposited(2, 0))
    with engine_client(engine, protocol, kind) as client, pytest.raises(Conflict) as raised:
        command(client, MergeStrategy.MANUAL, 0, own_id).send()

    assert (raised.value.expected, raised.value.actual) == (0, 1)
    assert [page.sequence for page in raised.value.events or ()] == [0]


def refusing(status: Status) -> Callable[[CommandPage, int], tuple[EventPage, ...]]:
    def decide(_command: CommandPage, _head: int) -> tuple[EventPage, ...]:
        raise refused(status, "refused by the bank")

    return decide


@pytest.mark.parametrize("strategy", [MergeStrategy.STRICT, MergeStrategy.MANUAL])
def test_business_logic_that_aborts(strategy: MergeStrategy) -> None:
    """Is no conflict while the stream is where the command expects it."""
    with engine_client(Engine(decide=refusing(Status.ABORTED))) as client, pytest.raises(ServerError) as raised:
        command(client, strategy, 0).send()

    assert (raised.value.status, raised.value.message) == (Status.ABORTED, "refused by the bank")


@PROTOCOLS
@pytest.mark.parametrize("status", [Status.NOT_FOUND, Status.ALREADY_EXISTS, Status.OUT_OF_RANGE])
def test_a_what_if_is_refused_as_the_command_is(protocol: Protocol, kind: type[DomainClient], status: Status) -> None:
    """These statuses come from business logic alone, whether anything is to be stored or not."""
    with engine_client(Engine(decide=refusing(status)), protocol, kind) as client:
        for ask in (command(client).send, command(client).speculate):
            with pytest.raises(Rejected) as raised:
                ask()
            assert (raised.value.status, raised.value.code) == (status, "REJECTED")
            assert raised.value.message == "refused by the bank"


def test_an_event_without_a_sequence_at_the_start() -> None:
    """Counts as the first there, and is stored."""
    engine = Engine(decide=answering(deposited(1, None)))
    with engine_client(engine) as client:
        result = command(client).send()
        with pytest.raises(NotStored):
            command(client).send()

    assert sequences(result) == [None]
    assert engine.amounts(ROOT) == [1]
