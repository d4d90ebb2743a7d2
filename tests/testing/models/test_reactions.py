"""Refusals and undoing are steps of a search, too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from angzarr_domain import Aggregate, Refused, Rejected, Undo, aggregate, applies, compensates, handles, undoes
from angzarr_domain.testing import ScenarioFailed
from angzarr_domain.testing.models import ModelFailed, NotExplored, check_aggregate
from tests.ledger import Deposit, Deposited, Noted, Withdraw, Withdrawn


@aggregate(domain="purse")
class Purse(Aggregate):
    """Undoing takes again what was taken: a bug."""

    coins: int = 0
    complaints: int = 0

    @handles
    def fill(self, command: Deposit) -> Deposited:
        if not 0 < command.amount < 1000:
            raise Rejected("AMOUNT", "some coins")
        return Deposited(amount=command.amount)

    @handles
    def take(self, command: Withdraw) -> Withdrawn:
        if not 0 < command.amount <= self.coins:
            raise Rejected("AMOUNT", "as many coins as there are")
        return Withdrawn(amount=command.amount)

    @undoes(Withdraw)
    def give_back(self, undo: Undo[Withdraw]) -> Withdrawn:
        return undo.pages[0].decode(Withdrawn)

    @compensates(Noted, domain="elsewhere")
    def complained(self, refused: Refused[Noted]) -> Noted:
        return Noted(text=refused.domain)

    @applies
    def deposited(self, event: Deposited) -> None:
        self.coins += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.coins -= event.amount

    @applies
    def noted(self, _event: Noted) -> None:
        self.complaints += 1


def never_short(purse: Purse) -> bool:
    return purse.coins >= 0


def one_complaint_at_most(purse: Purse) -> bool:
    return purse.complaints < 2


def run(test: str) -> str:
    namespace: dict[str, Any] = {}
    exec(test, namespace)
    (found,) = [value for name, value in namespace.items() if name.startswith("test_")]
    with pytest.raises(ScenarioFailed) as caught:
        found()
    return str(caught.value).partition("\n")[0]


def test_what_is_undone_was_executed() -> None:
    """The request names the events of the command; the printed test does, too, and fails alike."""
    with pytest.raises(ModelFailed) as caught:
        check_aggregate(Purse, invariants=[never_short])

    failure = caught.value
    assert failure.commands == (Deposit(amount=1), Withdraw(amount=1), Withdraw)
    assert "\n  3  undoing of Withdraw  -> here\n" in str(failure)
    assert "    .when_undone(Withdraw, sequences=(1,))\n" in failure.test
    assert run(failure.test) == failure.rule


def test_refusals_come_in() -> None:
    """By the domain that the compensator names; nothing has to be executed first."""
    with pytest.raises(ModelFailed) as caught:
        check_aggregate(Purse, invariants=[one_complaint_at_most], without=[Withdraw])

    failure = caught.value
    assert [type(command) for command in failure.commands] == [Noted, Noted]
    assert failure.test.count(", domain='elsewhere')\n") == 2
    assert "  -> Noted(text='elsewhere')\n" in str(failure)
    assert run(failure.test) == failure.rule


def test_a_command_is_undone_once() -> None:
    """A second request would be about events that were made up for."""
    tried = check_aggregate(Purse, max_examples=30, steps=10).tried

    assert 0 < tried["undoing of Withdraw"].accepted <= tried["Withdraw"].accepted
    assert tried["refusal of Noted"].accepted > 0


def test_what_comes_back_can_be_left_out() -> None:
    """With the command it is about, or as the only thing that there is of a command."""
    coverage = check_aggregate(Purse, without=[Noted, Withdraw], max_examples=10, steps=5)

    assert coverage.tried.keys() == {"Deposit"}


def test_undoing_that_is_never_reached_fails_the_run() -> None:
    """It is named as what it is; the remedy names the class of the command."""
    with pytest.raises(NotExplored) as caught:
        check_aggregate(Purse, fields={"Withdraw.amount": st.just(0)}, max_examples=5, steps=5)

    text = str(caught.value)
    assert text.startswith(
        "never accepted, so that nothing is known of what comes after: Withdraw, undoing of Withdraw"
    )
    assert text.endswith("or allow_unaccepted=[Withdraw]")
