"""The delivery of news about refused commands and commands to undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain import Aggregate, Undo, aggregate, applies, handles, undoes
from angzarr_domain.books import (
    AngzarrDeferredSequence,
    BusinessResponse,
    CommandBook,
    CommandPage,
    CommandRequest,
    Compensate,
    Cover,
    EventBook,
    Message,
    Notification,
    Payload,
    Query,
    RejectionNotification,
    RevocationResponse,
)
from angzarr_domain.client import CallOptions, DomainClient
from angzarr_domain.client._endpoints import parse_endpoint
from angzarr_domain.client._transports.grpc import GrpcTransport, open_channel
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import AngzarrError, InvalidArgument, InvalidReply, NotHandled
from angzarr_domain.hosting import CommandCall, Host
from angzarr_domain.wire import (
    COMPENSATE,
    INTERIM,
    METHODS,
    NOTIFICATION,
    REJECTION_NOTIFICATION,
    RELEASED,
    Methods,
    PayloadCodec,
)
from tests.counter import Charge, Compensated, Counter, Decreased, Increase, Increased, Reserve, Shout

from .asking import CALLER, COVER, ROOT, STREAM, Logic, filled, page, pipeline, stored

CODEC = PayloadCodec((Increased, Compensated, Decreased))
TARGET = Cover("counter", ROOT, "workflow-1")
SOURCE = AngzarrDeferredSequence(TARGET, 2, "ReserveSaga", 0)
GENERATIONS = pytest.mark.parametrize("methods", [METHODS, RELEASED, INTERIM], ids=["newest", "released", "interim"])


def refusal(command: Message, *, code: str = "OUT_OF_STOCK") -> Payload:
    """The news that a command for the inventory was refused."""
    refused = CommandPage(CODEC.encode(command), deferred=SOURCE)
    book = CommandBook(Cover("inventory", UUID(int=9), "workflow-1"), (refused,))
    content = REJECTION_NOTIFICATION.pack(RejectionNotification(book, "none left", code))
    return NOTIFICATION.pack(Notification(TARGET, content))


def undoing(*sequences: int) -> Payload:
    """The news that an increase is to be undone."""
    content = COMPENSATE.pack(Compensate(sequences, "cancelled", "tests.counter.Increase"))
    return NOTIFICATION.pack(Notification(TARGET, content))


def delivery(
    payload: Payload, deferred: AngzarrDeferredSequence | None = SOURCE, cover: Cover = TARGET
) -> CommandRequest:
    """The envelope that the news is delivered in."""
    return CommandRequest(CommandBook(cover, (CommandPage(payload, deferred=deferred),)))


@attrs.frozen
class Desk:
    """A coordinator, called as whoever delivers notifications does."""

    client: DomainClient
    ask: Callable[[CommandRequest], BusinessResponse]

    def events(self, request: CommandRequest) -> list[tuple[int | None, Message]]:
        """Sequence and event of each page of the answer."""
        response = self.ask(request)
        assert isinstance(response.result, EventBook)
        return [(each.sequence, CODEC.decode_known(each.event)) for each in response.result.pages if each.event]

    @property
    def types(self) -> list[str]:
        """What the stream holds."""
        book = self.client.query.get_event_book(Query(Cover("counter", ROOT)))
        return [each.event.type_name.rpartition(".")[2] for each in book.pages if each.event]


@pytest.fixture(name="desk")
def a_desk() -> Iterator[Desk]:
    with Coordinator([Counter]) as coordinator, coordinator.client() as client:
        client.command(Increase(by=2), ROOT).send_sync()
        yield Desk(client, client.aggregate.handle_compensation)


def test_the_news_of_a_refusal_is_recorded_as_what_it_leads_to(desk: Desk) -> None:
    """2 events before, and the third is the compensator's; the notification enters no stream (C-0464, C-0470)."""
    events = desk.events(delivery(refusal(Reserve(count=1))))

    assert events == [
        (2, Compensated(by="first", code="OUT_OF_STOCK", reason="none left")),
        (3, Compensated(by="second at 2")),
    ]
    assert desk.types == ["Increased", "Increased", "Compensated", "Compensated"]


