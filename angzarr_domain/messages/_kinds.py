from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import attrs

KindName = Literal[
    "bool",
    "bytes",
    "double",
    "duration",
    "fixed32",
    "fixed64",
    "float",
    "int32",
    "int64",
    "sfixed32",
    "sfixed64",
    "sint32",
    "sint64",
    "string",
    "timestamp",
    "uint32",
    "uint64",
    "uuid",
]


def unchanged(value: Any) -> Any:
    """The conversion that converts nothing."""
    return value


@attrs.frozen
class Kind:
    """What a field of some protobuf type accepts.

    Attributes:
        expects: Text for the error.
        accepts: Whether a value can be encoded, without loss.
        convert: Gives the value as it reads back from its bytes; leaves what it cannot convert to `accepts`.

    """

    name: str
    default: Any
    expects: str
    accepts: Callable[[Any], bool]
    convert: Callable[[Any], Any] = unchanged


def _integer(name: str, *, bits: int, signed: bool) -> Kind:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)

    def accepts(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return Kind(name, 0, f"an int from {low} to {high}", accepts)


def _real(value: Any) -> Any:
    return float(value) if type(value) is int and abs(value) <= 2**53 else value


def _single_precision(value: Any) -> Any:
    # Rounded at once, so that a message equals what its bytes give.
    value = _real(value)
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0] if isinstance(value, float) else value
    except OverflowError:
        return value


def _fits_single_precision(value: Any) -> bool:
    try:
        return isinstance(value, float) and bool(struct.pack("<f", value))
    except OverflowError:
        return False


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _utc(value: Any) -> Any:
    # One zone for all: comparing across zones is never equal in the hour that a clock is set back (PEP 495).
    if not isinstance(value, datetime) or value.tzinfo is UTC or value.utcoffset() is None:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return value


def _is_moment(value: Any) -> bool:
    return isinstance(value, datetime) and value.tzinfo is UTC


_LONGEST: Final = timedelta(seconds=315_576_000_000)  # google.protobuf.Duration's own limit, about 10,000 years


def _is_duration(value: Any) -> bool:
    return isinstance(value, timedelta) and -_LONGEST <= value <= _LONGEST


def _is_float(value: Any) -> bool:
    return isinstance(value, float)


def instance_of(cls: type[Any] | tuple[type[Any], ...]) -> Callable[[Any], bool]:
    """Whether a value is one of this class."""
    return lambda value: isinstance(value, cls)


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        *(_integer(name, bits=32, signed=True) for name in ("int32", "sint32", "sfixed32")),
        *(_integer(name, bits=64, signed=True) for name in ("int64", "sint64", "sfixed64")),
        *(_integer(name, bits=32, signed=False) for name in ("uint32", "fixed32")),
        *(_integer(name, bits=64, signed=False) for name in ("uint64", "fixed64")),
        Kind("bool", default=False, expects="a bool", accepts=instance_of(bool)),
        Kind("double", 0.0, "a float", _is_float, _real),
        Kind("float", 0.0, "a float that single precision can hold", _fits_single_precision, _single_precision),
        Kind("string", "", "a str without lone surrogates", _is_text),
        Kind("bytes", b"", "bytes", instance_of(bytes)),
        Kind("timestamp", None, "an aware datetime between the years 1 and 9999, in UTC too", _is_moment, _utc),
        Kind("duration", None, "a timedelta of at most 315576000000 seconds either way", _is_duration),
        Kind("uuid", None, "a uuid.UUID", instance_of(UUID)),
    )
}
