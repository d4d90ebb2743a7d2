"""Messages of any class, from what the class says of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from angzarr_domain.books import type_name
from angzarr_domain.exceptions import AngzarrError, UsageError
from angzarr_domain.messages import OpenEnum, Shape
from angzarr_domain.testing._defaults import NOW

from ._fields import Field, fields_of
from ._limits import NO_LIMITS
from ._pool import Pool
from ._values import Values, scalars

_DEPTH: Final = 3
_ATTEMPTS: Final = 30
_MOST_ITEMS: Final = 3
_SOME_TIME: Final = int(NOW.timestamp())


@attrs.frozen(eq=False)
class Recipes:
    """How messages are made: of their fields' types, or as the author says.

    Attributes:
        commands: Strategies for whole messages, by class.
        fields: Strategies for fields, by name or by "Message.name".
        pool: What values are taken from again.

    """

    commands: Mapping[type[Any], Values] = attrs.field(factory=dict[type[Any], Values])
    fields: Mapping[str, Values] = attrs.field(factory=dict[str, Values])
    pool: Pool | None = None
    _made: dict[tuple[type[Any], int], Values] = attrs.field(factory=dict[tuple[type[Any], int], Values], init=False)

    def message(self, cls: type[Any], depth: int = _DEPTH) -> Values:
        """Messages of a class, which nest at most so deep.

        Raises:
            UsageError: It is no message class.

        """
        if cls in self.commands:
            return self.commands[cls]
        known = self._made.get((cls, depth))
        if known is None:
            known = self._made[cls, depth] = self._of(cls, depth)
        return known

    def unused(self, classes: Iterable[type[Any]]) -> list[str]:
        """The overridden fields that no message of these classes has, nor any that they hold."""
        names: set[str] = set()
        pending, seen = list(classes), set[type[Any]]()
        while pending:
            cls = pending.pop()
            if cls in seen:
                continue
            seen.add(cls)
            for field in fields_of(cls):
                names |= {field.name, f"{cls.__name__}.{field.name}"}
                if field.kind == "message" and field.cls is not None:
                    pending.append(field.cls)
        return sorted(self.fields.keys() - names)

    def _of(self, cls: type[Any], depth: int) -> Values:
        name = type_name(cls)
        if name in _WELL_KNOWN:
            return _WELL_KNOWN[name].map(lambda parts: cls(**parts))
        choices: dict[str, dict[str, Values]] = {}
        for field in fields_of(cls):
            values = self.fields.get(f"{cls.__name__}.{field.name}", self.fields.get(field.name))
            choices.setdefault(f"oneof {field.oneof}" if field.oneof else field.name, {})[field.argument] = (
                self._field(field, depth) if values is None else values
            )
        return _built(cls, tuple(choices.values()))

    def _field(self, field: Field, depth: int) -> Values:
        if field.kind == "message" and depth == 0:
            nothing: Any = {} if field.shape is Shape.MAP else () if field.shape is Shape.REPEATED else None
            return st.just(nothing)
        least, most = field.limits.shortest, field.limits.longest
        most = max(least, _MOST_ITEMS if most is None else min(most, _MOST_ITEMS))
        if field.shape is Shape.REPEATED:
            return st.lists(self._one(field, depth), min_size=least, max_size=most).map(tuple)
        if field.shape is Shape.MAP:
            keys = scalars(field.key or "string", NO_LIMITS, self.pool)
            return st.dictionaries(keys, self._one(field, depth), min_size=least, max_size=most)
        one = self._one(field, depth)
        if field.shape is Shape.SINGLE or field.limits.required or field.oneof:
            return one
        return _sometimes(one)

    def _one(self, field: Field, depth: int) -> Values:
        limits = (field.limits.items or NO_LIMITS) if field.shape in {Shape.REPEATED, Shape.MAP} else field.limits
        if field.kind == "message" and field.cls is not None:
            return self.message(field.cls, depth - 1)
        if field.kind == "enum":
            return _members(field).filter(limits.accepts)
        return scalars(field.kind, limits, self.pool)


@st.composite
def _built(draw: st.DrawFn, cls: type[Any], choices: tuple[Mapping[str, Values], ...]) -> Any:
    refusal: Exception | None = None
    for _ in range(_ATTEMPTS):
        arguments: dict[str, Any] = {}
        for choice in choices:
            # Of a oneof, one member or, once in a while, none.
            taken = draw(st.integers(0, len(choice))) if len(choice) > 1 else 0
            if taken < len(choice):
                name = list(choice)[taken]
                arguments[name] = draw(choice[name])
        try:
            return cls(**{name: value for name, value in arguments.items() if value is not None})
        except (ValueError, TypeError, AssertionError, AngzarrError) as error:  # what validators raise
            refusal = error
    raise UsageError(
        f"none of {_ATTEMPTS} attempts at a {cls.__name__} was accepted by its own checks ({refusal}): say what it may "
        f"hold by fields={{...}}, or how it is made by commands={{{cls.__name__}: ...}}",
        field="commands",
    )


@st.composite
def _sometimes(draw: st.DrawFn, values: Values) -> Any:
    return draw(values) if draw(st.integers(0, 3)) else None


def _members(field: Field) -> Values:
    if field.cls is None:
        return st.sampled_from(field.numbers)
    members: list[Any] = list(field.cls)  # type: ignore[call-overload]  # an enum, which is iterable
    if issubclass(field.cls, OpenEnum):
        # Once in a while a number of a newer .proto, which peers may send.
        members.append(field.cls(max(members) + 1))
    return st.sampled_from(members)


# Compiled messages whose fields do not say what they may hold.
_SECONDS = st.integers(0, 48).map(lambda hours: _SOME_TIME + 3600 * hours)
_WELL_KNOWN: Final[Mapping[str, st.SearchStrategy[dict[str, Any]]]] = {
    "google.protobuf.Timestamp": st.fixed_dictionaries({"seconds": _SECONDS, "nanos": st.sampled_from([0, 1000])}),
    "google.protobuf.Duration": st.fixed_dictionaries({"seconds": st.integers(0, 172_800)}),
    "google.protobuf.Any": st.just({}),
    "io.angzarr.v1.UUID": st.fixed_dictionaries(
        {"value": st.integers(1, 3).map(lambda number: number.to_bytes(16, "big"))}
    ),
}
