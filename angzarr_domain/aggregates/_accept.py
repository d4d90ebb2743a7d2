"""Accepting facts: what happened outside, and what the aggregate makes of it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

import attrs

from angzarr_domain.books import Message, type_name
from angzarr_domain.exceptions import HandlerFailed, InvalidArgument, UsageError, listed

from ._base import Aggregate
from ._calling import answer, check_emitted
from ._context import Context
from ._decide import context_of
from ._definition import AggregateDefinition, full_class_name
from ._entries import FactHandler
from ._replay import Replayed, advance

A = TypeVar("A", bound=Aggregate)


def fact_handler_of(definition: AggregateDefinition[Any], fact_type: str) -> FactHandler:
    """The handler of a type of facts, by its full name.

    Raises:
        InvalidArgument: NO_FACT_HANDLER: there is none; lists what is accepted (C-0492).

    """
    handler = definition.facts.get(fact_type)
    if handler is None:
        raise InvalidArgument(
            f"{definition.cls.__name__} (domain {definition.domain}) accepts no {fact_type or '(no type)'} as a fact: "
            f"nothing was recorded; accepted here: {listed(definition.facts) or 'nothing'}",
            code="NO_FACT_HANDLER",
            domain=definition.domain,
            type_url=f"/{fact_type}",
        )
    return handler


def accept(
    definition: AggregateDefinition[A],
    replayed: Replayed[A],
    facts: Sequence[Message],
    context: Context | None = None,
) -> tuple[tuple[Message, ...], ...]:
    """What the aggregate records of each fact: the fact, as it came or completed, and its flag events after it.

    Each recorded event is folded before the next fact is looked at. Changes nothing of what it is given.

    Args:
        context: Given to handlers that ask for it, at the sequence of their fact; made from `replayed` unless given.

    Raises:
        InvalidArgument: NO_FACT_HANDLER: one of the facts is of a type that is not accepted. No handler has run.
        Rejected: A handler refuses a fact after all; none of them is to be recorded.
        UsageError: A fact is of another class than its handler's, of the same name.
        HandlerFailed: A handler raised something else, did not answer with the fact first, or with what nothing
            applies.

    """
    handlers = [_handler(definition, fact) for fact in facts]
    context = context or context_of(definition, replayed)
    recorded: list[tuple[Message, ...]] = []
    for fact, handler in zip(facts, handlers, strict=True):
        if recorded:
            replayed = advance(definition, replayed, recorded[-1])
            context = attrs.evolve(context, next_sequence=replayed.next_sequence, had_history=replayed.had_history)
        # Whatever the handler of one fact does to lists and dicts, the next sees what was recorded.
        lent = replayed if len(facts) == 1 else copy.deepcopy(replayed)
        recorded.append(_recorded(definition, handler, lent, fact, context))
    return tuple(recorded)


def _handler(definition: AggregateDefinition[Any], fact: Message) -> FactHandler:
    handler = fact_handler_of(definition, type_name(type(fact)))
    if type(fact) is not handler.fact:
        given = full_class_name(type(fact))
        raise UsageError(
            f"{handler.name} takes {full_class_name(handler.fact)}, not {given} of the same name", field="facts"
        )
    return handler


def _recorded(
    definition: AggregateDefinition[A], handler: FactHandler, replayed: Replayed[A], fact: Message, context: Context
) -> tuple[Message, ...]:
    arguments = (fact, context) if handler.takes_context else (fact,)
    events = answer(handler.name, handler.function, replayed.state, arguments)
    for event in events:
        check_emitted(definition, handler.name, event)
    begins: Message | None = events[0] if events else None
    if type(begins) is not handler.fact:
        first = "nothing" if begins is None else f"{type_name(type(begins))} first"
        raise HandlerFailed(
            handler.name,
            answer=f"answered with {first}, but a fact is always recorded: return the {handler.type_name}, then events",
        )
    return events
