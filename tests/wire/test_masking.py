"""Payloads with some values made up: what is meant is gone, everything else is as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from google.protobuf import any_pb2, struct_pb2, timestamp_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from angzarr_domain.books import Payload, type_name
from angzarr_domain.exceptions import DecodeFailed, UsageError
from angzarr_domain.messages import Shape, schema_of
from angzarr_domain.wire import Masking, PayloadCodec
from tests.ledger import Deposited, Opened
from tests.shop.compiled import compiled
from tests.shop.money_messages import Money
from tests.shop.orders_messages import PlaceOrder, PlaceOrderLine, PlaceOrderLineKind, Scalars
from tests.shop.strategies import messages

CODEC = PayloadCodec()
ORDER = PlaceOrder(
    customer=UUID(int=7),
    lines=(
        PlaceOrderLine(
            article="tea", quantity=3, price=Money(currency="EUR", minor_units=5), kind=PlaceOrderLineKind.GIFT
        ),
        PlaceOrderLine(article="tea"),
    ),
    not_before=datetime(2026, 1, 2, tzinfo=UTC),
    patience=timedelta(hours=1),
    card="4111",
    labels={"street": "Main Street"},
)


def known(*types: type[Any]) -> Mapping[str, type[Any]]:
    return {type_name(each): each for each in types}


def masked(message: Any, *fields: str, key: bytes = b"key") -> Any:
    """The message, masked."""
    cls: type[Any] = message.__class__
    return CODEC.decode(Masking(fields, known(cls), key).payload(CODEC.encode(message)), cls)


@pytest.mark.parametrize("field", ["owner", "Opened.owner", "ledger.Opened.owner", "tests.ledger.Opened.owner"])
def test_a_field_is_named_with_or_without_its_type(field: str) -> None:
    """By the field alone, the type's own name, or any longer part of its full one."""
    owner: str = masked(Opened(owner="ada"), field).owner

    assert owner.startswith("masked-")
    assert "ada" not in owner


@pytest.mark.parametrize("field", ["ownr", "Deposited.owner", "pened.owner", "other.Opened.owner", ""])
def test_a_name_that_means_no_field_is_refused(field: str) -> None:
    """A slip of the pen would leave in the clear what was to be masked; the text lists what there is."""
    with pytest.raises(UsageError, match="owner"):
        Masking([field], known(Opened, Deposited), b"key")


def test_the_same_value_is_masked_alike_wherever_it_stands() -> None:
    """What refers to something still does: in another field, in another message, in another run with the same key."""
    both = masked(ORDER, "article")

    assert both.lines[0].article == both.lines[1].article == masked(ORDER, "article").lines[0].article


def test_another_key_gives_other_values() -> None:
    """Without the key nobody can try which value a made-up one stands for."""
    assert masked(Opened(owner="ada"), "owner") != masked(Opened(owner="ada"), "owner", key=b"other")


def test_a_field_that_holds_messages_is_masked_with_all_in_them() -> None:
    """However deep; what is not set stays so."""
    order = masked(ORDER, "lines")
    line = order.lines[0]

    assert line.article.startswith("masked-")
    assert (line.quantity, line.price.currency, line.price.minor_units) != (3, "EUR", 5)
    assert order.lines[1] == PlaceOrderLine(article=line.article)
    assert (order.customer, order.card, order.labels) == (ORDER.customer, ORDER.card, ORDER.labels)


def test_keys_of_a_map_are_masked_too() -> None:
    """They say as much as its values."""
    labels: Mapping[str, str] = masked(ORDER, "labels").labels

    assert [key[:7] for key in (*labels, *labels.values())] == ["masked-", "masked-"]


@given(messages(PlaceOrder))
@settings(deadline=None, max_examples=40)
def test_what_is_not_meant_stays_as_it_is(order: PlaceOrder) -> None:
    """Byte for byte where nothing was meant."""
    given_payload = CODEC.encode(order)

    assert Masking(["article"], known(Opened, PlaceOrder), b"key").payload(given_payload).type_url == (
        given_payload.type_url
    )
    assert Masking(["owner"], known(Opened, PlaceOrder), b"key").payload(given_payload) is given_payload


