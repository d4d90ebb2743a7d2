from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, Final, Self, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class OpenEnum(IntEnum):
    """An enum that keeps numbers it has no name for, as protobuf does.

    A peer with a newer .proto may send one: `Status(7)` is then a value named `UNKNOWN_7`, which encodes as 7 again.
    Compare values with `==`; only named members are singletons.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or not -(2**31) <= value < 2**31:
            return None  # enum turns it into a ValueError
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = int(value)
        return member

    def __repr__(self) -> str:
        # As one would write it, so that a message's repr can be pasted.
        known = type(self).__members__.get(self.name) is self
        return f"{type(self).__name__}.{self.name}" if known else f"{type(self).__name__}({int(self)})"


class FrozenMap(Mapping[K, V]):
    """A mapping that never changes, so that messages which hold one can be hashed and shared.

    Equal to any mapping with the same items.
    """

    __slots__ = ("_items",)
    _items: dict[K, V]

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        object.__setattr__(self, "_items", dict(items or {}))

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __setattr__(self, name: str, _value: object) -> None:
        raise AttributeError(f"{name}: a FrozenMap never changes")

    def __repr__(self) -> str:
        # What a message's repr shows can be pasted: constructors take a dict.
        return repr(self._items)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMap, (self._items,)


#: What a map holds unless it is given.
NO_ENTRIES: Final = FrozenMap[Any, Any]()
