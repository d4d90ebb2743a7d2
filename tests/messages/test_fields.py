"""What a message accepts when it is made: all that its bytes can hold, and nothing else."""

import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import attrs
import pytest

from angzarr_domain.exceptions import InvalidArgument, UsageError
from angzarr_domain.messages import frozen, schema_of
from tests.shop.money_messages import Money
from tests.shop.orders_messages import Category, Lists, Maps, OrderStatus, PlaceOrder, PlaceOrderLine, Scalars

INTEGERS = {
    "int32": (-(2**31), 2**31 - 1),
    "sint32": (-(2**31), 2**31 - 1),
    "sfixed32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "sint64": (-(2**63), 2**63 - 1),
    "sfixed64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "fixed32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "fixed64": (0, 2**64 - 1),
}


def scalars(**fields: Any) -> Scalars:
    return Scalars(**fields)


@pytest.mark.parametrize(("kind", "limits"), INTEGERS.items())
def test_an_integer_takes_its_whole_range(kind: str, limits: tuple[int, int]) -> None:
    assert [getattr(scalars(**{f"a_{kind}": limit}), f"a_{kind}") for limit in limits] == list(limits)


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize(("kind", "limits"), INTEGERS.items())
def test_an_integer_out_of_range_is_refused(kind: str, limits: tuple[int, int], above: bool) -> None:
    low, high = limits
    with pytest.raises(InvalidArgument, match=f"from {low} to {high}") as refused:
        scalars(**{f"a_{kind}": high + 1 if above else low - 1})

    assert refused.value.field == f"a_{kind}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("a_int64", True),
        ("a_int64", "1"),
        ("a_int64", 1.0),
        ("a_int64", None),
        ("a_bool", 1),
        ("a_string", b"x"),
        ("a_string", "\ud800"),
        ("a_string", None),
        ("a_bytes", "x"),
        ("a_bytes", bytearray(b"x")),
        ("a_double", "1"),
        ("a_double", True),
        ("a_float", 1e300),
        ("a_status", 1),
    ],
)
def test_a_value_that_the_field_cannot_hold_is_refused(field: str, value: object) -> None:
    """At once, where it is made: not by the encoder, when nobody knows any more where it came from."""
    with pytest.raises(InvalidArgument, match=rf"Scalars\.{field} takes .*, which this {type(value).__name__} is not"):
        scalars(**{field: value})


def test_the_text_of_an_error_holds_no_value() -> None:
    with pytest.raises(InvalidArgument) as refused:
        scalars(a_int64="secret")

    assert "secret" not in repr(refused.value)


def test_a_float_is_rounded_to_what_its_bytes_hold() -> None:
    """Otherwise a message would not equal itself read back."""
    assert Scalars(a_float=0.1).a_float == struct.unpack("<f", struct.pack("<f", 0.1))[0] != 0.1


def test_a_whole_number_is_a_float_too() -> None:
    message = Scalars(a_double=2, a_float=3)

    assert [type(message.a_double), type(message.a_float)] == [float, float]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="aware datetime"):
        PlaceOrder(not_before=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_a_moment_is_kept_in_utc() -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    assert PlaceOrder(not_before=moment).not_before == moment
    assert str(PlaceOrder(not_before=moment).not_before) == "2026-01-01 10:00:00+00:00"


def test_a_moment_in_a_doubled_hour_equals_itself_in_utc() -> None:
    """Python never calls datetimes of two zones equal in the hour that a clock is set back (PEP 495)."""
    doubled = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
    message = PlaceOrder(not_before=doubled)

    assert message == PlaceOrder(not_before=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))


