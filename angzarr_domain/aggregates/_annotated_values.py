"""From the annotations of fields to the types of their values."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
from collections import abc
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, Flag
from typing import Any, Final
from uuid import UUID

import attrs

from angzarr_domain.books import StateField, ValueKind, ValueType, is_message_type

from ._annotations import shown

_PLAIN: Final[Mapping[type[Any], ValueKind]] = {
    type(None): ValueKind.NONE,
    bool: ValueKind.BOOL,
    int: ValueKind.INT,
    float: ValueKind.FLOAT,
    str: ValueKind.STR,
    bytes: ValueKind.BYTES,
    Decimal: ValueKind.DECIMAL,
    datetime: ValueKind.DATETIME,
    date: ValueKind.DATE,
    timedelta: ValueKind.TIMEDELTA,
    UUID: ValueKind.UUID,
}
_HOLDING_ONE: Final[Mapping[Any, tuple[ValueKind, type[Any]]]] = {
    list: (ValueKind.LIST, list),
    set: (ValueKind.SET, set),
    abc.MutableSet: (ValueKind.SET, set),
    frozenset: (ValueKind.FROZENSET, frozenset),
}
_MAPPINGS: Final = (dict, abc.Mapping, abc.MutableMapping)
_ADVICE: Final[tuple[tuple[Any, str], ...]] = (
    (Any, "name the type that it holds"),
    (object, "name the type that it holds"),
    (abc.Sequence, "write list[...] or tuple[..., ...]"),
    (abc.Iterable, "write list[...] or tuple[..., ...]"),
    (abc.Collection, "write list[...] or tuple[..., ...]"),
    (abc.Set, "write set[...] or frozenset[...]"),
)


class NotAValue(Exception):
    """A type that no snapshot can hold; the text says what to write instead."""


class Values:
    """Reads annotations; collects the classes of nested objects on the way."""

    def __init__(self) -> None:
        self.records: dict[type[Any], tuple[StateField, ...]] = {}

    def of_attribute(self, cls: type[Any], attribute: attrs.Attribute[Any]) -> ValueType:
        """The type of an attrs class's field, or NotAValue."""
        return self._of_field(cls, attribute.name, attribute.type)

    def _of_field(self, cls: type[Any], name: str, annotation: Any) -> ValueType:
        if annotation is None:
            raise NotAValue("it has no annotation; name the type that it holds")
        return self.of(_resolved(cls, name, annotation))

    def of(self, annotation: Any) -> ValueType:
        """The type that an annotation names, or NotAValue."""
        annotation = _bare(annotation)
        origin, args = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is None:
            return self._of_class(annotation)
        if origin in {typing.Union, types.UnionType}:
            return self._choice(args)
        if origin is typing.Literal:
            return self._choice(tuple({arg.__class__: None for arg in args}))
        return self._container(annotation, origin, args)

    def _container(self, annotation: Any, origin: Any, args: tuple[Any, ...]) -> ValueType:
        if origin is tuple:
            if args[1:] == (Ellipsis,):
                return ValueType(ValueKind.TUPLE, tuple, (self.of(args[0]),))
            return ValueType(ValueKind.ROW, tuple, tuple(self.of(arg) for arg in args))
        if origin in _MAPPINGS:
            return ValueType(ValueKind.DICT, dict, (self._hashable(args[0]), self.of(args[1])))
        if origin in _HOLDING_ONE:
            kind, cls = _HOLDING_ONE[origin]
            return ValueType(kind, cls, ((self.of if kind is ValueKind.LIST else self._hashable)(args[0]),))
        raise _refused(annotation, origin)

    def _of_class(self, cls: Any) -> ValueType:
        if cls is None:
            cls = type(None)
        if not isinstance(cls, type):
            raise _refused(cls, None)
        plain = _PLAIN.get(cls)
        return self._of_own_class(cls) if plain is None else ValueType(plain, cls)

    def _of_own_class(self, cls: type[Any]) -> ValueType:
        if issubclass(cls, Enum):
            numbered = issubclass(cls, (int, Flag))
            return ValueType(ValueKind.NUMBERED if numbered else ValueKind.NAMED, cls)
        if is_message_type(cls):
            return ValueType(ValueKind.MESSAGE, cls)
        if attrs.has(cls) or dataclasses.is_dataclass(cls):
            self._record(cls)
            return ValueType(ValueKind.RECORD, cls)
        raise _refused(cls, None)

    def _record(self, cls: type[Any]) -> None:
        if cls in self.records:
            return
        declared: list[tuple[str, Any]] = (
            [(each.name, each.type) for each in attrs.fields(cls)]
            if attrs.has(cls)
            else [(each.name, each.type) for each in dataclasses.fields(cls)]
        )
        self.records[cls] = ()  # so that a class may hold itself
        found: list[StateField] = []
        for name, annotation in declared:
            try:
                found.append(StateField(name, self._of_field(cls, name, annotation)))
            except NotAValue as issue:
                del self.records[cls]
                raise NotAValue(f"{cls.__name__}.{name}: {issue}") from None
        self.records[cls] = tuple(found)

    def _choice(self, args: tuple[Any, ...]) -> ValueType:
        found = [self.of(arg) for arg in args]
        flat = [option for each in found for option in (each.args if each.kind is ValueKind.CHOICE else (each,))]
        options = list(dict.fromkeys(flat))
        if len(options) == 1:
            return options[0]
        classes = [option.cls for option in options]
        for option in options:
            if classes.count(option.cls) > 1:
                name = "None" if option.cls is None else option.cls.__name__
                raise NotAValue(f"several of its types are a {name}, so a value does not tell which it is; allow one")
        return ValueType(ValueKind.CHOICE, None, tuple(sorted(options, key=_order)))

    def _hashable(self, annotation: Any) -> ValueType:
        value = self.of(annotation)
        if not self._never_changes(value, set()):
            raise NotAValue(
                f"{shown(annotation)} is a key or an element of a set, but can be changed; use what cannot, such as "
                "a str, an int, or a tuple of them"
            )
        return value

    def _never_changes(self, value: ValueType, seen: set[type[Any]]) -> bool:
        if value.kind in {ValueKind.LIST, ValueKind.SET, ValueKind.DICT}:
            return False
        cls = value.cls
        parts = value.args
        if value.kind in {ValueKind.RECORD, ValueKind.MESSAGE} and cls is not None:
            if getattr(cls, "__hash__", None) is None:
                return False
            if cls not in seen:
                seen.add(cls)
                parts = tuple(field.type for field in self.records.get(cls, ()))
        return all(self._never_changes(part, seen) for part in parts)


