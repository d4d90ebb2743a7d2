"""Messages to payloads and back: generated classes and compiled ones give and read the same bytes."""

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import attrs
import pytest
from google.protobuf import descriptor_pool, empty_pb2, struct_pb2, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st

from angzarr_domain.books import Payload
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument, UsageError
from angzarr_domain.messages import FrozenMap, Shape, frozen, proto, schema_of
from angzarr_domain.wire import PayloadCodec
from tests.shop import orders_messages
from tests.shop.compiled import compiled
from tests.shop.money_messages import Money
from tests.shop.orders_messages import (
    Category,
    Lists,
    Maps,
    Names,
    Nothing,
    Optionals,
    OrderState,
    OrderStatus,
    PlaceOrder,
    PlaceOrderLine,
    Scalars,
)
from tests.shop.strategies import messages

CLASSES: list[Any] = [Scalars, Optionals, Lists, Maps, PlaceOrder, OrderState, Category, Names, Nothing, Money]
CODEC = PayloadCodec(CLASSES)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

any_message = st.one_of([messages(cls) for cls in CLASSES])


def as_compiled(message: Any) -> Any:
    """The same values put into protoc's class through its own interface."""
    made = compiled(message.__protobuf_name__)()
    # Fields differ in name only where Python needed another; they are in the order of the .proto.
    for (name, field), described in zip(schema_of(message.__class__).items(), made.DESCRIPTOR.fields, strict=True):
        value = getattr(message, name)
        if field.shape is Shape.MAP:
            fill_map(getattr(made, described.name), value)
        elif field.shape is Shape.REPEATED:
            getattr(made, described.name).extend([plain(item) for item in value])
        elif value is not None and described.message_type is not None:
            getattr(made, described.name).CopyFrom(plain(value))
        elif value is not None:
            setattr(made, described.name, plain(value))
    return made


def fill_map(target: Any, items: FrozenMap[Any, Any]) -> None:
    for key, item in items.items():
        value = plain(item)
        if hasattr(value, "CopyFrom"):
            target[key].CopyFrom(value)
        else:
            target[key] = value


def plain(value: Any) -> Any:
    """A value as protoc's classes take it."""
    if attrs.has(value.__class__):
        return as_compiled(value)
    if isinstance(value, datetime):
        seconds, rest = divmod(value - EPOCH, timedelta(seconds=1))
        return compiled("google.protobuf.Timestamp")(seconds=seconds, nanos=rest.microseconds * 1000)
    if isinstance(value, timedelta):
        made = compiled("google.protobuf.Duration")()
        made.FromTimedelta(value)
        return made
    if isinstance(value, UUID):
        return compiled("io.angzarr.v1.UUID")(value=value.bytes)
    return value


@given(any_message)
def test_a_generated_message_reads_back_equal(message: Any) -> None:
    assert CODEC.decode_known(CODEC.encode(message)) == message


@given(any_message)
def test_a_generated_message_gives_the_bytes_of_the_compiled_one(message: Any) -> None:
    """Deterministic, both of them: bytes are what coordinators compare."""
    assert CODEC.encode(message) == CODEC.encode(as_compiled(message))


@given(any_message)
def test_a_compiled_message_reads_as_the_generated_one(message: Any) -> None:
    assert CODEC.decode(CODEC.encode(as_compiled(message)), message.__class__) == message


@given(any_message)
def test_a_compiled_message_reads_back_equal(message: Any) -> None:
    made = as_compiled(message)

    assert CODEC.decode(CODEC.encode(made), made.__class__) == made


def failure(payload: Payload, cls: Any) -> str:
    """Why the payload cannot be read; "" if it can."""
    try:
        CODEC.decode(payload, cls)
    except DecodeFailed as failed:
        return failed.details["reason"]
    return ""


@given(st.sampled_from(CLASSES), st.binary(max_size=40))
def test_any_bytes_are_a_message_or_a_decode_failure(cls: Any, value: bytes) -> None:
    """A generated class reads what the compiled one reads, but for times and ids that Python has no value for."""
    payload = Payload(f"/{cls.__protobuf_name__}", value)
    ours, protocs = failure(payload, cls), failure(payload, compiled(cls.__protobuf_name__))

    assert ours == protocs or (protocs == "" and re.search("timestamp|duration|UUID", ours))


def test_a_type_url_is_a_slash_and_the_full_name() -> None:
    """C-0097, C-0474. A nested message's name has the message it is in."""
    assert CODEC.encode(PlaceOrderLine()).type_url == "/shop.orders.v1.PlaceOrder.Line"


@pytest.mark.parametrize("prefix", ["/", "", "type.googleapis.com/", "example.com/types/"])
@pytest.mark.parametrize("cls", [Money, compiled("shop.money.v1.Money")])
def test_any_prefix_of_a_type_url_is_read(prefix: str, cls: Any) -> None:
    """C-0372: the type is what follows the last slash."""
    assert CODEC.decode(Payload(f"{prefix}shop.money.v1.Money", b"\x10\x05"), cls).minor_units == 5