def test_a_moment_that_has_no_utc_is_refused() -> None:
    """Five hours east of Greenwich, the year 1 began in what UTC calls the year 0."""
    with pytest.raises(InvalidArgument, match="years 1 and 9999, in UTC too"):
        PlaceOrder(not_before=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_duration_has_the_limits_of_protobufs(sign: int) -> None:
    longest = timedelta(seconds=315_576_000_000) * sign

    assert PlaceOrder(patience=longest).patience == longest
    with pytest.raises(InvalidArgument, match="315576000000 seconds"):
        PlaceOrder(patience=longest + timedelta(microseconds=sign))


def test_a_message_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="takes a Money, or None"):
        PlaceOrderLine(price=PlaceOrderLine())  # type: ignore[arg-type]  # that is the point


def test_a_message_of_another_type_is_refused_where_the_type_is_declared_further_down() -> None:
    with pytest.raises(InvalidArgument, match="takes a message of its type"):
        Category(later=Category())  # type: ignore[arg-type]  # that is the point


def test_a_list_becomes_a_tuple() -> None:
    """So that nobody changes a message by the list it was made from."""
    given = [1, 2]
    message = Lists(numbers=given)  # type: ignore[arg-type]  # checkers ask for a tuple
    given.append(3)

    assert message.numbers == (1, 2)


@pytest.mark.parametrize("value", ["ab", {"a"}, None, 5])
def test_what_is_no_sequence_is_no_repeated_field(value: Any) -> None:
    with pytest.raises(InvalidArgument, match="takes a tuple"):
        Lists(texts=value)


def test_an_element_that_does_not_fit_is_named_by_its_place() -> None:
    with pytest.raises(InvalidArgument, match="numbers") as refused:
        Lists(numbers=(1, 2**31))

    assert refused.value.field == "numbers[1]"


def test_elements_are_converted_like_values() -> None:
    assert Lists(floats=(0.1,), moments=(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),)) == Lists(
        floats=(struct.unpack("<f", struct.pack("<f", 0.1))[0],), moments=(datetime(2025, 12, 31, 23, tzinfo=UTC),)
    )


def test_a_map_takes_any_mapping_and_compares_with_any() -> None:
    assert Maps(counts={"a": 1}).counts == {"a": 1}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("counts", {1: 1}, "as each key"), ("counts", {"a": "b"}, "as each value"), ("counts", [("a", 1)], "a mapping")],
)
def test_what_does_not_fit_into_a_map_is_refused(field: str, value: Any, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        Maps(**{field: value})


def test_two_members_of_a_oneof_are_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"at most one of prepaid, card, .* not card and installments") as refused:
        PlaceOrder(card="1", installments=0)

    assert refused.value.field == "payment"


@pytest.mark.parametrize("member", [{"card": ""}, {"installments": 0}, {"voucher": b""}, {"prepaid": Money()}, {}])
def test_one_member_of_a_oneof_is_fine_even_when_it_is_empty(member: dict[str, Any]) -> None:
    message = PlaceOrder(**member)

    assert {name for name in ("card", "installments", "voucher", "prepaid") if getattr(message, name) is not None} == (
        set(member)
    )


def test_a_message_is_frozen_hashable_and_evolves() -> None:
    message = PlaceOrder(note="a", labels={"x": "y"}, lines=(PlaceOrderLine(article="b"),))

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        message.note = "b"  # type: ignore[misc]  # that is the point
    assert {message: 1}[attrs.evolve(attrs.evolve(message, note="c"), note="a")] == 1


def test_a_change_by_evolve_is_checked_too() -> None:
    with pytest.raises(InvalidArgument):
        attrs.evolve(Scalars(), a_int32=2**31)


def test_every_field_has_a_default_as_in_protobuf() -> None:
    assert attrs.asdict(PlaceOrderLine()) == {"article": "", "quantity": 0, "price": None, "kind": 0}
    assert Scalars().a_status is OrderStatus.UNSPECIFIED


def test_a_field_outside_the_proto_is_refused_by_name() -> None:
    @frozen
    class Mixed:
        __protobuf_name__: ClassVar[str] = "shop.Mixed"
        total: int = 0

    with pytest.raises(UsageError, match=r"total has no place in a \.proto"):
        schema_of(Mixed)
