"""From a snapshot to the state it holds, or to why it holds none."""

from __future__ import annotations

import logging
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import attrs

from angzarr_domain.books import Codec, Payload, ReadState, Snapshot, UnfitState
from angzarr_domain.exceptions import SnapshotUnfit, StateNotEncodable

from ._base import Aggregate
from ._counting import count_snapshots
from ._definition import AggregateDefinition
from ._schema import state_schema
from ._snapshots import Foundation

A = TypeVar("A", bound=Aggregate)

_LOG = logging.getLogger(__name__)
_WARNED: Final[WeakKeyDictionary[AggregateDefinition[Any], set[str]]] = WeakKeyDictionary()


def restore(definition: AggregateDefinition[A], codec: Codec, snapshot: Snapshot) -> A | UnfitState:
    """A new aggregate with the state of the snapshot, whose facts are not known yet."""
    if snapshot.state is None:
        return UnfitState("it holds no state")
    read = read_state(definition, codec, snapshot.state)
    if isinstance(read, UnfitState):
        count_snapshots(definition, unfit=1)
        _LOG.warning(
            "%s: a snapshot at event %s is not used, %s; its events are folded instead",
            definition.cls.__qualname__,
            snapshot.sequence,
            read.why,
        )
        return read
    count_snapshots(definition, loaded=1)
    _compare_appliers(definition, read.appliers)
    state = definition.cls.__new__(definition.cls)
    for name, value in read.values.items():
        object.__setattr__(state, name, value)
    return state


def read_state(definition: AggregateDefinition[Any], codec: Codec, state: Payload) -> ReadState | UnfitState:
    """The values of the state's fields, or why they are not to be used."""
    try:
        return codec.decode_state(state_schema(definition), state)
    except StateNotEncodable as error:
        return UnfitState(f"{error.field} is of a type that no snapshot can hold")


def is_newer(definition: AggregateDefinition[Any], version: int | None) -> bool:
    """Whether a snapshot of this version is one of a later class, and so not to be replaced."""
    return version is not None and version > definition.version


def unfit(
    definition: AggregateDefinition[Any], snapshot: Snapshot, why: UnfitState | None, place: int
) -> SnapshotUnfit:
    """The error for a book that holds nothing but such a snapshot and what came after it."""
    version = None if why is None else why.version
    reason = "it holds no state" if why is None else why.why
    return SnapshotUnfit(
        f"the snapshot at {snapshot.sequence} does not fit {definition.cls.__name__} ({reason}), and pages from "
        f"{place} on are missing: fold the whole history",
        details={
            "sequence": snapshot.sequence,
            **({} if version is None else {"version": version}),
            **({"newer": True} if is_newer(definition, version) else {}),
        },
    )


def foundation_after(error: SnapshotUnfit, found: Foundation) -> Foundation:
    """What a state rests on whose whole history had to be folded because of that error."""
    return attrs.evolve(found, unfit=True, newer=error.newer)


def _compare_appliers(definition: AggregateDefinition[Any], before: str) -> None:
    now = state_schema(definition).appliers
    warned = _WARNED.setdefault(definition, set())
    if before and now and before != now and before not in warned:
        warned.add(before)
        _LOG.warning(
            "%s: the code of its appliers is not what it was when a snapshot was taken; if the state's fields now mean "
            "something else, raise version= in @aggregate",
            definition.cls.__qualname__,
        )
