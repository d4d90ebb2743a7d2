"""What a handler's answer means."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import attrs
import pytest

from angzarr_domain import Aggregate, Context, Rejected, aggregate, applies, handles
from angzarr_domain.aggregates import Decision, Replayed, decide, definition_of, replay
from angzarr_domain.books import Cover, Message
from angzarr_domain.exceptions import HandlerFailed, NotHandled, Status, UsageError
from angzarr_domain.messages import proto
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Account, Deposit, Deposited, Noted, Open, Opened, Withdraw, Withdrawn

ROOT = UUID(int=7)
CODEC = PayloadCodec()


def fresh(cls: type[Any]) -> Replayed[Any]:
    return replay(definition_of(cls), None, CODEC, root=ROOT)


def answer(result: Any, command: Message | None = None) -> Decision:
    """What it comes to when a handler answers with this."""

    @aggregate(domain="answers", ignores=[Noted])
    class Answers(Aggregate):
        @handles(Open)
        def open(self, command: Open) -> Any:
            return result() if callable(result) else result

        @applies
        def opened(self, event: Opened) -> None: ...

    return decide(definition_of(Answers), fresh(Answers), command or Open())


ADA, BOB = Opened(owner="ada"), Opened(owner="bob")


def _yields() -> Iterator[Opened]:
    yield ADA
    yield BOB


@pytest.mark.parametrize(
    ("result", "events"),
    [
        pytest.param(None, (), id="nothing"),
        pytest.param(ADA, (ADA,), id="an event"),
        pytest.param((), (), id="an empty tuple"),
        pytest.param([ADA, BOB], (ADA, BOB), id="a list"),
        pytest.param(iter((ADA, BOB)), (ADA, BOB), id="an iterator"),
        pytest.param(_yields, (ADA, BOB), id="a generator"),
        pytest.param(Noted(text="x"), (Noted(text="x"),), id="an event that changes no state"),
    ],
)
def test_an_answer_is_an_event_several_or_none(result: Any, events: tuple[Message, ...]) -> None:
    """One convention for all handlers; None is no events (C-0004)."""
    assert answer(result) == Decision(events)


@pytest.mark.parametrize(
    ("result", "text"),
    [
        pytest.param(5, "answered with int, which is no event", id="a number"),
        pytest.param("text", "answered with str, which is no event", id="text"),
        pytest.param(b"bytes", "answered with bytes, which is no event", id="bytes"),
        pytest.param({"owner": "ada"}, "answered with dict, which is no event", id="a dict"),
        pytest.param([ADA, None], "answered with NoneType, which is no event", id="None among events"),
        pytest.param(Rejected("NO", "no"), "returned a Rejected: raise it", id="a rejection that is not raised"),
        pytest.param([[ADA]], "answered with list, which is no event", id="nested"),
        pytest.param(
            Withdrawn(amount=1), "emitted tests.ledger.Withdrawn, which nothing applies", id="an event of another class"
        ),
    ],
)
def test_an_answer_that_is_no_event_is_refused(result: Any, text: str) -> None:
    """The text names the handler and the kind of answer, never its content."""
    with pytest.raises(HandlerFailed) as caught:
        answer(result)

    assert str(caught.value) == f"Answers.open {text}"


def test_an_event_of_another_class_of_the_same_name_is_refused() -> None:
    """Live it would be applied as one class and replayed as another."""

    @attrs.frozen
    class Other:
        __protobuf_name__: ClassVar[str] = "tests.ledger.Opened"
        owner: str = proto(1, "string")

    with pytest.raises(HandlerFailed, match=r"emitted .*Other, but Answers knows tests\.ledger\.Opened of the same"):
        answer(Other())


def test_a_rejection_is_an_answer() -> None:
    """With code, details and status as the handler chose them."""
    state = Replayed(Account(balance=2), 1, had_history=True)
    decision = decide(definition_of(Account), state, Withdraw(amount=3))

    assert decision.events == ()
    assert decision.rejection is not None
    assert (decision.rejection.code, dict(decision.rejection.details)) == ("INSUFFICIENT_FUNDS", {"balance": "2"})
    assert decision.rejection.status is Status.FAILED_PRECONDITION


def test_a_late_rejection_discards_what_was_yielded() -> None:
    """All of a command's events, or none."""

    def late() -> Generator[Opened, None, None]:
        yield ADA
        raise Rejected("TOO_LATE")

    decision = answer(late)

    assert decision.events == ()
    assert decision.rejection is not None


def test_a_subclass_of_rejected_is_a_rejection() -> None:
    """Authors may name their own."""

    class Frozen(Rejected):
        pass

    def refuse() -> None:
        raise Frozen("FROZEN")

    assert isinstance(answer(refuse).rejection, Frozen)


