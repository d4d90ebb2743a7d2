"""Where values differ, and how they are written."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import pytest
from google.protobuf import struct_pb2, wrappers_pb2

from angzarr_domain.messages import OpenEnum
from angzarr_domain.testing import ANY
from angzarr_domain.testing._differences import differences
from angzarr_domain.testing._source import Source
from tests.ledger import Deposited, Opened


@attrs.define
class Box:
    content: Any = None
    unseen: int = attrs.field(default=0, eq=False)


class Plain:
    """Compares by identity, as any class does that says nothing else."""

    def __init__(self, value: int) -> None:
        self.value = value


class Colour(Enum):
    RED = 1


class Kind(OpenEnum):
    A = 0


def found(left: Any, right: Any) -> list[tuple[str, Any, Any]]:
    return [(each.path, each.left, each.right) for each in differences(left, right)]


SAME: dict[str, tuple[Any, Any]] = {
    "numbers": (1, 1),
    "not a number": (math.nan, float("nan")),
    "not a number, deep inside": (Box([math.nan]), Box([float("nan")])),
    "anything": (ANY, Deposited(amount=1)),
    "anything, on the other side": ({"a": 1}, {"a": ANY}),
    "a field outside of equality": (Box(unseen=1), Box(unseen=2)),
    "objects that know identity only": (Plain(1), Plain(1)),
    "compiled messages": (wrappers_pb2.Int32Value(value=1), wrappers_pb2.Int32Value(value=1)),
}


@pytest.mark.parametrize(("left", "right"), [pytest.param(*pair, id=name) for name, pair in SAME.items()])
def test_what_a_test_takes_for_the_same(left: Any, right: Any) -> None:
    """No difference."""
    assert found(left, right) == []


OTHER: dict[str, tuple[Any, Any, list[str]]] = {
    "values": (1, 2, [""]),
    "types": (Deposited(), Opened(), [""]),
    "a field": (Deposited(amount=1), Deposited(amount=2), [".amount"]),
    "fields of fields": (Box(Box(1)), Box(Box(2)), [".content.content"]),
    "items": ([1, 2, 3], [1, 9, 3], ["[1]"]),
    "a shorter list": ([1], [1, 2], ["[1]"]),
    "keys": ({"a": 1, "b": 2}, {"a": 2, "c": 3}, ["['a']", "['b']", "['c']"]),
    "keys of a mapping with a class of its own": (Counter(a=1), Counter(a=2), ["['a']"]),
    "members": ({1, 2}, {2, 3}, ["{1}", "{3}"]),
    "text is no list": ("abc", "abd", [""]),
    "objects that know identity only": (Plain(1), Plain(2), [".value"]),
    "compiled messages": (wrappers_pb2.Int32Value(value=1), wrappers_pb2.Int32Value(), [".value"]),
    "a list and a tuple": ([1], (1,), [""]),
}


@pytest.mark.parametrize(("left", "right", "paths"), [pytest.param(*case, id=name) for name, case in OTHER.items()])
def test_differences_are_named_by_the_smallest_part(left: Any, right: Any, paths: list[str]) -> None:
    """In the order of the first value."""
    assert [path for path, *_ in found(left, right)] == paths


WRITTEN: dict[str, tuple[Any, str, Iterable[str]]] = {
    "a generated message": (Deposited(amount=1), "Deposited(amount=1)", ["from tests.ledger import Deposited"]),
    "a compiled message": (
        wrappers_pb2.StringValue(value="x"),
        "StringValue(value='x')",
        ["from google.protobuf.wrappers_pb2 import StringValue"],
    ),
    "a repeated field": (
        struct_pb2.ListValue(values=[struct_pb2.Value(bool_value=True)]),
        "ListValue(values=[Value(bool_value=True)])",
        ["from google.protobuf.struct_pb2 import ListValue, Value"],
    ),
    "a moment": (
        datetime(2026, 1, 1, tzinfo=UTC),
        "datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)",
        ["import datetime"],
    ),
    "a duration": (timedelta(seconds=3), "datetime.timedelta(seconds=3)", ["import datetime"]),
    "an id": (UUID(int=1), "UUID('00000000-0000-0000-0000-000000000001')", ["from uuid import UUID"]),
    "a decimal": (Decimal("1.50"), "Decimal('1.50')", ["from decimal import Decimal"]),
    "an enum": (Colour.RED, "Colour.RED", [f"from {__name__} import Colour"]),
    "an enum without a name": (Kind(7), "Kind(7)", [f"from {__name__} import Kind"]),
    "not a number": (math.inf, "float('inf')", []),
    "one in a tuple": ((1,), "(1,)", []),
    "a set": ({"b", "a"}, "{'a', 'b'}", []),
    "a frozen set": (frozenset({1}), "frozenset({1})", []),
    "an empty set": (set[int](), "set()", []),
    "a mapping": ({"a": [None, True, b"x"]}, "{'a': [None, True, b'x']}", []),
    "anything": (ANY, "ANY", ["from angzarr_domain.testing import ANY"]),
}


@pytest.mark.parametrize(("value", "text", "imports"), [pytest.param(*case, id=name) for name, case in WRITTEN.items()])
def test_values_are_written_as_python(value: Any, text: str, imports: list[str]) -> None:
    """With the imports they need."""
    source = Source()

    assert (source.of(value), source.imports) == (text, imports)


def test_what_is_written_can_be_read() -> None:
    """Imports and text give an equal value."""
    value = Box({"at": datetime(2026, 1, 1, tzinfo=UTC), "of": [Deposited(amount=1), UUID(int=3), Decimal(2)]})
    source = Source()
    text = source.of(value.content)
    names: dict[str, Any] = {}
    exec("\n".join([*source.imports, f"again = {text}"]), names)

    assert names["again"] == value.content


def test_a_local_class_is_written_without_import() -> None:
    """It has none; the text still reads well."""

    @attrs.frozen
    class Local:
        value: int = 1

    source = Source()

    assert (source.of(Local()), source.imports) == ("Local(value=1)", [])


def test_anything_stays_the_same_value() -> None:
    """However it is carried about."""
    assert pickle.loads(pickle.dumps(ANY)) is ANY
    assert repr(ANY) == "ANY"
    assert {ANY: 1}[ANY] == 1


def test_a_difference_reads_well() -> None:
    """In a terminal."""
    (difference,) = differences(Deposited(amount=1), Deposited(amount=2))

    assert str(difference) == "amount: 1 is not 2"
