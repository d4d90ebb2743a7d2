"""What an aggregate knows beside its state, and what its state accepts."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain.aggregates import Facts, definition_of, facts_of, keep_facts
from angzarr_domain.exceptions import UsageError
from tests.ledger import Account

ROOT = UUID(int=7)
FACTS = Facts(ROOT, exists=True, next_sequence=3)


@pytest.fixture(name="loaded")
def _loaded() -> Account:
    account = Account(owner="ada", balance=5)
    keep_facts(account, FACTS)
    return account


def test_built_by_hand_it_does_not_exist() -> None:
    """A fresh aggregate has no history."""
    account = Account()

    assert (account.exists, account.next_sequence) == (False, 0)


def test_built_by_hand_it_has_no_root() -> None:
    """Asking for it says what to do instead."""
    with pytest.raises(UsageError, match=r"this Account was built by hand and has no root: load it, or ask context"):
        _ = Account().root


def test_asking_does_not_make_it_exist() -> None:
    """Reading facts has no side effect."""
    account = Account()
    _ = account.exists, account.balance

    assert account.exists is False


def test_facts_are_read(loaded: Account) -> None:
    """Root, existence and next sequence of what was loaded."""
    assert (loaded.root, loaded.exists, loaded.next_sequence) == (ROOT, True, 3)


@pytest.mark.parametrize("name", ["root", "exists", "next_sequence"])
def test_facts_are_read_only(loaded: Account, name: str) -> None:
    """Nobody changes a fact by assignment."""
    with pytest.raises(AttributeError):
        setattr(loaded, name, None)


def test_facts_are_outside_of_the_state(loaded: Account) -> None:
    """Not in fields, equality, repr or asdict."""
    assert loaded == Account(owner="ada", balance=5)
    assert repr(loaded) == "Account(owner='ada', balance=5)"
    assert attrs.asdict(loaded) == {"owner": "ada", "balance": 5}


def _pickled(account: Account) -> Account:
    again: Account = pickle.loads(pickle.dumps(account))
    return again


@pytest.mark.parametrize(
    "carry",
    [
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(_pickled, id="pickle"),
    ],
)
def test_copies_carry_the_facts(loaded: Account, carry: Callable[[Account], Account]) -> None:
    """A copy is of the same aggregate."""
    assert facts_of(carry(loaded)) == FACTS


def test_evolve_builds_by_hand(loaded: Account) -> None:
    """attrs.evolve calls the constructor, so what it gives is built by hand: a state without facts."""
    evolved: Account = attrs.evolve(loaded, balance=6)  # type: ignore[misc]  # mypy's plugin wants attrs' decorator

    assert facts_of(evolved) == Facts()


def test_a_misspelt_attribute_is_refused() -> None:
    """Aggregates are slotted down to their base."""
    account: Any = Account()

    with pytest.raises(AttributeError, match="balnce"):
        account.balnce = 3


def test_state_validators_run_at_construction_only() -> None:
    """A validator on every assignment would make each applier several times slower."""
    from angzarr_domain import Aggregate, aggregate

    @aggregate(domain="limits")
    class Limit(Aggregate):
        amount: int = attrs.field(default=0, validator=attrs.validators.ge(0))

    limit = Limit()
    limit.amount = -1

    assert limit.amount == -1
    with pytest.raises(ValueError, match="amount"):
        Limit(amount=-1)


def test_a_fresh_aggregate_has_the_facts_it_is_given() -> None:
    """What a loader knows of a root without history."""
    fresh = definition_of(Account).fresh(Facts(ROOT))

    assert (fresh.root, fresh.exists, fresh) == (ROOT, False, Account())
