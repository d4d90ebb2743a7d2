"""What can happen to an aggregate in a scenario beside a command: a fact, a refusal, an undoing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from angzarr_domain import Aggregate, Escalation, Refused, Rejected, Undo, accepts, aggregate, compensates, undoes
from angzarr_domain.books import Notification
from angzarr_domain.exceptions import InvalidArgument, NotHandled, UsageError
from angzarr_domain.testing import ANY, Outcome, ScenarioFailed, given
from angzarr_domain.wire import REJECTION_NOTIFICATION
from tests.counter import (
    Charge,
    Click,
    Compensated,
    Counter,
    Decreased,
    Flagged,
    Increase,
    Increased,
    Reading,
    Reserve,
    Shout,
)
from tests.ledger import Noted, Open


def text_of(expectation: Callable[[], object]) -> str:
    with pytest.raises(ScenarioFailed) as caught:
        expectation()
    return str(caught.value)


def reproducer(text: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in text.partition("to see it again:\n")[2].splitlines())


# --- facts ---


def test_a_fact_is_recorded_with_its_flags() -> None:
    """The fact first, as it came or completed, then the events it gives rise to."""
    given(Counter, Increased()).when_fact(Reading(by="ada")).then(Reading(by="ada", at=1))
    given(Counter).when_fact(Click()).then(Click(), Flagged(count=0)).then_state(count=1)


def test_a_fact_is_recorded_once_by_its_external_id() -> None:
    """As coordinators do; another id, or none, is another fact."""
    once = given(Counter).when_fact(Click(), external_id="a").then(Click(), Flagged())

    once.when_fact(Click(), external_id="a").then_nothing().then_state(count=1)
    once.when_fact(Click(), external_id="b").then(Click(), Flagged(count=1))
    once.when_fact(Click()).then(Click(), Flagged(count=1))


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        (Click(), "accepts it as a fact: write when_fact(Click(...))"),
        (Reserve(), "is told when it is refused: write when_refused(Reserve(...))"),
    ],
)
def test_what_is_no_command_names_the_when_it_is_for(message: Any, advice: str) -> None:
    with pytest.raises(NotHandled) as caught:
        given(Counter).when(message)

    assert advice in caught.value.message


def test_a_command_that_is_only_undone_names_its_when() -> None:
    @aggregate(domain="counter")
    class OnlyUndone(Aggregate):
        @undoes(Increase)
        def take_back(self, undo: Undo[Increase]) -> None: ...

    with pytest.raises(NotHandled, match=r"undoes it: write when_undone\(Increase, sequences="):
        given(OnlyUndone).when(Increase())


def test_external_ids_of_a_history_can_be_given() -> None:
    """So that a repetition can be told without the first time."""
    given(Counter, Click(), external_ids={"a"}).when_fact(Click(), external_id="a").then_nothing()


def test_one_external_id_without_its_brackets_is_refused() -> None:
    """A text is a collection of letters, which nobody means."""
    with pytest.raises(UsageError, match="external_ids takes several"):
        given(Counter, external_ids="a")


def test_a_fact_that_is_not_accepted_is_refused_as_in_production() -> None:
    """With what is accepted (C-0492)."""
    with pytest.raises(InvalidArgument, match=r"accepted here: tests\.counter\.Click, tests\.counter\.Reading"):
        given(Counter).when_fact(Increased())


# --- refusals ---


def test_a_refusal_is_compensated() -> None:
    """Each compensator of it answers, in their order (C-0042)."""
    outcome = given(Counter, Increased()).when_refused(Reserve(count=1), code="SOLD_OUT", message="none left")

    outcome.then(Compensated(by="first", code="SOLD_OUT", reason="none left"), Compensated(by="second at 1"))


def test_the_domain_is_the_one_that_compensators_name() -> None:
    """It need not be said where only one makes sense."""
    given(Counter).when_refused(Charge()).then(Compensated(by="payment"))


def test_a_refusal_by_another_domain_leads_to_nothing() -> None:
    """It is left to the framework (C-0041)."""
    given(Counter).when_refused(Charge(), domain="bank").then_nothing()


def test_a_refusal_may_be_escalated() -> None:
    """Whole, as events are; the first escalation beats all events."""
    outcome = given(Counter).when_refused(Shout(), message="too loud")

    outcome.escalates(Escalation("nobody listens: too loud", abort=True)).escalates(Escalation(ANY, abort=True))
    assert outcome.escalation == Escalation("nobody listens: too loud", abort=True)
    assert repr(outcome) == "<Counter: the refusal of Shout() -> escalated 'nobody listens: too loud'>"


@aggregate(domain="asking", ignores=[Noted])
class Asking(Aggregate):
    """Notes everything that a compensator is told, and refuses whatever it can."""

    @compensates(Open)
    def refused(self, refused: Refused[Open]) -> Noted | Escalation:
        if refused.code == "FORWARD":
            return Escalation(forward=refused.notification)
        return Noted(text=repr((refused.domain, refused.root, refused.cover.correlation_id, refused.rejection)))

    @accepts
    def noted(self, fact: Noted) -> Noted:
        raise Rejected("NO_NOTES", "not even this one")

    @undoes(Open)
    def undo(self, undo: Undo[Open]) -> Noted:
        raise Rejected("NO_WAY_BACK", "what is done is done", count=len(undo.pages))


def test_a_refusal_says_whose_it_is() -> None:
    """With the rejection as it travels, so that a compensator can look at all of it."""
    root = UUID(int=7)
    (event,) = given(Asking, correlation_id="f").when_refused(Open(), domain="ledger", root=root).events

    assert isinstance(event, Noted)
    assert event.text.startswith(f"('ledger', {root!r}, 'f', RejectionNotification(")


def test_a_refusal_can_be_forwarded() -> None:
    """The notification is a whole one."""
    found = given(Asking).when_refused(Open(owner="ada"), code="FORWARD").escalation

    assert found is not None
    assert isinstance(found.forward, Notification)
    assert found.forward.payload is not None
    assert REJECTION_NOTIFICATION.unpack(found.forward.payload).code == "FORWARD"


def test_facts_and_undoing_may_be_refused() -> None:
    """As commands may."""
    given(Asking).when_fact(Noted()).rejects("NO_NOTES")
    given(Asking, Noted()).when_undone(Open, sequences=(0,)).rejects("NO_WAY_BACK", count=1)


# --- undoing ---


def test_a_command_of_the_scenario_is_undone() -> None:
    """By the events it led to."""
    done = given(Counter).when(Increase(by=3))

    done.when_undone(Increase(by=3)).then(Decreased(by=3)).then_state(count=0)
    done.when_undone(Increase).then(Decreased(by=3))


def test_a_command_that_was_not_executed_is_executed_first() -> None:
    """Only what was done can be undone."""
    given(Counter, Increased()).when_undone(Increase(by=2)).then(Decreased(by=2)).then_state(count=1)


def test_the_command_to_undo_has_to_be_accepted() -> None:
    """One that is refused leads to nothing that could be undone."""
    text = text_of(lambda: given(Counter).when_undone(Increase(by=0)))

    assert text.startswith("the command to undo, Increase(by=0), was refused, so there is no such history\n")


def test_the_events_to_undo_can_be_named() -> None:
    """For a history that was given as events."""
    given(Counter, Increased(), Increased()).when_undone(Increase, sequences=(1,)).then(Decreased(by=1))


def test_undoing_what_the_scenario_has_not_done_is_told() -> None:
    """With what to write."""
    with pytest.raises(UsageError, match=r"has executed no Increase: name the events it led to, sequences=\(3, 4\)"):
        given(Counter, Increased()).when_undone(Increase)


def test_events_there_are_not_cannot_be_undone() -> None:
    """The text says how many there are."""
    with pytest.raises(UsageError, match="there is no event 4: the history holds 1"):
        given(Counter, Increased()).when_undone(Increase, sequences=(0, 4))


def test_what_nothing_undoes_is_told_as_in_production() -> None:
    """NO_UNDO_HANDLER."""
    with pytest.raises(NotHandled, match="does not undo"):
        given(Counter, Increased()).when_undone(Click, sequences=(0,))


# --- their texts ---


def test_a_refusal_that_nothing_compensates_is_explained() -> None:
    """With what is compensated."""
    text = text_of(lambda: given(Counter).when_refused(Charge(), domain="bank").then(Compensated(by="bank")))

    assert (
        "probable cause: Counter compensates no such refusal by domain bank; it compensates payment:tests.counter."
        "Charge, tests.counter.Reserve, tests.counter.Shout\n"
    ) in text


def test_a_repeated_fact_is_explained() -> None:
    """Nobody was asked."""
    once = given(Counter).when_fact(Click(), external_id="a")
    text = text_of(lambda: once.when_fact(Click(), external_id="a").then(Click()))

    assert "probable cause: a fact with this external id is recorded already, and each is recorded once\n" in text


def test_an_escalation_instead_of_events_is_shown() -> None:
    """With its reason and what it asks for."""
    text = text_of(lambda: given(Counter).when_refused(Shout()).then(Compensated(by="x")))

    assert "  Compensated    != escalated 'nobody listens: '\n" in text
    assert "    by = 'x'     !=   escalate\n    code = ''    !=   abort\n" in text
    assert "Counter.unheard, Counter.escalated, Counter.escalated_again escalated, so nothing is recorded" in text


def test_an_escalation_is_compared_whole() -> None:
    """The text names what differs; where there was none, who did not escalate."""
    shout = given(Counter).when_refused(Shout())

    assert "with another reason, abort\n" in text_of(lambda: shout.escalates(Escalation("no")))
    assert "Counter.not_paid did not escalate" in text_of(
        lambda: given(Counter).when_refused(Charge()).escalates(Escalation("no"))
    )
    assert "Counter, which compensates no such refusal, did not escalate" in text_of(
        lambda: given(Counter).when_refused(Charge(), domain="bank").escalates(Escalation("no"))
    )


def test_an_escalation_is_no_rejection() -> None:
    """Both come without events, and are mistaken for one another."""
    text = text_of(lambda: given(Counter).when_refused(Shout()).rejects("NO"))

    assert "escalated, which is no rejection: look at the reason" in text


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(lambda: given(Counter).when_fact(Reading(by="ada"), external_id="a").then_nothing(), id="a fact"),
        pytest.param(
            lambda: (
                given(Counter).when_fact(Click(), external_id="a").when_fact(Click(), external_id="a").then(Flagged())
            ),
            id="a repeated fact",
        ),
        pytest.param(
            lambda: given(Counter).when_refused(Reserve(), code="X", message="y", domain="z").then_nothing(),
            id="a refusal",
        ),
        pytest.param(
            lambda: given(Counter).when_refused(Charge(), root=UUID(int=3)).then_nothing(), id="a refusal by one root"
        ),
        pytest.param(
            lambda: given(Counter).when_refused(Shout()).escalates(Escalation("no", dead_letter=True)),
            id="an escalation",
        ),
        pytest.param(lambda: given(Counter).when_undone(Increase(by=2), reason="z").then_nothing(), id="an undoing"),
        pytest.param(lambda: given(Counter).commands(Increase(by=2)).then_state(count=3), id="commands"),
    ],
)
def test_the_reproducer_fails_in_the_same_way(scenario: Callable[[], Outcome[Any]]) -> None:
    """Pasted into a test, it gives the very same text; what was executed on the way is history then."""
    text = text_of(scenario)

    assert text_of(lambda: exec(reproducer(text), {})) == text
