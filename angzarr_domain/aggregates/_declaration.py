"""From a class with marks to its definition, or to every issue at once."""

from __future__ import annotations

import re
from types import FunctionType, MappingProxyType
from typing import Any, cast

import attrs

from angzarr_domain.books import is_message_type, type_name
from angzarr_domain.exceptions import DeclarationError, UsageError

from ._base import Aggregate
from ._definition import DEFINITION, AggregateDefinition, Applier, Handler
from ._marks import Kind, Mark, mark_of
from ._signatures import SignatureIssue, read_applier, read_handler

_FACTS = ("root", "exists", "next_sequence")
_MUTABLE = (list, dict, set, bytearray)


def declare(cls: type[Any], domain: object, ignores: tuple[Any, ...]) -> type[Any]:
    """The attrs class, with its definition on it."""
    issues: list[str] = [*_domain_issues(domain), *_class_issues(cls), *_field_issues(cls)]
    handlers: dict[str, Handler] = {}
    appliers: dict[str, Applier] = {}
    for name, (mark, function) in _marked(cls, issues).items():
        try:
            if mark.kind is Kind.HANDLES:
                handler = read_handler(cls, name, function, mark.message)
                _add(handlers, handler, "handle", issues)
            else:
                applier = read_applier(cls, name, function, mark.message)
                _add(appliers, applier, "apply", issues)
        except SignatureIssue as issue:
            issues.append(str(issue))
    ignored = _ignored(ignores, appliers, issues)
    issues += _unapplied(handlers, appliers, ignored)
    if issues:
        raise DeclarationError(cls.__qualname__, issues)
    # State validators run at construction only: with on_setattr one validator would make every set slow.
    # Without attrs' own __getstate__, copy and pickle keep the facts in the base's slot.
    made = attrs.define(cls, slots=True, getstate_setstate=False, on_setattr=attrs.setters.NO_OP)
    definition = AggregateDefinition(
        made, str(domain), MappingProxyType(handlers), MappingProxyType(appliers), MappingProxyType(ignored)
    )
    _try_fresh(made)
    setattr(made, DEFINITION, definition)
    return made


def _domain_issues(domain: object) -> list[str]:
    if isinstance(domain, str) and re.fullmatch(r"[a-z_][a-z0-9_-]{0,63}", domain):
        return []
    return [f"domain {domain!r}: use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or _"]


def _class_issues(cls: type[Any]) -> list[str]:
    issues: list[str] = []
    if not issubclass(cls, Aggregate):
        issues.append(f"it does not inherit from Aggregate: write class {cls.__name__}(Aggregate)")
    if "__attrs_attrs__" in vars(cls):
        issues.append("@aggregate makes the attrs class itself: remove attrs' decorator below it")
    return issues


def _field_issues(cls: type[Any]) -> list[str]:
    issues: list[str] = []
    for name, annotation in vars(cls).get("__annotations__", {}).items():
        if "ClassVar" in str(annotation):
            continue
        value: Any = vars(cls).get(name, attrs.NOTHING)
        if name in _FACTS:
            issues.append(f"field {name}: every aggregate has a fact of that name; choose another")
        elif isinstance(value, (FunctionType, staticmethod, classmethod, property)):
            issues.append(f"field {name}: a method has the same name and would be its default; rename one")
        elif value is attrs.NOTHING:
            issues.append(f"field {name}: has no default, so no fresh aggregate can be made; give it one")
        elif isinstance(value, _MUTABLE):
            kind = next(m.__name__ for m in _MUTABLE if isinstance(cast("object", value), m))
            issues.append(f"field {name}: all aggregates would share this {kind}; use attrs.field(factory={kind})")
        elif name.startswith("_") and not getattr(value, "alias", None):
            issues.append(f"field {name}: attrs would name its argument {name.lstrip('_')!r}; drop the underscore")
    return issues


def _marked(cls: type[Any], issues: list[str]) -> dict[str, tuple[Mark, Any]]:
    """The marked functions by name, the most derived one of each name."""
    found: dict[str, tuple[Mark, Any]] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            mark = mark_of(value)
            if mark is None:
                if name in found:
                    lost = found.pop(name)[0].kind.value
                    issues.append(
                        f"{base.__name__}.{name}: overrides a method marked @{lost} without the mark; add @{lost}"
                    )
            elif not isinstance(value, FunctionType):
                issues.append(
                    f"{base.__name__}.{name}: @{mark.kind.value} marks a plain method, not a {type(value).__name__}"
                )
            else:
                found[name] = (mark, value)
    return found


def _add(table: dict[str, Any], entry: Handler | Applier, verb: str, issues: list[str]) -> None:
    other = table.setdefault(entry.type_name, entry)
    if other is not entry:
        issues.append(f"{other.name} and {entry.name} both {verb} {entry.type_name}: remove one")


def _ignored(ignores: tuple[Any, ...], appliers: dict[str, Applier], issues: list[str]) -> dict[str, type[Any]]:
    ignored: dict[str, type[Any]] = {}
    for event in ignores:
        if not is_message_type(event):
            issues.append(f"ignores {event!r}: that is no message class")
        elif type_name(event) in appliers:
            issues.append(f"ignores {type_name(event)}, which {appliers[type_name(event)].name} applies; drop one")
        else:
            ignored[type_name(event)] = event
    return ignored


def _unapplied(handlers: dict[str, Handler], appliers: dict[str, Applier], ignored: dict[str, type[Any]]) -> list[str]:
    known = appliers.keys() | ignored.keys()
    return [
        f"{handler.name}: emits {type_name(event)}, which nothing applies; add an @applies method, "
        f"or list it: @aggregate(..., ignores=[{event.__name__}])"
        for handler in handlers.values()
        for event in handler.emits or ()
        if type_name(event) not in known
    ]


def _try_fresh(made: type[Any]) -> None:
    try:
        made()
    except UsageError:
        raise
    except Exception as error:
        issue = f"{made.__name__}() fails with {type(error).__name__}: the defaults have to make a fresh aggregate"
        raise DeclarationError(made.__qualname__, [issue]) from error