@given(messages(Scalars))
@settings(deadline=None, max_examples=60)
def test_every_kind_of_value_is_made_up(message: Scalars) -> None:
    """Of its own type and range, and encodable; a default stays one. Only of truth values is one left."""
    fields = list(schema_of(Scalars))
    changed = masked(message, *fields)

    for name, schema in schema_of(Scalars).items():
        before, after = getattr(message, name), getattr(changed, name)
        if schema.kind != "bool" and before and schema.shape is Shape.SINGLE:
            assert type(after) is type(before)
            assert after != before or schema.kind in {"bytes", "enum"}  # of few, the same one may be drawn
        if not before:
            assert after == before
    assert CODEC.decode(CODEC.encode(changed), Scalars) == changed


@pytest.mark.parametrize("name", ["PlaceOrder", "Scalars"])
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_compiled_messages_are_masked_alike(name: str, data: st.DataObject) -> None:
    """The same fields of the same bytes: generated and compiled classes give the same payload."""
    cls = {"PlaceOrder": PlaceOrder, "Scalars": Scalars}[name]
    fields = data.draw(st.lists(st.sampled_from(list(schema_of(cls))), unique=True, min_size=1))
    payload = CODEC.encode(data.draw(messages(cls)))
    of_compiled = Masking(fields, known(compiled(type_name(cls))), b"key").payload(payload)
    of_generated = Masking(fields, known(cls), b"key").payload(payload)

    skipped = {"customer", "not_before", "patience"}  # messages to protoc, and values of their own here
    if not skipped & set(fields):
        assert CODEC.decode(of_compiled, cls) == CODEC.decode(of_generated, cls)


# --- what cannot be masked is refused ---


def test_an_unknown_type_is_refused() -> None:
    """It could hold anything; the text lists what is known, and nothing of the payload."""
    with pytest.raises(DecodeFailed, match=r"known here: tests\.ledger\.Opened"):
        Masking(["owner"], known(Opened), b"key").payload(Payload("/bank.v1.Opened", b"ada"))


@pytest.mark.parametrize("cls", [Opened, compiled("shop.orders.v1.Scalars")])
def test_unknown_fields_are_refused(cls: Any) -> None:
    """A newer event may name people in a field that this class has never heard of."""
    newer = Payload(f"/{type_name(cls)}", CODEC.encode(cls()).value + b"\xfa\x3f\x03ada")  # field 1023
    field = "owner" if cls is Opened else "a_string"

    with pytest.raises(DecodeFailed, match="does not know"):
        Masking([field], known(cls), b"key").payload(newer)


def test_unreadable_bytes_are_refused() -> None:
    """They are not copied unread."""
    with pytest.raises(DecodeFailed):
        Masking(["owner"], known(Opened), b"key").payload(Payload("/tests.ledger.Opened", b"\xff"))


def _packed(inner: Any) -> Payload:
    return CODEC.encode(any_pb2.Any(type_url=CODEC.encode(inner).type_url, value=CODEC.encode(inner).value))


def test_a_packed_message_is_masked_inside() -> None:
    """An Any holds a payload of its own."""
    masking = Masking(["owner"], known(Opened, any_pb2.Any), b"key")
    inner = CODEC.decode(masking.payload(_packed(Opened(owner="ada"))), any_pb2.Any)

    assert CODEC.decode(Payload(inner.type_url, inner.value), Opened) == masked(Opened(owner="ada"), "owner")


def test_a_packed_message_of_an_unknown_type_is_refused() -> None:
    """As it would be unpacked."""
    with pytest.raises(DecodeFailed):
        Masking(["owner"], known(Opened, any_pb2.Any), b"key").payload(_packed(Deposited(amount=1)))


def test_free_forms_are_masked_as_a_whole() -> None:
    """Names and values of a Struct, however nested; and a Timestamp stays one."""
    masking = Masking(["fields"], known(struct_pb2.Struct, timestamp_pb2.Timestamp), b"key")
    form = struct_pb2.Struct()
    form.update({"name": "ada", "tags": ["x"], "home": {"street": "Main Street"}})

    text = str(CODEC.decode(masking.payload(CODEC.encode(form)), struct_pb2.Struct))

    assert [word for word in ("name", "ada", "tags", '"x"', "home", "street", "Main") if word in text] == []
