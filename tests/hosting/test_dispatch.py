"""Which rule of dispatch comes first, and what each failure travels as; docs/protocol/dispatch.md lists the rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from angzarr_domain import Aggregate, Rejected, aggregate, handles
from angzarr_domain.aggregates import definition_of
from angzarr_domain.books import (
    CommandBook,
    CommandPage,
    Compensate,
    ContextualCommand,
    Cover,
    EventBook,
    EventPage,
    FactRequest,
    Notification,
    Payload,
)
from angzarr_domain.exceptions import AngzarrError, Status
from angzarr_domain.hosting import AggregateLogic, CommandCall, Host
from angzarr_domain.wire import COMPENSATE, METHODS, NOTIFICATION
from tests.counter import Click, Counter, Increase, Increased
from tests.hosting.asking import CODEC, ROOT, ask, command, events_of
from tests.hosting.test_aggregates import Given
from tests.wallet import Put, Take

COVER = Cover("counter", ROOT)
CORRUPT = EventBook(COVER, (EventPage(Payload("/tests.counter.Increased", b"\xff"), 0),))


def history(count: int) -> EventBook:
    return EventBook(COVER, tuple(EventPage(CODEC.encode(Increased()), n) for n in range(count)))


@aggregate(domain="failing")
class Failing(Aggregate):
    """Fails at whatever it is asked."""

    @handles
    def refuse(self, command: Put) -> None:
        raise Rejected("VALUE_NOT_POSITIVE", "give more", status=Status.INVALID_ARGUMENT)

    @handles
    def fail(self, command: Take) -> None:
        raise ValueError(command)


@pytest.fixture(name="address", scope="module")
def an_address() -> Iterator[str]:
    with Host([Counter, Failing]).start("localhost:0") as host:
        yield host.addresses[0]


@pytest.mark.parametrize(
    ("before", "by", "sequences"),
    [(0, 1, [0]), (0, 2, [0, 1]), (0, 5, [0, 1, 2, 3, 4]), (1, 2, [1, 2])],
)
def test_events_are_numbered_from_the_head(address: str, before: int, by: int, sequences: list[int]) -> None:
    """1, 2 or 5 events from 0, and 2 after one that was there."""
    request = ContextualCommand(history(before), command(Increase(by=by), "counter"))

    assert [page.sequence for page in events_of(ask(address, METHODS.handle, request)).pages] == sequences


def test_only_the_first_page_is_decided() -> None:
    """What else a book holds is not looked at; coordinators refuse it before."""
    pages = tuple(CommandPage(CODEC.encode(Increase(by=by))) for by in (1, 5))
    response = AggregateLogic([Counter]).handle(CommandCall(CommandBook(COVER, pages), 0, Given()))

    assert len(events_of(response).pages) == 1


NOTHING = Payload("", b"")
UNKNOWN = Payload("/x.Unknown", b"")
GUARDS: dict[str, tuple[ContextualCommand, str]] = {
    "no book, though the history is corrupt": (ContextualCommand(CORRUPT), "MISSING_COMMAND_BOOK"),
    "no domain, though there is no page": (ContextualCommand(None, CommandBook()), "NO_HANDLER_REGISTERED"),
    "no page, though the history is corrupt": (ContextualCommand(CORRUPT, CommandBook(COVER)), "MISSING_COMMAND_PAGE"),
    "no payload": (ContextualCommand(CORRUPT, command(None, "counter")), "MISSING_COMMAND_PAYLOAD"),
    "no type": (ContextualCommand(CORRUPT, command(NOTHING, "counter")), "MISSING_COMMAND_PAYLOAD"),
    "an unknown type": (ContextualCommand(CORRUPT, command(UNKNOWN, "counter")), "NO_HANDLER_REGISTERED"),
    "an unreadable command": (
        ContextualCommand(CORRUPT, command(Payload("/tests.counter.Increase", b"\xff"), "counter")),
        "ANY_DECODE_FAILED",
    ),
    "an unreadable history": (
        ContextualCommand(CORRUPT, command(Increase(by=1), "counter")),
        "PERSISTED_EVENT_CORRUPT",
    ),
}


@pytest.mark.parametrize("name", GUARDS)
def test_what_is_wrong_is_found_in_this_order(address: str, name: str) -> None:
    """So a corrupt history never hides a command that nobody handles, and no handler runs on either."""
    request, code = GUARDS[name]
    with pytest.raises(AngzarrError) as refused:
        ask(address, METHODS.handle, request)

    assert refused.value.code == code


UNDO = NOTIFICATION.pack(Notification(payload=COMPENSATE.pack(Compensate((0,), "", "x.Unknown"))))
FAILURES: dict[str, tuple[CommandBook, str, Status]] = {
    "a rejection": (command(Put(amount=0), "failing"), "VALUE_NOT_POSITIVE", Status.INVALID_ARGUMENT),
    "an unknown command": (command(UNKNOWN, "counter"), "NO_HANDLER_REGISTERED", Status.UNIMPLEMENTED),
    "an unknown domain": (command(UNKNOWN, "nowhere"), "NO_HANDLER_REGISTERED", Status.UNIMPLEMENTED),
    "nothing to undo it": (command(UNDO, "counter"), "NO_UNDO_HANDLER", Status.UNIMPLEMENTED),
    "an unknown notification": (
        command(NOTIFICATION.pack(Notification(payload=UNKNOWN)), "counter"),
        "UNKNOWN_NOTIFICATION_PAYLOAD",
        Status.INVALID_ARGUMENT,
    ),
    "any other exception": (command(Take(amount=1), "failing"), "UNHANDLED_HANDLER_ERROR", Status.INTERNAL),
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_travels_as_its_code_and_status(address: str, name: str) -> None:
    """The closed table of codes: of rejections as raised, of the framework as listed."""
    book, code, status = FAILURES[name]
    with pytest.raises(AngzarrError) as refused:
        ask(address, METHODS.handle, ContextualCommand(None, book))

    assert (refused.value.code, refused.value.status) == (code, status)


def test_a_corrupt_history_of_facts_is_data_loss(address: str) -> None:
    """As of commands."""
    facts = EventBook(COVER, (EventPage(CODEC.encode(Click())),))
    with pytest.raises(AngzarrError) as refused:
        ask(address, METHODS.handle_fact, FactRequest(facts, CORRUPT))

    assert (refused.value.code, refused.value.status) == ("PERSISTED_EVENT_CORRUPT", Status.DATA_LOSS)


def test_what_a_class_handles_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its declaration: what is changed afterwards is not seen (C-0065)."""
    logic = AggregateLogic([Counter])
    monkeypatch.setattr(Counter, "increase", print)
    response = logic.handle(CommandCall(command(Increase(by=2), "counter"), 0, Given()))

    assert len(events_of(response).pages) == 2
    assert list(definition_of(Counter).handlers) == ["tests.counter.Increase"]


def test_one_class_handles_many_types() -> None:
    """And each of them by its own method (C-0012)."""
    assert sorted(definition_of(Failing).handlers) == ["tests.wallet.Put", "tests.wallet.Take"]
