"""Facts in the coordinator: recorded once each, with what business logic makes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain.books import (
    BusinessResponse,
    Cover,
    Edition,
    EventBook,
    EventPage,
    EventRequest,
    ExternalDeferredSequence,
    FactInjectionResponse,
    Message,
    Query,
    SyncMode,
)
from angzarr_domain.client import AsyncDomainClient, DomainClient, Protocol
from angzarr_domain.embedded import Coordinator
from angzarr_domain.embedded._pipeline import Pipeline
from angzarr_domain.embedded._store.memory import MemoryStore
from angzarr_domain.exceptions import (
    AngzarrError,
    InvalidArgument,
    InvalidReply,
    NotHandled,
    NotSupported,
)
from angzarr_domain.hosting import CommandCall, FactCall, Host
from angzarr_domain.wire import PayloadCodec
from tests.counter import Click, Counter, Flagged, Increase, Increased, Reading
from tests.ledger import Account, Deposited

from .asking import CALLER, COVER, NOW_NS, ROOT, STREAM, Logic, filled, page, stored

CODEC = PayloadCodec((Click, Flagged, Reading, Increased))
CLICKS = Cover("counter", ROOT, "workflow-1")


def fact(message: Message, external_id: str = "ext-1", **fields: Any) -> EventPage:
    return EventPage(CODEC.encode(message), deferred=ExternalDeferredSequence(external_id), **fields)


def request(*facts: EventPage, cover: Cover | None = CLICKS, **fields: Any) -> EventRequest:
    return EventRequest(EventBook(cover, facts), **fields)


def recorded(response: FactInjectionResponse) -> list[tuple[int | None, Message]]:
    assert response.events is not None
    return [(each.sequence, CODEC.decode_known(each.event)) for each in response.events.pages if each.event]


@pytest.fixture(name="client")
def a_client() -> Iterator[DomainClient]:
    with Coordinator([Counter, Account]) as coordinator, coordinator.client() as client:
        client.command(Increase(by=3), ROOT).send_sync()
        yield client


def stored_types(client: DomainClient, cover: Cover = CLICKS) -> list[str]:
    """What the stream holds, by the types' own names."""
    book = client.query.get_event_book(Query(attrs.evolve(cover, correlation_id="")))
    return [each.event.type_name.rpartition(".")[2] for each in book.pages if each.event]


def test_a_fact_lands_at_the_next_sequence(client: DomainClient) -> None:
    """After 3 events the fact is 3, and its flag 4; the next one follows (C-0184, C-0185)."""
    first = client.aggregate.handle_event(request(fact(Click())))
    second = client.aggregate.handle_event(request(fact(Reading(by="ada"), "ext-2")))

    assert recorded(first) == [(3, Click()), (4, Flagged(count=3))]
    assert recorded(second) == [(5, Reading(by="ada", at=5))]
    assert stored_types(client) == ["Increased", "Increased", "Increased", "Click", "Flagged", "Reading"]


def test_the_answer_has_real_sequences_and_the_whole_address(client: DomainClient) -> None:
    """Headers with the external id are replaced by sequences; the head is the next one."""
    response = client.aggregate.handle_event(request(fact(Click(), created_at_ns=77)))

    assert response.events is not None
    assert (response.events.cover, response.events.next_sequence) == (CLICKS, 5)
    assert [(each.deferred, each.created_at_ns) for each in response.events.pages] == [(None, 77), (None, 77)]
    assert response.already_processed is False


def test_a_fact_is_found_by_its_workflow(client: DomainClient) -> None:
    """As the events of commands are."""
    client.aggregate.handle_event(request(fact(Click())))
    [book] = client.query.get_events(Query(Cover("counter", None, "workflow-1")))

    assert [each.sequence for each in book.pages] == [3, 4]


