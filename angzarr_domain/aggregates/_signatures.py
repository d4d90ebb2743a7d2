"""What the signature of a handler or applier says."""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

from angzarr_domain.books import is_message_type, type_name

from ._definition import Applier, Handler

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


class _Unresolved(SignatureIssues):
    """An annotation that only type checkers can read."""


def read_handler(cls: type[Any], name: str, function: Callable[..., Any], given: type[Any] | None) -> Handler:
    """The handler, or SignatureIssues."""
    label = f"{cls.__name__}.{name}"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise SignatureIssues(f"{label}: a handler is no async function; it decides, it does not wait")
    parameters = _positional(label, function, ("command",), ("command", "context"))
    issues: list[str] = []
    command = given or _collected(issues, _message, label, "handles", function, parameters[0])
    emits = _collected(issues, _emits, label, function, given)
    if issues:
        raise SignatureIssues(*issues)
    return Handler(label, command, type_name(command), function, len(parameters) == 2, emits)  # noqa: PLR2004


def read_applier(cls: type[Any], name: str, function: Callable[..., Any], given: type[Any] | None) -> Applier:
    """The applier, or SignatureIssues."""
    label = f"{cls.__name__}.{name}"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise SignatureIssues(f"{label}: an applier is no async function; it only folds an event into self")
    if inspect.isgeneratorfunction(function):
        raise SignatureIssues(f"{label}: an applier does not yield; a generator would never run")
    parameters = _positional(label, function, ("event",))
    issues: list[str] = []
    event = given or _collected(issues, _message, label, "applies", function, parameters[0])
    if issue := _answer(label, function):
        issues.append(issue)
    if issues:
        raise SignatureIssues(*issues)
    return Applier(label, event, type_name(event), function)


def _answer(label: str, function: Callable[..., Any]) -> str | None:
    annotation = inspect.signature(function).return_annotation
    if annotation in (inspect.Signature.empty, None, "None"):
        return None
    try:
        events = _events_in(label, _resolve(label, "applies", function, annotation))
    except SignatureIssues:
        return None  # whatever it is, it is no event
    if not events:
        return None
    names = " or ".join(type_name(event) for event in events)
    return (
        f"{label}: returns {names}, which an applier cannot: it changes self and returns nothing; @handles emits events"
    )


def _collected(issues: list[str], read: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except SignatureIssues as found:
        issues.extend(found.issues)
        return None


def _positional(label: str, function: Callable[..., Any], *shapes: tuple[str, ...]) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(function).parameters.values())
    plain = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    fits = all(p.kind in plain for p in parameters) and len(parameters) - 1 in {len(shape) for shape in shapes}
    if not fits:
        wanted = " or ".join(f"(self, {', '.join(shape)})" for shape in shapes)
        raise SignatureIssues(f"{label}: takes {inspect.signature(function)}; it has to take {wanted}")
    return parameters[1:]


def _message(label: str, mark: str, function: Callable[..., Any], parameter: inspect.Parameter) -> type[Any]:
    if parameter.annotation is inspect.Parameter.empty:
        raise SignatureIssues(
            f"{label}: {parameter.name} has no annotation; write {parameter.name}: TheMessage, or @{mark}(TheMessage)"
        )
    found = _resolve(label, mark, function, parameter.annotation)
    if not is_message_type(found):
        raise SignatureIssues(
            f"{label}: {parameter.name} is annotated {_shown(found)}, which is no single message class; "
            f"name one, or write @{mark}(TheMessage)"
        )
    return found


def _resolve(label: str, mark: str, function: Callable[..., Any], annotation: object) -> Any:
    holder = type("Holder", (), {"__annotations__": {"it": annotation}})
    # A decorator that wraps the method keeps its annotations, but their names are those of the method's module.
    names: dict[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    try:
        return typing.get_type_hints(holder, globalns=names)["it"]
    except Exception as error:
        raise _Unresolved(
            f"{label}: its annotation {_shown(annotation)!r} cannot be resolved at run time ({type(error).__name__}: "
            f"{error}); import the name outside of TYPE_CHECKING, or write @{mark}(TheMessage)"
        ) from error


def _shown(annotation: Any) -> str:
    plain = isinstance(annotation, type) and typing.get_origin(annotation) is None
    return annotation.__qualname__ if plain else str(annotation)


def _emits(label: str, function: Callable[..., Any], given: type[Any] | None) -> tuple[type[Any], ...] | None:
    annotation = inspect.signature(function).return_annotation
    if annotation is inspect.Signature.empty:
        return None
    try:
        found = _resolve(label, "handles", function, annotation)
    except _Unresolved:
        if given is None:
            raise
        return None  # the way out that the issue recommends; each event is still checked when it is emitted
    return _events_in(label, found)


def _events_in(label: str, annotation: Any) -> tuple[type[Any], ...] | None:
    if annotation is None or annotation is type(None):
        return ()
    if is_message_type(annotation):
        return (annotation,)
    if hasattr(annotation, "__value__"):  # an alias: `type Events = Opened | Closed`
        return _events_in(label, annotation.__value__)
    origin = typing.get_origin(annotation)
    if annotation in _NO_EVENTS or origin is dict:
        raise SignatureIssues(
            f"{label}: returns {_shown(annotation)}; a handler returns an event, an iterable of events or None"
        )
    if origin in {typing.Union, types.UnionType} or origin in _ITERABLES:
        return _events_in_parts(label, annotation, origin)
    return None


def _events_in_parts(label: str, annotation: Any, origin: Any) -> tuple[type[Any], ...] | None:
    arguments = [argument for argument in typing.get_args(annotation) if argument is not Ellipsis]
    if origin is collections.abc.Generator:
        arguments = arguments[:1]
    parts = [_events_in(label, argument) for argument in arguments]
    known = [part for part in parts if part is not None]
    return tuple(dict.fromkeys(e for part in known for e in part)) if len(known) == len(parts) else None
