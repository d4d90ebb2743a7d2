"""Whether stored snapshots hold what their events lead to."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Literal, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.aggregates import Aggregate, Change, changes, read_state, state_payload
from angzarr_domain.books import Foldable, Query, Snapshot, TemporalQuery, UnfitState
from angzarr_domain.client import Budget, Drain, Flow
from angzarr_domain.exceptions import StateNotEncodable
from angzarr_domain.wire import METHODS

from ._loading import AT_PRESENT, Subject, load_by_ranges

A = TypeVar("A", bound=Aggregate)


@attrs.frozen
class SnapshotCheck:
    """What was found of one aggregate's newest snapshot.

    Attributes:
        sequence: The last event that the snapshot stands for; None without one.
        verdict: "right", "wrong" (its fields are not what the events lead to), "unfit" (of other fields or another
            version, so that nobody folds onto it), or "none".
        changes: For a wrong one, from what the events lead to, to what it holds.
        why: For an unfit one, what does not fit.

    """

    root: UUID
    verdict: Literal["right", "wrong", "unfit", "none"]
    sequence: int | None = None
    changes: tuple[Change, ...] = ()
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether nobody is told anything wrong by it."""
        return self.verdict != "wrong"


def verify(subject: Subject[A], budget: Budget) -> Flow[SnapshotCheck]:
    """Compare the newest snapshot with a fold of every event up to it.

    Raises:
        HistoryError: The events themselves cannot be folded.

    """
    snapshot = yield from _newest(subject, budget)
    if snapshot is None or snapshot.state is None:
        return SnapshotCheck(subject.root, "none")
    read = read_state(subject.definition, subject.codec, snapshot.state)
    if isinstance(read, UnfitState):
        return SnapshotCheck(subject.root, "unfit", snapshot.sequence, why=read.why)
    point = TemporalQuery(as_of_sequence=snapshot.sequence)
    folded = yield from load_by_ranges(subject, point, budget)
    held = subject.definition.cls()
    for name, value in read.values.items():
        object.__setattr__(held, name, value)
    found = () if _written_alike(subject, folded.state, held) else changes(folded.state, held)
    return SnapshotCheck(subject.root, "wrong" if found else "right", snapshot.sequence, found)


def _written_alike(subject: Subject[A], folded: A, held: A) -> bool:
    """Whether nothing tells the two apart, though they may hold what equals nothing else, such as a NaN."""
    try:
        first, second = (state_payload(subject.definition, state, subject.codec) for state in (folded, held))
    except StateNotEncodable:
        return False
    return first == second


def _newest(subject: Subject[A], budget: Budget) -> Flow[Snapshot | None]:
    found: list[Snapshot] = []

    def take(book: Foldable) -> None:
        if book.snapshot is not None:
            found.append(book.snapshot)

    yield from Drain(METHODS.read_history, Query(subject.cover, AT_PRESENT), take, budget.options())
    return found[0] if found else None


def sampled(roots: Iterable[UUID], sample: int | None) -> list[UUID]:
    """So many of the roots, any of them; all of them without a number."""
    every = list(roots)
    # Which ones are looked at is no secret.
    return every if sample is None or sample >= len(every) else random.sample(every, sample)
