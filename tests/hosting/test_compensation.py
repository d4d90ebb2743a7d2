"""What hosted aggregates do about refused commands and commands to undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain import (
    Aggregate,
    Context,
    Escalation,
    Refused,
    Rejected,
    Undo,
    aggregate,
    applies,
    compensates,
    undoes,
)
from angzarr_domain.books import (
    BusinessResponse,
    CommandBook,
    CommandPage,
    Compensate,
    ContextualCommand,
    Cover,
    EventBook,
    EventPage,
    Message,
    Notification,
    Payload,
    RejectionNotification,
    RevocationResponse,
)
from angzarr_domain.exceptions import CorruptHistory, DecodeFailed, HandlerFailed, NotHandled
from angzarr_domain.hosting import AggregateLogic, CommandCall, Host
from angzarr_domain.wire import COMPENSATE, INTERIM, METHODS, NOTIFICATION, REJECTION_NOTIFICATION, RELEASED, Methods
from tests.counter import Charge, Compensated, Counter, Decreased, Increased, Reserve, Shout
from tests.hosting.asking import CODEC, ROOT, ask, command, unfit
from tests.hosting.test_aggregates import Given
from tests.wallet import Put

GENERATIONS = pytest.mark.parametrize("methods", [METHODS, RELEASED, INTERIM], ids=["newest", "released", "interim"])


@aggregate(domain="counter", ignores=[Compensated])
class Later(Aggregate):
    """Hosted after the counter, in the same domain."""

    events: tuple[str, ...] = ()

    @compensates(Reserve)
    def refused(self, refused: Refused[Reserve], context: Context) -> Compensated:
        return Compensated(by=f"later at {context.next_sequence}")

    @compensates(Shout)
    def unheard(self, _refused: Refused[Shout]) -> Escalation:
        return Escalation("too late")

    @compensates(Put)
    def no_money(self, refused: Refused[Put]) -> None:
        if refused.command.amount == 0:
            raise ValueError("sec" + "ret")
        raise Rejected("TOO_LATE", "closed")

    @undoes(Put)
    def put_back(self, undo: Undo[Put]) -> Compensated:
        kinds = [type(page.decode(Increased)).__name__ for page in undo.pages]
        return Compensated(by=" ".join(kinds), reason=undo.reason)

    @applies
    def increased(self, _event: Increased) -> None: ...


LOGIC = AggregateLogic([Counter, Later])
COUNTER = AggregateLogic([Counter])


def rejection(
    rejected: Message | Payload, *, domain: str = "inventory", code: str = "OUT_OF_STOCK", reason: str = "none left"
) -> Payload:
    """The news that a command was refused."""
    payload = rejected if isinstance(rejected, Payload) else CODEC.encode(rejected)
    book = CommandBook(Cover(domain, UUID(int=9), "workflow-1"), (CommandPage(payload),))
    content = REJECTION_NOTIFICATION.pack(RejectionNotification(book, reason, code))
    return NOTIFICATION.pack(Notification(Cover("counter", ROOT), content))


def undoing(command_type: str, *sequences: int, reason: str = "cancelled") -> Payload:
    """The news that a command is to be undone."""
    return NOTIFICATION.pack(Notification(payload=COMPENSATE.pack(Compensate(sequences, reason, command_type))))


def history(count: int) -> EventBook:
    return EventBook(Cover("counter", ROOT), tuple(EventPage(CODEC.encode(Increased()), n) for n in range(count)))


def notified(payload: Payload, count: int = 0, logic: AggregateLogic = LOGIC, **given: Any) -> BusinessResponse:
    source = Given(history(count), **given)
    return logic.handle(CommandCall(command(payload, "counter"), count, source))


def recorded(response: BusinessResponse) -> list[tuple[int | None, Message]]:
    """Sequence and event of each page."""
    assert isinstance(response.result, EventBook)
    kinds = {"tests.counter.Compensated": Compensated, "tests.counter.Decreased": Decreased}
    return [
        (page.sequence, CODEC.decode(page.event, kinds[page.event.type_name]))
        for page in response.result.pages
        if page.event is not None
    ]


@GENERATIONS
def test_a_refusal_is_compensated_over_the_wire(methods: Methods) -> None:
    """History up to 6: the event gets 7. The command's own type decides who answers."""
    with Host([Counter]).start("localhost:0") as host:
        request = ContextualCommand(history(7), command(rejection(Reserve()), "counter"))
        response = ask(host.addresses[0], methods.handle, request)

    [(sequence, event)] = recorded(response)
    assert sequence == 7
    assert isinstance(event, Compensated)
    assert (event.by, event.reason) == ("first", "none left")


@GENERATIONS
def test_an_escalation_travels_as_a_request_to_the_framework(methods: Methods) -> None:
    """A RevocationResponse; nothing is recorded."""
    with Host([Counter]).start("localhost:0") as host:
        request = ContextualCommand(None, command(rejection(Shout(), reason="deaf"), "counter"))
        response = ask(host.addresses[0], methods.handle, request)

    assert response.result == RevocationResponse(escalate=True, abort=True, reason="nobody listens: deaf")


def test_two_events_are_numbered_one_after_the_other() -> None:
    """With next 7 they are 7 and 8, in the order the compensators are declared in (C-0042, C-0083)."""
    found = recorded(notified(rejection(Reserve(count=1)), 7, COUNTER))

    assert found == [
        (7, Compensated(by="first", code="OUT_OF_STOCK", reason="none left")),
        (8, Compensated(by="second at 7")),
    ]


