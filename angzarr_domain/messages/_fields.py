from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

import attrs

from angzarr_domain.exceptions import InvalidArgument

from ._kinds import KINDS, Kind, KindName, instance_of, unchanged
from ._schemas import SCHEMA, FieldSchema, Shape
from ._values import NO_ENTRIES, FrozenMap

Converter = Callable[[Any], Any]
Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]

_is_tuple, _is_sequence = instance_of(tuple), instance_of((list, tuple))
_is_mapping, _is_frozen_map = instance_of(Mapping), instance_of(FrozenMap)


def proto(
    number: int,
    kind: KindName | type[Any] | Callable[[], type[Any]],
    *,
    optional: bool = False,
    repeated: bool = False,
    packed: bool = True,
    oneof: str | None = None,
) -> Any:
    """A field of a message.

    Args:
        number: The field's number in the .proto.
        kind: Protobuf's name of the type, the class of an enum or a message, or, for a message class that is
            defined further down, a function that gives it.
        optional: None stands for absent. Messages, timestamps, durations and UUIDs always are.
        repeated: Holds a tuple; lists are turned into one.
        packed: As the .proto says; only repeated numbers know the difference.
        oneof: The oneof it belongs to, of which at most one member is set; implies optional.

    """
    found, find_type = _kind_of(kind)
    if repeated:
        shape = Shape.REPEATED
    elif optional or oneof is not None or found.default is None:
        shape = Shape.OPTIONAL
    else:
        shape = Shape.SINGLE
    schema = FieldSchema(number, found.name, shape, find_type, oneof=oneof, packed=packed)
    default, convert, check = _BY_SHAPE[shape](found)
    if oneof is not None:
        check = _exclusive(oneof, check)
    return _field(schema, default, convert, check)


def proto_map(number: int, key: KindName, kind: KindName | type[Any] | Callable[[], type[Any]]) -> Any:
    """A map field: an immutable mapping that takes any mapping."""
    keys, (values, find_type) = KINDS[key], _kind_of(kind)
    schema = FieldSchema(number, values.name, Shape.MAP, find_type, key=key)
    return _field(schema, NO_ENTRIES, _to_frozen_map(values), _check_map(keys, values))


def _field(schema: FieldSchema, default: Any, convert: Converter | None, check: Validator) -> Any:
    return attrs.field(default=default, converter=convert, validator=check, metadata={SCHEMA: schema})


def _kind_of(kind: str | type[Any] | Callable[[], type[Any]]) -> tuple[Kind, Callable[[], type[Any]] | None]:
    if isinstance(kind, str):
        return KINDS[kind], None
    if not isinstance(kind, type):
        return Kind("message", None, "a message of its type", lambda value: isinstance(value, kind())), kind
    cls: type[Any] = kind
    if issubclass(cls, IntEnum):
        return Kind("enum", cls(0), f"a member of {cls.__name__}", instance_of(cls)), lambda: cls
    return Kind("message", None, f"a {cls.__name__}", instance_of(cls)), lambda: cls


def _check_single(kind: Kind) -> tuple[Any, Converter | None, Validator]:
    accepts = kind.accepts

    def check(message: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not accepts(value) and not _is_matcher(value):
            raise _refused(message, attribute, kind.expects, value)

    return kind.default, _used(kind.convert), check


def _check_optional(kind: Kind) -> tuple[Any, Converter | None, Validator]:
    accepts = kind.accepts

    def check(message: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is not None and not accepts(value) and not _is_matcher(value):
            raise _refused(message, attribute, f"{kind.expects}, or None", value)

    return None, _used(kind.convert), check


def _exclusive(oneof: str, check_one: Validator) -> Validator:
    members: dict[type[Any], tuple[str, ...]] = {}

    def check(message: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is None:
            return
        check_one(message, attribute, value)
        cls: type[Any] = message.__class__
        if cls not in members:
            members[cls] = tuple(a.name for a in attrs.fields(cls) if a.metadata[SCHEMA].oneof == oneof)
        given = [name for name in members[cls] if getattr(message, name) is not None]
        if len(given) > 1:
            raise InvalidArgument(
                f"{cls.__name__} takes at most one of {', '.join(members[cls])} (oneof {oneof}), not "
                f"{' and '.join(given)}",
                field=oneof,
            )

    return check


def _check_repeated(kind: Kind) -> tuple[Any, Converter | None, Validator]:
    accepts, element = kind.accepts, _used(kind.convert)

    def convert(value: Any) -> Any:
        if not _is_sequence(value):
            return value
        return tuple(value) if element is None else tuple(map(element, value))

    def check(message: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not _is_tuple(value):
            raise _refused(message, attribute, "a tuple", value)
        for index, item in enumerate(value):
            if not accepts(item):
                raise _refused(message, attribute, kind.expects, item, at=f"[{index}]")

    return (), convert, check


_BY_SHAPE: Mapping[Shape, Callable[[Kind], tuple[Any, Converter | None, Validator]]] = {
    Shape.SINGLE: _check_single,
    Shape.OPTIONAL: _check_optional,
    Shape.REPEATED: _check_repeated,
}


def _to_frozen_map(values: Kind) -> Converter:
    def convert(value: Any) -> Any:
        if not _is_mapping(value):
            return value
        return FrozenMap({key: values.convert(item) for key, item in value.items()})

    return convert


def _check_map(keys: Kind, values: Kind) -> Validator:
    def check(message: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not _is_frozen_map(value):
            raise _refused(message, attribute, "a mapping", value)
        for key, item in value.items():
            if not keys.accepts(key):
                raise _refused(message, attribute, f"as each key {keys.expects}", key)
            if not values.accepts(item):
                raise _refused(message, attribute, f"as each value {values.expects}", item)

    return check


def _used(convert: Converter) -> Converter | None:
    return None if convert is unchanged else convert  # no converter at all is the fastest one


def _is_matcher(value: Any) -> bool:
    """Whether this stands for any value in a test's expectation; a message that holds one has no encoding."""
    return getattr(value, "__angzarr_matcher__", False) is True


def _refused(
    message: object, attribute: attrs.Attribute[Any], expects: str, value: object, at: str = ""
) -> InvalidArgument:
    name = f"{attribute.name}{at}"
    return InvalidArgument(
        f"{type(message).__name__}.{name} takes {expects}, which this {type(value).__name__} is not", field=name
    )
