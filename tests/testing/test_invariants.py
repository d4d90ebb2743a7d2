"""What always has to hold, checked at the end of a scenario."""

from __future__ import annotations

from typing import Any

import pytest

from angzarr_domain.books import Message
from angzarr_domain.exceptions import UsageError
from angzarr_domain.testing import Invariant, Outcome, ScenarioFailed, given
from tests.ledger import Account, Deposit, Deposited, Opened, Withdraw, Withdrawn


def is_rich(account: Account) -> bool:
    return account.balance > 10


def adds_up(account: Account, history: tuple[Message, ...]) -> None:
    paid_in = sum(event.amount for event in history if isinstance(event, Deposited))
    paid_out = sum(event.amount for event in history if isinstance(event, Withdrawn))
    assert account.balance == paid_in - paid_out, "money came or went unseen"


@pytest.fixture(name="outcome")
def _outcome() -> Outcome[Account]:
    return given(Account, Opened(owner="ada"), Deposited(amount=9)).when(Deposit(amount=1))


def text_of(outcome: Outcome[Account], *invariants: Invariant[Account]) -> str:
    with pytest.raises(ScenarioFailed) as caught:
        outcome.then_holds(*invariants)
    return str(caught.value)


def test_what_holds_chains(outcome: Outcome[Account]) -> None:
    """True and None hold, of the history given and after a command; the events of the command are in the history."""
    given(Account, Deposited(amount=3)).then_holds(adds_up).when(Withdraw(amount=1)).then_holds(adds_up)

    assert outcome.then_holds(adds_up, lambda account: account.balance == 10) is outcome


def test_a_broken_one_is_named(outcome: Outcome[Account]) -> None:
    """With the state before and after, and with how to see it again."""
    text = text_of(outcome, adds_up, is_rich)

    assert text.startswith("Account breaks is_rich: it returned False\n")
    assert "  balance  9      ->  10\n" in text
    assert text.endswith("  ).when(Deposit(amount=1)).then_holds(is_rich)")
    assert f"  from {__name__} import is_rich\n" in text


def test_a_lambda_is_named_by_its_place_and_repeated(outcome: Outcome[Account]) -> None:
    """It has no name, but it stands somewhere."""
    text = text_of(outcome, lambda account: account.owner != "ada")

    assert text.startswith("Account breaks the lambda in test_invariants.py, line ")
    assert text.endswith(".then_holds(lambda account: account.owner != 'ada')")


def test_lambdas_of_one_line_are_told_apart(outcome: Outcome[Account]) -> None:
    """By their columns."""
    text = text_of(outcome, lambda account: account.balance == 10, lambda account: account.balance == 9)

    assert text.endswith(".then_holds(lambda account: account.balance == 9)")


def test_a_lambda_takes_its_names_along(outcome: Outcome[Account]) -> None:
    """What it uses of its module is imported."""
    text = text_of(outcome, lambda _, history: not any(isinstance(event, Deposited) for event in history))

    assert "  from tests.ledger import Account, Deposit, Deposited, Opened\n" in text


def test_a_lambda_that_needs_what_is_around_it_is_left_out(outcome: Outcome[Account]) -> None:
    """Pasted elsewhere, it would not work."""
    limit = 3

    assert text_of(outcome, lambda account: account.balance < limit).endswith(".then_holds(...)")


def test_the_text_of_an_assertion_is_shown(outcome: Outcome[Account]) -> None:
    """It says what is wrong."""
    text = text_of(outcome, lambda account: adds_up(account, ()))

    assert ": it raised AssertionError: money came or went unseen\n" in text


def test_one_that_fails_is_broken(outcome: Outcome[Account]) -> None:
    """It could not be said of this state, and that must not pass."""
    assert "it fails with ZeroDivisionError: " in text_of(outcome, lambda account: 1 / (account.balance - 10))


def test_one_that_changes_the_aggregate_changes_nothing(outcome: Outcome[Account]) -> None:
    """It is asked about a copy."""
    outcome.then_holds(lambda account: setattr(account, "balance", 0)).then_state(balance=10)


def nothing() -> bool:
    return True


def named(account: Account, *, limit: int) -> bool:
    return account.balance < limit


def at_three(account: Account, _history: object, _time: object) -> bool:
    return account.exists


@pytest.mark.parametrize("invariant", [nothing, named, at_three])
def test_other_arguments_are_refused(outcome: Outcome[Account], invariant: Any) -> None:
    """Before anything is judged by it."""
    with pytest.raises(UsageError, match=r"it has to take \(aggregate\) or \(aggregate, history\)"):
        outcome.then_holds(invariant)
