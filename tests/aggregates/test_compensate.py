"""What an aggregate does about refused commands and commands to undo, decided by pure functions."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from angzarr_domain import Aggregate, Escalation, Refused, Rejected, Undo, aggregate, applies, compensates, undoes
from angzarr_domain.aggregates import (
    Compensation,
    Context,
    Replayed,
    advance,
    compensate,
    compensators_of,
    definition_of,
    replay,
    undo,
    undoer_of,
)
from angzarr_domain.books import Cover, Notification, RevocationResponse
from angzarr_domain.exceptions import HandlerFailed, NotHandled, UsageError
from angzarr_domain.wire import PayloadCodec
from tests.counter import Charge, Compensated, Counter, Decreased, Increase, Increased, Reserve, Shout

COUNTER = definition_of(Counter)
FRESH = replay(COUNTER, None, PayloadCodec())


def counted(count: int) -> Replayed[Counter]:
    return advance(COUNTER, FRESH, [Increased()] * count)


def events_about(command: Any, **fields: Any) -> tuple[Any, ...]:
    return compensate(COUNTER, counted(1), Refused(command, **fields)).events


def test_a_compensator_reads_code_and_reason_apart() -> None:
    """The code is the refusal's reason to decide on, the text is for people (C-0505)."""
    (event,) = events_about(Reserve(), code="OUT_OF_STOCK", reason="none left")

    assert event == Compensated(by="first", code="OUT_OF_STOCK", reason="none left")


def test_a_refusal_without_a_code_has_an_empty_one() -> None:
    """C-0506."""
    assert events_about(Reserve(), reason="none left")[0].code == ""


def test_several_compensators_run_in_the_order_they_are_declared_in() -> None:
    """First then second; all events are recorded, and an empty answer adds nothing (C-0042)."""
    assert [event.by for event in events_about(Reserve(count=1))] == ["first", "second at 1"]
    assert [event.by for event in events_about(Reserve(count=0))] == ["first"]


def test_an_unqualified_compensator_answers_any_domain() -> None:
    """The domain that refused does not matter to it."""
    for domain in ("inventory", "payment", ""):
        assert events_about(Reserve(), cover=Cover(domain))


def test_a_qualified_compensator_answers_its_domain_only() -> None:
    """Refusals of others are left to the framework."""
    assert events_about(Charge(), cover=Cover("payment")) == (Compensated(by="payment"),)
    assert events_about(Charge(), cover=Cover("bank")) == ()


def test_a_type_is_looked_up_by_its_whole_name() -> None:
    """Of the domain first, then of any; nobody else."""
    names = {
        (domain, name): [entry.name for entry in compensators_of(COUNTER, domain, name)]
        for domain in ("payment", "bank")
        for name in ("tests.counter.Charge", "tests.counter.Shout", "Charge")
    }

    shouts = ["Counter.unheard", "Counter.escalated", "Counter.escalated_again"]
    assert names == {
        ("payment", "tests.counter.Charge"): ["Counter.not_paid"],
        ("bank", "tests.counter.Charge"): [],
        ("payment", "tests.counter.Shout"): shouts,
        ("bank", "tests.counter.Shout"): shouts,
        ("payment", "Charge"): [],
        ("bank", "Charge"): [],
    }


def test_the_first_escalation_beats_events_and_later_escalations() -> None:
    """Nothing is recorded then."""
    found = compensate(COUNTER, FRESH, Refused(Shout(), reason="deaf"))

    assert found == Compensation(escalation=Escalation("nobody listens: deaf", abort=True))


@pytest.mark.parametrize(
    ("escalation", "answer"),
    [
        (Escalation("why"), RevocationResponse(escalate=True, reason="why")),
        (
            Escalation("why", escalate=False, dead_letter=True, abort=True, record=True),
            RevocationResponse(True, True, False, True, "why"),
        ),
        (Escalation("why", forward=Notification(Cover("a"))), Notification(Cover("a"))),
    ],
)
def test_what_an_escalation_travels_as(escalation: Escalation, answer: object) -> None:
    """Flags for the framework to act on, or a notification that is passed on instead."""
    assert escalation.answer == answer