def test_what_it_leads_to_belongs_to_the_workflow(desk: Desk) -> None:
    """By the correlation id of the envelope."""
    desk.ask(delivery(refusal(Reserve())))
    [book] = desk.client.query.get_events(Query(Cover("counter", None, "workflow-1")))

    assert [each.sequence for each in book.pages] == [2]


def test_a_repeated_delivery_is_answered_from_the_first(desk: Desk) -> None:
    """The compensator is not asked again, and nothing is stored twice (C-0467)."""
    request = delivery(refusal(Reserve()))

    assert desk.events(request) == desk.events(request)
    assert len(desk.types) == 3


def test_deliveries_of_two_commands_are_two(desk: Desk) -> None:
    """Another command_index is another command (C-0468)."""
    for index in (0, 1):
        desk.ask(delivery(refusal(Reserve()), attrs.evolve(SOURCE, command_index=index)))

    assert len(desk.types) == 4


def test_a_refusal_and_an_undoing_of_one_provenance_are_two(desk: Desk) -> None:
    """What the news is about is part of what it is delivered once by (C-0473)."""
    request = delivery(undoing(0, 1))
    desk.ask(delivery(refusal(Reserve())))

    assert desk.events(request) == [(3, Decreased(by=2))]
    assert desk.events(request) == [(3, Decreased(by=2))]
    assert desk.types == ["Increased", "Increased", "Compensated", "Decreased"]


def test_an_undoing_is_delivered_beside_the_command_it_undoes() -> None:
    """A command that came with the same provenance does not stand in its way (C-0473)."""
    with Coordinator([Counter]) as coordinator, coordinator.client() as client:
        executed = CommandPage(CODEC.encode(Increase(by=2)), deferred=SOURCE)
        client.aggregate.handle_sync(CommandRequest(CommandBook(TARGET, (executed,))))
        response = client.aggregate.handle_compensation(delivery(undoing(0, 1)))

    assert isinstance(response.result, EventBook)
    assert [each.sequence for each in response.result.pages] == [2]


def test_without_a_provenance_each_delivery_counts(desk: Desk) -> None:
    """There is nothing to know it again by."""
    for _ in range(2):
        desk.ask(delivery(refusal(Reserve()), None))

    assert len(desk.types) == 4


def test_what_nobody_answers_is_an_empty_book(desk: Desk) -> None:
    """A refusal that no compensator claims is no error, and delivered (C-0041, C-0084)."""
    assert desk.events(delivery(refusal(Charge()))) == []
    assert len(desk.types) == 2


def test_an_escalation_is_handed_on(desk: Desk) -> None:
    """Nothing is stored, and whoever delivered it acts on the flags; a repeat is told the same."""
    request = delivery(refusal(Shout()))
    expected = RevocationResponse(escalate=True, abort=True, reason="nobody listens: none left")

    assert [desk.ask(request).result for _ in range(2)] == [expected, expected]
    assert len(desk.types) == 2


def test_what_nobody_undoes_is_unimplemented(desk: Desk) -> None:
    """So that it is set aside for a person at once; nothing is stored (C-0479)."""
    content = COMPENSATE.pack(Compensate((0,), "cancelled", "tests.counter.Reserve"))
    with pytest.raises(NotHandled) as refused:
        desk.ask(delivery(NOTIFICATION.pack(Notification(payload=content))))

    assert refused.value.code == "NO_UNDO_HANDLER"
    assert len(desk.types) == 2


