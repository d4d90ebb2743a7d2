"""Events as messages, of pages wherever they came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from angzarr_domain.books import CommandResponse, EventPage, Message, type_name
from angzarr_domain.wire import PayloadCodec

M = TypeVar("M", bound=Message)


def decode_event(page: EventPage, message_type: type[M]) -> M | None:
    """The page's event as this type; None if it is of another type (C-0366), or there is none in it (C-0377).

    Unlike `page.decode(message_type)`, which insists.

    Raises:
        DecodeFailed: It is of this type, but its bytes are not readable (C-0376).

    """
    return next(iter(decode_events((page,), message_type)), None)


def decode_events(pages: Iterable[EventPage], *message_types: type[M]) -> tuple[M, ...]:
    """The events of these types as messages, in order; those of other types are passed over (C-0384).

    Raises:
        DecodeFailed: One is of these types, but its bytes are not readable (C-0376).
        UsageError: Two of the types have the same name.

    """
    codec = PayloadCodec(message_types)
    by_name = {type_name(message_type): message_type for message_type in message_types}
    found = ((page.event, by_name.get(page.event.type_name)) for page in pages if page.event is not None)
    return tuple(codec.decode(event, message_type) for event, message_type in found if message_type is not None)


def events_from_response(response: CommandResponse) -> tuple[EventPage, ...]:
    """The pages that a command led to; none if there is no book in the response (C-0380, C-0381)."""
    return () if response.events is None else response.events.pages
