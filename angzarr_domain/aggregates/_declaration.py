"""From a class with marks to its definition, or to every issue at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import FunctionType, MappingProxyType
from typing import Any

import attrs

from angzarr_domain.books import is_message_type, type_name
from angzarr_domain.exceptions import DeclarationError

from ._base import Aggregate
from ._definition import DEFINITION, AggregateDefinition, Applier, Handler, full_class_name
from ._fields import field_issues
from ._marks import Kind, Mark, mark_of
from ._signatures import SignatureIssues, read_applier, read_handler


def declare(cls: type[Any], domain: object, ignores: Any) -> type[Any]:
    """The attrs class, with its definition on it."""
    name = getattr(cls, "__qualname__", repr(cls))
    if not isinstance(cls, type):  # pyright: ignore[reportUnnecessaryIsInstance] - users decorate what they like
        raise DeclarationError(name, ["@aggregate makes an aggregate of a class, and this is none"])
    issues = [*_domain_issues(domain), *_class_issues(cls), *field_issues(cls)]
    collected = _Methods(cls, issues)
    ignored = _ignored(ignores, collected.appliers, issues)
    issues += collected.unapplied(ignored)
    if issues:
        raise DeclarationError(name, issues)
    made = _made(cls)
    definition = AggregateDefinition(
        made,
        str(domain),
        MappingProxyType(collected.handlers),
        MappingProxyType(collected.appliers),
        MappingProxyType(ignored),
    )
    setattr(made, DEFINITION, definition)
    return made


def _made(cls: type[Any]) -> type[Any]:
    try:
        # State validators run at construction only: with on_setattr one validator would make every set slow.
        # Without attrs' own __getstate__, copy and pickle keep the facts in the base's slot.
        made = attrs.define(cls, slots=True, auto_attribs=True, getstate_setstate=False, on_setattr=attrs.setters.NO_OP)
    except Exception as error:
        issue = f"attrs cannot make a class of it: {type(error).__name__}: {error}"
        raise DeclarationError(cls.__qualname__, [issue]) from error
    _try_out(made)
    return made


def _try_out(made: type[Any]) -> None:
    try:
        fresh = made()
    except Exception as error:
        issue = f"{made.__name__}() fails with {type(error).__name__}: the defaults have to make a fresh aggregate"
        raise DeclarationError(made.__qualname__, [issue]) from error
    for field in attrs.fields(made):
        try:
            setattr(fresh, field.name, getattr(fresh, field.name))
        except Exception as error:
            issue = (
                f"{made.__name__}.{field.name} cannot be set ({type(error).__name__}), "
                "but appliers change state: is a base of it frozen?"
            )
            raise DeclarationError(made.__qualname__, [issue]) from error


def _domain_issues(domain: object) -> list[str]:
    if isinstance(domain, str) and re.fullmatch(r"[a-z_][a-z0-9_-]{0,63}", domain):
        return []
    return [f"domain {domain!r}: use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or _"]


def _class_issues(cls: type[Any]) -> list[str]:
    issues: list[str] = []
    if not issubclass(cls, Aggregate):
        issues.append(f"it does not inherit from Aggregate: write class {cls.__name__}(Aggregate)")
    if {"__attrs_attrs__", "__dataclass_fields__"} & vars(cls).keys():
        issues.append("@aggregate makes the attrs class itself: remove the other decorator that makes fields")
    issues += [
        f"its base {base.__name__} has no __slots__, so misspelt attributes would be accepted and its fields would "
        "be none: decorate it with @attrs.define, or give it __slots__ = ()"
        for base in cls.__mro__[1:-1]
        if "__dict__" in vars(base)
    ]
    return issues


class _Methods:
    """The marked methods of a class; what is wrong with them goes to the issues."""

    def __init__(self, cls: type[Any], issues: list[str]) -> None:
        self.handlers: dict[str, Handler] = {}
        self.appliers: dict[str, Applier] = {}
        self._unreadable = False
        for name, (mark, function) in _marked(cls, issues).items():
            try:
                if mark.kind is Kind.HANDLES:
                    _add(self.handlers, read_handler(cls, name, function, mark.message), "handle", issues)
                else:
                    _add(self.appliers, read_applier(cls, name, function, mark.message), "apply", issues)
            except SignatureIssues as found:
                issues += found.issues
                self._unreadable = self._unreadable or mark.kind is Kind.APPLIES

    def unapplied(self, ignored: dict[str, type[Any]]) -> list[str]:
        """What handlers say they emit and nothing takes; not asked while an applier cannot be read."""
        if self._unreadable:
            return []
        found = (
            _unapplied(handler, event, self.appliers.get(type_name(event)), ignored.get(type_name(event)))
            for handler in self.handlers.values()
            for event in handler.emits or ()
        )
        return [issue for issue in found if issue]


def _unapplied(handler: Handler, event: type[Any], applier: Applier | None, ignored: type[Any] | None) -> str | None:
    taken = ignored if applier is None else applier.event
    if taken is event:
        return None
    if taken is None:
        return (
            f"{handler.name}: emits {type_name(event)}, which nothing applies; add an @applies method, "
            f"or list it: @aggregate(..., ignores=[{event.__name__}])"
        )
    where = "ignores has" if applier is None else f"{applier.name} applies"
    return (
        f"{handler.name}: emits {full_class_name(event)}, but {where} {full_class_name(taken)} of the same name; "
        "use one of the two classes"
    )


def _marked(cls: type[Any], issues: list[str]) -> dict[str, tuple[Mark, Any]]:
    """The marked functions by name, the most derived one of each name, bases first."""
    names = [name for base in reversed(cls.__mro__) for name, value in vars(base).items() if mark_of(value)]
    found: dict[str, tuple[Mark, Any]] = {}
    for name in dict.fromkeys(names):
        base = next(base for base in cls.__mro__ if name in vars(base))
        value, label = vars(base)[name], f"{base.__name__}.{name}"
        mark = mark_of(value)
        if mark is None:
            lost = next(lost.kind.value for base in cls.__mro__ if (lost := mark_of(vars(base).get(name))))
            issues.append(f"{label}: overrides a method marked @{lost} without the mark; add @{lost}")
        elif not isinstance(value, FunctionType):
            issues.append(f"{label}: @{mark.kind.value} marks a plain method, not a {type(value).__name__}")
        elif mark.earlier is not None:
            both = " and ".join(_written(each) for each in (mark.earlier, mark))
            issues.append(f"{label}: is marked {both}; a method has one mark, so write a second method")
        else:
            found[name] = (mark, value)
    return found


def _written(mark: Mark) -> str:
    return f"@{mark.kind.value}" + (f"({mark.message.__name__})" if mark.message else "")


def _add(table: dict[str, Any], entry: Handler | Applier, verb: str, issues: list[str]) -> None:
    other = table.setdefault(entry.type_name, entry)
    if other is not entry:
        issues.append(f"{other.name} and {entry.name} both {verb} {entry.type_name}: remove one")


def _ignored(ignores: Any, appliers: dict[str, Applier], issues: list[str]) -> dict[str, type[Any]]:
    if not isinstance(ignores, Iterable):
        issues.append(f"ignores {ignores!r}: takes a list of message classes; write ignores=[...]")
        return {}
    ignored: dict[str, type[Any]] = {}
    for event in list[Any](ignores):  # pyright: ignore[reportUnknownArgumentType] - of anything
        if not is_message_type(event):
            issues.append(f"ignores {event!r}: that is no message class")
        elif type_name(event) in appliers:
            issues.append(f"ignores {type_name(event)}, which {appliers[type_name(event)].name} applies; drop one")
        else:
            ignored[type_name(event)] = event
    return ignored
