"""How often snapshots were of use, and how often not."""

from __future__ import annotations

from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

import attrs

from ._definition import AggregateDefinition, definition_of


@attrs.frozen
class SnapshotCounters:
    """What became of an aggregate's snapshots in this process so far.

    Attributes:
        loaded: Folds that started from one.
        unfit: Met and not used: of other fields, another version, another type, or harmed. All events were folded.
        taken: Written down, to be stored by the coordinator.
        refused: Due, and not taken: a field held what cannot be written exactly, or an event that just happened
            could not be folded. The log says which.

    """

    loaded: int = 0
    unfit: int = 0
    taken: int = 0
    refused: int = 0


_COUNTED: Final[WeakKeyDictionary[AggregateDefinition[Any], SnapshotCounters]] = WeakKeyDictionary()
_LOCK: Final = Lock()


def snapshot_counters(cls: type[Any]) -> SnapshotCounters:
    """The counts of an aggregate class as of now.

    Raises:
        UsageError: The class is not decorated.

    """
    return _COUNTED.get(definition_of(cls), SnapshotCounters())


def count_snapshots(definition: AggregateDefinition[Any], **more: int) -> None:
    """Add to the counts."""
    with _LOCK:
        now = _COUNTED.get(definition, SnapshotCounters())
        _COUNTED[definition] = attrs.evolve(now, **{name: getattr(now, name) + add for name, add in more.items()})
