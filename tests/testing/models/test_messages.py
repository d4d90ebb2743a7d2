"""Strategies follow from what a message class says of its fields."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import attrs
import pytest
from attrs import validators
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from angzarr_domain.books import type_name
from angzarr_domain.messages import proto
from angzarr_domain.testing._differences import differences
from angzarr_domain.testing.models._limits import limits_of
from angzarr_domain.testing.models._messages import Recipes
from angzarr_domain.testing.models._pool import Pool
from angzarr_domain.wire import PayloadCodec
from tests.shop import orders_messages
from tests.shop.compiled import compiled

OWN = [cls for _, cls in inspect.getmembers(orders_messages, inspect.isclass) if hasattr(cls, "__protobuf_name__")]
COMPILED = [compiled(type_name(cls)) for cls in OWN]
CODEC = PayloadCodec()

some = settings(
    database=None, derandomize=True, max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def drawn(strategy: st.SearchStrategy[Any], examples: int = 40) -> list[Any]:
    found: list[Any] = []

    @settings(some, max_examples=examples)
    @given(strategy)
    def note(value: Any) -> None:
        found.append(value)

    note()
    return found


@pytest.mark.parametrize("cls", [*OWN, *COMPILED], ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_messages_of_every_field_survive_their_encoding(cls: type[Any]) -> None:
    """Whatever a field can be, generated messages and compiled ones alike: no value that could not be sent."""
    for message in drawn(Recipes().message(cls), 8):
        assert [*differences(message, CODEC.decode(CODEC.encode(message), cls))] == []


def test_of_a_oneof_at_most_one_is_set() -> None:
    """Each member comes, and none now and then."""
    members = ("prepaid", "card", "installments", "voucher")
    made = drawn(Recipes().message(orders_messages.PlaceOrder))
    taken = [[name for name in members if getattr(order, name) is not None] for order in made]

    assert {len(names) for names in taken} == {0, 1}
    assert {name for names in taken for name in names} == set(members)


@attrs.frozen(kw_only=True)
class Checked:
    __protobuf_name__: ClassVar[str] = "tests.Checked"

    amount: int = proto(1, "int64")
    code: str = proto(2, "string")

    def __attrs_post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("amounts are positive")


def test_what_its_class_refuses_is_not_made() -> None:
    """Checks that cannot be read are tried."""
    assert all(message.amount >= 0 for message in drawn(Recipes().message(Checked)))


def test_values_come_back() -> None:
    """What was seen is spoken of again, as are the numbers beside it: limits are where bugs are."""
    pool = Pool()
    pool.learn(Checked(amount=123_456, code="a code"))
    made = drawn(Recipes(pool=pool).message(Checked), 150)

    assert {123_455, 123_456, 123_457} <= {message.amount for message in made}
    assert "a code" in {message.code for message in made}


@pytest.mark.parametrize(
    ("validator", "fits", "misfits"),
    [
        pytest.param(validators.ge(3), [3, 4], [2], id="ge"),
        pytest.param(validators.gt(3), [4], [3], id="gt"),
        pytest.param(validators.le(3), [3], [4], id="le"),
        pytest.param(validators.lt(3), [2], [3], id="lt"),
        pytest.param(validators.and_(validators.ge(1), validators.lt(3)), [1, 2], [0, 3], id="and"),
        pytest.param(validators.in_(["EUR", "USD"]), ["EUR"], ["GBP"], id="in"),
        pytest.param(validators.max_len(2), ["ab"], ["abc"], id="max_len"),
        pytest.param(validators.min_len(2), ["ab"], ["a"], id="min_len"),
        pytest.param(validators.matches_re("[a-z]+"), ["abc"], ["a1"], id="matches_re"),
        pytest.param(validators.optional(validators.ge(3)), [3], [2], id="optional"),
        pytest.param(print, [1, "a"], [], id="one that cannot be read"),
    ],
)
def test_limits_are_read_from_validators(validator: Any, fits: list[Any], misfits: list[Any]) -> None:
    """So that values need not be guessed."""
    limits = limits_of(validator)

    assert all(limits.accepts(value) for value in fits)
    assert not any(limits.accepts(value) for value in misfits)
