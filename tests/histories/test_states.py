"""States as plain values: readable, and no two that differ are written alike."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from itertools import combinations
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angzarr_domain import Aggregate
from angzarr_domain.exceptions import UsageError
from angzarr_domain.histories._lines import to_text
from angzarr_domain.histories._states import plain_of, state_out
from angzarr_domain.messages import FrozenMap
from tests.ledger import Account, Opened
from tests.shop.compiled import compiled
from tests.shop.orders_messages import OrderStatus


class Word(StrEnum):
    OPEN = "open"


class Number(IntEnum):
    ONE = 1


class Plain(Enum):
    ONE = 1


@attrs.frozen
class Point:
    x: int
    y: int


#: Values that Python or JSON may take for each other.
ALIKE: list[Any] = [
    *(None, 0, False, 0.0, -0.0, "", b"", "0", "null", Decimal(0), Fraction(0), "false"),
    *(1, True, 1.0, "1", Decimal(1), Decimal("1.0"), Number.ONE, Plain.ONE, [1], (1,), {1}, frozenset({1}), {1: 1}),
    *("open", Word.OPEN, "Word.OPEN", b"open", {"$enum": "Word.OPEN"}, {"x": 1, "y": 2}, Point(1, 2), [["x", 1]]),
    *(float("nan"), float("inf"), -float("inf"), "nan", {"$float": "nan"}, 2**53, 2**53 + 1, float(2**53), 2**63 - 1),
    *(UUID(int=1), str(UUID(int=1)), date(2026, 1, 1), "2026-01-01", time(1), timedelta(1), 86_400_000_000),
    *(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1), datetime(2026, 1, 1, fold=1)),  # noqa: DTZ001 - a state may hold what it likes
    datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    *({"1": 1}, {None: 1}, {"$map": [[1, 1]]}, {(1, 2): "a"}, OrderStatus.SENT, Opened(owner="1")),
]


@pytest.mark.parametrize("value", ALIKE, ids=repr)
def test_a_value_is_json(value: Any) -> None:
    """What is written can be read again by anybody, and is then the same."""
    text = to_text(plain_of(value))

    assert to_text(json.loads(text)) == text


def test_different_values_are_written_differently() -> None:
    """By their type, too: JSON alone would take 1, 1.0, True and "1" or a list and a tuple for each other."""
    alike = [(a, b) for a, b in combinations(ALIKE, 2) if to_text(plain_of(a)) == to_text(plain_of(b))]

    assert alike == []


@given(st.dictionaries(st.integers() | st.text(max_size=3), st.sets(st.text(max_size=3), max_size=4), max_size=4))
def test_the_order_in_which_it_came_about_is_not_written(value: dict[Any, set[str]]) -> None:
    """Equal maps and sets are written alike."""
    again = {key: set[str]() for key in reversed(value)}
    for key, items in value.items():
        again[key].update(sorted(items, reverse=True))

    assert to_text(plain_of(again)) == to_text(plain_of(value))


def test_a_state_is_written_by_its_fields() -> None:
    """As few signs as possible around what people review."""
    assert state_out(Account(owner="ada", balance=2**62)) == {"owner": "ada", "balance": 2**62}


def test_nested_objects_say_what_they_are() -> None:
    """Attrs objects, messages of both kinds, maps of them."""
    order = compiled("shop.money.v1.Money")(currency="EUR", minor_units=2**62)

    assert plain_of(FrozenMap({"a": Point(1, 2), "b": Opened(owner="ada"), "c": order})) == {
        "a": {"$is": "Point", "x": 1, "y": 2},
        "b": {"$is": "Opened", "owner": "ada"},
        "c": {"$is": "shop.money.v1.Money", "$message": {"currency": "EUR", "minor_units": str(2**62)}},
    }


def test_what_cannot_be_recorded_is_refused() -> None:
    """Rather than written as whatever its text happens to be; names the field and the type, not the value."""

    @attrs.define
    class Odd(Aggregate):
        items: Any = attrs.field(factory=lambda: [object()])

    with pytest.raises(UsageError, match=r"Odd\.items holds a object") as refused:
        state_out(Odd())
    assert refused.value.field == "items"


def test_infinities_are_no_numbers_of_json() -> None:
    """Which has none; other readers would stumble."""
    assert plain_of([math.inf]) == [{"$float": "inf"}]
