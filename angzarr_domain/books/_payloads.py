from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeGuard, TypeVar, runtime_checkable

import attrs

from angzarr_domain.exceptions import UsageError

from ._states import ReadState, StateSchema, UnfitState


@runtime_checkable
class Named(Protocol):
    """A message class generated from a .proto: a frozen attrs class that knows its protobuf full name."""

    __protobuf_name__: ClassVar[str]


@runtime_checkable
class Compiled(Protocol):
    """A message class compiled by protoc."""

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes: ...  # noqa: N802
    def ListFields(self) -> Any: ...  # noqa: N802


Message = Named | Compiled
M = TypeVar("M", bound=Message)


def type_name(message_type: type[Any]) -> str:
    """The protobuf full name of a message class, of either kind.

    Raises:
        UsageError: The class is no message class.

    """
    name = _declared_name(message_type)
    if name is None:
        raise UsageError(
            f"{message_type.__qualname__} is no message class: generate it from a .proto "
            "(python -m angzarr_domain generate), or compile it with protoc",
            field="message",
        )
    return name


def check_message(message: object) -> None:
    """UsageError for a class where one of its messages is meant: the brackets of one without fields get forgotten."""
    if isinstance(message, type):
        raise UsageError(
            f"{message.__name__} is a class and no message: write {message.__name__}(...)", field="message"
        )


def is_message_type(candidate: object) -> TypeGuard[type[Any]]:
    """Whether this is a message class of either kind."""
    return isinstance(candidate, type) and _declared_name(candidate) is not None


def _declared_name(message_type: type[Any]) -> str | None:
    name = getattr(message_type, "__protobuf_name__", None)
    if name is None:
        name = getattr(getattr(message_type, "DESCRIPTOR", None), "full_name", None)
    return name if isinstance(name, str) else None


def type_name_of_url(type_url: str) -> str:
    """The full name a type URL stands for: the text after the last "/" (C-0372)."""
    return type_url.rpartition("/")[2]


@attrs.frozen
class Payload:
    """A message as it travels: which type, and its bytes. The bytes never change on their way."""

    type_url: str
    value: bytes = attrs.field(repr=lambda value: f"<{len(value)} bytes>")

    @property
    def type_name(self) -> str:
        """The protobuf full name, without the URL's prefix."""
        return type_name_of_url(self.type_url)


class Codec(Protocol):
    """Turns messages into payloads and back. Implemented by `angzarr_domain.wire.PayloadCodec`."""

    def encode(self, message: Message, /) -> Payload:
        """The payload, with type URL "/" + full name (C-0474) and deterministic bytes."""
        ...

    def decoder(self, message_type: type[M], /) -> Callable[[bytes], M]:
        """A decoder for one thread at a time; it raises DecodeFailed (C-0376). Empty bytes are defaults."""
        ...

    def decode(self, payload: Payload, message_type: type[M], /) -> M:
        """The payload as that type; DecodeFailed if it is another type or not readable."""
        ...

    def decode_known(self, payload: Payload, /) -> Message:
        """The payload as one of the types this codec was told of; DecodeFailed lists them if it is none."""
        ...

    def encode_state(self, schema: StateSchema, state: object, /) -> Payload:
        """The state of an aggregate, exactly; StateNotEncodable if a field holds what cannot be written."""
        ...

    def decode_state(self, schema: StateSchema, payload: Payload, /) -> ReadState | UnfitState:
        """The values of its fields, or why it is no state of this schema."""
        ...
