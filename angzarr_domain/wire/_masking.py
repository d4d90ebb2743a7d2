"""Payloads with some values made up: what tells of people is replaced, and everything else stays as it is.

The made-up value is of the field's own type, and the same wherever the same value stood, so that what refers to
something still does. What holds its default (nothing, zero, an empty text) is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
from google.protobuf.message import Message as CompiledMessage

from angzarr_domain.books import Payload, type_name
from angzarr_domain.exceptions import DecodeFailed, UsageError, listed
from angzarr_domain.messages import FieldSchema, FrozenMap, Shape, schema_of

from ._masking_compiled import CompiledMasker, compiled_fields
from ._payloads import PayloadCodec
from ._pseudonyms import Pseudonyms
from ._schemas import raw_class, reachable


@attrs.frozen
class _MaskedField:
    """A field to mask: of messages of one type, or, without a type, of all that have it."""

    field: str
    type: str = ""

    @classmethod
    def of(cls, text: str) -> _MaskedField:
        named_type, _, field = text.rpartition(".")
        return cls(field, named_type)

    def is_meant(self, full_name: str, field: str) -> bool:
        return field == self.field and (not self.type or f".{full_name}".endswith(f".{self.type}"))


class Masking:
    """Replaces the values of some fields, however deep inside a payload they are.

    Args:
        fields: Names of fields: "owner" of any message that has it, "AccountOpened.owner" or
            "bank.v1.AccountOpened.owner" of one type. A field that holds messages is masked with all that is in them.
        known: The message classes by the full names they are stored under.
        key: What the made-up values are drawn by: the same key gives the same ones. Whoever has it can find out by
            trying which value a made-up one stands for.

    Raises:
        UsageError: No known message has a field of such a name.

    """

    def __init__(self, fields: Iterable[str], known: Mapping[str, type[Any]], key: bytes) -> None:
        self._masked = tuple(_MaskedField.of(text) for text in fields)
        self._known = dict(known)
        self._codec = PayloadCodec()
        self._raw: dict[str, type[CompiledMessage]] = {}
        self._made_up = Pseudonyms(key)
        self._check_meant()

    def payload(self, payload: Payload) -> Payload:
        """The payload without what is to be masked; the very same one if there is nothing of that in it.

        Raises:
            DecodeFailed: It is of a type that is not known, or has fields that its class does not know: they could
                hold anything.

        """
        message_type = self._known.get(payload.type_name)
        if message_type is None:
            raise DecodeFailed(
                payload.type_url,
                f"nobody knows what in it is to be masked; known here: {listed(self._known) or 'nothing'}",
                code="ANY_TYPE_MISMATCH",
            )
        message: Any = self._codec.decoder(message_type)(payload.value)
        self._check_unknown(payload, message_type)
        if isinstance(message, CompiledMessage):
            before = self._codec.encode(message).value
            CompiledMasker(self._is_meant, self._made_up, self.payload).mask(message)
            after = self._codec.encode(message).value
            return payload if after == before else Payload(payload.type_url, after)
        masked = self._generated(message, whole=False)
        return payload if masked is message else Payload(payload.type_url, self._codec.encode(masked).value)

    def _generated(self, message: Any, *, whole: bool) -> Any:
        changed: dict[str, Any] = {}
        cls: type[Any] = message.__class__
        name = type_name(cls)
        for field, schema in schema_of(cls).items():
            value = getattr(message, field)
            masked = self._of_field(schema, value, masked=whole or self._is_meant(name, field))
            if masked is not value and masked != value:
                changed[field] = masked
        return attrs.evolve(message, **changed) if changed else message

    def _of_field(self, schema: FieldSchema, value: Any, *, masked: bool) -> Any:
        if value is None:
            return None
        if schema.shape is Shape.REPEATED:
            return tuple(self._one(schema, item, masked=masked) for item in value)
        if schema.shape is Shape.MAP:
            return FrozenMap(
                {
                    self._made_up.key(key) if masked else key: self._one(schema, item, masked=masked)
                    for key, item in value.items()
                }
            )
        return self._one(schema, value, masked=masked)

    def _one(self, schema: FieldSchema, value: Any, *, masked: bool) -> Any:
        if schema.kind == "message":
            return self._generated(value, whole=masked)
        if not masked:
            return value
        return self._made_up.member(value, schema.type) if schema.kind == "enum" else self._made_up.of(value)

    def _is_meant(self, full_name: str, field: str) -> bool:
        return any(masked.is_meant(full_name, field) for masked in self._masked)

    def _check_meant(self) -> None:
        there = set(self._fields())
        for masked in self._masked:
            if not any(masked.is_meant(name, field) for name, field in there):
                text = f"{masked.type}.{masked.field}" if masked.type else masked.field
                raise UsageError(
                    f"no message that is known here has a field {text!r} to mask; their fields: "
                    f"{listed({field for _, field in there}) or 'none'}",
                    field="mask",
                )

    def _fields(self) -> Iterator[tuple[str, str]]:
        for message_type in self._known.values():
            if issubclass(message_type, CompiledMessage):
                yield from compiled_fields(message_type)
            else:
                for cls in reachable(message_type):
                    yield from ((type_name(cls), field) for field in schema_of(cls))

    def _check_unknown(self, payload: Payload, message_type: type[Any]) -> None:
        name = type_name(message_type)
        if name not in self._raw:
            compiled = issubclass(message_type, CompiledMessage)
            self._raw[name] = message_type if compiled else raw_class(message_type)
        raw = self._raw[name].FromString(payload.value)
        size = raw.ByteSize()
        raw.DiscardUnknownFields()  # type: ignore[no-untyped-call,unused-ignore]  # untyped in some releases of the stubs
        if raw.ByteSize() != size:
            raise DecodeFailed(
                payload.type_url, "it has fields that the class here does not know, so nobody can tell what is in them"
            )
