"""The bounded search leaves nothing out up to its bounds, and says where these were."""

from __future__ import annotations

from typing import Any

import pytest

from angzarr_domain import aggregate, applies, handles
from angzarr_domain.books import Message
from angzarr_domain.exceptions import UsageError
from angzarr_domain.testing.models import ModelFailed, NotExplored, explore
from tests.ledger import Account, Deposit, Deposited, Noted, Open, Withdraw
from tests.testing.models.accounts import Mutating, Sound, never_overdrawn

ALPHABET: list[Message] = [Open(owner="ada"), Deposit(amount=1), Withdraw(amount=2)]


@aggregate(domain="ledger", ignores=[Noted])
class Capped(Sound):
    """Holds three at most."""

    @handles
    def withdraw(self, command: Withdraw) -> Any:
        return super().withdraw(command)

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance = min(3, self.balance + event.amount)


def below_three(account: Account) -> bool:
    return account.balance < 3


def test_the_shortest_sequence_is_found() -> None:
    """No shorter one breaks the rule: three deposits, and nothing between them."""
    with pytest.raises(ModelFailed) as caught:
        explore(Sound, ALPHABET, invariants=[below_three])

    assert caught.value.commands == (Deposit(amount=1),) * 3
    assert caught.value.rule == "Sound breaks below_three: it returned False"
    assert "  3  Deposit(amount=1)  -> here\n" in str(caught.value)


def test_a_bug_deeper_than_the_depth_is_not_found_and_not_denied() -> None:
    """Passing says up to where."""
    explored = explore(Sound, ALPHABET, depth=2, invariants=[below_three], allow_unaccepted=[Withdraw])

    assert (explored.bound, explored.depth) == ("depth", 2)
    assert "sequences longer than 2 were not tried, and may lead further" in str(explored)


def test_a_closed_space_is_searched_to_its_end() -> None:
    """With and without an owner, a balance of 0 to 3; and the state before anything happened."""
    explored = explore(Capped, ALPHABET, depth=50, invariants=[never_overdrawn])

    assert (explored.states, explored.bound) == (9, "")
    assert str(explored).startswith("9 states, to a depth of 4; nothing is left: longer sequences of these lead to no ")
    assert explored.coverage.steps == 9 * len(ALPHABET)


def test_a_search_that_stops_at_many_states_says_so() -> None:
    """It is not taken for one that came to an end."""
    explored = explore(Sound, ALPHABET, depth=50, max_states=5, allow_unaccepted=[Withdraw])

    assert (explored.states, explored.bound) == (5, "max_states")


def test_invariants_of_the_history_keep_histories_apart() -> None:
    """States that are equal are not the same where a rule asks how they came about."""

    def never_withdrawn_twice(_: Account, history: tuple[object, ...]) -> bool:
        return [type(event).__name__ for event in history].count("Withdrawn") < 2

    one: list[Message] = [Deposit(amount=1), Withdraw(amount=1)]
    explore(Sound, one, depth=4, invariants=[never_overdrawn])
    with pytest.raises(ModelFailed) as caught:
        explore(Sound, one, depth=4, invariants=[never_withdrawn_twice])

    assert len(caught.value.commands) == 4


def test_the_kits_rules_hold_at_each_step() -> None:
    """Without any invariant: it is the kit that takes the steps."""
    with pytest.raises(ModelFailed) as caught:
        explore(Mutating, [Open(owner="ada"), Withdraw(amount=1)])

    assert caught.value.rule.startswith("Mutating.withdraw changed the aggregate: ")


def test_a_command_that_is_never_accepted_fails_the_search() -> None:
    """As it does in `check_aggregate`."""
    with pytest.raises(NotExplored, match="of what comes after: Withdraw"):
        explore(Sound, [Deposit(amount=1), Withdraw(amount=900)], depth=2)


@pytest.mark.parametrize(
    ("alphabet", "options"),
    [
        pytest.param([], {}, id="no command"),
        pytest.param([Noted(text="a")], {}, id="a message of others"),
        pytest.param([Deposit], {}, id="a class"),
        pytest.param(ALPHABET, {"depth": 0}, id="no depth"),
        pytest.param(ALPHABET, {"max_states": 0}, id="no states"),
    ],
)
def test_what_cannot_be_meant_is_refused(alphabet: list[Any], options: dict[str, Any]) -> None:
    """Before anything is tried."""
    with pytest.raises(UsageError):
        explore(Sound, alphabet, **options)
