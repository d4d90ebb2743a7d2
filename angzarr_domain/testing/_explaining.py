"""What pytest shows where `==` between values of ours does not hold: the fields that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.books import is_message_type

from ._differences import ABSENT, differences


def explained(left: object, right: object) -> list[str] | None:
    """Lines for two aggregates or events, or two rows of them; None for anything else, which pytest explains."""
    if not (_is_ours(left) and _is_ours(right)):
        return None
    lines = [f"{_name(left)} == {_name(right)}"]
    if type(left) is not type(right):
        return [*lines, f"  one is a {_name(left)}, the other a {_name(right)}", f"  {left!r}", f"  {right!r}"]
    for difference in differences(left, right):
        path = difference.path.removeprefix(".") or "all of it"
        lines.append(f"  {path}: {_shown(difference.left)} != {_shown(difference.right)}")
    return lines


def _is_ours(value: Any) -> bool:
    several: Sequence[Any] = value if type(value) in {tuple, list} else (value,)
    return bool(several) and all(_is_one_of_ours(each) for each in several)


def _is_one_of_ours(value: object) -> bool:
    return isinstance(value, Aggregate) or is_message_type(type(value))


def _name(value: object) -> str:
    return type(value).__name__


def _shown(value: object) -> str:
    return "(absent)" if value is ABSENT else repr(value)
