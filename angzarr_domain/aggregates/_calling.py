"""Calling the author's code. Every handler, of whatever kind, is called here and nowhere else, under guard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from angzarr_domain.books import is_message_type, type_name
from angzarr_domain.exceptions import HandlerFailed, Rejected, StateMutated

from ._base import Aggregate
from ._definition import AggregateDefinition, full_class_name
from ._guard import Guard


def answer(name: str, function: Callable[..., Any], state: Aggregate, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a handler answers, as a tuple, whatever it is.

    Args:
        name: What errors call the handler.

    Raises:
        Rejected: The handler refuses.
        StateMutated: It changed the state, whatever it made of that.
        HandlerFailed: It raised anything else.

    """
    try:
        with Guard(state, name) as guarded:
            # Drained here: a generator that refuses late discards what it yielded before.
            return _drained(function(guarded, *arguments))
    except (Rejected, StateMutated):
        raise
    except Exception as error:
        raise HandlerFailed(name, type(error).__name__) from error


def check_emitted(definition: AggregateDefinition[Any], name: str, event: object) -> None:
    """HandlerFailed unless the event is one that the aggregate applies or ignores."""
    kind = type(event)
    if isinstance(event, Rejected):
        raise HandlerFailed(name, answer=f"returned a {kind.__name__}: raise it")
    if not is_message_type(kind):
        raise HandlerFailed(name, answer=f"answered with {kind.__name__}, which is no event")
    emitted = type_name(kind)
    applier = definition.appliers.get(emitted)
    taken = definition.ignores.get(emitted) if applier is None else applier.event
    if taken is None:
        raise HandlerFailed(name, answer=f"emitted {emitted}, which nothing applies")
    if taken is not kind:
        known = f"{definition.cls.__name__} knows {full_class_name(taken)} of the same name"
        raise HandlerFailed(name, answer=f"emitted {full_class_name(kind)}, but {known}")


def _drained(result: Any) -> tuple[Any, ...]:
    if result is None:
        return ()
    one = is_message_type(type(result)) or isinstance(result, (str, bytes, dict))  # pyright: ignore[reportUnknownArgumentType] - of anything
    return (result,) if one or not isinstance(result, Iterable) else tuple(result)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - checked next
