"""What aggregates record of facts: events that happened outside and are only told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from angzarr_domain.aggregates import AggregateDefinition, accept, fact_handler_of
from angzarr_domain.books import EventBook, EventPage, Message, Payload

from ._answering import Answering
from ._logic import FactCall


@attrs.frozen
class _Told:
    """One fact as it came."""

    page: EventPage
    payload: Payload
    handler: str
    fact: Message


def answer_facts(answering: Answering, definitions: Sequence[AggregateDefinition[Any]], call: FactCall) -> EventBook:
    """The facts as they are to be recorded, each followed by the flag events it gave rise to.

    The first aggregate that accepts all of them answers. Fact pages keep their header and time, flag events take that
    time and no header; a page without an event is recorded as it is. The coordinator assigns the sequences.

    Raises:
        InvalidArgument: Nobody accepts one of them (NO_FACT_HANDLER, C-0492), or one is not readable. No handler has
            run, and nothing is to be recorded.
        AngzarrError: Whatever the fold or a handler raises.

    """
    payloads = [page.event for page in call.facts.pages if page.event is not None]
    definition = _accepting(definitions, payloads)
    for payload in payloads:
        fact_handler_of(definition, payload.type_name)
    told = [_told(answering, definition, page, page.event) for page in call.facts.pages if page.event is not None]
    if not told:
        return call.facts
    replayed = answering.replayed(definition, call.cover, call.history)
    context = answering.context(call.cover, call.next_sequence, replayed)
    recorded = zip(told, accept(definition, replayed, [each.fact for each in told], context), strict=True)
    pages: list[EventPage] = []
    for page in call.facts.pages:
        pages += [page] if page.event is None else _pages(answering, *next(recorded))
    return EventBook(call.facts.cover, tuple(pages))


def _accepting(
    definitions: Sequence[AggregateDefinition[Any]], payloads: Sequence[Payload]
) -> AggregateDefinition[Any]:
    named = {payload.type_name for payload in payloads}
    return next((each for each in definitions if named <= each.facts.keys()), definitions[0])


def _told(answering: Answering, definition: AggregateDefinition[Any], page: EventPage, payload: Payload) -> _Told:
    handler = fact_handler_of(definition, payload.type_name)
    fact: Message = answering.codec.decode(payload, handler.fact)
    return _Told(page, payload, handler.name, fact)


def _pages(answering: Answering, told: _Told, events: tuple[Message, ...]) -> Iterator[EventPage]:
    fact, *flags = events
    # As it came, byte for byte, unless the handler completed it: perhaps in place, where its class can be changed.
    came: Message = answering.codec.decode(told.payload, type(told.fact))
    payload = told.payload if fact == came else answering.encoded(told.handler, fact)
    yield attrs.evolve(told.page, event=payload)
    for flag in flags:
        yield EventPage(answering.encoded(told.handler, flag), created_at_ns=told.page.created_at_ns)
