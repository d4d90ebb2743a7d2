from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400
_THIRTY_YEARS: Final = 30 * 365 * _DAY
#: Fits every integer type of protobuf, and leaves room for sums.
_MOST: Final = 2**31 - 2
#: Exact in single precision.
_MOST_REAL: Final = 2**20


class Pseudonyms:
    """Made-up values: of the same type, and the same for the same value and key. Defaults stand for themselves."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(key).digest()
        self._by_type: Mapping[type[Any], Callable[[Any], Any]] = {
            bool: lambda _: False,
            int: self.number,
            float: lambda value: float(self.number(value, _MOST_REAL)),
            str: lambda value: f"masked-{self._digest(value, 6).hex()}",
            bytes: lambda value: self._digest(value, len(value)),
            UUID: lambda value: UUID(bytes=self._digest(value, 16), version=4),
            datetime: lambda value: _EPOCH + timedelta(seconds=self.number(value, _THIRTY_YEARS)),
            timedelta: lambda value: timedelta(seconds=self.number(value, _DAY)),
        }

    def of(self, value: Any) -> Any:
        """What stands for this value of a scalar, a UUID, a moment or a duration."""
        return self._by_type[type(value)](value) if value else value

    def key(self, value: Any) -> Any:
        """What stands for this key of a map. There are too few truth values for others to stand for them."""
        return value if isinstance(value, bool) else self.of(value)

    def number(self, value: object, most: int = _MOST) -> int:
        """A number from 1 to `most` that stands for the value."""
        return int.from_bytes(self._digest(value, 8), "big") % most + 1

    def member(self, value: int, enum: type[IntEnum]) -> IntEnum:
        """The member of an enum that stands for this one."""
        return enum(self.among(int(value), map(int, enum)))

    def among(self, value: int, numbers: Iterable[int]) -> int:
        """Which of an enum's numbers stands for this one."""
        others = sorted({number for number in numbers if number})
        return others[self.number(value) % len(others)] if others and value else 0

    def _digest(self, value: object, size: int) -> bytes:
        text = value if isinstance(value, bytes) else str(value).encode()
        return hashlib.shake_256(self._key + type(value).__name__.encode() + b":" + text).digest(size)
