"""Snapshots in the answers to commands."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any

import attrs

from angzarr_domain.aggregates import (
    AggregateDefinition,
    Replayed,
    count_snapshots,
    replay,
    snapshot_due,
    take_snapshot,
)
from angzarr_domain.books import EventBook, Snapshot
from angzarr_domain.exceptions import AngzarrError

from ._answering import Answering
from ._logic import CommandCall

_LOG = logging.getLogger(__name__)


@attrs.frozen
class Loaded:
    """The state that a command is decided on, and how many seconds it took to read and fold."""

    replayed: Replayed[Any]
    seconds: float

    @classmethod
    def of(cls, answering: Answering, definition: AggregateDefinition[Any], call: CommandCall) -> Loaded:
        """Read and fold the history of a command."""
        started = perf_counter()
        replayed = answering.replayed(definition, call.cover, call.history)
        return cls(replayed, perf_counter() - started)


def with_snapshot(
    answering: Answering, definition: AggregateDefinition[Any], call: CommandCall, loaded: Loaded, reply: EventBook
) -> EventBook:
    """The reply, with a snapshot of the state after it if the aggregate's policy says so.

    A command whose events are all right is not refused because its snapshot is not.
    """
    if not snapshot_due(definition, loaded.replayed, len(reply.pages), loaded.seconds):
        return reply
    try:
        snapshot = _snapshot(answering, definition, call, reply, whole=loaded.replayed.foundation.unfit)
    except Exception as error:  # noqa: BLE001 - of the author's classes, too: one that does not let itself be copied
        count_snapshots(definition, refused=1)
        _LOG.warning(
            "%s: no snapshot is taken, since its events could not be folded: %s",
            definition.cls.__qualname__,
            # The text of any other may tell what the state holds.
            error if isinstance(error, AngzarrError) else type(error).__name__,
        )
        return reply
    return attrs.evolve(reply, snapshot=snapshot)


def _snapshot(
    answering: Answering,
    definition: AggregateDefinition[Any],
    call: CommandCall,
    reply: EventBook,
    *,
    whole: bool,
) -> Snapshot | None:
    # Folded anew, from bytes: what a handler did to the state that it was given must not last, and a snapshot is to
    # hold what a fold of the stored events gives.
    history = call.history.books(from_start=whole)
    folded = replay(definition, history, answering.codec, root=call.cover.root)
    if folded.next_sequence != call.next_sequence:
        return None  # the stream moved on meanwhile, so this answer will be refused
    after = replay(definition, EventBook(call.cover, reply.pages), answering.codec, onto=folded)
    return take_snapshot(definition, after, answering.codec, reply.pages[-1].created_at_ns)
