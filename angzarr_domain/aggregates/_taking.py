"""Writing a state down beside its events."""

from __future__ import annotations

import logging
from typing import Any

from angzarr_domain.books import Codec, Payload, Snapshot
from angzarr_domain.exceptions import StateNotEncodable

from ._counting import count_snapshots
from ._definition import AggregateDefinition
from ._replay import Replayed
from ._schema import state_schema

_LOG = logging.getLogger(__name__)


def snapshot_due(definition: AggregateDefinition[Any], before: Replayed[Any], events: int, seconds: float) -> bool:
    """Whether a snapshot is to be taken with new events, of which there has to be one at least.

    One that did not fit is replaced, unless it carries a newer version. Where the fold skipped events that the
    aggregate does not know, none is taken.

    Args:
        before: The state before the events.
        seconds: How long it took to read and fold it.

    """
    policy, base = definition.snapshot, before.foundation
    if policy is None or events < 1 or base.newer or base.skipped:
        return False
    following = before.next_sequence + events
    return base.unfit or policy.is_due(before.next_sequence, following, base.covered, seconds)


def take_snapshot(
    definition: AggregateDefinition[Any], after: Replayed[Any], codec: Codec, created_at_ns: int | None = None
) -> Snapshot | None:
    """The snapshot of a folded state; None, with a line in the log, where a field cannot be written exactly."""
    policy = definition.snapshot
    try:
        state = state_payload(definition, after.state, codec)
    except StateNotEncodable as error:
        count_snapshots(definition, refused=1)
        _LOG.warning("%s: no snapshot is taken: %s", definition.cls.__qualname__, error.message)
        return None
    count_snapshots(definition, taken=1)
    retention = Snapshot().retention if policy is None else policy.retention
    return Snapshot(after.next_sequence - 1, state, retention, created_at_ns)


def state_payload(definition: AggregateDefinition[Any], state: object, codec: Codec) -> Payload:
    """The state of an aggregate as it travels.

    Raises:
        StateNotEncodable: A field holds what cannot be written exactly.

    """
    return codec.encode_state(state_schema(definition), state)