@pytest.mark.parametrize("name", ["Money", "v1.Money", "shop.money.v2.Money", "shop.money.v1.Money2", ""])
def test_another_type_is_refused_by_its_full_name(name: str) -> None:
    """C-0366, C-0373: no suffix or likeness will do."""
    with pytest.raises(DecodeFailed, match=r"asked for as shop\.money\.v1\.Money") as failure:
        CODEC.decode(Payload(f"/{name}", b""), Money)

    assert (failure.value.code, failure.value.type_url) == ("ANY_TYPE_MISMATCH", f"/{name}")


@pytest.mark.parametrize("cls", CLASSES)
def test_no_bytes_are_a_message_of_defaults(cls: Any) -> None:
    """C-0375."""
    assert CODEC.decode(Payload(f"/{cls.__protobuf_name__}", b""), cls) == cls()


@pytest.mark.parametrize("cls", [PlaceOrder, compiled("shop.orders.v1.PlaceOrder")], ids=["generated", "compiled"])
@pytest.mark.parametrize("value", [b"\xff", b"\x2a\x05ab", b"\x2a\x01\xff"], ids=["no tag", "cut off", "no utf-8"])
def test_corrupt_bytes_are_a_decode_failure(cls: Any, value: bytes) -> None:
    """C-0376. The failure names the type and holds none of the bytes."""
    with pytest.raises(DecodeFailed, match="not a readable message") as failure:
        CODEC.decoder(cls)(value)

    assert (failure.value.type_url, failure.value.code) == ("/shop.orders.v1.PlaceOrder", "ANY_DECODE_FAILED")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"customer": {"value": b"short"}}, "5 bytes instead of 16"),
        ({"not_before": {"seconds": 2**60}}, "years 1 to 9999"),
        ({"not_before": {"seconds": -62_135_596_801}}, "years 1 to 9999"),
        ({"patience": {"seconds": 2**62}}, "duration"),
    ],
)
def test_a_value_that_python_cannot_hold_is_a_decode_failure(raw: dict[str, Any], said: str) -> None:
    value = compiled("shop.orders.v1.PlaceOrder")(**raw).SerializeToString()

    with pytest.raises(DecodeFailed, match=said):
        CODEC.decoder(PlaceOrder)(value)


def test_nanoseconds_are_cut_to_what_python_holds() -> None:
    """Towards the past for moments, towards zero for durations; the stored bytes keep them."""
    raw = compiled("shop.orders.v1.PlaceOrder")(not_before={"nanos": 1999}, patience={"seconds": -1, "nanos": -1999})
    message = CODEC.decoder(PlaceOrder)(raw.SerializeToString())

    assert message.not_before == EPOCH + timedelta(microseconds=1)
    assert message.patience == timedelta(seconds=-1, microseconds=-1)


def test_the_last_member_of_a_oneof_in_the_bytes_counts() -> None:
    """As protobuf has it, so that a decoded message never breaks its own rule."""
    both = CODEC.encode(PlaceOrder(card="1")).value + CODEC.encode(PlaceOrder(installments=2)).value

    assert CODEC.decoder(PlaceOrder)(both) == PlaceOrder(installments=2)


def test_fields_of_a_newer_proto_are_passed_over() -> None:
    newer = CODEC.encode(OrderState(status=OrderStatus.SENT, lines=(PlaceOrderLine(),))).value

    @frozen(kw_only=True)
    class OlderState:
        __protobuf_name__: ClassVar[str] = "shop.orders.v1.OrderState"
        status: OrderStatus = proto(1, OrderStatus)

    assert CODEC.decoder(OlderState)(newer) == OlderState(status=OrderStatus.SENT)


def test_what_a_decoder_gave_stays_as_it_was() -> None:
    """A decoder reuses what it parses into; nothing of that may show through."""
    decode = CODEC.decoder(Lists)
    first = decode(CODEC.encode(Lists(numbers=(1, 2), amounts=(Money(minor_units=1),))).value)
    decode(CODEC.encode(Lists(numbers=(3,))).value)

    assert first == Lists(numbers=(1, 2), amounts=(Money(minor_units=1),))


def test_a_decoder_goes_on_after_bytes_it_could_not_read() -> None:
    decode = CODEC.decoder(Money)
    with pytest.raises(DecodeFailed):
        decode(b"\x0a\x03EUR\xff")

    assert decode(b"\x10\x05") == Money(minor_units=5)


def test_a_known_type_is_found_by_its_name() -> None:
    assert PayloadCodec([Money]).decode_known(Payload("x/shop.money.v1.Money", b"")) == Money()


def test_an_unknown_type_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(DecodeFailed, match=r"known here: shop\.money\.v1\.Money, shop\.orders\.v1\.Scalars"):
        PayloadCodec([Scalars, Money]).decode_known(Payload("/shop.orders.v1.Unheard", b""))