def test_several_aggregates_of_a_domain_answer_one_after_the_other() -> None:
    """In the order they are hosted, each where the one before it ended."""
    found = recorded(notified(rejection(Reserve(count=1)), 7))

    assert [(sequence, event.by) for sequence, event in found if isinstance(event, Compensated)] == [
        (7, "first"),
        (8, "second at 7"),
        (9, "later at 9"),
    ]


def test_the_first_escalation_beats_all() -> None:
    """Events of whoever, and later escalations."""
    response = notified(rejection(Shout()), 7)

    assert response.result == RevocationResponse(escalate=True, abort=True, reason="nobody listens: none left")


def test_the_state_is_rebuilt_before_the_compensator(caplog: pytest.LogCaptureFixture) -> None:
    """So a corrupt history is reported and no compensator runs (C-0080)."""
    corrupt = EventBook(Cover("counter", ROOT), (EventPage(Payload("/tests.counter.Increased", b"\xff"), 0),))
    with pytest.raises(CorruptHistory):
        COUNTER.handle(CommandCall(command(rejection(Reserve()), "counter"), 1, Given(corrupt)))
    assert caplog.records == []


def test_what_nobody_answers_is_left_to_the_framework() -> None:
    """An empty response, and no history is read (C-0041, C-0084)."""
    source = Given(history(3))
    for payload in (rejection(Charge(), domain="bank"), rejection(Increased())):
        assert LOGIC.handle(CommandCall(command(payload, "counter"), 3, source)) == BusinessResponse()

    assert source.asked == []


def test_a_qualified_compensator_answers_its_domain() -> None:
    """The domain in the refused command's cover."""
    assert recorded(notified(rejection(Charge(), domain="payment"))) == [(0, Compensated(by="payment"))]


@pytest.mark.parametrize("prefix", ["", "/", "type.googleapis.com/"])
def test_any_prefix_names_the_type(prefix: str) -> None:
    """The text after the last slash (C-0372)."""
    assert recorded(notified(rejection(Payload(f"{prefix}tests.counter.Reserve", b"")), 0, COUNTER))


def test_a_refused_command_that_is_not_readable() -> None:
    """INVALID_ARGUMENT: nobody can answer what nobody can read."""
    with pytest.raises(DecodeFailed):
        notified(rejection(Payload("/tests.counter.Reserve", b"\xff")))


def test_the_parent_travels_on() -> None:
    """The `ext` of the notification's cover is copied to the events', as for commands (C-0146)."""
    parent = Payload("/parent", b"p")
    cover = Cover("counter", ROOT, ext=parent)
    response = COUNTER.handle(CommandCall(command(rejection(Reserve()), cover=cover), 0, Given()))

    assert isinstance(response.result, EventBook)
    assert response.result.cover == Cover("counter", ROOT, ext=parent)


def test_a_command_is_undone_by_its_type() -> None:
    """The undoer's events are numbered from the head on."""
    assert recorded(notified(undoing("tests.counter.Increase", 1, 2), 3)) == [(3, Decreased(by=2))]
    assert recorded(notified(undoing("type.googleapis.com/tests.counter.Increase", 1), 3)) == [(3, Decreased(by=1))]


def test_an_undoer_may_have_nothing_to_do() -> None:
    """None records nothing, and is no error."""
    assert notified(undoing("tests.counter.Increase"), 3) == BusinessResponse()


def test_an_undoer_sees_the_events_of_the_command() -> None:
    """By the sequences in the request."""
    assert recorded(notified(undoing("tests.wallet.Put", 0, 2), 3)) == [
        (3, Compensated(by="Increased Increased", reason="cancelled"))
    ]


def test_events_that_a_snapshot_stands_for_are_read() -> None:
    """An undoer sees all events of the command, wherever the history at hand begins."""
    tail = attrs.evolve(history(3), pages=history(3).pages[2:], snapshot=unfit(1))
    source = Given(tail, history(3))
    response = LOGIC.handle(CommandCall(command(undoing("tests.wallet.Put", 0, 2), "counter"), 3, source))

    assert recorded(response) == [(3, Compensated(by="Increased Increased", reason="cancelled"))]


def test_what_nobody_undoes_is_never_dropped() -> None:
    """NO_UNDO_HANDLER lists what can be undone, of all aggregates of the domain."""
    with pytest.raises(NotHandled) as refused:
        notified(undoing("tests.counter.Reserve", 1))

    assert (refused.value.code, refused.value.details["command_type"]) == ("NO_UNDO_HANDLER", "tests.counter.Reserve")
    assert refused.value.handled == ("tests.counter.Increase", "tests.wallet.Put")


def test_a_compensator_that_refuses_answers_with_its_code() -> None:
    """As a handler of commands would."""
    with pytest.raises(Rejected, match="TOO_LATE"):
        notified(rejection(Put(amount=1)))


def test_a_compensator_that_fails_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """With its frames, and without its text, which may hold payloads."""
    with pytest.raises(HandlerFailed):
        notified(rejection(Put(amount=0)))

    assert "Later.no_money raised ValueError" in caplog.text
    assert "secret" not in caplog.text
