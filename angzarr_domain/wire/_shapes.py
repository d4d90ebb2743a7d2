"""Moves values between generated messages and the protobuf messages that parse and serialise them.

Instances are made by `object.__new__` and slot setters: what a parser accepted needs no second check, and the
generated `__init__` would cost as much as parsing. The two functions of a class are compiled, one line for each
field, as attrs compiles `__init__`: a loop over the fields takes twice the time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from operator import attrgetter
from typing import Any
from uuid import UUID

from angzarr_domain.exceptions import UsageError
from angzarr_domain.messages import FieldSchema, FrozenMap, Shape, schema_of

Getter = Callable[[Any], Any]
Putter = Callable[[Any, Any], None]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 315_576_000_000  # seconds of a google.protobuf.Duration


class Unreadable(ValueError):
    """Bytes that protobuf can parse, but that are no value of the field's type. The text holds no values."""


def raw_name(number: int) -> str:
    """Name of a field in the private schema: by number, so that no user's name can be in the way."""
    return f"f{number}"


class MessageShape:
    """How one generated class is read and written.

    Attributes:
        read: Gives the generated message for a parsed one.
        write: Fills an empty protobuf message from a generated one.

    """

    __slots__ = ("read", "write")
    read: Getter
    write: Putter

    def __init__(self, cls: type[Any]) -> None:
        self.read = _compiled_read(cls)
        self.write = _compiled_write(cls)


# Derived from the class alone, so one copy serves the process.
_SHAPES: dict[type[Any], MessageShape] = {}


def shape_of(cls: type[Any]) -> MessageShape:
    """The shape of a generated class, made on first use."""
    found = _SHAPES.get(cls)
    return _SHAPES.setdefault(cls, MessageShape(cls)) if found is None else found


def _compiled_read(cls: type[Any]) -> Getter:
    lines, names = ["message = new(cls)"], {"new": object.__new__, "cls": cls}
    for name, field in schema_of(cls).items():
        put, get = f"put{field.number}", f"get{field.number}"
        names |= {put: _slot(cls, name), get: _reader(field)}
        plain = field.shape is Shape.SINGLE and field.kind != "enum"
        lines.append(f"{put}(message, {f'raw.{raw_name(field.number)}' if plain else f'{get}(raw)'})")
    read: Getter = _function("read(raw)", [*lines, "return message"], names)
    return read


def _compiled_write(cls: type[Any]) -> Putter:
    lines, names = ["pass"], dict[str, Any]()
    for name, field in schema_of(cls).items():
        put = f"put{field.number}"
        names[put] = _writer(field)
        plain = field.shape is Shape.SINGLE
        lines.append(f"raw.{raw_name(field.number)} = message.{name}" if plain else f"{put}(raw, message.{name})")
    write: Putter = _function("write(raw, message)", lines, names)
    return write


def _function(head: str, lines: list[str], names: dict[str, Any]) -> Any:
    source = f"def {head}:\n" + "".join(f"    {line}\n" for line in lines)
    exec(source, names)  # noqa: S102 - made of field numbers and of attribute names that attrs compiled already
    return names[head.partition("(")[0]]


def _slot(cls: type[Any], name: str) -> Putter:
    put = getattr(getattr(cls, name, None), "__set__", None)
    if put is None:
        raise UsageError(f"{cls.__qualname__}.{name} is no slot: message classes are slotted attrs classes", field=name)
    return put  # type: ignore[no-any-return]  # a member descriptor's own method


def _seconds_and_nanoseconds(raw: Any, duration: timedelta) -> None:
    microseconds = duration // _MICROSECOND
    sign = -1 if microseconds < 0 else 1
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    raw.seconds, raw.nanos = sign * seconds, sign * rest * 1000


def _write_duration(raw: Any, duration: timedelta) -> None:
    _seconds_and_nanoseconds(raw, duration)


