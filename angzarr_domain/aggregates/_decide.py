"""Deciding a command. The one place that says what a handler's answer means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import attrs

from angzarr_domain.books import Message, is_message_type, type_name
from angzarr_domain.exceptions import HandlerFailed, NotHandled, Rejected

from ._base import Aggregate
from ._context import Context
from ._definition import AggregateDefinition, Handler, full_class_name
from ._replay import Replayed

A = TypeVar("A", bound=Aggregate)


@attrs.frozen
class Decision:
    """What a command leads to: events in their order, or a rejection and no events."""

    events: tuple[Message, ...] = ()
    rejection: Rejected | None = None


def handler_of(definition: AggregateDefinition[Any], command_type: str) -> Handler:
    """The handler of a command type, by its full name.

    Raises:
        NotHandled: There is none; lists the types there are.

    """
    handler = definition.handlers.get(command_type)
    if handler is None:
        raise NotHandled(
            f"{definition.cls.__name__} (domain {definition.domain}) has no handler for {command_type or '(no type)'}",
            handled=definition.handlers,
            type_url=f"/{command_type}",
            domain=definition.domain,
        )
    return handler


def decide(
    definition: AggregateDefinition[A],
    replayed: Replayed[A],
    command: Message,
    context: Context | None = None,
) -> Decision:
    """What the aggregate answers to the command. Changes nothing.

    Args:
        context: Given to handlers that ask for it; made from `replayed` unless given.

    Raises:
        NotHandled: The aggregate has no handler for this command type.
        HandlerFailed: The handler raised something other than `Rejected`, or returned something that is no event
            or that nothing applies.

    """
    handler = handler_of(definition, type_name(type(command)))
    if context is None:
        context = Context(next_sequence=replayed.next_sequence, had_history=replayed.had_history)
    extra = (context,) if handler.takes_context else ()
    try:
        # Drained here: a generator that refuses late discards what it yielded before.
        events = _drained(handler.function(replayed.state, command, *extra))
    except Rejected as rejection:
        return Decision(rejection=rejection)
    except Exception as error:
        raise HandlerFailed(handler.name, type(error).__name__) from error
    for event in events:
        _check_emitted(definition, handler, event)
    return Decision(events)


def _drained(result: Any) -> tuple[Any, ...]:
    if result is None:
        return ()
    if is_message_type(type(result)) or isinstance(result, (str, bytes, dict)) or not isinstance(result, Iterable):  # pyright: ignore[reportUnknownArgumentType] - of anything
        return (result,)  # pyright: ignore[reportUnknownVariableType] - checked next
    return tuple(result)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - checked next


def _check_emitted(definition: AggregateDefinition[Any], handler: Handler, event: object) -> None:
    kind = type(event)
    if not is_message_type(kind):
        raise HandlerFailed(handler.name, answer=f"answered with {kind.__name__}, which is no event")
    name = type_name(kind)
    applier = definition.appliers.get(name)
    taken = definition.ignores.get(name) if applier is None else applier.event
    if taken is None:
        raise HandlerFailed(handler.name, answer=f"emitted {name}, which nothing applies")
    if taken is not kind:
        known = f"{definition.cls.__name__} knows {full_class_name(taken)} of the same name"
        raise HandlerFailed(handler.name, answer=f"emitted {full_class_name(kind)}, but {known}")
