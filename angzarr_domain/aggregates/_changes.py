"""What differs between two states of one aggregate."""

from __future__ import annotations

from typing import Any

import attrs

from ._base import Aggregate


@attrs.frozen
class Change:
    """One field that differs."""

    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.field}: {self.before!r} -> {self.after!r}"


def changes(before: Aggregate, after: Aggregate) -> tuple[Change, ...]:
    """The fields that differ, in the order of the class."""
    found: list[Change] = []
    for attribute in attrs.fields(type(after)):
        old, new = getattr(before, attribute.name), getattr(after, attribute.name)
        if old != new:
            found.append(Change(attribute.name, old, new))
    return tuple(found)
