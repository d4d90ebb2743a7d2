"""Messages as JSON: exact both ways, and a text that does not fit says where."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angzarr_domain.exceptions import InvalidArgument, UsageError
from angzarr_domain.messages import OpenEnum, frozen, proto
from angzarr_domain.wire import PayloadCodec, from_json, to_json
from tests.shop.compiled import compiled
from tests.shop.money_messages import Money
from tests.shop.orders_messages import (
    Category,
    Lists,
    Maps,
    Optionals,
    OrderStatus,
    PlaceOrder,
    PlaceOrderLine,
    Scalars,
)
from tests.shop.strategies import messages

CLASSES: list[Any] = [Scalars, Optionals, Lists, Maps, PlaceOrder, Category]


@given(st.one_of([messages(cls) for cls in CLASSES]))
def test_a_message_reads_back_equal_from_its_json(message: Any) -> None:
    """By way of text: numbers of 64 bits, infinities and bytes included."""
    assert from_json(message.__class__, json.loads(json.dumps(to_json(message), allow_nan=False))) == message


def test_json_reads_like_the_message() -> None:
    message = PlaceOrder(
        customer=UUID(int=5),
        lines=(PlaceOrderLine(article="tea", quantity=2, price=Money(currency="EUR", minor_units=2**60)),),
        not_before=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        patience=timedelta(seconds=-1.5),
        note="",
        voucher=b"\xff",
        labels={"a": "b"},
    )

    assert to_json(message) == {
        "customer": "00000000-0000-0000-0000-000000000005",
        "lines": [{"article": "tea", "quantity": 2, "price": {"currency": "EUR", "minor_units": 2**60}}],
        "not_before": "2026-01-02T03:04:05.000006Z",
        "patience": "-1.5s",
        "note": "",
        "voucher": "/w==",
        "labels": {"a": "b"},
    }


@pytest.mark.parametrize(("status", "plain"), [(OrderStatus.SENT, "SENT"), (OrderStatus(7), 7)])
def test_an_enum_is_its_name_or_the_number_that_has_none(status: OrderStatus, plain: object) -> None:
    assert to_json(Scalars(a_status=status)) == {"a_status": plain}


def test_an_enum_is_read_by_its_number_too() -> None:
    assert from_json(Scalars, {"a_status": 2}) == Scalars(a_status=OrderStatus.SENT)


def test_what_is_absent_is_a_default() -> None:
    assert (to_json(Scalars()), from_json(Scalars, {})) == ({}, Scalars())


def test_keys_of_maps_are_text() -> None:
    message = Maps(by_number={-3: "x"}, by_flag={True: b"", False: b""})

    assert to_json(message) == {"by_number": {"-3": "x"}, "by_flag": {"true": "", "false": ""}}


@pytest.mark.parametrize(
    ("plain", "place"),
    [
        ({"lines": [{}, {"quantity": "2"}]}, "$.lines[1].quantity"),
        ({"lines": [{"quantity": -1}]}, "PlaceOrderLine.quantity takes an int from 0"),
        ({"lines": [{"price": {"minor_units": True}}]}, "$.lines[0].price.minor_units"),
        ({"lines": {}}, "$.lines"),
        ({"lines": [{"kind": "HUGE"}]}, "$.lines[0].kind"),
        ({"lines": [{"kind": 1.0}]}, "$.lines[0].kind"),
        ({"customer": "nobody"}, "$.customer"),
        ({"customer": 5}, "$.customer"),
        ({"not_before": "tomorrow"}, "$.not_before"),
        ({"not_before": "2026-01-01T00:00:00"}, "aware datetime"),
        ({"not_before": 5}, "$.not_before"),
        ({"patience": "long"}, "$.patience"),
        ({"patience": 5}, "$.patience"),
        ({"voucher": "!"}, "$.voucher"),
        ({"labels": {"a": 1}}, "$.labels"),
        ({"labels": [["a", "b"]]}, "$.labels"),
        ({"nte": "x"}, "no such field: nte"),
        ({"card": "1", "installments": 2}, "at most one of"),
    ],
)
def test_json_that_does_not_fit_says_where(plain: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        from_json(PlaceOrder, plain)

    assert place in str(refused.value)
    assert "shop.orders.v1.PlaceOrder" in str(refused.value)


def test_a_negative_zero_keeps_its_sign() -> None:
    """It equals the default, and still has bytes of its own."""
    message = Scalars(a_double=-0.0, a_float=-0.0)
    plain = json.loads(json.dumps(to_json(message)))

    assert PayloadCodec().encode(from_json(Scalars, plain)) == PayloadCodec().encode(message)


def test_a_number_without_a_name_is_not_read_as_a_name() -> None:
    """Even where an enum has a member that is called as such numbers are shown."""

    class Confusing(OpenEnum):
        NONE = 0
        UNKNOWN_7 = 9

    @frozen(kw_only=True)
    class Holder:
        __protobuf_name__: ClassVar[str] = "shop.Holder"
        it: Confusing = proto(1, Confusing)

    assert to_json(Holder(it=Confusing(7))) == {"it": 7}
    assert repr(Confusing(7)) == "Confusing(7)"


@pytest.mark.parametrize("plain", [{"a_double": "1"}, {"a_double": True}, {"a_float": None}, {"a_int64": 2**63}])
def test_numbers_are_not_guessed(plain: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        from_json(Scalars, plain)


@pytest.mark.parametrize("plain", [5, "text", None, []])
def test_json_that_is_no_object_is_refused(plain: Any) -> None:
    with pytest.raises(InvalidArgument, match="expected an object"):
        from_json(Money, plain)


def test_every_misfit_is_named_at_once() -> None:
    with pytest.raises(InvalidArgument) as refused:
        from_json(Scalars, {"a_int32": "x", "a_string": 5})

    assert ("$.a_int32" in str(refused.value), "$.a_string" in str(refused.value)) == (True, True)


def test_the_text_of_an_error_holds_no_value() -> None:
    with pytest.raises(InvalidArgument) as refused:
        from_json(PlaceOrder, {"customer": "secret", "patience": "secret", "lines": [{"quantity": "secret"}]})

    assert "secret" not in repr(refused.value)


def test_compiled_messages_have_protobufs_own_json() -> None:
    cls = compiled("shop.orders.v1.PlaceOrder")
    message = cls(not_before={"seconds": 1}, lines=[{"quantity": 2}])

    assert to_json(message) == {"not_before": "1970-01-01T00:00:01Z", "lines": [{"quantity": 2}]}
    assert from_json(cls, to_json(message)) == message


def test_json_that_does_not_fit_a_compiled_message_is_refused() -> None:
    with pytest.raises(InvalidArgument, match=r"not the JSON of a shop\.money\.v1\.Money") as refused:
        from_json(compiled("shop.money.v1.Money"), {"minor_units": "secret"})

    assert "secret" not in repr(refused.value)


@pytest.mark.parametrize("wrong", [5, "text", [Money()]])
def test_what_is_no_message_has_no_json(wrong: Any) -> None:
    with pytest.raises(UsageError, match="no message class"):
        to_json(wrong)
