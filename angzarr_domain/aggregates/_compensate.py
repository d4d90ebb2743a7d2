"""Making up for commands: those this aggregate caused and another refused, and those it executed itself."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import attrs

from angzarr_domain.books import Message, type_name
from angzarr_domain.exceptions import NotHandled, UsageError

from ._base import Aggregate
from ._calling import answer, check_emitted
from ._context import Context
from ._decide import context_of
from ._definition import AggregateDefinition, full_class_name
from ._entries import Compensator, Undoer, compensation_key
from ._refusals import Escalation, Refused, Undo
from ._replay import Replayed

A = TypeVar("A", bound=Aggregate)


@attrs.frozen
class Compensation:
    """What a refusal leads to: events in their order, or an escalation and no events."""

    events: tuple[Message, ...] = ()
    escalation: Escalation | None = None


def compensators_of(definition: AggregateDefinition[Any], domain: str, command_type: str) -> tuple[Compensator, ...]:
    """Who answers when this domain refuses a command of this type, in the order they run in; nobody perhaps.

    Those that name the domain come before those that name none.
    """
    of_domain = definition.compensators.get(compensation_key(domain, command_type))
    return of_domain or definition.compensators.get(command_type, ())


def compensate(
    definition: AggregateDefinition[A],
    replayed: Replayed[A],
    refused: Refused[Any],
    context: Context | None = None,
) -> Compensation:
    """What the aggregate does about a refused command that it caused. Changes nothing.

    All compensators see the same state. The first escalation beats all events.

    Args:
        context: Given to compensators that ask for it; made from `replayed` unless given.

    Raises:
        Rejected: A compensator refuses.
        UsageError: The command is of another class than a compensator's, of the same name.
        HandlerFailed: A compensator raised something else, or answered with what nothing applies.

    """
    context = context or context_of(definition, replayed)
    events: list[Message] = []
    escalations: list[Escalation] = []
    command: Message = refused.command
    entries = compensators_of(definition, refused.domain, type_name(type(command)))
    for entry in entries:
        _check_class(entry, type(command))
        # Whatever one of several does to lists and dicts, the next sees the state as it was.
        lent = replayed if len(entries) == 1 else copy.deepcopy(replayed)
        for each in _answers(definition, entry, lent, refused, context):
            if isinstance(each, Escalation):
                escalations.append(each)
            else:
                events.append(each)
    return Compensation(escalation=escalations[0]) if escalations else Compensation(tuple(events))


def undoer_of(definition: AggregateDefinition[Any], command_type: str) -> Undoer:
    """Who undoes a command of this type.

    Raises:
        NotHandled: NO_UNDO_HANDLER: nobody; lists the types there are.

    """
    undoer = definition.undoers.get(command_type)
    if undoer is None:
        raise NotHandled(
            f"{definition.cls.__name__} (domain {definition.domain}) does not undo {command_type or '(no type)'}",
            handled=definition.undoers,
            code="NO_UNDO_HANDLER",
            command_type=command_type,
        )
    return undoer


def undo(
    definition: AggregateDefinition[A],
    replayed: Replayed[A],
    request: Undo[Any],
    context: Context | None = None,
) -> tuple[Message, ...]:
    """The events that undo a command which the aggregate executed; none if there is nothing to make up for.

    Raises:
        NotHandled: NO_UNDO_HANDLER: nothing undoes commands of this type.
        Rejected: The undoer refuses.
        UsageError: The command is of another class than the undoer's, of the same name.
        HandlerFailed: The undoer raised something else, or answered with what nothing applies.

    """
    undoer = undoer_of(definition, type_name(request.command))
    _check_class(undoer, request.command)
    return _answers(definition, undoer, replayed, request, context or context_of(definition, replayed))


def _answers(
    definition: AggregateDefinition[A],
    entry: Compensator | Undoer,
    replayed: Replayed[A],
    request: Refused[Any] | Undo[Any],
    context: Context,
) -> tuple[Any, ...]:
    arguments = (request, context) if entry.takes_context else (request,)
    answers = answer(entry.name, entry.function, replayed.state, arguments)
    for each in answers:
        if not (isinstance(each, Escalation) and isinstance(entry, Compensator)):
            check_emitted(definition, entry.name, each)
    return answers


def _check_class(entry: Compensator | Undoer, given: type[Any]) -> None:
    if given is not entry.command:
        raise UsageError(
            f"{entry.name} takes {full_class_name(entry.command)}, not {full_class_name(given)} of the same name",
            field="command",
        )
