"""Bugs put into copies of a bank account, each of its kind: the kit finds every one, and its text names the cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from angzarr_domain.testing import ScenarioFailed, given
from tests.ledger import Deposit, Deposited, Open, Opened, Withdraw, Withdrawn
from tests.testing.broken_bank import (
    appending_handler,
    assigning_handler,
    declared,
    drawing_handler,
    forgotten_applier,
    ignored_event,
    lost_update,
    off_by_one_after_a_snapshot,
    one_list_in_two_fields,
    sound,
    ticking_applier,
)

OPENED = Opened(owner="ada")
TEN = Deposited(amount=10)


def scenario(account: type[Any]) -> None:
    """What an author tests, bug or not."""
    opened = given(account).when(Open(owner="ada")).then(OPENED)
    ten = opened.when(Deposit(amount=10)).then(TEN)
    twenty = ten.when(Deposit(amount=10)).then(TEN).then_state(balance=20, number=2)
    twenty.when(Withdraw(amount=5)).then(Withdrawn(amount=5)).then_state(balance=15, lines=[10, 10, -5])
    twenty.when(Withdraw(amount=21)).rejects("INSUFFICIENT_FUNDS", balance=20)


def text_of(expectation: Callable[[], object]) -> str:
    with pytest.raises(ScenarioFailed) as caught:
        expectation()
    return str(caught.value)


def test_the_account_without_a_bug_passes() -> None:
    """So that what fails below fails for its bug alone."""
    scenario(declared(sound))


def test_a_lost_update_is_found() -> None:
    """The field, its two values, and who sets it."""
    text = text_of(lambda: scenario(declared(lost_update)))

    assert "is in another state than expected: balance" in text
    assert "differs:\n  balance: expected 20, actual 10\n" in text
    assert "probable cause: look at how Account.deposited sets balance" in text


def test_an_assignment_in_a_handler_is_found() -> None:
    """The handler and the field."""
    text = text_of(lambda: scenario(declared(assigning_handler)))

    assert text.startswith("Account.withdraw sets self.balance, but a handler only decides: answer with an event")


def test_a_list_changed_in_place_is_found() -> None:
    """The handler, the field and the entry."""
    text = text_of(lambda: scenario(declared(appending_handler)))

    assert text.startswith("Account.deposit changed the aggregate: a handler answers with events")
    assert "changed by the handler:\n  lines[0]: (absent) -> 10\n" in text


def test_a_forgotten_applier_is_found() -> None:
    """The event that nothing applies."""
    account = declared(forgotten_applier)
    text = text_of(lambda: given(account, TEN).when(Withdraw(amount=5)))

    assert text.startswith("Account.withdraw emitted tests.ledger.Withdrawn, which nothing applies\n")


def test_an_event_ignored_by_mistake_is_found() -> None:
    """No applier ran at all."""
    account = declared(ignored_event)
    text = text_of(lambda: given(account, TEN).when(Withdraw(amount=5)).then_state(balance=5))

    assert "probable cause: no event was applied, so nothing could change balance" in text


def test_a_non_deterministic_applier_is_found() -> None:
    """Replay leads elsewhere, in that field."""
    text = text_of(lambda: scenario(declared(ticking_applier)))

    assert text.startswith("replay leads to another Account than the one that decided\n\nlive -> replayed:\n  number: ")
    assert "probable cause: an applier or a default reads something else than self and its event" in text


def test_a_handler_that_draws_its_own_ids_is_found() -> None:
    """It answers otherwise the second time."""
    text = text_of(lambda: scenario(declared(drawing_handler)))

    assert text.startswith("Account.open answers the same thing on the same state otherwise the second time\n\n")
    assert "first time -> second time:\n  events[0].owner: 'ada " in text
    assert "a random source of its own (ask context.now() and context.new_id())" in text


def test_a_count_that_is_off_by_one_after_a_snapshot_is_found() -> None:
    """Live and replayed state are the same; only who folds from a snapshot counts one more."""
    account = declared(off_by_one_after_a_snapshot)
    text = text_of(lambda: given(account, TEN).when(Deposit(amount=10)))

    assert text.startswith("folding from a snapshot at event 0 leads to another Account than the whole history\n\n")
    assert "live -> from the snapshot:\n  number: 2 -> 3\n" in text
    assert "probable cause: an applier tells objects apart by identity (is), which a snapshot does not keep" in text


def test_a_list_that_two_fields_keep_is_found() -> None:
    """No snapshot can hold that they are one."""
    text = text_of(lambda: given(declared(one_list_in_two_fields), TEN).when(Deposit(amount=10)))

    assert text.startswith("after event 0, no snapshot can hold Account: ")
    assert "the same list is held twice" in text
    assert "or the same object into two" in text
