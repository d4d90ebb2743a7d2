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


class SignatureIssue(Exception):
    """One thing wrong with one method."""


def read_handler(cls: type[Any], name: str, function: Callable[..., Any], given: type[Any] | None) -> Handler:
    """The handler, or SignatureIssue."""
    label = f"{cls.__name__}.{name}"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise SignatureIssue(f"{label}: a handler is no async function; it decides, it does not wait")
    parameters = _positional(label, function, ("command",), ("command", "context"))
    command = given or _message(label, "handles", function, parameters[0])
    emits = _emits(label, function)
    return Handler(label, command, type_name(command), function, len(parameters) == 2, emits)  # noqa: PLR2004


def read_applier(cls: type[Any], name: str, function: Callable[..., Any], given: type[Any] | None) -> Applier:
    """The applier, or SignatureIssue."""
    label = f"{cls.__name__}.{name}"
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise SignatureIssue(f"{label}: an applier is no async function; it only folds an event into self")
    if inspect.isgeneratorfunction(function):
        raise SignatureIssue(f"{label}: an applier does not yield; a generator would never run")
    parameters = _positional(label, function, ("event",))
    event = given or _message(label, "applies", function, parameters[0])
    return Applier(label, event, type_name(event), function)


def _positional(label: str, function: Callable[..., Any], *shapes: tuple[str, ...]) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(function).parameters.values())
    plain = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    fits = all(p.kind in plain for p in parameters) and len(parameters) - 1 in {len(shape) for shape in shapes}
    if not fits:
        wanted = " or ".join(f"(self, {', '.join(shape)})" for shape in shapes)
        raise SignatureIssue(f"{label}: takes {inspect.signature(function)}; it has to take {wanted}")
    return parameters[1:]


def _message(label: str, mark: str, function: Callable[..., Any], parameter: inspect.Parameter) -> type[Any]:
    if parameter.annotation is inspect.Parameter.empty:
        raise SignatureIssue(
            f"{label}: {parameter.name} has no annotation; write {parameter.name}: TheMessage, or @{mark}(TheMessage)"
        )
    found = _resolve(label, mark, function, parameter.annotation)
    if not is_message_type(found):
        shown = getattr(found, "__qualname__", str(found))
        raise SignatureIssue(
            f"{label}: {parameter.name} is annotated {shown}, which is no single message class; "
            f"name one, or write @{mark}(TheMessage)"
        )
    return found


def _resolve(label: str, mark: str, function: Callable[..., Any], annotation: object) -> Any:
    if not isinstance(annotation, str):
        return annotation
    holder = type("Holder", (), {"__annotations__": {"it": annotation}})
    try:
        return typing.get_type_hints(holder, globalns=function.__globals__)["it"]
    except Exception as error:
        raise SignatureIssue(
            f"{label}: its annotation {annotation!r} cannot be resolved at run time ({type(error).__name__}: "
            f"{error}); import the name outside of TYPE_CHECKING, or write @{mark}(TheMessage)"
        ) from error


def _emits(label: str, function: Callable[..., Any]) -> tuple[type[Any], ...] | None:
    annotation = inspect.signature(function).return_annotation
    if annotation is inspect.Signature.empty:
        return None
    return _events_in(label, _resolve(label, "handles", function, annotation))


def _events_in(label: str, annotation: Any) -> tuple[type[Any], ...] | None:
    if annotation is None or annotation is type(None):
        return ()
    if is_message_type(annotation):
        return (annotation,)
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _events_in(label, typing.get_args(annotation)[0])
    arguments = [argument for argument in typing.get_args(annotation) if argument is not Ellipsis]
    if origin is collections.abc.Generator:
        arguments = arguments[:1]
    if origin in {typing.Union, types.UnionType} or origin in _ITERABLES:
        parts = [_events_in(label, argument) for argument in arguments]
        known = [part for part in parts if part is not None]
        return tuple(dict.fromkeys(e for part in known for e in part)) if len(known) == len(parts) else None
    if annotation in {int, str, bytes, bool, float, dict}:
        raise SignatureIssue(
            f"{label}: returns {annotation.__name__}; a handler returns an event, an iterable of events or None"
        )
    return None
