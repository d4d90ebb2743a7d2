"""Where two values differ, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import attrs


class _Anything:
    """Equal to everything."""

    __slots__ = ()

    def __eq__(self, _other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ANY"

    def __reduce__(self) -> str:
        return "ANY"


#: Stands for any value, where the kit otherwise compares whole ones: `rejects("LIMIT", used=ANY)`.
ANY: Final[Any] = _Anything()


class Absent:
    """What one side has and the other has not."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Final = Absent()


@attrs.frozen(eq=False)
class Difference:
    """One place where two values differ; its path is "" for the values themselves."""

    path: str
    left: Any
    right: Any

    def __str__(self) -> str:
        return f"{self.path.removeprefix('.') or 'the value'}: {self.left!r} is not {self.right!r}"


def differences(left: Any, right: Any, path: str = "") -> Iterator[Difference]:
    """The smallest parts that differ. Empty for values that a test should take for the same.

    Parts decide, so NaN is NaN wherever it is, and copies of an object that only knows identity are the same.
    """
    if _equal(left, right):
        return
    if type(left) is not type(right) or (parts := parts_of(left)) is None:
        yield Difference(path, left, right)
        return
    others = parts_of(right) or {}
    for part in dict.fromkeys([*parts, *others]):
        yield from differences(parts.get(part, ABSENT), others.get(part, ABSENT), path + part)


def _equal(left: Any, right: Any) -> bool:
    not_a_number = bool(left != left and right != right)  # noqa: PLR0124 - the way to tell, for any type
    return left is right or bool(left == right) or not_a_number


def parts_of(value: Any) -> dict[str, Any] | None:
    """The parts of a value by their path: fields, items, keys. None for what has no parts."""
    cls: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType] - of anything
    if issubclass(cls, (type, str, bytes)):
        return None
    if attrs.has(cls):
        return {f".{field.name}": getattr(value, field.name) for field in attrs.fields(cls) if field.eq}
    if hasattr(value, "ListFields"):
        return {f".{field.name}": found for field, found in value.ListFields()}
    return _items_of(cls, value)


def _items_of(cls: type[Any], value: Any) -> dict[str, Any] | None:
    if issubclass(cls, Mapping):
        return {f"[{key!r}]": value[key] for key in value}
    if issubclass(cls, Sequence):
        return {f"[{index}]": value[index] for index in range(len(value))}
    if issubclass(cls, AbstractSet):
        return {f"{{{item!r}}}": item for item in sorted(value, key=repr)}
    held: dict[str, Any] | None = getattr(value, "__dict__", None)
    return None if held is None else {f".{name}": item for name, item in held.items()}
