"""Writing a recording: line by line, and as a file that is there whole or not at all."""

from __future__ import annotations

import filecmp
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from angzarr_domain.books import Cover, EventPage, Payload, Snapshot

from ._format import View, cover_out, no_view, page_out, snapshot_out
from ._lines import Seal
from ._reading import FORMAT_VERSION, Header, RecordedPage, RecordedState, unusable


@attrs.frozen
class StreamBegins:
    """The next entries are of this stream."""

    cover: Cover
    snapshot: Snapshot | None = None


Entry: TypeAlias = StreamBegins | RecordedPage | RecordedState


def lines_of(header: Header, entries: Iterable[Entry], view: View = no_view) -> Iterator[bytes]:
    """The lines of a recording, each with its line end.

    Args:
        view: What readers of the file are shown of the payloads of covers and snapshots; pages bring their own.

    """
    seal, streams = Seal(), 0
    yield seal.close("recording", _header_out(header))
    for entry in entries:
        if isinstance(entry, StreamBegins):
            streams += 1
            yield seal.close("stream", cover_out(entry.cover, view))
            if entry.snapshot is not None:
                yield seal.close("snapshot", snapshot_out(entry.snapshot, view))
        elif isinstance(entry, RecordedPage):
            yield seal.close("page", _page_out(entry.page, entry.view))
        else:
            yield seal.close("state", {"sequence": entry.sequence, "fields": entry.fields})
    yield seal.close("end", {"streams": streams})


def _page_out(page: EventPage, view: Mapping[str, Any] | None) -> dict[str, Any]:
    def of_event(_payload: Payload) -> Mapping[str, Any] | None:
        return view

    return page_out(page, of_event)


def _header_out(header: Header) -> dict[str, Any]:
    plain: dict[str, Any] = {"version": FORMAT_VERSION}
    if header.masked:
        plain["masked"] = list(header.masked)
    if header.states_every is not None:
        plain["states_every"] = header.states_every
    return plain


def write_file(path: Path, lines: Iterable[bytes]) -> bool:
    """Write the file, or leave what is there as it is; whether it is another one now.

    Raises:
        RecordingError: RECORDING_UNUSABLE: the system refuses it.

    """
    try:
        # Beside the file it replaces: a rename is whole only within one file system.
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise unusable(path, error) from error
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.writelines(lines)
            file.flush()
            os.fsync(descriptor)
        if path.exists() and filecmp.cmp(name, path, shallow=False):
            os.unlink(name)  # noqa: PTH108 - a path already
            return False
        _take_over_mode(path, name)
        os.replace(name, path)  # noqa: PTH105 - as above
    except BaseException as error:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - as above
        if isinstance(error, OSError):
            raise unusable(path, error) from error
        raise
    return True


def _take_over_mode(path: Path, name: str) -> None:
    # A recording may hold what not everybody is to read: a new one is its owner's, an old one stays as open as it was.
    with suppress(FileNotFoundError):
        os.chmod(name, path.stat().st_mode & 0o777)  # noqa: PTH101 - as above
