"""What an aggregate records of facts, decided by a pure function."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from angzarr_domain import Aggregate, Rejected, accepts, aggregate, applies
from angzarr_domain.aggregates import Context, Replayed, accept, advance, definition_of, fact_handler_of, replay
from angzarr_domain.books import Cover, Message
from angzarr_domain.exceptions import HandlerFailed, InvalidArgument, UsageError
from angzarr_domain.wire import PayloadCodec
from tests.counter import Click, Counter, Flagged, Increased, Reading
from tests.wallet import WasPut

COUNTER = definition_of(Counter)
FRESH = replay(COUNTER, None, PayloadCodec())


def counted(count: int) -> Replayed[Counter]:
    return advance(COUNTER, FRESH, [Increased()] * count)


def test_a_fact_is_recorded_as_the_handler_completes_it() -> None:
    """The handler answers with the fact, as it came or annotated."""
    assert accept(COUNTER, counted(2), [Reading(by="ada")]) == ((Reading(by="ada", at=2),),)


def test_flag_events_follow_their_fact() -> None:
    """The fact first, then zero or more events that it gives rise to."""
    assert accept(COUNTER, counted(2), [Click()]) == ((Click(), Flagged(count=2)),)


def test_each_recorded_event_folds_before_the_next_fact() -> None:
    """With 3 increments before and 2 facts that count, the flags read 3 and 4."""
    recorded = accept(COUNTER, counted(3), [Click(), Click()])

    assert [flags for _, *flags in recorded] == [[Flagged(count=3)], [Flagged(count=4)]]


def test_the_context_of_each_fact_is_at_its_own_sequence() -> None:
    """After a fact with one flag, the next one comes two later."""
    _, second = accept(COUNTER, counted(3), [Click(), Reading(by="ada")])

    assert second == (Reading(by="ada", at=5),)


def test_a_context_can_be_given() -> None:
    """Its next sequence is that of the first fact."""
    context = Context(Cover("counter"), next_sequence=7)

    assert accept(COUNTER, FRESH, [Reading(by="ada"), Reading(by="bob")], context) == (
        (Reading(by="ada", at=7),),
        (Reading(by="bob", at=1),),
    )


def test_the_given_state_stays_as_it_is() -> None:
    """Facts fold into a copy."""
    before = counted(3)
    accept(COUNTER, before, [Click(), Click(), Click()])

    assert (before.state.count, before.next_sequence) == (3, 3)


def test_one_undeclared_fact_refuses_all_before_any_handler_runs() -> None:
    """NO_FACT_HANDLER names the type and lists what is accepted (C-0492)."""
    ran: list[object] = []

    @aggregate(domain="seen", ignores=[Click])
    class Seen(Aggregate):
        @accepts
        def click(self, fact: Click) -> Click:
            ran.append(fact)
            return fact

    definition = definition_of(Seen)
    with pytest.raises(InvalidArgument) as refused:
        accept(definition, replay(definition, None, PayloadCodec()), [Click(), WasPut(amount=1)])

    assert refused.value.code == "NO_FACT_HANDLER"
    assert refused.value.details["type_url"] == "/tests.wallet.WasPut"
    assert "accepted here: tests.counter.Click" in refused.value.message
    assert ran == []


def test_no_facts_are_no_events() -> None:
    """There is nothing to accept."""
    assert accept(COUNTER, FRESH, []) == ()


def answering(answer: Any) -> Any:
    """An aggregate whose fact handler answers with this."""

    @aggregate(domain="any", ignores=[Click])
    class Careless(Aggregate):
        @accepts(Click)
        def click(self, fact: Click) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        @applies
        def increased(self, event: Increased) -> None: ...

    return definition_of(Careless)


def accepted(answer: Any) -> object:
    definition = answering(answer)
    fact: Message = Click()
    return accept(definition, replay(definition, None, PayloadCodec()), [fact])


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (None, "answered with nothing, but a fact is always recorded"),
        ((), "answered with nothing, but a fact is always recorded"),
        (Increased(), "answered with tests.counter.Increased first, but a fact is always recorded"),
        ((Increased(), Click()), "answered with tests.counter.Increased first"),
        ((Click(), Flagged(count=1)), "emitted tests.counter.Flagged, which nothing applies"),
        ((Click(), 5), "answered with int, which is no event"),
        (ValueError("secret"), "raised ValueError"),
    ],
)
def test_a_handler_that_does_not_record_its_fact_failed(answer: Any, text: str) -> None:
    """It cannot return nothing, nor something else first, nor what nobody applies; texts of exceptions stay out."""
    with pytest.raises(HandlerFailed) as failed:
        accepted(answer)

    assert f"Careless.click {text}" in failed.value.message
    assert "secret" not in failed.value.message


def test_an_iterable_may_be_anything_that_begins_with_the_fact() -> None:
    """A generator is drained before anything is kept."""
    assert accepted(iter([Click(), Increased()])) == ((Click(), Increased()),)


def test_a_refusal_goes_through() -> None:
    """A handler that refuses a fact after all refuses them all, with its own code."""
    with pytest.raises(Rejected) as refused:
        accepted(Rejected("TOO_LATE", "the day is closed"))

    assert refused.value.code == "TOO_LATE"


def test_a_class_of_the_same_name_is_told_apart() -> None:
    """Two classes that stand for one message are no mistake that passes."""

    class Another:
        __protobuf_name__: ClassVar[str] = "tests.counter.Click"

    with pytest.raises(UsageError, match=r"Counter\.clicked takes tests\.counter\.Click, not"):
        accept(COUNTER, FRESH, [Another()])


def test_who_accepts_a_type_can_be_asked() -> None:
    """By the fact's full name."""
    assert fact_handler_of(COUNTER, "tests.counter.Click").name == "Counter.clicked"
    with pytest.raises(InvalidArgument):
        fact_handler_of(COUNTER, "")