def test_compensators_may_ask_for_a_context() -> None:
    """Made from the state before, unless one is given."""
    found = compensate(COUNTER, counted(1), Refused(Reserve(count=1)), Context(next_sequence=7))

    assert [event.by for event in found.events if isinstance(event, Compensated)] == ["first", "second at 7"]


def test_an_undoer_makes_up_for_a_command_it_executed() -> None:
    """By the type of the command; it is told which events that led to."""
    assert undo(COUNTER, counted(3), Undo(Increase, (1, 2))) == (Decreased(by=2),)


def test_an_undoer_may_have_nothing_to_do() -> None:
    """None records nothing."""
    assert undo(COUNTER, counted(3), Undo(Increase)) == ()


def test_what_nobody_undoes_is_never_dropped() -> None:
    """NO_UNDO_HANDLER, naming the type and listing those there are."""
    with pytest.raises(NotHandled) as refused:
        undo(COUNTER, FRESH, Undo(Reserve))

    assert (refused.value.code, refused.value.details["command_type"]) == ("NO_UNDO_HANDLER", "tests.counter.Reserve")
    assert refused.value.handled == ("tests.counter.Increase",)


def test_who_undoes_a_type_can_be_asked() -> None:
    """By the command's full name."""
    assert undoer_of(COUNTER, "tests.counter.Increase").name == "Counter.decrease"


def answering(answer: Any) -> Any:
    """An aggregate whose compensator and undoer answer with this."""

    @aggregate(domain="any")
    class Careless(Aggregate):
        @compensates(Reserve)
        def refused(self, refused: Refused[Reserve]) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        @undoes(Reserve)
        def undone(self, undo: Undo[Reserve]) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        @applies
        def increased(self, event: Increased) -> None: ...

    return definition_of(Careless)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Decreased(by=1), "emitted tests.counter.Decreased, which nothing applies"),
        ([Increased(), "text"], "answered with str, which is no event"),
        (ValueError("secret"), "raised ValueError"),
    ],
)
def test_an_answer_that_cannot_be_recorded(answer: Any, text: str) -> None:
    """The same rules as for handlers of commands."""
    definition = answering(answer)
    replayed = replay(definition, None, PayloadCodec())
    with pytest.raises(HandlerFailed) as compensating:
        compensate(definition, replayed, Refused(Reserve()))
    with pytest.raises(HandlerFailed) as undoing:
        undo(definition, replayed, Undo(Reserve))

    assert f"Careless.refused {text}" in compensating.value.message
    assert f"Careless.undone {text}" in undoing.value.message


def test_an_undoer_cannot_escalate() -> None:
    """There is nobody behind it to escalate to."""
    definition = answering(Escalation("help"))
    with pytest.raises(HandlerFailed, match=r"Careless\.undone answered with Escalation, which is no event"):
        undo(definition, replay(definition, None, PayloadCodec()), Undo(Reserve))


def test_an_escalation_among_events_beats_them() -> None:
    """A compensator may yield events and then give up."""
    definition = answering([Increased(), Escalation("help")])
    found = compensate(definition, replay(definition, None, PayloadCodec()), Refused(Reserve()))

    assert found == Compensation(escalation=Escalation("help"))


def test_a_refusal_goes_through() -> None:
    """With its own code."""
    definition = answering(Rejected("TOO_LATE", "closed"))
    replayed = replay(definition, None, PayloadCodec())
    with pytest.raises(Rejected, match="TOO_LATE"):
        compensate(definition, replayed, Refused(Reserve()))
    with pytest.raises(Rejected, match="TOO_LATE"):
        undo(definition, replayed, Undo(Reserve))


def test_a_class_of_the_same_name_is_told_apart() -> None:
    """Two classes that stand for one message are no mistake that passes."""

    class Another:
        __protobuf_name__: ClassVar[str] = "tests.counter.Reserve"

    with pytest.raises(UsageError, match=r"Counter\.first takes tests\.counter\.Reserve, not"):
        compensate(COUNTER, FRESH, Refused(Another()))
