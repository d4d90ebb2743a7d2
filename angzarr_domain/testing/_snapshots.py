"""What a scenario says of snapshots: when one is taken, what it holds, and that folding from one changes nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from angzarr_domain.aggregates import Fold, Replayed, read_state, replay, snapshot_due, state_payload
from angzarr_domain.books import Cover, EventBook, Payload, Snapshot, UnfitState
from angzarr_domain.exceptions import SnapshotUnfit, StateNotEncodable, UsageError

from ._differences import Difference, differences
from ._failure import ScenarioFailed
from ._past import pages_of
from ._report import report, section, shown
from ._run import CODEC, Run
from ._source import Source

#: A long history is folded from so many of its boundaries: its first ones, its last ones, and some between.
MOST_BOUNDARIES: Final = 32


def check_snapshots(run: Run[Any]) -> None:
    """Fold from a snapshot at every boundary of the history, if the class has snapshots taken.

    Raises:
        ScenarioFailed: A state does not survive its encoding, or the state at the end is another one.

    """
    definition, root = run.definition, run.options.root
    if definition.snapshot is None:
        return
    cover, pages = Cover(definition.domain, root), pages_of(run.whole)
    fold, done = Fold(definition, CODEC, root=root), 0
    for length in boundaries(len(pages)):
        fold.feed(EventBook(cover, pages[done:length]))
        done = length
        snapshot = Snapshot(length - 1, _payload(run, fold.result()))
        _check_from(run, snapshot, EventBook(cover, pages[length:], snapshot))


def boundaries(length: int) -> list[int]:
    """After how many events a snapshot is tried: after each, or after some of many."""
    if length <= MOST_BOUNDARIES:
        return list(range(1, length + 1))
    third = MOST_BOUNDARIES // 3
    ends = {*range(1, third + 1), *range(length - third + 1, length + 1)}
    return sorted(ends | {length * place // third for place in range(1, third)})


def expect_snapshot(run: Run[Any], fields: Mapping[str, Any]) -> None:
    """A snapshot is taken with these events, and holds these values."""
    __tracebackhide__ = True
    policy = run.definition.snapshot
    if policy is None:
        raise UsageError(f"{run.cls.__name__} has no snapshots taken: @aggregate(snapshot=...)", field="snapshot")
    if not _is_due(run):
        before, after = run.before.next_sequence, run.after.next_sequence
        raise ScenarioFailed(
            report(
                run,
                f"{run.cls.__name__} takes no snapshot here",
                f"probable cause: the stream goes from {before} to {after} events, and the policy is {policy}",
                ending=lambda source: _ending(".then_snapshot", fields, source),
            )
        )
    held = read_state(run.definition, CODEC, _payload(run, run.after))
    values: Mapping[str, Any] = dict[str, Any]() if isinstance(held, UnfitState) else held.values
    unknown = sorted(fields.keys() - values.keys())
    if unknown:
        raise UsageError(
            f"a snapshot of {run.cls.__name__} has no {', '.join(unknown)}; it has {', '.join(sorted(values))}",
            field="fields",
        )
    found = [each for name, value in fields.items() for each in differences(value, values[name], name)]
    if found:
        raise ScenarioFailed(
            report(
                run,
                f"the snapshot of {run.cls.__name__} holds another state than expected",
                section("differs", [f"{d.path}: expected {shown(d.left)}, actual {shown(d.right)}" for d in found]),
                ending=lambda source: _ending(".then_snapshot", fields, source),
            )
        )


def expect_no_snapshot(run: Run[Any]) -> None:
    """No snapshot is taken."""
    __tracebackhide__ = True
    if run.definition.snapshot is not None and _is_due(run):
        raise ScenarioFailed(
            report(
                run,
                f"{run.cls.__name__} takes a snapshot at event {run.after.next_sequence - 1}",
                f"probable cause: the policy is {run.definition.snapshot}",
                ending=lambda _: ".then_no_snapshot()",
            )
        )


def _ending(verb: str, fields: Mapping[str, Any], source: Source) -> str:
    return f"{verb}({', '.join(f'{name}={source.of(value)}' for name, value in fields.items())})"


def _is_due(run: Run[Any]) -> bool:
    # As if loading had been slow, for policies that go by it.
    return snapshot_due(run.definition, run.before, len(run.decision.events), math.inf)


def _payload(run: Run[Any], at: Replayed[Any]) -> Payload:
    __tracebackhide__ = True
    try:
        return state_payload(run.definition, at.state, CODEC)
    except StateNotEncodable as error:
        raise ScenarioFailed(
            report(
                run,
                f"after event {at.next_sequence - 1}, no snapshot can hold {run.cls.__name__}: {error}",
                "probable cause: an applier puts another type of value into a field than its annotation says, or the "
                "same object into two",
            )
        ) from error


def _check_from(run: Run[Any], snapshot: Snapshot, book: EventBook) -> None:
    __tracebackhide__ = True
    at = snapshot.sequence
    try:
        found = replay(run.definition, book, CODEC, root=run.options.root)
    except SnapshotUnfit as error:
        raise ScenarioFailed(report(run, f"the snapshot at event {at} does not read back: {error}")) from error
    apart: list[Difference] = [*differences(run.after.state, found.state)]
    if apart:
        raise ScenarioFailed(
            report(
                run,
                f"folding from a snapshot at event {at} leads to another {run.cls.__name__} than the whole history",
                section(
                    "live -> from the snapshot",
                    [f"{d.path.removeprefix('.') or 'all of it'}: {shown(d.left)} -> {shown(d.right)}" for d in apart],
                ),
                "probable cause: an applier tells objects apart by identity (is), which a snapshot does not keep; or "
                "it reads something that is no field",
            )
        )