def _order(option: ValueType) -> tuple[bool, str, str]:
    # None comes first: allowing it beside one other type is what most choices are.
    return option.kind is not ValueKind.NONE, option.kind.value, "" if option.cls is None else option.cls.__name__


def _bare(annotation: Any) -> Any:
    """Without what says nothing of the value: Annotated, Final, aliases, new types."""
    while True:
        if typing.get_origin(annotation) in {typing.Annotated, Final}:
            annotation = typing.get_args(annotation)[0]
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif hasattr(annotation, "__value__"):  # type Money = int
            annotation = annotation.__value__
        else:
            return annotation


def _resolved(cls: type[Any], name: str, annotation: Any) -> Any:
    # A name in an annotation is one of the module of the class that wrote it, not of a subclass.
    owner = next((base for base in cls.__mro__ if name in inspect.get_annotations(base)), cls)
    names = getattr(sys.modules.get(owner.__module__), "__dict__", {})
    holder = type("Holder", (), {"__annotations__": {"it": annotation}})
    try:
        return typing.get_type_hints(holder, globalns=dict(names), localns=dict(vars(owner)), include_extras=True)["it"]
    except Exception as error:
        raise NotAValue(
            f"its annotation {shown(annotation)!r} cannot be resolved at run time ({type(error).__name__}: {error}); "
            "import the name outside of TYPE_CHECKING"
        ) from error


def _refused(annotation: Any, origin: Any) -> NotAValue:
    for known, advice in _ADVICE:
        if annotation is known or origin is known:
            return NotAValue(f"{shown(annotation)} says too little; {advice}")
    if annotation in (list, dict, set, frozenset, tuple):
        return NotAValue(f"{shown(annotation)} says nothing of what is in it; write {annotation.__name__}[...]")
    return NotAValue(
        f"no snapshot can hold a {shown(annotation)}; use int, str, bytes, bool, float, Decimal, datetime, date, "
        "timedelta, UUID, an enum, a message, an attrs class, or list, tuple, dict, set or frozenset of such"
    )
