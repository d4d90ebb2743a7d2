"""What the signature of a marked method says."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import attrs

from angzarr_domain.books import type_name

from ._annotations import (
    SignatureIssues,
    Unresolved,
    collected,
    emitted,
    events_in,
    message_of,
    positional,
    resolve,
    shown,
)
from ._entries import Applier, Compensator, FactHandler, Handler, Undoer, Upcast
from ._findings import wrong
from ._marks import Mark
from ._refusals import Refused, Undo

Function = Callable[..., Any]
Emitted = tuple[type[Any], ...]


@attrs.frozen
class Marked:
    """A marked function and what errors call it."""

    label: str
    function: Function
    mark: Mark

    @property
    def kind(self) -> str:
        """The decorator's name."""
        return self.mark.kind.value


def read_handler(marked: Marked) -> Handler:
    """The handler, or SignatureIssues."""
    command, takes_context, emits = _decider(marked, "command", "a handler")
    return Handler(marked.label, command, type_name(command), marked.function, takes_context, emits)


def read_fact_handler(marked: Marked) -> FactHandler:
    """The fact handler, or SignatureIssues."""
    fact, takes_context, emits = _decider(marked, "fact", "a fact handler")
    if emits is not None and fact not in emits:
        answers = " or ".join(type_name(event) for event in emits) or "nothing"
        raise SignatureIssues(
            wrong(
                "AGG213",
                f"{marked.label}: returns {answers}, but a fact is always recorded: return the {fact.__name__} itself "
                f"first, then the events it gives rise to, such as Iterable[{fact.__name__} | ...]",
                marked.label,
            )
        )
    return FactHandler(marked.label, fact, type_name(fact), marked.function, takes_context, emits)


def read_compensator(marked: Marked) -> Compensator:
    """The compensator, or SignatureIssues."""
    command, takes_context, emits = _answerer(marked, "refused", Refused)
    name, domain = type_name(command), marked.mark.domain
    return Compensator(marked.label, command, name, marked.function, domain, takes_context, emits)


def read_undoer(marked: Marked) -> Undoer:
    """The undoer, or SignatureIssues."""
    command, takes_context, emits = _answerer(marked, "undo", Undo)
    return Undoer(marked.label, command, type_name(command), marked.function, takes_context, emits)


def read_applier(marked: Marked) -> Applier:
    """The applier, or SignatureIssues."""
    label, function = marked.label, marked.function
    if _is_async(function):
        raise SignatureIssues(
            wrong("AGG201", f"{label}: an applier is no async function; it only folds an event into self", label)
        )
    if inspect.isgeneratorfunction(function):
        raise SignatureIssues(
            wrong("AGG202", f"{label}: an applier does not yield; a generator would never run", label)
        )
    parameters = positional(label, function, ("event",))
    issues: list[str] = []
    event = marked.mark.message or collected(issues, message_of, label, "applies", function, parameters[0])
    if issue := _answer(label, function):
        issues.append(issue)
    if issues:
        raise SignatureIssues(*issues)
    return Applier(label, event, type_name(event), function)


def read_upcast(marked: Marked) -> Upcast:
    """The upcast, or SignatureIssues."""
    label, function = marked.label, marked.function
    if _is_async(function) or inspect.isgeneratorfunction(function):
        raise SignatureIssues(
            wrong(
                "AGG202", f"{label}: an upcast is no async function and does not yield; return a tuple of events", label
            )
        )
    parameters = positional(label, function, ("event",), bound=False)
    issues: list[str] = []
    event = marked.mark.message or collected(issues, message_of, label, "upcasts", function, parameters[0])
    into = collected(issues, _into, label, function)
    if issues:
        raise SignatureIssues(*issues)
    if event in into:
        raise SignatureIssues(
            wrong(
                "AGG306",
                f"{label}: turns {type_name(event)} into itself; an upcast gives an event of another type, "
                "so give the new shape a name of its own",
                label,
            )
        )
    return Upcast(label, event, type_name(event), into, function)


def _decider(marked: Marked, parameter: str, what: str) -> tuple[type[Any], bool, Emitted | None]:
    label, function = marked.label, marked.function
    if _is_async(function):
        raise SignatureIssues(
            wrong("AGG201", f"{label}: {what} is no async function; it decides, it does not wait", label)
        )
    parameters = positional(label, function, (parameter,), (parameter, "context"))
    issues: list[str] = []
    given = marked.mark.message
    message = given or collected(issues, message_of, label, marked.kind, function, parameters[0])
    emits = collected(issues, emitted, label, marked.kind, function, given)
    if issues:
        raise SignatureIssues(*issues)
    return message, len(parameters) > 1, emits


def _answerer(marked: Marked, parameter: str, wrapper: type[Any]) -> tuple[type[Any], bool, Emitted | None]:
    label, function = marked.label, marked.function
    if _is_async(function):
        raise SignatureIssues(
            wrong("AGG201", f"{label}: it decides, it does not wait; write a plain function, not an async one", label)
        )
    parameters = positional(label, function, (parameter,), (parameter, "context"))
    issues: list[str] = []
    command: type[Any] = marked.mark.message or object
    collected(issues, _check_wrapped, marked, parameters[0], wrapper, command)
    emits = collected(issues, emitted, label, marked.kind, function, marked.mark.message)
    if issues:
        raise SignatureIssues(*issues)
    return command, len(parameters) > 1, emits


def _check_wrapped(marked: Marked, parameter: inspect.Parameter, wrapper: type[Any], command: type[Any]) -> None:
    if parameter.annotation is inspect.Parameter.empty:
        return
    try:
        found = resolve(marked.label, marked.kind, marked.function, parameter.annotation)
    except Unresolved:
        return  # the mark says it all
    wanted = f"{wrapper.__name__}[{command.__name__}]"
    plain = found is wrapper or found is Any
    if not plain and (typing.get_origin(found) is not wrapper or typing.get_args(found) != (command,)):
        raise SignatureIssues(
            wrong(
                "AGG205",
                f"{marked.label}: {parameter.name} is annotated {shown(found)}, but @{marked.kind}({command.__name__}) "
                f"gives it {wanted}; annotate it so, or name the other command in the mark",
                marked.label,
            )
        )


def _into(label: str, function: Function) -> Emitted:
    annotation = inspect.signature(function).return_annotation
    if annotation is inspect.Signature.empty:
        raise SignatureIssues(
            wrong(
                "AGG305",
                f"{label}: does not say what the old event becomes; annotate the answer: -> New, -> tuple[New, Newer], "
                "or -> None for an event that is left out today",
                label,
            )
        )
    found = events_in(label, resolve(label, "upcasts", function, annotation))
    if found is None:
        raise SignatureIssues(
            wrong(
                "AGG305",
                f"{label}: returns {shown(annotation)}, which does not say what the old event becomes; name the "
                "message classes: -> New, -> tuple[New, Newer], or -> None for an event that is left out today",
                label,
            )
        )
    return found


def _answer(label: str, function: Function) -> str | None:
    annotation = inspect.signature(function).return_annotation
    if annotation in (inspect.Signature.empty, None, "None"):
        return None
    try:
        events = events_in(label, resolve(label, "applies", function, annotation))
    except SignatureIssues:
        return None  # whatever it is, it is no event
    if not events:
        return None
    names = " or ".join(type_name(event) for event in events)
    return wrong(
        "AGG208",
        f"{label}: returns {names}, which an applier cannot: it changes self and returns nothing; "
        "@handles emits events",
        label,
    )


def _is_async(function: Function) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
