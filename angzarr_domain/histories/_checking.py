"""Whether today's classes still fold every recorded stream to the recorded state."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.exceptions import AngzarrError, CorruptHistory, HandlerFailed, HistoryError, UnknownEvent

from ._comparing import differences
from ._findings import Finding, ReplayReport, Verdict
from ._folding import Classes, StreamFold
from ._reading import RecordedPage, RecordedState, RecordedStream, open_recording


def replay_check(
    components: Iterable[type[Aggregate]] | type[Aggregate], paths: Iterable[str | os.PathLike[str]]
) -> ReplayReport:
    """Fold every stream of these recordings with today's classes, and compare the states with the recorded ones.

    Snapshots in the recordings are not folded onto, unless the events they stand for are not there. One stream's
    problem does not keep the others from being checked.

    Raises:
        RecordingError: There is no such recording, or it is damaged.
        UsageError: A class is not decorated, or a state holds something that cannot be recorded.

    """
    classes = Classes(components)
    return ReplayReport(tuple(finding for path in paths for finding in _check(Path(path), classes)))


def check_file(
    path: str | os.PathLike[str], components: Iterable[type[Aggregate]] | type[Aggregate]
) -> tuple[Finding, ...]:
    """One finding for each stream of one recording; those that are not `ok` are problems. Raises as `replay_check`."""
    return tuple(_check(Path(path), Classes(components)))


def _check(path: Path, classes: Classes) -> Iterator[Finding]:
    with open_recording(path) as recording:
        for stream in recording.streams():
            cover = stream.cover
            found = Finding(str(path), stream.line, cover.domain, cover.root, Verdict.UNKNOWN_DOMAIN)
            fold = classes.fold(cover, stream.snapshot)
            yield found if fold is None else _folded(found, stream, fold)


def _folded(found: Finding, stream: RecordedStream, fold: StreamFold) -> Finding:
    found = attrs.evolve(found, verdict=Verdict.FOLDS)
    try:
        for entry in stream.entries():
            if isinstance(entry, RecordedPage):
                fold.check_known(entry.page)
                fold.take(entry.page)
                continue
            found = _compared(found, entry, fold)
            if not found.ok:
                return found
        fold.flush()
    except (HistoryError, HandlerFailed) as error:
        return _unfolded(found, error)
    return found


def _compared(found: Finding, recorded: RecordedState, fold: StreamFold) -> Finding:
    different = tuple(differences(recorded.fields, fold.fields()))
    if not different:
        return attrs.evolve(found, verdict=Verdict.SAME)
    return attrs.evolve(
        found, line=recorded.line, verdict=Verdict.DIFFERS, sequence=recorded.sequence, differences=different
    )


def _unfolded(found: Finding, error: AngzarrError) -> Finding:
    match error:
        case HandlerFailed(sequence=sequence):
            return attrs.evolve(found, verdict=Verdict.APPLIER_RAISED, sequence=sequence, error=error)
        case UnknownEvent(sequence=sequence):
            return attrs.evolve(found, verdict=Verdict.UNKNOWN_EVENT, sequence=sequence, error=error)
        case CorruptHistory(sequence=sequence):
            return attrs.evolve(found, verdict=Verdict.CORRUPT, sequence=sequence, error=error)
        case _:
            return attrs.evolve(found, verdict=Verdict.INCOMPLETE, error=error)
