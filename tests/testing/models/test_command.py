"""The strategy of one message class, for properties of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st

from angzarr_domain.exceptions import UsageError
from angzarr_domain.testing.models import command
from tests.ledger import Withdraw


def test_messages_of_the_class() -> None:
    """And of no other; negative amounts, which its type takes, are among them."""
    seen: list[Any] = []

    @settings(database=None, derandomize=True, max_examples=100)
    @property_of(command(Withdraw))
    def look(message: Withdraw) -> None:
        seen.append(message)

    look()

    assert {type(message) for message in seen} == {Withdraw}
    assert min(message.amount for message in seen) < 0 < max(message.amount for message in seen)


def test_fields_as_the_author_says() -> None:
    """By name."""
    seen: set[Withdraw] = set()

    @settings(database=None, derandomize=True, max_examples=5)
    @property_of(command(Withdraw, fields={"amount": st.just(7)}))
    def look(message: Withdraw) -> None:
        seen.add(message)

    look()

    assert seen == {Withdraw(amount=7)}


def test_a_misspelt_field_is_refused() -> None:
    """Rather than left without effect."""
    with pytest.raises(UsageError, match="Withdraw has no field amuont"):
        command(Withdraw, fields={"amuont": st.just(7)})


def test_what_is_no_message_is_refused() -> None:
    """At once, not when values are drawn."""
    nothing: Any = int
    with pytest.raises(UsageError, match="int is no message class"):
        command(nothing)
