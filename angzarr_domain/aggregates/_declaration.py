"""From a class with marks to its definition, or to every issue at once."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

import attrs

from angzarr_domain.exceptions import DeclarationError

from ._base import Aggregate
from ._definition import DEFINITION, AggregateDefinition
from ._evolution import chain_issues
from ._fields import field_issues
from ._findings import wrong
from ._guard import guarded_class
from ._methods import Methods
from ._options import DOMAIN_RULE, Options, is_domain
from ._warnings import look_at, unwritable, warn_of

#: How many frames there are from `declare` up to the decorated class.
_FROM_THE_CLASS: Final = 3


def declare(cls: type[Any], options: Options) -> type[Any]:
    """The attrs class, with its definition on it."""
    name = getattr(cls, "__qualname__", repr(cls))
    if not isinstance(cls, type):  # pyright: ignore[reportUnnecessaryIsInstance] - users decorate what they like
        raise DeclarationError(name, [wrong("AGG102", "@aggregate makes an aggregate of a class, and this is none")])
    issues = [*options.issues(), *_class_issues(cls), *field_issues(cls)]
    methods = Methods(cls, issues)
    ignored = options.ignored(methods, issues)
    aliases = options.aliased(methods, ignored, issues)
    policy = options.policy(issues)
    issues += chain_issues(methods.upcasts, methods.appliers, ignored)
    issues += [*methods.unapplied(ignored), *methods.outdated(ignored), *methods.ambiguous(), *_domains(methods)]
    if issues:
        raise DeclarationError(name, issues)
    made = _made(cls)
    definition = AggregateDefinition(
        made,
        str(options.domain),
        MappingProxyType(methods.handlers),
        MappingProxyType(methods.appliers),
        MappingProxyType(ignored),
        MappingProxyType(methods.facts),
        MappingProxyType(methods.compensators),
        MappingProxyType(methods.undoers),
        MappingProxyType(methods.upcasts),
        MappingProxyType(aliases),
        options.unknown,
        policy,
        options.version,
        options.state,
    )
    issues += [*unwritable(definition), *_homeless(made, options.state)]
    definition = attrs.evolve(definition, findings=look_at(definition))
    setattr(made, DEFINITION, definition)
    issues += _unguardable(made)
    if issues:
        raise DeclarationError(name, issues)
    warn_of(definition.findings, stacklevel=_FROM_THE_CLASS)
    return made


def _unguardable(made: type[Any]) -> list[str]:
    try:
        guarded_class(made)
    except Exception as error:  # noqa: BLE001 - of whatever metaclass
        return [
            wrong(
                "AGG106",
                f"it cannot have a subclass of the same layout ({type(error).__name__}: {error}), which guards it "
                "while a handler decides: let its metaclass make one",
            )
        ]
    return []


def _homeless(made: type[Any], message: type[Any] | None) -> list[str]:
    """Fields that the state's own message has no place for."""
    if message is None:
        return []
    if not attrs.has(message):
        return [
            wrong(
                "AGG109",
                f"state {message.__name__}: states travel as generated messages only; generate the class from its "
                ".proto (python -m angzarr_domain generate), or leave it out",
                "state",
            )
        ]
    places = {field.name for field in attrs.fields(message)}
    return [
        wrong(
            "AGG109",
            f"state {message.__name__} has no field {field.name}: give the message a field of that name",
            field.name,
        )
        for field in attrs.fields(made)
        if field.name not in places
    ]


def _domains(methods: Methods) -> list[str]:
    return [
        wrong("AGG214", f"{entry.name}: domain {entry.domain!r}: {DOMAIN_RULE}", entry.name)
        for entries in methods.compensators.values()
        for entry in entries
        if entry.domain is not None and not is_domain(entry.domain)
    ]


def _made(cls: type[Any]) -> type[Any]:
    try:
        # State validators run at construction only: with on_setattr one validator would make every set slow.
        # Without attrs' own __getstate__, copy and pickle keep the facts in the base's slot.
        made = attrs.define(cls, slots=True, auto_attribs=True, getstate_setstate=False, on_setattr=attrs.setters.NO_OP)
    except Exception as error:
        issue = wrong("AGG106", f"attrs cannot make a class of it: {type(error).__name__}: {error}")
        raise DeclarationError(cls.__qualname__, [issue]) from error
    _try_out(made)
    return made


def _try_out(made: type[Any]) -> None:
    try:
        fresh = made()
    except Exception as error:
        issue = wrong(
            "AGG107",
            f"{made.__name__}() fails with {type(error).__name__}: the defaults have to make a fresh aggregate",
        )
        raise DeclarationError(made.__qualname__, [issue]) from error
    for field in attrs.fields(made):
        try:
            setattr(fresh, field.name, getattr(fresh, field.name))
        except Exception as error:
            issue = wrong(
                "AGG108",
                f"{made.__name__}.{field.name} cannot be set ({type(error).__name__}), "
                "but appliers change state: is a base of it frozen?",
                field.name,
            )
            raise DeclarationError(made.__qualname__, [issue]) from error


def _class_issues(cls: type[Any]) -> list[str]:
    issues: list[str] = []
    if not issubclass(cls, Aggregate):
        issues.append(wrong("AGG103", f"it does not inherit from Aggregate: write class {cls.__name__}(Aggregate)"))
    if {"__attrs_attrs__", "__dataclass_fields__"} & vars(cls).keys():
        issues.append(
            wrong("AGG104", "@aggregate makes the attrs class itself: remove the other decorator that makes fields")
        )
    issues += [
        wrong(
            "AGG105",
            f"its base {base.__name__} has no __slots__, so misspelt attributes would be accepted and its fields would "
            "be none: decorate it with @attrs.define, or give it __slots__ = ()",
        )
        for base in cls.__mro__[1:-1]
        if "__dict__" in vars(base)
    ]
    return issues
