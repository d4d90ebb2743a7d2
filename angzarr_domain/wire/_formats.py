"""How one kind of frozen value becomes bytes and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import attrs
from google.protobuf.message import DecodeError, Message

from angzarr_domain.books import Payload
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument

V = TypeVar("V")
M = TypeVar("M", bound=Message)


@attrs.frozen
class Format(Generic[V]):
    """The encoding of one message of the protocol.

    Attributes:
        type_name: The message's protobuf full name.
        encode: The value's bytes, deterministic. Raises InvalidArgument when a number or text does not fit
            the protocol (a negative sequence, one of 2**32).
        decode: The value of these bytes. Raises DecodeFailed when they are no such message, InvalidArgument
            naming the field when one makes no sense (a root that is not 16 bytes: PROTO_UUID_INVALID).

    """

    type_name: str
    encode: Callable[[V], bytes]
    decode: Callable[[bytes], V]

    def pack(self, value: V) -> Payload:
        """The value as a payload of its own, such as a Notification on a command page."""
        return Payload("/" + self.type_name, self.encode(value))

    def unpack(self, payload: Payload) -> V:
        """The value in a payload; DecodeFailed if the payload is of another type."""
        if payload.type_name != self.type_name:
            raise DecodeFailed(payload.type_url, f"is not a {self.type_name}", code="ANY_TYPE_MISMATCH")
        return self.decode(payload.value)


def format_of(message_type: type[M], write: Callable[[M, V], None], read: Callable[[M], V]) -> Format[V]:
    """The format whose values are written into, and read from, messages of this class."""
    name: str = message_type.DESCRIPTOR.full_name

    def encode(value: V) -> bytes:
        message = message_type()
        try:
            write(message, value)
            return message.SerializeToString(deterministic=True)
        except (AttributeError, TypeError, ValueError) as error:  # their words may quote the value, so they stay local
            raise InvalidArgument(
                f"a value does not fit the protocol's {name}: numbers are 0 to 4294967295, texts valid Unicode, and "
                "messages travel as payloads (PayloadCodec().encode)"
            ) from error

    def decode(data: bytes) -> V:
        try:
            message = message_type.FromString(data)
        except (DecodeError, UnicodeDecodeError) as error:
            raise DecodeFailed("/" + name, f"{len(data)} bytes that are no such message") from error
        return read(message)

    return Format(name, encode, decode)