def _write_timestamp(raw: Any, moment: datetime) -> None:
    raw.seconds, rest = divmod((moment - _EPOCH) // _MICROSECOND, 1_000_000)
    raw.nanos = rest * 1000


def _read_duration(raw: Any) -> timedelta:
    seconds, nanos = raw.seconds, raw.nanos
    if not -_LONGEST <= seconds <= _LONGEST:
        raise Unreadable("a duration is longer than protobuf allows")
    # Cut towards zero, so that -0.5 microseconds is not a whole one.
    return timedelta(seconds=seconds, microseconds=nanos // 1000 if nanos >= 0 else -(-nanos // 1000))


def _read_timestamp(raw: Any) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=raw.seconds, microseconds=raw.nanos // 1000)
    except OverflowError as error:
        raise Unreadable("a timestamp is outside the years 1 to 9999") from error


def _read_uuid(raw: Any) -> UUID:
    value = raw.value
    if len(value) != 16:  # noqa: PLR2004 - what a UUID is
        raise Unreadable(f"a UUID has {len(value)} bytes instead of 16")
    return UUID(bytes=value)


def _write_uuid(raw: Any, value: UUID) -> None:
    raw.value = value.bytes


_SPECIAL: dict[str, tuple[Getter, Putter]] = {
    "timestamp": (_read_timestamp, _write_timestamp),
    "duration": (_read_duration, _write_duration),
    "uuid": (_read_uuid, _write_uuid),
}


def _submessage(field: FieldSchema) -> tuple[Getter, Putter] | None:
    if field.kind in _SPECIAL:
        return _SPECIAL[field.kind]
    if field.kind != "message":
        return None
    cls = field.type
    # Looked up when used: a message may hold its own type.
    return lambda raw: shape_of(cls).read(raw), lambda raw, message: shape_of(cls).write(raw, message)


def _reader(field: FieldSchema) -> Getter:
    get = attrgetter(raw_name(field.number))
    submessage = _submessage(field)
    convert = _member_of(field.type) if field.kind == "enum" else submessage[0] if submessage else None
    return _READERS[field.shape](raw_name(field.number), get, convert)


def _member_of(enum: type[IntEnum]) -> Getter:
    named = {int(member): member for member in enum}

    def member_of(number: Any) -> IntEnum:
        return named[number] if number in named else enum(number)

    return member_of


def _read_single(_name: str, get: Getter, convert: Getter | None) -> Getter:
    return get if convert is None else lambda raw: convert(get(raw))


def _read_optional(name: str, get: Getter, convert: Getter | None) -> Getter:
    if convert is None:
        return lambda raw: get(raw) if raw.HasField(name) else None
    return lambda raw: convert(get(raw)) if raw.HasField(name) else None


def _read_repeated(_name: str, get: Getter, convert: Getter | None) -> Getter:
    return lambda raw: tuple(get(raw)) if convert is None else tuple(map(convert, get(raw)))


def _read_map(_name: str, get: Getter, convert: Getter | None) -> Getter:
    # By key: the order of protobuf's own is another in every process, and an applier that goes by it would be, too.
    if convert is None:
        return lambda raw: FrozenMap(dict(sorted(get(raw).items())))
    return lambda raw: FrozenMap({key: convert(item) for key, item in sorted(get(raw).items())})


_READERS = {
    Shape.SINGLE: _read_single,
    Shape.OPTIONAL: _read_optional,
    Shape.REPEATED: _read_repeated,
    Shape.MAP: _read_map,
}


def _writer(field: FieldSchema) -> Putter:
    name, submessage = raw_name(field.number), _submessage(field)
    if submessage is None:
        return _SCALAR_WRITERS[field.shape](name)
    return _SUBMESSAGE_WRITERS[field.shape](name, submessage[1])


def _write_scalar(name: str) -> Putter:
    return lambda raw, value: setattr(raw, name, value)


def _write_optional_scalar(name: str) -> Putter:
    return lambda raw, value: None if value is None else setattr(raw, name, value)


def _write_scalars(name: str) -> Putter:
    def write(raw: Any, values: Any) -> None:
        getattr(raw, name).extend(values)

    return write


def _write_scalar_map(name: str) -> Putter:
    def write(raw: Any, items: Any) -> None:
        getattr(raw, name).update(items)

    return write


_SCALAR_WRITERS = {
    Shape.SINGLE: _write_scalar,
    Shape.OPTIONAL: _write_optional_scalar,
    Shape.REPEATED: _write_scalars,
    Shape.MAP: _write_scalar_map,
}


def _write_submessage(name: str, fill: Putter) -> Putter:
    def write(raw: Any, value: Any) -> None:
        if value is not None:
            submessage = getattr(raw, name)
            submessage.SetInParent()
            fill(submessage, value)

    return write


def _write_submessages(name: str, fill: Putter) -> Putter:
    def write(raw: Any, values: Any) -> None:
        container = getattr(raw, name)
        for value in values:
            fill(container.add(), value)

    return write


def _write_submessage_map(name: str, fill: Putter) -> Putter:
    def write(raw: Any, items: Any) -> None:
        container = getattr(raw, name)
        for key, value in items.items():
            fill(container[key], value)

    return write


_SUBMESSAGE_WRITERS = {
    Shape.OPTIONAL: _write_submessage,
    Shape.REPEATED: _write_submessages,
    Shape.MAP: _write_submessage_map,
}
