"""Where two values differ, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import attrs


class Matcher:
    """Equal to every value of a kind; known by its name in `angzarr_domain.testing`."""

    __slots__ = ("_fits", "_name")
    __angzarr_matcher__: ClassVar[bool] = True  # fields of messages take it in place of a value

    def __init__(self, name: str, fits: Callable[[Any], bool]) -> None:
        self._name = name
        self._fits = fits

    def __eq__(self, other: object) -> bool:
        return other is self or self._fits(other)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return self._name

    def __reduce__(self) -> str:
        return self._name


def _is_id(value: Any) -> bool:
    try:
        return isinstance(value, UUID) or bool(UUID(value) if isinstance(value, str) else UUID(bytes=value))
    except (TypeError, ValueError):
        return False


def _is_moment(value: Any) -> bool:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return False
    return value.tzinfo is not None if isinstance(value, datetime) else hasattr(value, "ToDatetime")


#: Stands for any value, where the kit otherwise compares whole ones: `rejects("LIMIT", used=ANY)`.
ANY: Final[Any] = Matcher("ANY", lambda _value: True)

#: Stands for any id: a UUID, its text, or its 16 bytes.
ANY_ID: Final[Any] = Matcher("ANY_ID", _is_id)

#: Stands for any moment: an aware datetime, its ISO text, or a compiled Timestamp.
ANY_TIME: Final[Any] = Matcher("ANY_TIME", _is_moment)


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
