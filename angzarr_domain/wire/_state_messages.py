"""A state as the protobuf message that its class declares, so that readers of any language understand it.

The stamp that says what folded it follows as one field more, of a number that no message uses: whoever reads the
message skips it. A state is written only if it reads back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

from google.protobuf.message import DecodeError

from angzarr_domain.books import ReadState, StateSchema, UnfitState, ValueKind, ValueType
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument, StateNotEncodable

from ._states import Messages, StateFields, check_stamp, stamp_of
from .pb import messages as pb


def encode_as_message(schema: StateSchema, state: object, codec: Messages) -> bytes:
    """The declared message's bytes, the orders of its maps and the stamp last. Raises StateNotEncodable."""
    cls: Any = schema.message
    exact = StateFields.of(schema).write(state, codec)
    try:
        message = cls(**{field.name: _as_sent(field.type, getattr(state, field.name)) for field in schema.fields})
        body = codec.encode(message).value
        again = _values(schema, codec.decoder(cls)(body), exact.orders)
    except (TypeError, ValueError, InvalidArgument, DecodeFailed) as error:
        raise StateNotEncodable(
            schema.cls.__name__, "state", f"does not go into a {cls.__name__} ({type(error).__name__})"
        ) from error
    _check_exact(schema, exact, again, codec)
    body += pb.StampedState(orders=exact.orders).SerializeToString(deterministic=True)
    return body + _trailer(stamp_of(schema, body))


def _check_exact(schema: StateSchema, exact: pb.State, again: Mapping[str, Any], codec: Messages) -> None:
    # Equal is not enough: a moment equals itself in every zone, but its clock there shows something else.
    found = StateFields.of(schema).write(SimpleNamespace(**again), codec)
    for name, value in exact.fields.items():
        if value != found.fields[name]:
            cls: Any = schema.message
            raise StateNotEncodable(schema.cls.__name__, name, f"comes back from a {cls.__name__} as another value")


def decode_message(schema: StateSchema, value: bytes, codec: Messages) -> ReadState | UnfitState:
    """The state, if it is one of this schema, complete and unharmed."""
    cls: Any = schema.message
    try:
        stamped = pb.StampedState.FromString(value)
    except DecodeError:
        return UnfitState("its bytes are no message")
    stamp = stamped.stamp
    trailer = _trailer(stamp)
    if not value.endswith(trailer) or not stamp.fingerprint:
        return UnfitState("nothing says what it was folded by")
    body = value[: -len(trailer)]
    misfit = check_stamp(schema, stamp, body)
    if misfit is not None:
        return misfit
    try:
        return ReadState(_values(schema, codec.decoder(cls)(body), stamped.orders), stamp.appliers)
    except (DecodeFailed, ValueError) as error:
        return UnfitState(f"it is no readable {cls.__name__} ({type(error).__name__})", stamp.version)


def _trailer(stamp: pb.StateStamp) -> bytes:
    return pb.StampedState(stamp=stamp).SerializeToString(deterministic=True)


def _values(schema: StateSchema, message: object, orders: Iterable[pb.StateOrder]) -> dict[str, Any]:
    values = {field.name: _as_held(field.type, getattr(message, field.name)) for field in schema.fields}
    # A map of protobuf has no order of its own. Only fields can be maps, so they are counted by name.
    maps = sorted(field.name for field in schema.fields if field.type.kind is ValueKind.DICT)
    for order in orders:
        held = values[maps[order.map]]
        keys = sorted(held)
        values[maps[order.map]] = {keys[place]: held[keys[place]] for place in order.places}
    return values


def _as_sent(kind: ValueType, value: Any) -> Any:
    # The order of a set is not the same in every process.
    return sorted(value) if kind.kind in {ValueKind.SET, ValueKind.FROZENSET} else value


def _as_held(kind: ValueType, value: Any) -> Any:
    """What the state holds where the message has this: a list for a repeated field, the enum's member for a number."""
    make = _MADE_ANEW.get(kind.kind)
    if make is not None and value is not None:
        return make(value)
    if isinstance(kind.cls, type) and issubclass(kind.cls, Enum) and type(value) is not kind.cls:
        return kind.cls(value)
    return value


_MADE_ANEW: Final[Mapping[ValueKind, Callable[[Any], Any]]] = MappingProxyType(
    {
        ValueKind.LIST: list,
        ValueKind.TUPLE: tuple,
        ValueKind.SET: set,
        ValueKind.FROZENSET: frozenset,
        ValueKind.DICT: dict,
    }
)
