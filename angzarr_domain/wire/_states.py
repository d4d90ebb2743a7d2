"""A whole state as one payload, and back: exactly, or not at all.

The same state gives the same bytes in every process. Its fields are written alike however dicts and sets of them were
filled; in which order a dict was filled is written beside them, since code that walks it may decide by that.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar
from weakref import WeakKeyDictionary

import attrs
from google.protobuf.message import DecodeError

from angzarr_domain.books import Message, Payload, ReadState, StateSchema, UnfitState
from angzarr_domain.exceptions import StateNotEncodable

from ._state_containers import Bindings
from ._state_walks import Reader, Reading, Unreadable, Unwritable, Writer, Writing
from .pb import messages as pb

M = TypeVar("M", bound=Message)

#: What a state without a message of its own travels as.
STATE_TYPE: Final = "angzarr_domain.v1.State"


class Messages(Protocol):
    """How the messages in a state are written and read."""

    def encode(self, message: Message, /) -> Payload:
        """See `Codec.encode`."""
        ...

    def decoder(self, message_type: type[M], /) -> Callable[[bytes], M]:
        """See `Codec.decoder`."""
        ...


@attrs.frozen
class StateFields:
    """How the fields of one class are written and read. For several threads."""

    aggregate: str
    parts: tuple[tuple[str, Writer, Reader], ...]

    @classmethod
    def of(cls, schema: StateSchema) -> StateFields:
        """Made once for each schema."""
        found = _MADE.get(schema)
        return _MADE.setdefault(schema, cls._new(schema)) if found is None else found

    @classmethod
    def _new(cls, schema: StateSchema) -> StateFields:
        bindings = Bindings(schema.records)
        # Ordered by name, so that dicts are counted in the same order wherever a field is declared.
        fields = sorted(schema.fields, key=lambda field: field.name)
        return cls(schema.cls.__name__, tuple((field.name, *bindings.of(field.type)) for field in fields))

    def write(self, state: object, messages: Messages) -> pb.State:
        """The state's fields, without a stamp; or StateNotEncodable."""
        written, walk, name = pb.State(), Writing(lambda message: messages.encode(message).value), ""
        try:
            for name, write, _ in self.parts:
                write(getattr(state, name), written.fields[name], walk)
        except Unwritable as error:
            raise StateNotEncodable(self.aggregate, name, str(error)) from error
        except RecursionError as error:
            raise StateNotEncodable(self.aggregate, name, "is nested too deep") from error
        except AttributeError as error:
            raise StateNotEncodable(self.aggregate, name, "holds an object with a field that was never set") from error
        for number, places in walk.orders.items():
            written.orders.add(map=number, places=places)
        return written

    def read(self, written: pb.State, messages: Messages) -> dict[str, Any]:
        """The values of the fields, new ones; or Unreadable."""
        walk = Reading(messages.decoder, {order.map: list(order.places) for order in written.orders})
        if sorted(written.fields) != [name for name, _, _ in self.parts]:
            raise Unreadable("other fields")
        values: dict[str, Any] = {}
        for name, _, read in self.parts:
            try:
                values[name] = read(written.fields[name], walk)
            except Unreadable as error:
                raise Unreadable(f"{name} {error}") from error
        return values


_MADE: Final[WeakKeyDictionary[StateSchema, StateFields]] = WeakKeyDictionary()


def encode_state(schema: StateSchema, state: object, messages: Messages) -> bytes:
    """The bytes of a `State`, its stamp first. Raises StateNotEncodable."""
    body = StateFields.of(schema).write(state, messages).SerializeToString(deterministic=True)
    value = pb.State(stamp=stamp_of(schema, body)).SerializeToString(deterministic=True) + body
    try:
        # Protobuf writes what is nested too deep for it to read.
        pb.State.FromString(value)
    except DecodeError as error:
        raise StateNotEncodable(schema.cls.__name__, "state", "is nested too deep") from error
    return value


def decode_state(schema: StateSchema, value: bytes, messages: Messages) -> ReadState | UnfitState:
    """The state, if it is one of this schema, complete and unharmed."""
    try:
        written = pb.State.FromString(value)
    except DecodeError:
        return UnfitState("its bytes are no state")
    stamp = written.stamp
    before = pb.State(stamp=stamp).SerializeToString(deterministic=True)
    misfit = check_stamp(schema, stamp, value.removeprefix(before))
    if misfit is not None:
        return misfit
    try:
        return ReadState(StateFields.of(schema).read(written, messages), stamp.appliers)
    except Unreadable as error:
        return UnfitState(str(error), stamp.version)


def stamp_of(schema: StateSchema, body: bytes) -> pb.StateStamp:
    """What a reader compares."""
    stamp = pb.StateStamp(fingerprint=schema.fingerprint, version=schema.version, appliers=schema.appliers)
    stamp.checksum = _checksum(stamp, body)
    return stamp


def _checksum(stamp: pb.StateStamp, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(f"{stamp.fingerprint} {stamp.version} {stamp.appliers}".encode()))


def check_stamp(schema: StateSchema, stamp: pb.StateStamp, body: bytes) -> UnfitState | None:
    """What does not fit, if anything."""
    if stamp.checksum != _checksum(stamp, body):
        return UnfitState("its bytes are not those that were written")
    if stamp.version != schema.version:
        return UnfitState(
            f"it was written under version {stamp.version}, and this is version {schema.version}", stamp.version
        )
    if stamp.fingerprint != schema.fingerprint:
        return UnfitState("the fields of the state, or their types, are others than when it was written", stamp.version)
    return None
