"""What every answer of hosted aggregates takes: a folded history, a context, stamped events."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from angzarr_domain.aggregates import (
    AggregateDefinition,
    Context,
    Replayed,
    foundation_after,
    replay,
    state_checked,
)
from angzarr_domain.books import Cover, EventBook, EventPage, Message, Payload, to_nanoseconds
from angzarr_domain.exceptions import HandlerFailed, SnapshotUnfit, StateMutated
from angzarr_domain.wire import PayloadCodec

from ._failures import log_failure
from ._logic import History


@attrs.frozen
class Answering:
    """How aggregates are folded and their events written down.

    Attributes:
        clock: What handlers read the time from, and what stamps new events.
        ids: What handlers take new ids from.
        check_state: Whether to look for what handlers change in place.

    """

    codec: PayloadCodec
    clock: Callable[[], datetime]
    ids: Callable[[], UUID]
    check_state: bool = False

    def replayed(self, definition: AggregateDefinition[Any], cover: Cover, history: History) -> Replayed[Any]:
        """The state before; the whole history is read where a snapshot does not fit."""
        try:
            return replay(definition, history.books(), self.codec, root=cover.root)
        except SnapshotUnfit as error:
            whole = self._from_start(definition, cover, history, error)
            return attrs.evolve(whole, foundation=foundation_after(error, whole.foundation))

    def _from_start(
        self, definition: AggregateDefinition[Any], cover: Cover, history: History, error: SnapshotUnfit
    ) -> Replayed[Any]:
        try:
            return replay(definition, history.books(from_start=True), self.codec, root=cover.root)
        except SnapshotUnfit as missing:
            # Whoever is asked to send all events has to know what is wrong with the snapshot.
            raise SnapshotUnfit(missing.message, details=error.details) from error

    def context(self, cover: Cover, next_sequence: int, replayed: Replayed[Any]) -> Context:
        """What a handler may know."""
        return Context(cover, next_sequence, replayed.had_history, self.clock, self.ids)

    def stamped(self, name: str, events: tuple[Message, ...], first: int) -> tuple[EventPage, ...]:
        """New events as pages, numbered from `first` on and stamped with the present; `name` made them."""
        created_at = to_nanoseconds(self.clock()) if events else None
        return tuple(
            EventPage(self.encoded(name, event), sequence, created_at)
            for sequence, event in enumerate(events, start=first)
        )

    def encoded(self, name: str, event: Message) -> Payload:
        """A new event as bytes; HandlerFailed names who made it."""
        try:
            return self.codec.encode(event)
        except Exception as error:
            # Not the caller's fault, whatever the codec calls it: the handler made this event.
            raise HandlerFailed(name, type(error).__name__) from error


def book_of(pages: tuple[EventPage, ...], asked: Cover) -> EventBook:
    """New events as a reply to what was asked at this address."""
    # The coordinator fills in domain, root and correlation id; only `ext` is ours to pass on (C-0146 to C-0148). Older
    # coordinators take a cover for the place to store at, so it repeats the address.
    if not pages or asked.ext is None:
        return EventBook(pages=pages)
    return EventBook(cover=Cover(asked.domain, asked.root, ext=asked.ext), pages=pages)


@contextmanager
def handlers_watched(answering: Answering) -> Generator[None, None, None]:
    """Log the frames of what a handler or applier did by mistake; the error goes on."""
    try:
        with state_checked(check=answering.check_state):
            yield
    except StateMutated as error:
        log_failure(error.handler, error)
        raise
    except HandlerFailed as error:
        if error.__cause__ is not None:
            log_failure(error.handler, error.__cause__)
        raise
