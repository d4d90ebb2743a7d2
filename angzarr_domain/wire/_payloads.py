from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import attrs
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto
from google.protobuf.message import DecodeError, EncodeError
from google.protobuf.message import Message as CompiledMessage

from angzarr_domain.books import (
    Message,
    Payload,
    ReadState,
    StateSchema,
    UnfitState,
    check_message,
    type_name,
    type_name_of_url,
)
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument, UsageError, listed

from ._schemas import raw_class
from ._shapes import Unreadable, shape_of
from ._state_messages import decode_message, encode_as_message
from ._states import STATE_TYPE, decode_state, encode_state

M = TypeVar("M", bound=Message)
Decoder = Callable[[bytes], Any]

#: What every type URL of ours starts with (C-0097).
TYPE_URL_PREFIX = "/"


class PayloadCodec:
    """Messages to payloads and back, for generated classes and compiled protobuf messages alike.

    Type URLs are written as "/" + full name (C-0474); any prefix or none is read (C-0372), and full names are
    compared exactly (C-0366, C-0373). Thread-safe, except for the functions that `decoder` gives.

    Args:
        types: Message classes that `decode_known` finds by name. Two of the same name: UsageError.

    """

    def __init__(self, types: Iterable[type[Any]] = ()) -> None:
        self._known: dict[str, type[Any]] = {}
        for message_type in types:
            known = self._known.setdefault(type_name(message_type), message_type)
            if known is not message_type:
                raise UsageError(
                    f"two classes stand for {type_name(message_type)}: {_where(known)} and {_where(message_type)}; "
                    "tell the codec of one",
                    field="types",
                )

    def encode(self, message: Message, /) -> Payload:
        """The payload of a message; equal messages give equal bytes (but 0.0 and -0.0, which are equal, do not).

        Raises:
            UsageError: It is no message.
            InvalidArgument: A compiled message lacks a required field, or a message is nested too deep.

        """
        check_message(message)
        binding = _binding(type(message))
        return Payload(binding.type_url, binding.encode(message))

    def decoder(self, message_type: type[M], /) -> Callable[[bytes], M]:
        """A decoder for hot loops, for one thread at a time: it may reuse what it parses into.

        It raises DecodeFailed for bytes that are not readable (C-0376); empty bytes are a default message (C-0375).
        """
        return _binding(message_type).decoder()

    def decode(self, payload: Payload, message_type: type[M], /) -> M:
        """The payload as that type.

        Raises:
            DecodeFailed: The payload is of another type, or its bytes are not readable.

        """
        binding = _binding(message_type)
        if type_name_of_url(payload.type_url) != binding.full_name:
            raise DecodeFailed(payload.type_url, f"asked for as {binding.full_name}", code="ANY_TYPE_MISMATCH")
        decoded: M = binding.decoder()(payload.value)
        return decoded

    def decode_known(self, payload: Payload, /) -> Message:
        """The payload as one of the types this codec was told of.

        Raises:
            DecodeFailed: It was not told of this type, and the text lists what it knows; or the bytes are not
                readable.

        """
        message_type = self._known.get(type_name_of_url(payload.type_url))
        if message_type is None:
            raise DecodeFailed(payload.type_url, self._unknown(payload.type_name), code="ANY_TYPE_MISMATCH")
        decoded: Message = _binding(message_type).decoder()(payload.value)
        return decoded

    def _unknown(self, name: str) -> str:
        cls = name.rpartition(".")[2] or "TheMessage"
        return (
            f"not among the known types; known here: {listed(self._known) or 'nothing'}. Say what it is, "
            f"decode({cls}), or tell the client: DomainClient.connect(..., types=[{cls}]), or "
            "aggregates=[...] for all messages of a class"
        )

    def encode_state(self, schema: StateSchema, state: object, /) -> Payload:
        """The state of an aggregate, exactly and the same in every process: as its message, or the framework's `State`.

        Raises:
            StateNotEncodable: A field holds what cannot be written exactly.

        """
        if schema.message is None:
            return Payload(TYPE_URL_PREFIX + STATE_TYPE, encode_state(schema, state, self))
        return Payload(TYPE_URL_PREFIX + type_name(schema.message), encode_as_message(schema, state, self))

    def decode_state(self, schema: StateSchema, payload: Payload, /) -> ReadState | UnfitState:
        """The values of the fields, or why this is no state of the schema."""
        expected = STATE_TYPE if schema.message is None else type_name(schema.message)
        if payload.type_name != expected:
            return UnfitState(f"it is a {payload.type_name or '(no type)'}, not a {expected}")
        decode = decode_state if schema.message is None else decode_message
        return decode(schema, payload.value, self)


