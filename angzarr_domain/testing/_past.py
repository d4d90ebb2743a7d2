"""What a history in a scenario is made of: messages, and pages where a message cannot say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

import attrs

from angzarr_domain.aggregates import AggregateDefinition, upcasted
from angzarr_domain.books import EventPage, Message, type_name
from angzarr_domain.exceptions import UsageError
from angzarr_domain.wire import PayloadCodec

#: A page holds what was stored under a name that no class has today, or nothing at all.
Past: TypeAlias = Message | EventPage

_CODEC: Final = PayloadCodec()


def as_past(definition: AggregateDefinition[Any], events: Iterable[Past], start: int = 0) -> tuple[Past, ...]:
    """The same, with a message in place of each page whose event is of a type that the class names.

    Raises:
        UsageError: A page says another sequence than its place.
        DecodeFailed: A page of a known type does not decode.

    """
    known = {type_name(each): each for each in definition.message_types}
    return tuple(_entry(known, place, event) for place, event in enumerate(events, start))


def _entry(known: dict[str, type[Any]], place: int, event: Past) -> Past:
    if not isinstance(event, EventPage):
        return event
    if event.sequence not in {None, place}:
        raise UsageError(
            f"a page says that it is event {event.sequence}, and {place} comes next: a history in a scenario is whole, "
            "from 0 on",
            field="events",
        )
    payload = event.event
    if payload is None or payload.type_name not in known:
        return EventPage(payload, place)
    message: Message = _CODEC.decode(payload, known[payload.type_name])
    return message


def pages_of(history: Iterable[Past]) -> tuple[EventPage, ...]:
    """The history as it is stored."""
    return tuple(
        attrs.evolve(event, sequence=place)
        if isinstance(event, EventPage)
        else EventPage(_CODEC.encode(event), sequence=place)
        for place, event in enumerate(history)
    )


def todays(definition: AggregateDefinition[Any], history: Iterable[Past]) -> tuple[Message, ...]:
    """The history as it means today: old events are what they became, and what nobody knows is left out."""
    return tuple(found for event in history for found in _today(definition, event))


def _today(definition: AggregateDefinition[Any], event: Past) -> Iterator[Message]:
    if not isinstance(event, EventPage):
        yield from _became(definition, event)
    elif event.event is not None and event.event.type_name in definition.aliases:
        renamed: Message = _CODEC.decoder(definition.aliases[event.event.type_name])(event.event.value)
        yield from _became(definition, renamed)


def _became(definition: AggregateDefinition[Any], event: Message) -> Iterator[Message]:
    alias = definition.aliases.get(type_name(type(event)), type(event))
    if alias is not type(event):
        event = _CODEC.decoder(alias)(_CODEC.encode(event).value)
    yield from upcasted(definition, event)
