"""Values as the Python that makes them, with the imports it needs, so that a report can be pasted."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from ._differences import Matcher
from ._lambdas import globals_of, lambda_text


class Source:
    """Writes values and remembers what they need imported."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}
        self._modules: set[str] = set()

    @property
    def imports(self) -> list[str]:
        """The import lines for everything written so far."""
        plain = [f"import {module}" for module in sorted(self._modules)]
        return plain + [
            f"from {module} import {', '.join(sorted(self._names[module]))}" for module in sorted(self._names)
        ]

    def name(self, cls: type[Any]) -> str:
        """A class, by the name it is imported under; one that is local to a function cannot be imported."""
        outside, _, name = cls.__qualname__.rpartition("<locals>.")
        if not outside and cls.__module__ not in {"builtins", "__main__"}:
            self.need(cls.__module__, name.partition(".")[0])
        return name

    def function(self, function: Callable[..., Any]) -> str:
        """A function: its name, imported; a lambda as it is written, or "..." if that cannot be told."""
        name: str = getattr(function, "__qualname__", "<lambda>")
        if name.endswith("<lambda>"):
            for used, value in globals_of(function):
                if value.__module__ not in {"builtins", "__main__"}:
                    self.need(value.__module__, used)
            return lambda_text(function) or "..."
        outside, _, name = name.rpartition("<locals>.")
        if not outside and function.__module__ != "__main__":
            self.need(function.__module__, name.partition(".")[0])
        return name

    def need(self, module: str, name: str) -> str:
        """Import a name, and give it."""
        self._names.setdefault(module, set()).add(name)
        return name

    def need_module(self, module: str) -> None:
        """Import a module."""
        self._modules.add(module)

    def of(self, value: Any) -> str:
        """The value."""
        if isinstance(value, Matcher):
            return self.need("angzarr_domain.testing", repr(value))
        cls: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType] - of anything
        if attrs.has(cls):
            fields = [field for field in attrs.fields(cls) if field.init]
            return self._call(cls, {field.alias or field.name: getattr(value, field.name) for field in fields})
        if hasattr(value, "ListFields"):
            return self._call(cls, {field.name: found for field, found in value.ListFields()})
        for kind, write in _WRITERS:
            if isinstance(value, kind):
                return write(self, value)
        return repr(value)

    def _call(self, cls: type[Any], arguments: Mapping[str, Any]) -> str:
        return f"{self.name(cls)}({', '.join(f'{name}={self.of(value)}' for name, value in arguments.items())})"


def _imported(source: Source, value: object) -> str:
    source.name(type(value))
    return repr(value)


def _moment(source: Source, value: object) -> str:
    source.need_module("datetime")
    return repr(value)


def _float(_: Source, value: float) -> str:
    return repr(value) if math.isfinite(value) else f"float({str(value)!r})"


def _enum(source: Source, value: Enum) -> str:
    known = value.name in type(value).__members__
    return source.name(type(value)) + (f".{value.name}" if known else f"({value.value!r})")


def _mapping(source: Source, value: Mapping[Any, Any]) -> str:
    return "{" + ", ".join(f"{source.of(key)}: {source.of(item)}" for key, item in value.items()) + "}"


def _tuple(source: Source, value: tuple[Any, ...]) -> str:
    return f"({', '.join(map(source.of, value))}{',' if len(value) == 1 else ''})"


def _sequence(source: Source, value: Sequence[Any]) -> str:
    return f"[{', '.join(map(source.of, value))}]"


def _set(source: Source, value: AbstractSet[Any]) -> str:
    # Sorted, since the order of a set differs from run to run.
    items = f"{{{', '.join(sorted(map(source.of, value)))}}}" if value else ""
    return f"{type(value).__name__}({items})" if isinstance(value, frozenset) or not value else items


# The first that fits counts: an enum may be an int, too.
_WRITERS: tuple[tuple[Any, Callable[[Source, Any], str]], ...] = (
    (Enum, _enum),
    (float, _float),
    ((str, bytes, int), lambda _, value: repr(value)),
    ((UUID, Decimal), _imported),
    ((dt.date, dt.time, dt.timedelta), _moment),
    (Mapping, _mapping),
    (tuple, _tuple),
    (Sequence, _sequence),
    (AbstractSet, _set),
)