def test_an_unexpected_exception_names_class_and_handler_only() -> None:
    """Texts of exceptions carry payloads; the exception itself is the cause, for the log."""

    def fail() -> None:
        raise ValueError("secret")

    with pytest.raises(HandlerFailed) as caught:
        answer(fail)

    error = caught.value
    assert str(error).startswith("Answers.open raised ValueError; its traceback is in the log of the process that ran")
    assert (error.handler, error.exception, error.code) == ("Answers.open", "ValueError", "UNHANDLED_HANDLER_ERROR")
    assert isinstance(error.__cause__, ValueError)


def test_an_exception_while_draining_counts_as_the_handlers() -> None:
    """A generator runs inside the decision, not after it."""

    def fails_late() -> Iterator[Opened]:
        yield ADA
        raise KeyError("late")

    with pytest.raises(HandlerFailed, match="raised KeyError"):
        answer(fails_late)


def test_an_interrupt_goes_through() -> None:
    """Ctrl-C is no failure of a handler."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer(interrupted)


def test_an_unknown_command_is_refused() -> None:
    """The error lists what is handled, so that a misspelt name shows."""
    with pytest.raises(NotHandled) as caught:
        decide(definition_of(Account), fresh(Account), Opened())

    error = caught.value
    assert error.handled == ("tests.ledger.Deposit", "tests.ledger.Open", "tests.ledger.Withdraw")
    assert str(error).startswith("Account (domain ledger) has no handler for tests.ledger.Opened; handled here: ")
    assert (error.details["domain"], error.details["type_url"]) == ("ledger", "/tests.ledger.Opened")


def test_a_command_of_another_class_of_the_same_name_is_refused() -> None:
    """A handler gets the class its annotation names, never one that merely shares the name."""

    @attrs.frozen
    class Other:
        __protobuf_name__: ClassVar[str] = "tests.ledger.Open"

    with pytest.raises(UsageError, match=r"Account\.open takes tests\.ledger\.Open, not .*Other of the same name"):
        decide(definition_of(Account), fresh(Account), Other())


def test_deciding_applies_nothing() -> None:
    """The state is the one before the command, even after it was decided."""
    state = Replayed(Account(owner="ada", balance=5), 2, had_history=True)
    decide(definition_of(Account), state, Withdraw(amount=3))

    assert state == Replayed(Account(owner="ada", balance=5), 2, had_history=True)


def test_later_yields_see_the_state_before_the_command() -> None:
    """Events of one command are applied after all of them are decided."""

    @aggregate(domain="steps")
    class Steps(Aggregate):
        total: int = 0

        @handles
        def twice(self, command: Deposit) -> Iterable[Deposited]:
            yield Deposited(amount=command.amount)
            yield Deposited(amount=self.total)

        @applies
        def deposited(self, event: Deposited) -> None:
            self.total += event.amount

    assert decide(definition_of(Steps), fresh(Steps), Deposit(amount=5)).events[1] == Deposited(amount=0)


@aggregate(domain="seen", ignores=[Noted])
class Seen(Aggregate):
    @handles
    def open(self, command: Open, context: Context) -> Noted:
        facts = (context.cover.domain, context.root, context.correlation_id, context.next_sequence, context.had_history)
        return Noted(text=repr(facts))

    @handles
    def deposit(self, command: Deposit, context: Context) -> Noted:
        return Noted(text=f"{context.now().isoformat()} {context.new_id()}")


def test_a_handler_may_ask_for_its_context() -> None:
    """Cover, root, correlation id, next sequence and whether there is history."""
    context = Context(Cover("seen", ROOT, "flow"), next_sequence=4, had_history=True)
    decision = decide(definition_of(Seen), fresh(Seen), Open(), context)

    assert decision.events == (Noted(text=repr(("seen", ROOT, "flow", 4, True))),)


def test_without_a_context_it_is_made_from_the_state() -> None:
    """Deciding locally needs nothing but the replayed state."""
    decision = decide(definition_of(Seen), fresh(Seen), Open())

    assert decision.events == (Noted(text=repr(("seen", ROOT, "", 0, False))),)


def test_clock_and_ids_are_replaceable() -> None:
    """So that a test can compare whole events."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    context = Context(clock=lambda: moment, ids=lambda: ROOT)

    assert decide(definition_of(Seen), fresh(Seen), Deposit(), context).events == (
        Noted(text=f"2026-01-01T00:00:00+00:00 {ROOT}"),
    )


def test_a_context_built_by_hand_has_no_root() -> None:
    """Asking for it says how to give it one."""
    with pytest.raises(UsageError, match=r"Context\(cover=Cover\(root=\.\.\.\)\)"):
        _ = Context().root


def test_the_clock_of_production_is_aware() -> None:
    """What a handler writes into events names a moment."""
    assert Context().now().tzinfo is UTC


def test_ids_of_production_differ() -> None:
    """Each is a new one."""
    context = Context()

    assert context.new_id() != context.new_id()