def test_facts_and_commands_see_each_other(client: DomainClient) -> None:
    """The state that a command is decided on has the facts folded in."""
    client.aggregate.handle_event(request(fact(Click())))
    client.command(Increase(by=1), ROOT).send_sync()
    response = client.aggregate.handle_event(request(fact(Click(), "ext-2")))

    assert recorded(response)[1] == (7, Flagged(count=5))


def test_a_fact_is_recorded_once(client: DomainClient) -> None:
    """The same external id again stores nothing and answers with the original events (C-0190)."""
    first = client.aggregate.handle_event(request(fact(Click())))
    again = client.aggregate.handle_event(request(fact(Click())))

    assert recorded(again) == recorded(first)
    assert (again.already_processed, len(stored_types(client))) == (True, 5)


def test_a_fact_that_says_something_else_under_the_same_id_is_the_first_one(client: DomainClient) -> None:
    """The external id decides, not the content (C-0190)."""
    client.aggregate.handle_event(request(fact(Click())))
    again = client.aggregate.handle_event(request(fact(Reading(by="ada"))))

    assert recorded(again) == [(3, Click()), (4, Flagged(count=3))]


def test_only_new_facts_of_a_book_are_recorded(client: DomainClient) -> None:
    """The answer has the events of all of them; already processed are only books with nothing new."""
    client.aggregate.handle_event(request(fact(Click(), "ext-2")))
    both = client.aggregate.handle_event(
        request(fact(Click(), "ext-1"), fact(Click(), "ext-2"), fact(Click(), "ext-3"))
    )

    assert [sequence for sequence, _ in recorded(both)] == [3, 4, 5, 6, 7, 8]
    assert [event for _, event in recorded(both) if isinstance(event, Flagged)] == [
        Flagged(count=3),
        Flagged(count=4),
        Flagged(count=5),
    ]
    assert both.already_processed is False


def test_facts_that_are_told_again_in_another_order_are_answered_in_the_order_of_the_stream(
    client: DomainClient,
) -> None:
    """A book's pages follow each other, whoever asks."""
    client.aggregate.handle_event(request(fact(Click()), fact(Reading(by="ada"), "ext-2")))
    again = client.aggregate.handle_event(request(fact(Reading(by="ada"), "ext-2"), fact(Click())))
    sequences = [sequence for sequence, _ in recorded(again)]

    assert again.already_processed is True
    assert len(sequences) > 1
    assert sequences == list(range(3, 3 + len(sequences)))


def test_an_external_id_is_one_for_each_aggregate(client: DomainClient) -> None:
    """Another aggregate records a fact of the same id."""
    client.aggregate.handle_event(request(fact(Click())))
    other = client.aggregate.handle_event(request(fact(Click()), cover=Cover("counter", UUID(int=8), "workflow-1")))

    assert (recorded(other)[0], other.already_processed) == ((0, Click()), False)


def test_an_undeclared_fact_is_refused(client: DomainClient) -> None:
    """NO_FACT_HANDLER; nothing is stored, and its id is not taken (C-0492)."""
    with pytest.raises(InvalidArgument) as refused:
        client.aggregate.handle_event(request(fact(Click()), fact(Increased(), "ext-2")))
    recorded_later = client.aggregate.handle_event(request(fact(Click())))

    assert refused.value.code == "NO_FACT_HANDLER"
    assert (len(recorded(recorded_later)), recorded_later.already_processed) == (2, False)


def test_a_fact_can_be_recorded_without_asking(client: DomainClient) -> None:
    """skip_handler stores it as it is, undeclared types too, and once (C-0492)."""
    ask = request(fact(Increased()), skip_handler=True)
    first, again = client.aggregate.handle_event(ask), client.aggregate.handle_event(ask)

    assert recorded(first) == [(3, Increased())]
    assert (recorded(again), again.already_processed) == (recorded(first), True)


