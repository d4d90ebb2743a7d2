"""Masking messages of classes that protoc compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableSequence
from typing import Any, Final

import attrs
from google.protobuf.message import Message as CompiledMessage

from angzarr_domain.books import Payload
from angzarr_domain.exceptions import DecodeFailed

from ._pseudonyms import Pseudonyms

_ANY: Final = "google.protobuf.Any"
_TIMES: Final = frozenset({"google.protobuf.Timestamp", "google.protobuf.Duration"})

IsMeant = Callable[[str, str], bool]


def compiled_fields(message_type: type[CompiledMessage]) -> Iterator[tuple[str, str]]:
    """Every field that a message of this class may have inside, with its type's full name."""
    pending: list[Any] = [message_type.DESCRIPTOR]
    seen: set[str] = set()
    while pending:
        described = pending.pop()
        if described.full_name in seen:
            continue
        seen.add(described.full_name)
        for field in described.fields:
            yield described.full_name, field.name
            if field.message_type is not None:
                pending.append(field.message_type)


@attrs.frozen
class CompiledMasker:
    """Masks messages in place.

    Attributes:
        is_meant: Whether a field of messages of a type, by its full name, is to be masked.
        inner: Masks a payload that is packed into an Any.

    """

    is_meant: IsMeant
    made_up: Pseudonyms
    inner: Callable[[Payload], Payload]

    def mask(self, message: Any, *, whole: bool = False) -> None:
        """Mask what is meant in the message; all of it, if it is meant as a whole."""
        name: str = message.DESCRIPTOR.full_name
        if name == _ANY:
            self._packed(message, whole=whole)
        elif name in _TIMES:
            if whole:
                message.seconds, message.nanos = self.made_up.number(message.seconds), 0
        else:
            for field, value in list(message.ListFields()):
                if field.is_extension:
                    raise DecodeFailed(name, "it has extensions, and nobody can tell what is in them")
                self._field(message, field, value, masked=whole or self.is_meant(name, field.name))

    def _field(self, message: Any, field: Any, value: Any, *, masked: bool) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self._map(field.message_type.fields_by_name["value"], value, masked=masked)
        elif field.message_type is not None:
            for item in value if _is_repeated(value) else (value,):
                self.mask(item, whole=masked)
        elif masked and _is_repeated(value):
            value[:] = [self._scalar(field, item) for item in value]
        elif masked:
            setattr(message, field.name, self._scalar(field, value))

    def _map(self, of_values: Any, items: Any, *, masked: bool) -> None:
        for key in list(items):
            if of_values.message_type is not None:
                self.mask(items[key], whole=masked)
            elif masked:
                items[key] = self._scalar(of_values, items[key])
            if masked and self.made_up.key(key) != key:
                self._rename(of_values, items, key)

    def _rename(self, of_values: Any, items: Any, key: Any) -> None:
        if of_values.message_type is None:
            items[self.made_up.key(key)] = items[key]
        else:
            items[self.made_up.key(key)].CopyFrom(items[key])
        del items[key]

    def _scalar(self, field: Any, value: Any) -> Any:
        if field.enum_type is not None:
            return self.made_up.among(value, (each.number for each in field.enum_type.values))
        return self.made_up.of(value)

    def _packed(self, message: Any, *, whole: bool) -> None:
        if whole:
            message.Clear()
        elif message.type_url:
            message.value = self.inner(Payload(message.type_url, message.value)).value


def _is_repeated(value: Any) -> bool:
    # What a descriptor says of it is said in one way up to protobuf 6 and in another from 7 on.
    # A ListValue is one message, although it reads as a sequence.
    return isinstance(value, MutableSequence) and not isinstance(value, CompiledMessage)
