"""What a scenario accepts, and how it runs."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from angzarr_domain import Aggregate, Context, aggregate, handles
from angzarr_domain.exceptions import NotHandled, Rejected, Status, UsageError
from angzarr_domain.testing import ANY, NOW, ROOT, Given, ScenarioFailed, given
from tests.ledger import Account, Deposit, Deposited, Noted, Open, Opened, Withdraw, Withdrawn


@aggregate(domain="diary", ignores=[Noted])
class Diary(Aggregate):
    """Notes everything a handler may know."""

    @handles
    def now(self, command: Open, context: Context) -> Noted:
        return Noted(text=context.now().isoformat())

    @handles
    def ids(self, command: Deposit, context: Context) -> tuple[Noted, Noted]:
        return Noted(text=str(context.new_id())), Noted(text=str(context.new_id()))

    @handles
    def facts(self, command: Withdraw, context: Context) -> Noted:
        facts = (context.root, self.root, context.correlation_id, context.next_sequence, self.exists)
        return Noted(text=repr(facts))


def test_a_command_leads_to_events() -> None:
    """The whole events, in their order."""
    given(Account, Opened(owner="ada")).when(Deposit(amount=5)).then(Deposited(amount=5))


def test_a_command_may_lead_to_nothing() -> None:
    """Accepted, without an event."""
    given(Account).when(Withdraw(amount=0)).then_nothing()


def test_then_without_events_expects_nothing() -> None:
    """Same as then_nothing."""
    given(Account).when(Withdraw(amount=0)).then()


def test_a_command_may_be_refused() -> None:
    """Details are compared as the text that callers see, so a number is itself."""
    given(Account, Deposited(amount=10)).when(Withdraw(amount=11)).rejects("INSUFFICIENT_FUNDS", balance=10)


def test_a_detail_that_does_not_matter_is_any() -> None:
    """On purpose, and by name."""
    given(Account, Opened()).when(Open()).rejects("ACCOUNT_EXISTS", root=ANY)


def test_a_status_is_compared_if_it_is_asked_for() -> None:
    """Most tests care for the code."""
    outcome = given(Account).when(Withdraw(amount=1))

    outcome.rejects("INSUFFICIENT_FUNDS", status=Status.FAILED_PRECONDITION, balance=0)
    with pytest.raises(ScenarioFailed):
        outcome.rejects("INSUFFICIENT_FUNDS", status=Status.NOT_FOUND, balance=0)


def test_state_is_compared_by_the_fields_named() -> None:
    """Fields and properties."""
    given(Account, Deposited(amount=3)).when(Withdraw(amount=3)).then_state(balance=0, is_empty=True)


def test_a_history_has_a_state_without_any_command() -> None:
    """So that appliers can be tested alone."""
    given(Account, Opened(owner="ada"), Deposited(amount=3)).then_state(owner="ada", balance=3)


def test_commands_chain() -> None:
    """The next one is decided on what the one before led to."""
    (
        given(Account)
        .when(Open(owner="ada"))
        .then(Opened(owner="ada"))
        .when(Deposit(amount=3))
        .when(Withdraw(amount=2))
        .then(Withdrawn(amount=2))
        .then_state(owner="ada", balance=1)
    )


def test_a_refused_command_changes_nothing() -> None:
    """The chain goes on from the state before it."""
    given(Account, Deposited(amount=3)).when(Withdraw(amount=9)).when(Withdraw(amount=3)).then(Withdrawn(amount=3))


def test_a_given_is_used_again() -> None:
    """Nothing of one command is left in the next scenario."""
    start = given(Account, Deposited(amount=3))
    start.when(Withdraw(amount=3)).then_state(balance=0)

    start.when(Withdraw(amount=2)).then_state(balance=1)


def test_any_event_will_do_where_any_is_expected() -> None:
    """In the place of an event, too."""
    given(Account).when(Deposit(amount=3)).then(ANY)


def test_the_clock_stands_still() -> None:
    """Events can be compared whole."""
    given(Diary).when(Open()).then(Noted(text=NOW.isoformat()))


LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize("now", [LATER, lambda: LATER])
def test_the_clock_can_be_set(now: datetime | Callable[[], datetime]) -> None:
    """To a moment, or to a clock."""
    given(Diary, now=now).when(Open()).then(Noted(text=LATER.isoformat()))


def test_a_naive_moment_is_refused() -> None:
    """It names no moment."""
    with pytest.raises(UsageError, match="naive"):
        given(Diary, now=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_ids_count_up_along_a_chain() -> None:
    """They are the same in every run, and never given twice."""
    outcome = given(Diary).when(Deposit()).then(Noted(text=str(UUID(int=1))), Noted(text=str(UUID(int=2))))

    outcome.when(Deposit()).then(Noted(text=str(UUID(int=3))), Noted(text=str(UUID(int=4))))


def test_ids_can_be_chosen() -> None:
    """In the order given."""
    first, second = UUID(int=77), UUID(int=55)

    given(Diary, ids=[first, second]).when(Deposit()).then(Noted(text=str(first)), Noted(text=str(second)))


def test_too_few_ids_fail_in_words() -> None:
    """Rather than with the end of an iterator."""
    with pytest.raises(ScenarioFailed, match="holds 1 ids, and the handler asks for one more"):
        given(Diary, ids=[UUID(int=1)]).when(Deposit())


def test_root_and_correlation_id_can_be_chosen() -> None:
    """A handler sees them in the context, and the aggregate knows its root."""
    root = UUID(int=5)
    scenario = given(Diary, Noted(text="x"), root=root, correlation_id="flow")

    scenario.when(Withdraw()).then(Noted(text=repr((root, root, "flow", 1, True))))


def test_a_fresh_aggregate_knows_its_root() -> None:
    """Before its first event, too."""
    given(Diary).when(Withdraw()).then(Noted(text=repr((ROOT, ROOT, "", 0, False))))


def test_the_outcome_can_be_looked_at() -> None:
    """For what the expectations cannot say."""
    outcome = given(Account, Deposited(amount=5)).when(Withdraw(amount=2))

    assert (outcome.events, outcome.rejection, outcome.state) == ((Withdrawn(amount=2),), None, Account(balance=3))


def test_a_rejection_can_be_looked_at() -> None:
    """Its message, say."""
    rejection = given(Account).when(Withdraw(amount=2)).rejection

    assert isinstance(rejection, Rejected)
    assert rejection.message == "not enough money"


def test_the_state_shown_is_a_copy() -> None:
    """Changing it changes no scenario."""
    start: Given[Account] = given(Account, Deposited(amount=5))
    start.state.balance = 0

    start.then_state(balance=5)


def test_an_unknown_command_lists_the_known_ones() -> None:
    """The error of production."""
    with pytest.raises(NotHandled, match=r"handled here: tests\.ledger\.Deposit, tests\.ledger\.Open, tests"):
        given(Account).when(Noted())


def test_a_history_the_aggregate_does_not_know_is_refused() -> None:
    """Production skips unknown events; in a test it is a command mistaken for an event."""
    with pytest.raises(UsageError, match=r"Account neither applies nor ignores tests\.ledger\.Deposit, so it cannot"):
        given(Account, Deposit(amount=1))


def test_a_command_in_the_history_is_told_where_it_goes() -> None:
    """Both are messages, and mistaken for one another."""
    with pytest.raises(UsageError, match=r"a command goes into \.when\(Deposit\(\.\.\.\)\)"):
        given(Account, Deposit(amount=1))


_WITH_A_MESSAGE: dict[str, Callable[[Any], object]] = {
    "given": lambda message: given(Account, message),
    "when": lambda message: given(Account).when(message),
    "then": lambda message: given(Account).when(Open(owner="ada")).then(message),
}


@pytest.mark.parametrize("where", _WITH_A_MESSAGE)
@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (Opened, "takes messages, and Opened is a class: write Opened"),
        ([Opened(owner="ada")], "takes messages one by one, not a list of them"),
        ((Opened(owner="ada"),), "takes messages one by one, not a tuple of them"),
    ],
)
def test_what_stands_in_place_of_a_message_is_refused(where: str, mistake: object, says: str) -> None:
    """With what to write, rather than as a difference."""
    with pytest.raises(UsageError, match=f"^{where} {says}"):
        _WITH_A_MESSAGE[where](mistake)


def test_a_field_there_is_not_is_refused() -> None:
    """The error lists those there are."""
    with pytest.raises(
        UsageError, match="Account has no blance; there are balance, exists, is_empty, next_sequence, o"
    ):
        given(Account).then_state(blance=1)


def test_comparing_no_field_is_refused() -> None:
    """It would hold always."""
    with pytest.raises(UsageError, match="then_state compares nothing without fields"):
        given(Account).then_state()


def test_an_undecorated_class_is_refused() -> None:
    """As everywhere."""

    class Plain(Aggregate):
        pass

    with pytest.raises(UsageError, match="is not decorated: put @aggregate"):
        given(Plain)


def test_an_object_of_the_class_is_refused() -> None:
    """It is the class that has a history."""
    with pytest.raises(UsageError, match="name the class itself, Account"):
        given(Account())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the mistake


def test_scenarios_read_well() -> None:
    """In a debugger."""
    start = given(Account, Deposited(amount=5))

    assert repr(start) == "<given Account with 1 events>"
    expected = "<Account: Withdraw(amount=2) -> Withdrawn(amount=2)>"
    assert repr(start.when(Withdraw(amount=2)).then(Withdrawn(amount=2))) == expected
    refused = start.when(Withdraw(amount=9)).rejects("INSUFFICIENT_FUNDS", balance=5)
    assert repr(refused) == "<Account: Withdraw(amount=9) -> rejected INSUFFICIENT_FUNDS>"
    assert repr(start.when(Withdraw()).then_nothing()) == "<Account: Withdraw(amount=0) -> nothing>"


def test_scenarios_pickle() -> None:
    """Test runners send them between processes."""
    outcome = given(Account, Deposited(amount=5)).when(Withdraw(amount=2))
    again: Any = pickle.loads(pickle.dumps(outcome))

    assert again.when(Withdraw(amount=3)).state == outcome.when(Withdraw(amount=3)).state == Account()


def test_a_failure_pickles() -> None:
    """With its text."""
    failure = ScenarioFailed("text")

    assert repr(pickle.loads(pickle.dumps(failure))) == "ScenarioFailed('text')"


def test_a_failure_is_an_assertion_error() -> None:
    """Test runners report it as a failed test, not as a broken one."""
    with pytest.raises(AssertionError):
        given(Account).when(Deposit(amount=1)).then_nothing()


def test_the_fixed_clock_is_aware() -> None:
    """It goes into timestamps."""
    assert NOW.tzinfo is UTC
