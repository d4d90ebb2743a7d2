"""The values of a state, written one by one, exactly; functions made once for each type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final
from uuid import UUID

from angzarr_domain.books import ValueKind
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument

from ._state_moments import read_moment, write_moment
from ._state_walks import Reader, Reading, Unreadable, Unwritable, Writer, Writing, wrong
from .pb import messages as pb

_MICROSECOND: Final = timedelta(microseconds=1)


def _write_none(value: Any, _into: pb.StateValue, _walk: Writing) -> None:
    if value is not None:
        raise wrong(value, type(None))


def _read_none(value: pb.StateValue, _walk: Reading) -> None:
    if value.WhichOneof("kind") is not None:
        raise Unreadable("holds a value where there is none to be")


def _write_bool(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    if type(value) is not bool:
        raise wrong(value, bool)
    into.truth = value


def _read_bool(value: pb.StateValue, _walk: Reading) -> bool:
    if value.WhichOneof("kind") != "truth":
        raise Unreadable("is no bool")
    return value.truth


def write_int(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    """A whole number of any size."""
    if type(value) is not int:
        raise wrong(value, int)
    if -(2**63) <= value < 2**63:
        into.whole = value
    else:
        into.large = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def read_int(value: pb.StateValue, _walk: Reading) -> int:
    """See `write_int`."""
    kind = value.WhichOneof("kind")
    if kind == "whole":
        return value.whole
    if kind == "large":
        return int.from_bytes(value.large, "big", signed=True)
    raise Unreadable("is no int")


def _write_float(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    # An int where a float is declared is what Python's own typing allows, as long as a float can say it.
    number = _as_float(value) if type(value) is int else value
    if type(number) is not float:
        raise wrong(value, float)
    into.real = number


def _as_float(value: int) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number != value:
        raise Unwritable("is an int that no float can say exactly")
    return number


def _read_float(value: pb.StateValue, _walk: Reading) -> float:
    if value.WhichOneof("kind") != "real":
        raise Unreadable("is no float")
    return value.real


def _write_str(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    if type(value) is not str:
        raise wrong(value, str)
    try:
        into.text = value
    except (UnicodeEncodeError, ValueError) as error:
        raise Unwritable("is a str with lone surrogates, which is no text") from error


def _read_str(value: pb.StateValue, _walk: Reading) -> str:
    if value.WhichOneof("kind") != "text":
        raise Unreadable("is no text")
    return value.text


def _write_bytes(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    if type(value) is not bytes:
        raise wrong(value, bytes)
    into.blob = value


def _read_bytes(value: pb.StateValue, _walk: Reading) -> bytes:
    if value.WhichOneof("kind") != "blob":
        raise Unreadable("holds no bytes")
    return value.blob


def _write_decimal(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    if type(value) is not Decimal:
        raise wrong(value, Decimal)
    into.text = str(value)


def _read_decimal(value: pb.StateValue, walk: Reading) -> Decimal:
    try:
        return Decimal(_read_str(value, walk))
    except InvalidOperation as error:
        raise Unreadable("is no decimal number") from error


def _write_date(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    if type(value) is not date:
        raise wrong(value, date)
    into.whole = value.toordinal()


def _read_date(value: pb.StateValue, walk: Reading) -> date:
    try:
        return date.fromordinal(read_int(value, walk))
    except (ValueError, OverflowError) as error:
        raise Unreadable("is no date") from error


def _write_timedelta(value: Any, into: pb.StateValue, walk: Writing) -> None:
    if type(value) is not timedelta:
        raise wrong(value, timedelta)
    write_int(value // _MICROSECOND, into, walk)


def _read_timedelta(value: pb.StateValue, walk: Reading) -> timedelta:
    try:
        # Not multiplied: that would go by way of floats.
        days, rest = divmod(read_int(value, walk), 86_400_000_000)
        return timedelta(days=days, microseconds=rest)
    except OverflowError as error:
        raise Unreadable("is no timedelta") from error


def _write_uuid(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    if type(value) is not UUID:
        raise wrong(value, UUID)
    into.blob = value.bytes


def _read_uuid(value: pb.StateValue, walk: Reading) -> UUID:
    try:
        return UUID(bytes=_read_bytes(value, walk))
    except ValueError as error:
        raise Unreadable("is no UUID") from error


PLAIN: Final[Mapping[ValueKind, tuple[Writer, Reader]]] = {
    ValueKind.NONE: (_write_none, _read_none),
    ValueKind.BOOL: (_write_bool, _read_bool),
    ValueKind.INT: (write_int, read_int),
    ValueKind.FLOAT: (_write_float, _read_float),
    ValueKind.STR: (_write_str, _read_str),
    ValueKind.BYTES: (_write_bytes, _read_bytes),
    ValueKind.DECIMAL: (_write_decimal, _read_decimal),
    ValueKind.DATETIME: (write_moment, read_moment),
    ValueKind.DATE: (_write_date, _read_date),
    ValueKind.TIMEDELTA: (_write_timedelta, _read_timedelta),
    ValueKind.UUID: (_write_uuid, _read_uuid),
}
"""What is written the same whatever the class."""


def named(cls: type[Enum]) -> tuple[Writer, Reader]:
    """Members by name: their values may be anything."""

    def write(value: Any, into: pb.StateValue, _walk: Writing) -> None:
        if type(value) is not cls:
            raise wrong(value, cls)
        into.text = value.name

    def read(value: pb.StateValue, walk: Reading) -> Enum:
        try:
            return cls[_read_str(value, walk)]
        except KeyError as error:
            raise Unreadable(f"is no member of {cls.__name__}") from error

    return write, read


def numbered(cls: type[Any]) -> tuple[Writer, Reader]:
    """Members by number, those without a name included."""

    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        if type(value) is not cls:
            raise wrong(value, cls)
        write_int(int(value.value), into, walk)

    def read(value: pb.StateValue, walk: Reading) -> Any:
        try:
            return cls(read_int(value, walk))
        except ValueError as error:
            raise Unreadable(f"is no member of {cls.__name__}") from error

    return write, read


def message(cls: type[Any]) -> tuple[Writer, Reader]:
    """Messages of either kind, as their own bytes."""
    shared = getattr(cls, "__hash__", None) is None  # a compiled one, which can be changed in place

    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        if type(value) is not cls:
            raise wrong(value, cls)
        if shared:
            walk.hold(value)
        try:
            into.blob = walk.encode(value)
        except InvalidArgument as error:
            raise Unwritable(error.message) from error

    def read(value: pb.StateValue, walk: Reading) -> Any:
        try:
            return walk.decoder(cls)(_read_bytes(value, walk))
        except DecodeFailed as error:
            raise Unreadable(error.message) from error

    return write, read
