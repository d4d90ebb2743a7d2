"""From a recording into a coordinator."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol

import attrs

from angzarr_domain.books import Cover, EventPage, Snapshot

from ._reading import open_recording


class Restores(Protocol):
    """What streams are imported into: `embedded.Coordinator`, or `embedded.EventFile`."""

    def restore(self, cover: Cover, pages: Iterable[EventPage], snapshot: Snapshot | None = None) -> bool:
        """Store this whole stream or nothing of it; False if it is there already, with equal pages."""
        ...


@attrs.frozen
class Imported:
    """How many streams were imported, and how many were there already, equal ones."""

    stored: int = 0
    present: int = 0


def import_history(target: Restores, path: str | os.PathLike[str]) -> Imported:
    """Store every stream of a recording as it was recorded: sequences, payload bytes, times.

    Each stream is stored whole or not at all; a file that turns out to be damaged stops the import at that stream, and
    the ones before it are stored. Importing again goes on from there.

    The protocol's commands and facts are decided and numbered by the coordinator that takes them, so a history cannot
    be brought back over it unchanged: the target is one that is at hand.

    Raises:
        RecordingError: There is no such recording, or it is damaged.
        StoreError: STREAM_DIFFERS: a stream is there already, with other pages, or more of them, or fewer.
        NotSupported: The target cannot keep something of a stream, such as its named timeline.
        UsageError: The pages of a stream do not follow each other.

    """
    stored = present = 0
    with open_recording(path) as recording:
        for stream in recording.streams():
            if target.restore(stream.cover, stream.pages(), stream.snapshot):
                stored += 1
            else:
                present += 1
    return Imported(stored, present)
