"""Recording the states of a recording's streams, or recording them anew."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from angzarr_domain.aggregates import Aggregate

from ._exporting import with_states
from ._folding import Classes
from ._reading import RecordedPage, RecordedStream, open_recording
from ._views import view_by
from ._writing import Entry, StreamBegins, lines_of, write_file


def record_states(
    path: str | os.PathLike[str],
    components: Iterable[type[Aggregate]] | type[Aggregate],
    *,
    states_every: int | None = None,
) -> bool:
    """Put the states that today's classes fold to into a recording, on purpose. The events stay as they are.

    Args:
        states_every: After how many events of a stream, besides its last one; 0 is the last one only. As in the file
            unless given.

    Returns:
        Whether the file changed.

    Raises:
        RecordingError: There is no such recording, it is damaged, or it cannot be written.
        UsageError: A stream's domain is none of the classes', or a state cannot be recorded.
        HistoryError: A stream cannot be folded; HandlerFailed where an applier raised.

    """
    classes = Classes(components)
    where = Path(path)
    with open_recording(where) as recording:
        every = recording.header.states_every if states_every is None else states_every
        header = attrs.evolve(recording.header, states_every=every or 0)
        lines = lines_of(header, _entries(recording.streams(), classes, every or 0), view_by(classes.known))
        return write_file(where, lines)


def _entries(streams: Iterable[RecordedStream], classes: Classes, every: int) -> Iterator[Entry]:
    for stream in streams:
        fold = classes.required_fold(stream.cover, stream.snapshot)
        yield StreamBegins(stream.cover, stream.snapshot)
        pages = (entry for entry in stream.entries() if isinstance(entry, RecordedPage))
        yield from with_states(pages, fold, every)
