"""Deciding a command. The one place that says what a handler's answer means."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs

from angzarr_domain.books import Cover, Message, type_name
from angzarr_domain.exceptions import NotHandled, Rejected, UsageError

from ._base import Aggregate, facts_of
from ._calling import answer, check_emitted
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
    context = context or context_of(definition, replayed)
    arguments = (command, context) if handler.takes_context else (command,)
    try:
        events = answer(handler.name, handler.function, replayed.state, arguments)
    except Rejected as rejection:
        return Decision(rejection=rejection)
    for event in events:
        check_emitted(definition, handler.name, event)
    return Decision(events)


def context_of(definition: AggregateDefinition[A], replayed: Replayed[A]) -> Context:
    """What a handler is told where nobody says more."""
    cover = Cover(definition.domain, facts_of(replayed.state).root)
    return Context(cover, replayed.next_sequence, replayed.had_history)
