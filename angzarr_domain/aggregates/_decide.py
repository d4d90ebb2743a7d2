"""Deciding a command. The one place that says what a handler's answer means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import attrs

from angzarr_domain.books import Cover, Message, is_message_type, type_name
from angzarr_domain.exceptions import HandlerFailed, NotHandled, Rejected, UsageError

from ._base import Aggregate, facts_of
from ._context import Context
from ._definition import AggregateDefinition, full_class_name
from ._entries import Handler
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
        UsageError: The command is of another class than the handler's, of the same name.
        HandlerFailed: The handler raised something other than `Rejected`, or returned something that is no event
            or that nothing applies.

    """
    handler = handler_of(definition, type_name(type(command)))
    if type(command) is not handler.command:
        given = full_class_name(type(command))
        raise UsageError(
            f"{handler.name} takes {full_class_name(handler.command)}, not {given} of the same name", field="command"
        )
    if context is None:
        cover = Cover(definition.domain, facts_of(replayed.state).root)
        context = Context(cover, replayed.next_sequence, replayed.had_history)
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
    one = is_message_type(type(result)) or isinstance(result, (str, bytes, dict))  # pyright: ignore[reportUnknownArgumentType] - of anything
    return (result,) if one or not isinstance(result, Iterable) else tuple(result)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - checked next


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