def test_a_fact_nobody_stamped_is_stamped() -> None:
    """By the coordinator's clock, and only then."""
    store = MemoryStore()
    facts = request(fact(Click()), fact(Click(), "ext-2", created_at_ns=5), cover=COVER, skip_handler=True)
    Pipeline(store, {"account": Logic.of()}, lambda: NOW_NS).record(facts, CALLER)

    assert [each.created_at_ns for each in store.pages(STREAM)] == [NOW_NS, 5]


WRONG: dict[str, tuple[EventRequest, type[AngzarrError], str]] = {
    "no book": (EventRequest(), InvalidArgument, "MISSING_COVER"),
    "no cover": (request(fact(Click()), cover=None), InvalidArgument, "MISSING_COVER"),
    "no domain": (request(fact(Click()), cover=Cover("", ROOT, "c")), InvalidArgument, "MISSING_DOMAIN"),
    "no root": (request(fact(Click()), cover=Cover("counter", None, "c")), InvalidArgument, "PROTO_UUID_INVALID"),
    "no workflow": (request(fact(Click()), cover=Cover("counter", ROOT)), InvalidArgument, "MISSING_CORRELATION_ID"),
    "no external id": (request(fact(Click(), "")), InvalidArgument, "INVALID_ARGUMENT"),
    "no header": (request(EventPage(CODEC.encode(Click()))), InvalidArgument, "INVALID_ARGUMENT"),
    "a sequence": (request(EventPage(CODEC.encode(Click()), 3)), InvalidArgument, "INVALID_ARGUMENT"),
    "a long external id": (request(fact(Click(), "x" * 257)), InvalidArgument, "LIMIT_EXCEEDED"),
    "no event": (
        request(EventPage(deferred=ExternalDeferredSequence("ext-1"))),
        InvalidArgument,
        "INVALID_ARGUMENT",
    ),
    "no facts": (request(), InvalidArgument, "INVALID_ARGUMENT"),
    "one id twice": (request(fact(Click()), fact(Click())), InvalidArgument, "INVALID_ARGUMENT"),
    "an unknown domain": (
        request(fact(Click()), cover=Cover("nowhere", ROOT, "c")),
        NotHandled,
        "NO_HANDLER_REGISTERED",
    ),
    "an edition": (
        request(fact(Click()), cover=Cover("counter", ROOT, "c", Edition("what-if"))),
        NotSupported,
        "NOT_SUPPORTED",
    ),
    "cascade": (request(fact(Click()), sync_mode=SyncMode.CASCADE), NotSupported, "NOT_SUPPORTED"),
}


@pytest.mark.parametrize("name", WRONG)
def test_facts_that_make_no_sense_are_refused(client: DomainClient, name: str) -> None:
    """Domain, root, correlation id and an external id for each are required (C-0188); nothing is stored."""
    wrong, kind, code = WRONG[name]
    with pytest.raises(kind) as refused:
        client.aggregate.handle_event(wrong)

    assert refused.value.code == code
    assert len(stored_types(client)) == 3


def test_business_logic_that_takes_no_facts() -> None:
    """Is not asked; the text says what still works."""
    logic = Logic.of()
    with pytest.raises(NotSupported, match="skip_handler"):
        Pipeline(MemoryStore(), {"account": logic}, lambda: NOW_NS).record(request(fact(Click()), cover=COVER), CALLER)

    assert logic.calls == []


