"""Covers, pages and books in a few words, for tests of what handles envelopes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import attrs

from angzarr_domain.books import CommandBook, CommandPage, Cover, EventBook, EventPage, Message, Payload, parse_root
from angzarr_domain.exceptions import InvalidArgument
from angzarr_domain.wire import PayloadCodec

_CODEC = PayloadCodec()


def make_timestamp() -> int:
    """Now, in nanoseconds since 1970 UTC, as pages hold it."""
    return time.time_ns()


def make_cover(domain: str, root: UUID | bytes | str, correlation_id: str = "") -> Cover:
    """A cover (C-0118). The root is a UUID, its 16 bytes or its text: whatever `uuid_for` and its like give.

    Raises:
        InvalidArgument: PROTO_UUID_INVALID.

    """
    return Cover(domain, _root(root), correlation_id)


def make_event_page(sequence: int, event: Message | Payload) -> EventPage:
    """A page of this event, created now."""
    return EventPage(_payload(event), sequence, make_timestamp())


def make_event_book(cover: Cover, pages: Iterable[EventPage] = (), next_sequence: int | None = None) -> EventBook:
    """A book of these pages, whose `next_sequence` is their number unless given (C-0119)."""
    held = tuple(pages)
    return EventBook(cover, held, next_sequence=len(held) if next_sequence is None else next_sequence)


def make_command_page(sequence: int, command: Message | Payload) -> CommandPage:
    """A page of this command, for an aggregate at this sequence. Its merge strategy is unset."""
    return CommandPage(_payload(command), sequence)


def make_command_book(cover: Cover, command: Message | Payload, sequence: int = 0) -> CommandBook:
    """A book of this one command."""
    return CommandBook(cover, (make_command_page(sequence, command),))


@attrs.define
class ScenarioContext:
    """What the steps of one scenario hand to each other.

    Attributes:
        domain: The kind of aggregate that the scenario is about.
        root: The 16 bytes of which one; empty until it is known.
        events: Its history so far.
        result: What the last step gave.
        error: What the last step raised.
        state: What was folded.

    """

    domain: str = ""
    root: bytes = b""
    events: list[Payload] = attrs.field(factory=list[Payload])
    result: Any = None
    error: Exception | None = None
    state: Any = None

    def add_event(self, event: Message | Payload) -> None:
        """The history goes on with this event; a message gets the type URL "/" + full name (C-0474)."""
        self.events.append(_payload(event))

    def event_book(self) -> EventBook:
        """The history as a book: pages from 0 on, created now."""
        cover = Cover(self.domain, _root(self.root) if self.root else None)
        return make_event_book(cover, [make_event_page(n, event) for n, event in enumerate(self.events)])

    def reset(self) -> None:
        """Everything as it was in the beginning: for the next scenario (C-0120)."""
        self.domain, self.root, self.events = "", b"", []
        self.result = self.error = self.state = None


def _payload(message: Message | Payload) -> Payload:
    return message if isinstance(message, Payload) else _CODEC.encode(message)


def _root(root: UUID | bytes | str) -> UUID:
    if isinstance(root, bytes):
        if len(root) != 16:  # noqa: PLR2004 - a UUID
            raise InvalidArgument(
                f"a root has 16 bytes, not {len(root)}", field="cover.root", code="PROTO_UUID_INVALID"
            )
        return UUID(bytes=root)
    return parse_root(root)
