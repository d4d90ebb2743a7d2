"""The fields of a message class of either kind, as one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from angzarr_domain.messages import Shape, schema_of

from ._limits import NO_LIMITS, Limits, limits_of

# FieldDescriptor's numbers of types; groups (10) are read as messages.
_KINDS: Final[Mapping[int, str]] = dict(
    enumerate(
        (
            "double",
            "float",
            "int64",
            "uint64",
            "int32",
            "fixed64",
            "fixed32",
            "bool",
            "string",
            "message",
            "message",
            "bytes",
            "uint32",
            "enum",
            "sfixed32",
            "sfixed64",
            "sint32",
            "sint64",
        ),
        start=1,
    )
)


@attrs.frozen
class Field:
    """One field, by the argument that sets it.

    Attributes:
        name: The field's own name, which errors and overrides use.
        kind: Protobuf's name of the scalar type, or one of enum, message, timestamp, duration, uuid.
        cls: The class of a message, or of an enum that has one.
        numbers: The numbers of an enum without a class.
        key: The kind of a map's keys.

    """

    name: str
    argument: str
    kind: str
    shape: Shape
    cls: type[Any] | None = None
    numbers: tuple[int, ...] = ()
    key: str | None = None
    oneof: str | None = None
    limits: Limits = NO_LIMITS


def fields_of(message_type: type[Any]) -> tuple[Field, ...]:
    """The fields in the order of the class.

    Raises:
        UsageError: It is no message class.

    """
    descriptor: Any = getattr(message_type, "DESCRIPTOR", None)
    if descriptor is None:
        return _declared(message_type)
    sample = message_type()
    return tuple(_described(sample, field) for field in descriptor.fields)


def _declared(message_type: type[Any]) -> tuple[Field, ...]:
    schemas = schema_of(message_type)
    found: list[Field] = []
    for attribute in attrs.fields(message_type):
        schema = schemas[attribute.name]
        found.append(
            Field(
                attribute.name,
                attribute.alias or attribute.name,
                schema.kind,
                schema.shape,
                None if schema.find_type is None else schema.type,
                key=schema.key,
                oneof=schema.oneof,
                limits=limits_of(attribute.validator),
            )
        )
    return tuple(found)


def _described(sample: Any, field: Any) -> Field:
    kind = _KINDS[field.type]
    # Older protobufs know labels, newer ones warn of them.
    repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED
    if repeated and kind == "message" and field.message_type.GetOptions().map_entry:
        return _described_map(sample, field)
    oneof = field.containing_oneof
    alone = Shape.OPTIONAL if kind == "message" or oneof is not None else Shape.SINGLE
    return Field(
        field.name,
        field.name,
        kind,
        Shape.REPEATED if repeated else alone,
        _class_in(sample, field, repeated=repeated) if kind == "message" else None,
        _numbers(field),
        oneof=None if oneof is None else oneof.name,
    )


def _class_in(sample: Any, field: Any, *, repeated: bool) -> type[Any]:
    # What the field holds is asked of the message itself: protobuf's own modules are for `wire` to touch.
    held = getattr(sample, field.name)
    cls: type[Any] = type(held.add() if repeated else held)  # pyright: ignore[reportUnknownVariableType] - of anything
    return cls


def _described_map(sample: Any, field: Any) -> Field:
    key, value = (field.message_type.fields_by_name[part] for part in ("key", "value"))
    keys, kind = _KINDS[key.type], _KINDS[value.type]
    held: type[Any] | None = None
    if kind == "message":
        found: Any = getattr(sample, field.name)["" if keys == "string" else 0]
        held = type(found)  # pyright: ignore[reportUnknownVariableType] - of anything
    return Field(field.name, field.name, kind, Shape.MAP, held, _numbers(value), key=keys)  # pyright: ignore[reportUnknownArgumentType] - the same


def _numbers(field: Any) -> tuple[int, ...]:
    return () if field.enum_type is None else tuple(value.number for value in field.enum_type.values)