@attrs.define
class FactLogic:
    """Business logic that answers facts with this book."""

    reply: EventBook
    domains: Collection[str] = ("account",)
    calls: list[FactCall] = attrs.field(factory=list[FactCall])

    def handle(self, call: CommandCall) -> BusinessResponse:
        raise AssertionError("no command is sent")

    def handle_fact(self, call: FactCall) -> EventBook:
        self.calls.append(call)
        return self.reply

    def close(self) -> None:
        """Nothing to release."""


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(EventBook(), id="nothing"),
        pytest.param(EventBook(None, (page(),)), id="no fact"),
        pytest.param(EventBook(None, (fact(Click()),)), id="the second left out"),
        pytest.param(EventBook(None, (fact(Click(), "ext-2"), fact(Click()))), id="the wrong order"),
        pytest.param(EventBook(None, (page(), fact(Click()), fact(Click(), "ext-2"))), id="an event before the first"),
        pytest.param(
            EventBook(Cover("order", ROOT), (fact(Click()), fact(Click(), "ext-2"))), id="another aggregate's"
        ),
    ],
)
def test_a_reply_that_leaves_a_fact_out_is_not_stored(reply: EventBook) -> None:
    """INVALID_REPLY: each fact once, in order, the first of them first, for the same aggregate."""
    store = filled(3)
    facts = request(fact(Click()), fact(Click(), "ext-2"), cover=COVER)
    with pytest.raises(InvalidReply):
        Pipeline(store, {"account": FactLogic(reply)}, lambda: NOW_NS).record(facts, CALLER)

    assert stored(store) == [0, 1, 2]


def test_only_new_facts_are_asked_about() -> None:
    """Business logic sees no fact twice, and the history with those before it."""
    store = filled(3)
    logic = FactLogic(EventBook(None, (fact(Click()), page())))
    pipeline = Pipeline(store, {"account": logic}, lambda: NOW_NS)
    pipeline.record(request(fact(Click()), cover=COVER), CALLER)
    logic.reply = EventBook(None, (fact(Click(), "ext-2"),))
    pipeline.record(request(fact(Click()), fact(Click(), "ext-2"), cover=COVER), CALLER)

    assert [len(call.facts.pages) for call in logic.calls] == [1, 1]
    assert [call.next_sequence for call in logic.calls] == [3, 5]


def test_facts_survive_a_restart(tmp_path: Path) -> None:
    """What was recorded once stays recorded once."""
    for already in (False, True):
        with Coordinator([Counter], tmp_path / "events.db") as coordinator, coordinator.client() as client:
            response = client.aggregate.handle_event(request(fact(Click())))
        assert (recorded(response), response.already_processed) == ([(0, Click()), (1, Flagged())], already)


def test_facts_are_taken_by_logic_elsewhere() -> None:
    """Behind a connection, the same."""
    with (
        Host([Counter]).start("localhost:0") as host,
        Coordinator(targets={"counter": host.addresses[0]}) as coordinator,
        coordinator.client() as client,
    ):
        first = client.aggregate.handle_event(request(fact(Click()), fact(Click(), "ext-2")))
        again = client.aggregate.handle_event(request(fact(Click(), "ext-2")))

    assert recorded(first) == [(0, Click()), (1, Flagged()), (2, Click()), (3, Flagged(count=1))]
    assert recorded(again) == [(2, Click()), (3, Flagged(count=1))]


@pytest.mark.parametrize("protocol", Protocol, ids=lambda each: each.name)
def test_facts_are_taken_over_a_socket(protocol: Protocol) -> None:
    """By blocking and by asynchronous clients, of every generation."""
    with Coordinator([Counter]) as coordinator, coordinator.start("localhost:0") as serving:
        with DomainClient.connect(serving.addresses[0], protocol=protocol) as client:
            first = client.aggregate.handle_event(request(fact(Click())))

        async def again() -> FactInjectionResponse:
            async with AsyncDomainClient.connect(serving.addresses[0], protocol=protocol) as client:
                return await client.aggregate.handle_event(request(fact(Click())))

        second = asyncio.run(again())

    assert recorded(first) == [(0, Click()), (1, Flagged())]
    assert (recorded(second), second.already_processed) == (recorded(first), True)


def test_a_fact_that_no_command_could_be(client: DomainClient) -> None:
    """What a command is refused for, a fact says all the same: no rejection arises (C-0186)."""
    cover = Cover("ledger", ROOT, "workflow-1")
    response = client.aggregate.handle_event(request(fact(Deposited(amount=-5)), cover=cover, skip_handler=True))

    assert response.events is not None
    assert [each.sequence for each in response.events.pages] == [0]
