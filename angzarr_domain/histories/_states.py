"""The state of an aggregate as plain values for JSON: readable, the same text for the same state, and no other's.

Whatever JSON has no word for is an object with one key that starts with "$": {"$decimal": "1.50"}. So no two states
that differ, not even by the type of a value, are written alike.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

import attrs

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.books import Compiled, type_name
from angzarr_domain.exceptions import UsageError
from angzarr_domain.wire import to_json

from ._lines import to_text

_MICROSECOND: Final = timedelta(microseconds=1)


def state_out(state: Aggregate) -> dict[str, Any]:
    """The aggregate's fields by name, in the order of the class.

    Raises:
        UsageError: A field holds a value of a type that cannot be recorded; names both.

    """
    found: dict[str, Any] = {}
    for attribute in attrs.fields(type(state)):
        try:
            found[attribute.name] = plain_of(getattr(state, attribute.name))
        except _NotPlainError as error:
            raise UsageError(
                f"{type(state).__name__}.{attribute.name} holds a {error}, which cannot be recorded: keep attrs "
                "objects, messages, or Python's own values in it",
                field=attribute.name,
            ) from None
    return found


class _NotPlainError(Exception):
    """A value of no type that is known here; the text is the type's name."""


def plain_of(value: Any) -> Any:
    """The one plain value that stands for this one."""
    if value is None or value is True or value is False or type(value) in {int, str}:
        return value
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    cls: type[Any] = value.__class__
    if attrs.has(cls):
        fields = ((each.name, plain_of(getattr(value, each.name))) for each in attrs.fields(cls))
        return {"$is": cls.__qualname__, **dict(fields)}
    raise _NotPlainError(cls.__qualname__)


def _compiled(value: Any) -> Any:
    return {"$is": type_name(value.__class__), "$message": to_json(value)}


def _real(value: float) -> Any:
    return value if math.isfinite(value) else {"$float": str(value)}


def _moment(value: datetime) -> Any:
    # Of a zone only what it makes of this moment; `fold` says which of two equal clock times is meant.
    return {"$datetime": value.isoformat(), **({"fold": 1} if value.fold and value.tzinfo is None else {})}


def _mapping(value: Mapping[Any, Any]) -> Any:
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: plain_of(value[key]) for key in sorted(value)}
    pairs = [[plain_of(key), plain_of(item)] for key, item in value.items()]
    return {"$map": sorted(pairs, key=to_text)}


def _items(tag: str) -> Callable[[Iterable[Any]], Any]:
    return lambda value: {tag: [plain_of(item) for item in value]}


def _members(tag: str) -> Callable[[Iterable[Any]], Any]:
    return lambda value: {tag: sorted((plain_of(item) for item in value), key=to_text)}


def _tagged(tag: str, text: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: {tag: text(value)}


# In this order: an enum may be a number or a text too, and a datetime is a date.
_WRITERS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (Enum, _tagged("$enum", lambda value: f"{type(value).__qualname__}.{value.name or int(value)}")),
    (float, _real),
    (bytes, _tagged("$bytes", lambda value: base64.b64encode(value).decode())),
    (UUID, _tagged("$uuid", str)),
    (Decimal, _tagged("$decimal", str)),
    (Fraction, _tagged("$fraction", str)),
    (datetime, _moment),
    (date, _tagged("$date", date.isoformat)),
    (time, _tagged("$time", time.isoformat)),
    (timedelta, _tagged("$microseconds", lambda value: value // _MICROSECOND)),
    (list, lambda value: [plain_of(item) for item in value]),
    (tuple, _items("$tuple")),
    (frozenset, _members("$frozenset")),
    (AbstractSet, _members("$set")),
    (Mapping, _mapping),
    (Compiled, _compiled),
)