@attrs.frozen
class _Binding:
    full_name: str
    encode: Callable[[Any], bytes]
    decoder: Callable[[], Decoder]

    @property
    def type_url(self) -> str:
        return TYPE_URL_PREFIX + self.full_name


# Derived from the class alone, so one copy serves every codec of the process.
_BINDINGS: dict[type[Any], _Binding] = {}


def _binding(message_type: type[Any]) -> _Binding:
    found = _BINDINGS.get(message_type)
    return _BINDINGS.setdefault(message_type, _bound(message_type)) if found is None else found


def _bound(message_type: type[Any]) -> _Binding:
    full_name = type_name(message_type)
    if issubclass(message_type, CompiledMessage):
        return _of_compiled(full_name, message_type)
    if hasattr(message_type, "DESCRIPTOR"):
        raise UsageError(f"{_where(message_type)} has a descriptor but is no protobuf message", field="message")
    return _of_generated(full_name, message_type)


def _of_compiled(full_name: str, message_type: type[CompiledMessage]) -> _Binding:
    type_url, parse = TYPE_URL_PREFIX + full_name, message_type.FromString
    encode = _serializer(full_name, message_type)

    def decode(value: bytes) -> CompiledMessage:
        try:
            return parse(value)
        except (DecodeError, UnicodeDecodeError) as error:
            raise DecodeFailed(type_url, "its bytes are not a readable message of this type") from error

    def decode_whole(value: bytes) -> CompiledMessage:
        message = decode(value)
        if not message.IsInitialized():
            raise DecodeFailed(type_url, "a required field is missing")
        return message

    # Parsing does not look at required fields, and asking every message would slow down those that have none (C-0294).
    whole = decode_whole if _has_required(message_type.DESCRIPTOR, set()) else decode
    return _Binding(full_name, encode, lambda: whole)


def _has_required(descriptor: Any, seen: set[str]) -> bool:
    if descriptor.full_name in seen:
        return False
    seen.add(descriptor.full_name)
    # The descriptor itself says it in one way up to protobuf 6 and in another from 7 on; its own message in one only.
    described = DescriptorProto()
    descriptor.CopyToProto(described)
    return any(field.label == FieldDescriptorProto.LABEL_REQUIRED for field in described.field) or any(
        field.message_type is not None and _has_required(field.message_type, seen) for field in descriptor.fields
    )


def _of_generated(full_name: str, message_type: type[Any]) -> _Binding:
    type_url, raw_type, shape = TYPE_URL_PREFIX + full_name, raw_class(message_type), shape_of(message_type)
    serialize = _serializer(full_name, raw_type)

    def encode(message: Any) -> bytes:
        raw = raw_type()
        try:
            shape.write(raw, message)
        except RecursionError as error:
            raise _unencodable(full_name) from error
        return serialize(raw)

    def decoder() -> Decoder:
        raw = raw_type()
        parse, read = raw.ParseFromString, shape.read

        def decode(value: bytes) -> Any:
            try:
                parse(value)
                return read(raw)
            except (DecodeError, UnicodeDecodeError) as error:
                raise DecodeFailed(type_url, "its bytes are not a readable message of this type") from error
            except Unreadable as error:
                raise DecodeFailed(type_url, str(error)) from error

        return decode

    return _Binding(full_name, encode, decoder)


def _serializer(full_name: str, message_type: type[CompiledMessage]) -> Callable[[Any], bytes]:
    recursive = _recursive(message_type.DESCRIPTOR)

    def serialize(message: CompiledMessage) -> bytes:
        try:
            value = message.SerializeToString(deterministic=True)
            if recursive:
                # Protobuf writes what is nested too deep for it to read; nobody could load that again.
                message_type.FromString(value)
        except (EncodeError, DecodeError) as error:
            raise _unencodable(full_name) from error
        return value

    return serialize


def _unencodable(full_name: str) -> InvalidArgument:
    return InvalidArgument(
        f"a {full_name} cannot be encoded: a required field is missing, or it is nested too deep", field=full_name
    )


def _recursive(descriptor: Any) -> bool:
    inside: dict[str, set[str]] = {}
    pending = [descriptor]
    while pending:
        described = pending.pop()
        if described.full_name not in inside:
            nested = [field.message_type for field in described.fields if field.message_type is not None]
            inside[described.full_name] = {one.full_name for one in nested}
            pending += nested
    while leaves := {name for name, held in inside.items() if not held & inside.keys()}:
        inside = {name: held for name, held in inside.items() if name not in leaves}
    return bool(inside)


def _where(message_type: type[Any]) -> str:
    return f"{message_type.__module__}.{message_type.__qualname__}"
