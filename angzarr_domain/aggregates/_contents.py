"""What the fields of an aggregate hold, kept to find out whether a handler changed it in place."""

from __future__ import annotations

import copy
from collections import deque
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from angzarr_domain.books import is_message_type

from ._base import Aggregate

_CONTAINERS = (list, dict, set, bytearray, deque)
# Most fields hold one of these, so they are known first.
_UNCHANGING = {type(None), bool, int, float, str, bytes, tuple, frozenset, Decimal, UUID, datetime, date, timedelta}


class Contents:
    """The fields as they are now: each value, and one level of copy of what can be changed in place.

    Lists, dicts, sets, deques, bytearrays, their subclasses, attrs classes, dataclasses and compiled messages are
    compared one level deep: a list inside a dict is not. Of anything else only the replacing of it is noticed.
    """

    __slots__ = ("_fields",)

    def __init__(self, state: Aggregate) -> None:
        names: list[str] = [field.name for field in type(state).__attrs_attrs__]
        self._fields = [(name, value, _kept(value)) for name in names for value in (getattr(state, name),)]

    def changed(self, state: Aggregate) -> str | None:
        """The first field that is another now, or holds something else."""
        for name, before, kept in self._fields:
            now = getattr(state, name)
            if now is not before or (kept is not None and _kept(now) != kept):
                return name
        return None


def _kept(value: Any) -> Any:
    """What to compare later; None for what is not compared."""
    kind: Any = value.__class__
    if kind in _UNCHANGING:
        return None
    if isinstance(value, _CONTAINERS):
        return copy.copy(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - of anything
    if is_message_type(kind):  # of compiled ones; generated ones are frozen
        return value.SerializeToString(deterministic=True) if hasattr(kind, "SerializeToString") else None
    has_fields = hasattr(kind, "__attrs_attrs__") or hasattr(kind, "__dataclass_fields__")
    return copy.copy(value) if has_fields and kind.__eq__ is not object.__eq__ else None