def test_a_codec_knows_nothing_but_what_it_was_told() -> None:
    """Two hosts in one process must not see each other's types."""
    PayloadCodec([Money])

    with pytest.raises(DecodeFailed, match="known here: nothing"):
        PayloadCodec().decode_known(Payload("/shop.money.v1.Money", b""))


@pytest.mark.parametrize("known", [[], [Scalars]])
def test_an_unknown_type_is_an_error_that_says_how_to_make_it_known(known: list[type[Any]]) -> None:
    """By naming the class where it is read, or its class or aggregate where the client is made."""
    with pytest.raises(DecodeFailed) as caught:
        PayloadCodec(known).decode_known(Payload("/shop.money.v1.Money", b""))

    for advice in ("decode(Money)", "DomainClient.connect(..., types=[Money])", "aggregates=[...]"):
        assert advice in caught.value.message


def test_two_classes_for_one_type_are_refused() -> None:
    """Which of them `decode_known` gave would be a matter of order."""
    with pytest.raises(UsageError, match=r"two classes stand for shop\.money\.v1\.Money"):
        PayloadCodec([Money, compiled("shop.money.v1.Money")])


def test_a_class_told_twice_is_fine() -> None:
    assert PayloadCodec([Money, Money]).decode_known(Payload("/shop.money.v1.Money", b"")) == Money()


@pytest.mark.parametrize("wrong", ["text", 5, None, object()])
def test_what_is_no_message_is_not_encoded(wrong: Any) -> None:
    with pytest.raises(UsageError, match="no message class"):
        CODEC.encode(wrong)


def test_a_class_that_only_looks_compiled_is_refused() -> None:
    class Fake:
        DESCRIPTOR = compiled("shop.money.v1.Money").DESCRIPTOR

    with pytest.raises(UsageError, match="no protobuf message"):
        CODEC.decoder(Fake)  # type: ignore[type-var]  # that is the point


def test_compiled_messages_of_the_default_pool_work_too() -> None:
    """Users' own classes live there."""
    payload = CODEC.encode(timestamp_pb2.Timestamp(seconds=5))

    assert CODEC.decode(payload, timestamp_pb2.Timestamp) == timestamp_pb2.Timestamp(seconds=5)


def test_maps_of_compiled_messages_are_encoded_in_one_order() -> None:
    forth, back = struct_pb2.Struct(), struct_pb2.Struct()
    forth.update({"a": 1, "b": 2, "c": 3})
    back.update({"c": 3, "b": 2, "a": 1})

    assert CODEC.encode(forth) == CODEC.encode(back)


def test_maps_of_generated_messages_are_encoded_in_one_order() -> None:
    assert CODEC.encode(Maps(counts={"a": 1, "b": 2})) == CODEC.encode(Maps(counts={"b": 2, "a": 1}))


def test_a_message_nested_deeper_than_it_could_be_read_is_refused() -> None:
    """Protobuf reads a hundred levels. Nothing may be stored that nobody can load again."""
    deep = Category()
    for _ in range(101):
        deep = Category(parent=deep)

    with pytest.raises(InvalidArgument, match="nested too deep"):
        CODEC.encode(deep)


def test_a_message_nested_deeper_than_python_follows_is_refused() -> None:
    """By the same error; what is too deep for Python is too deep for protobuf, too."""
    deep = Category()
    for _ in range(2_000):
        deep = Category(parent=deep)

    with pytest.raises(InvalidArgument, match="nested too deep"):
        CODEC.encode(deep)


def test_bytes_nested_too_deep_are_a_decode_failure() -> None:
    """Nobody can make a reader run out of stack."""
    value = b""
    for _ in range(5_000):
        value = b"\x12" + _varint(len(value)) + value

    assert schema_of(Category)["parent"].number == 2
    assert failure(Payload("/shop.orders.v1.Category", value), Category) == failure(
        Payload("/shop.orders.v1.Category", value), compiled("shop.orders.v1.Category")
    )


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + _varint(number >> 7)


def test_a_codec_is_used_by_many_threads() -> None:
    codec, start, seen = PayloadCodec([Category]), threading.Barrier(8), list[Any]()
    deep = Category(name="a", children=(Category(name="b"),))

    def work() -> None:
        start.wait()
        seen.extend(codec.decode_known(codec.encode(deep)) == deep for _ in range(200))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [True] * 1600


def test_generated_classes_leave_the_default_pool_alone() -> None:
    """What another library registers there cannot clash."""
    CODEC.encode(Money())

    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("shop.money.v1.Money")


def test_an_unslotted_class_is_refused_by_name() -> None:
    @attrs.frozen(slots=False)
    class Loose:
        __protobuf_name__: ClassVar[str] = "shop.Loose"
        total: int = proto(1, "int64")

    with pytest.raises(UsageError, match=r"Loose\.total is no slot"):
        CODEC.encode(Loose())


def test_an_empty_message_has_no_bytes() -> None:
    assert CODEC.encode(orders_messages.Nothing()).value == CODEC.encode(empty_pb2.Empty()).value == b""