WRONG: dict[str, tuple[CommandRequest, type[AngzarrError], str]] = {
    "no book": (CommandRequest(), InvalidArgument, "MISSING_COMMAND_BOOK"),
    "no page": (CommandRequest(CommandBook(TARGET)), InvalidArgument, "MISSING_COMMAND_PAGE"),
    "a command": (delivery(CODEC.encode(Increase(by=1))), InvalidArgument, "INVALID_ARGUMENT"),
    "unreadable": (
        delivery(Payload("/io.angzarr.v1.Notification", b"\xff")),
        InvalidArgument,
        "NOTIFICATION_DECODE_FAILED",
    ),
    "no root": (delivery(undoing(0), cover=Cover("counter")), InvalidArgument, "PROTO_UUID_INVALID"),
    "an unknown domain": (delivery(undoing(0), cover=Cover("nowhere", ROOT)), NotHandled, "NO_HANDLER_REGISTERED"),
    "a source without root": (
        delivery(undoing(0), AngzarrDeferredSequence(Cover("order"))),
        InvalidArgument,
        "INVALID_ARGUMENT",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_delivery_that_makes_no_sense(desk: Desk, name: str) -> None:
    """Is refused by its own code, and nothing is stored."""
    request, kind, code = WRONG[name]
    with pytest.raises(kind) as refused:
        desk.ask(request)

    assert refused.value.code == code
    assert len(desk.types) == 2


@GENERATIONS
def test_every_generation_delivers(methods: Methods) -> None:
    """Over a socket, to business logic behind another one."""
    with (
        Host([Counter]).start("localhost:0") as host,
        Coordinator(targets={"counter": host.addresses[0]}) as coordinator,
        coordinator.start("localhost:0") as serving,
    ):
        address = serving.addresses[0]
        transport = GrpcTransport(open_channel(parse_endpoint(address)), endpoint=address)
        response = transport.unary(methods.handle_compensation, delivery(refusal(Reserve())), CallOptions(timeout=20))
        transport.close()

    assert isinstance(response.result, EventBook)
    [event] = response.result.pages
    assert event.event is not None
    assert (event.sequence, CODEC.decode(event.event, Compensated).by) == (0, "first")


@aggregate(domain="counter", ignores=[Compensated], snapshot=2)
class Listing(Aggregate):
    """Takes snapshots, and undoes by the events themselves."""

    count: int = 0

    @handles
    def increase(self, command: Increase) -> Iterator[Increased]:
        yield from [Increased()] * command.by

    @undoes(Increase)
    def listed(self, undo: Undo[Increase]) -> Compensated:
        return Compensated(by=", ".join(str(page.sequence) for page in undo.pages if page.decode(Increased)))

    @applies
    def increased(self, _event: Increased) -> None:
        self.count += 1


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in process", "elsewhere"])
def test_an_undoer_sees_events_that_a_snapshot_stands_for(*, elsewhere: bool) -> None:
    """The whole history is sent where the tail does not hold them."""
    with (
        Host([Listing]).start("localhost:0") as host,
        Coordinator(targets={"counter": host.addresses[0]}) if elsewhere else Coordinator([Listing]) as coordinator,
        coordinator.client(aggregates=[Listing]) as client,
    ):
        for _ in range(3):
            client.command(Increase(by=1), ROOT).send_sync()
        held = client.query.get_event_book(Query(Cover("counter", ROOT))).snapshot
        response = client.aggregate.handle_compensation(delivery(undoing(0, 2)))

    assert held is not None
    assert held.sequence == 1
    assert isinstance(response.result, EventBook)
    [event] = response.result.pages
    assert event.event is not None
    assert (event.sequence, CODEC.decode(event.event, Compensated).by) == (3, "0, 2")


def notified(answer: Any, store: Any = None) -> BusinessResponse:
    """What a pipeline says whose business logic answers so."""
    logic = Logic(lambda _call: BusinessResponse(answer))
    return pipeline(logic, store).compensate(delivery(undoing(0), cover=COVER), CALLER)


def test_an_answer_that_cannot_be_stored() -> None:
    """The same rules as for commands."""
    store = filled(3)
    with pytest.raises(InvalidReply):
        notified(EventBook(None, (page(7),)), store)

    assert stored(store) == [0, 1, 2]


def test_a_notification_is_handed_on() -> None:
    """To whoever delivered this one, who passes it on upstream."""
    upstream = Notification(COVER)

    assert notified(upstream).result == upstream


def test_a_delivery_is_decided_again_where_somebody_else_wrote() -> None:
    """As a command without an expected sequence is; what it leads to lands at the new head."""
    store = filled(1)

    def answer(call: CommandCall) -> BusinessResponse:
        if len(stored(store)) < 3:
            store.append(STREAM, call.next_sequence, [page(call.next_sequence)])
        return BusinessResponse(EventBook(None, (page(),)))

    response = pipeline(Logic(answer), store).compensate(delivery(undoing(0), cover=COVER), CALLER)

    assert isinstance(response.result, EventBook)
    assert [each.sequence for each in response.result.pages] == [3]
