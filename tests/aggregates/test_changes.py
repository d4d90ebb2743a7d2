"""What differs between two states."""

from __future__ import annotations

from angzarr_domain.aggregates import Facts, changes, keep_facts
from tests.ledger import Account


def test_changes_are_the_fields_that_differ() -> None:
    """In the order of the class, each with both values."""
    found = changes(Account(owner="ada", balance=1), Account(owner="bob", balance=2))

    assert [(change.field, change.before, change.after) for change in found] == [
        ("owner", "ada", "bob"),
        ("balance", 1, 2),
    ]


def test_equal_states_have_no_changes() -> None:
    """Facts are no part of the state."""
    later = Account(owner="ada")
    keep_facts(later, Facts(exists=True, next_sequence=3))

    assert changes(Account(owner="ada"), later) == ()


def test_a_change_reads_well() -> None:
    """In a terminal."""
    (change,) = changes(Account(balance=1), Account(balance=2))

    assert str(change) == "balance: 1 -> 2"
