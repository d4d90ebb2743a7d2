"""What the annotations of a method say, read at run time."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

from angzarr_domain.books import is_message_type

from ._findings import wrong
from ._refusals import Escalation, Refused, Undo

_ITERABLES = (
    collections.abc.Iterable,
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.Sequence,
    collections.abc.Collection,
    list,
    tuple,
    set,
    frozenset,
)
_NO_EVENTS = (int, str, bytes, bool, float, complex, dict)


class SignatureIssues(Exception):
    """What is wrong with one method, each issue with its remedy."""

    def __init__(self, *issues: str) -> None:
        super().__init__("; ".join(issues))
        self.issues = issues


class Unresolved(SignatureIssues):
    """An annotation that only type checkers can read."""


def positional(
    label: str, function: Callable[..., Any], *shapes: tuple[str, ...], bound: bool = True
) -> list[inspect.Parameter]:
    """The parameters, without self if there is one, or SignatureIssues."""
    parameters = list(inspect.signature(function).parameters.values())
    plain = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    own = 1 if bound else 0
    fits = all(p.kind in plain for p in parameters) and len(parameters) - own in {len(shape) for shape in shapes}
    if not fits:
        wanted = " or ".join(f"({', '.join(('self', *shape) if bound else shape)})" for shape in shapes)
        raise SignatureIssues(
            wrong("AGG203", f"{label}: takes {inspect.signature(function)}; it has to take {wanted}", label)
        )
    return parameters[own:]


def message_of(label: str, mark: str, function: Callable[..., Any], parameter: inspect.Parameter) -> type[Any]:
    """The message class of a parameter, or SignatureIssues."""
    if parameter.annotation is inspect.Parameter.empty:
        raise SignatureIssues(
            wrong(
                "AGG204",
                f"{label}: {parameter.name} has no annotation; write {parameter.name}: TheMessage, "
                f"or @{mark}(TheMessage)",
                label,
            )
        )
    found = resolve(label, mark, function, parameter.annotation)
    if not is_message_type(found):
        raise SignatureIssues(
            wrong(
                "AGG205",
                f"{label}: {parameter.name} is annotated {shown(found)}, which is no single message class; "
                f"name one, or write @{mark}(TheMessage)",
                label,
            )
        )
    return found


def resolve(label: str, mark: str, function: Callable[..., Any], annotation: object) -> Any:
    """What an annotation stands for at run time, or Unresolved."""
    holder = type("Holder", (), {"__annotations__": {"it": annotation}})
    # A decorator that wraps the method keeps its annotations, but their names are those of the method's module.
    names: dict[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        return typing.get_type_hints(holder, globalns=names)["it"]
    except Exception as error:
        raise Unresolved(
            wrong(
                "AGG206",
                f"{label}: its annotation {shown(annotation)!r} cannot be resolved at run time "
                f"({type(error).__name__}: {error}); import the name outside of TYPE_CHECKING, "
                f"or write @{mark}(TheMessage)",
                label,
            )
        ) from error


def shown(annotation: Any) -> str:
    """An annotation as errors name it."""
    if typing.get_origin(annotation) in {Refused, Undo}:
        return f"{typing.get_origin(annotation).__name__}[{', '.join(map(shown, typing.get_args(annotation)))}]"
    plain = isinstance(annotation, type) and typing.get_origin(annotation) is None
    return annotation.__qualname__ if plain else str(annotation)


def emitted(
    label: str, mark: str, function: Callable[..., Any], given: type[Any] | None
) -> tuple[type[Any], ...] | None:
    """The events that the annotation of the answer names; None where it says too little, or nothing."""
    annotation = inspect.signature(function).return_annotation
    if annotation is inspect.Signature.empty:
        return None
    try:
        found = resolve(label, mark, function, annotation)
    except Unresolved:
        if given is None:
            raise
        return None  # the way out that the issue recommends; each event is still checked when it is emitted
    return events_in(label, found)


def events_in(label: str, annotation: Any) -> tuple[type[Any], ...] | None:
    """The events in an annotation, each once; None where it says too little, SignatureIssues where it says none."""
    if annotation is None or annotation is type(None) or annotation is Escalation:
        return ()
    if is_message_type(annotation):
        return (annotation,)
    if hasattr(annotation, "__value__"):  # an alias: `type Events = Opened | Closed`
        return events_in(label, annotation.__value__)
    origin = typing.get_origin(annotation)
    if annotation in _NO_EVENTS or origin is dict:
        raise SignatureIssues(
            wrong(
                "AGG207",
                f"{label}: returns {shown(annotation)}; a handler returns an event, an iterable of events or None",
                label,
            )
        )
    if origin in {typing.Union, types.UnionType} or origin in _ITERABLES:
        return _events_in_parts(label, annotation, origin)
    return None


def _events_in_parts(label: str, annotation: Any, origin: Any) -> tuple[type[Any], ...] | None:
    arguments = [argument for argument in typing.get_args(annotation) if argument is not Ellipsis]
    if origin is collections.abc.Generator:
        arguments = arguments[:1]
    parts = [events_in(label, argument) for argument in arguments]
    known = [part for part in parts if part is not None]
    return tuple(dict.fromkeys(e for part in known for e in part)) if len(known) == len(parts) else None


def collected(issues: list[str], read: Callable[..., Any], *arguments: Any) -> Any:
    """What `read` gives, or None, its issues being added to these."""
    try:
        return read(*arguments)
    except SignatureIssues as found:
        issues.extend(found.issues)
        return None
