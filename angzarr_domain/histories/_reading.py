"""Reading a recording, line by line: memory does not grow with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import attrs

from angzarr_domain.books import Cover, EventPage, Snapshot
from angzarr_domain.exceptions import RecordingError

from ._format import cover_in, page_in, reading, snapshot_in
from ._lines import BrokenLineError, Seal, unsealed

T = TypeVar("T")

#: The version of the format that is written, and the only one that is read.
FORMAT_VERSION: Final = 1


@attrs.frozen
class Header:
    """What a recording says of itself.

    Attributes:
        masked: The fields whose values are made up.
        states_every: After how many events of a stream a state is recorded; 0 is after the last one only, None never.

    """

    masked: tuple[str, ...] = ()
    states_every: int | None = None


@attrs.frozen
class RecordedPage:
    """One event as it was recorded, with its view, if it had one."""

    page: EventPage
    view: Mapping[str, Any] | None = None


@attrs.frozen
class RecordedState:
    """What the aggregate was at a point of its stream: the fields as plain values, see docs/how-to/histories.md.

    Attributes:
        line: Where in the file.
        sequence: Of the last event in it.

    """

    line: int
    sequence: int
    fields: Mapping[str, Any]


class RecordedStream:
    """One stream of a recording. Its entries are read once, while the recording is at it.

    Attributes:
        line: Where in the file it begins.
        cover: Whose it is.
        snapshot: The newest one when it was recorded.

    """

    def __init__(
        self, line: int, cover: Cover, snapshot: Snapshot | None, entries: Iterator[RecordedPage | RecordedState]
    ) -> None:
        self.line = line
        self.cover = cover
        self.snapshot = snapshot
        self._entries = entries

    def entries(self) -> Iterator[RecordedPage | RecordedState]:
        """Pages and states, in order, as they are read.

        Raises:
            RecordingError: RECORDING_DAMAGED, at the line it is about.

        """
        return self._entries

    def pages(self) -> Iterator[EventPage]:
        """Only the pages. Raises as `entries`."""
        return (entry.page for entry in self._entries if isinstance(entry, RecordedPage))


class Recording:
    """A recording that is being read.

    Attributes:
        header: What it says of itself.

    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self._seal = Seal()
        self._number = 0
        self._ahead: tuple[str, Any] | None = None
        self.header = self._read_header()

    def streams(self) -> Iterator[RecordedStream]:
        """Every stream, in order; what nobody read of one is passed over before the next one.

        Raises:
            RecordingError: RECORDING_DAMAGED, at the line it is about.

        """
        count = 0
        while (body := self._take("stream")) is not None:
            line, count = self._number, count + 1
            cover = self._read(cover_in, body, "cover of a stream")
            plain = self._take("snapshot")
            snapshot = None if plain is None else self._read(snapshot_in, plain, "snapshot")
            stream = RecordedStream(line, cover, snapshot, self._entries())
            yield stream
            for _ in stream.entries():
                pass
        if self._take("end") != {"streams": count}:
            raise self._damaged("it is neither a stream nor the end of all")
        if self._next_line():
            raise self._damaged("the end was before")

    def _entries(self) -> Iterator[RecordedPage | RecordedState]:
        while True:
            if (body := self._take("page")) is not None:
                page = self._read(page_in, body, "page")
                yield RecordedPage(page, self._read(_view_in, body, "page"))
            elif (body := self._take("state")) is not None:
                yield self._read(self._state_in, body, "state")
            else:
                return

    def _state_in(self, plain: Mapping[str, Any]) -> RecordedState:
        return RecordedState(self._number, plain["sequence"], dict(plain["fields"]))

    def _read_header(self) -> Header:
        line = self._next_line()
        try:
            body: Any = unsealed(line).get("recording")
        except BrokenLineError:
            body = None
        if not isinstance(body, dict) or "version" not in body:
            raise self._error("it is no recording of streams, or its first line is gone", "RECORDING_FOREIGN")
        if body["version"] != FORMAT_VERSION:
            raise self._error(
                f"its format is of version {body['version']}, and this is read here: {FORMAT_VERSION}; use the release "
                "of angzarr-domain that wrote it, or a newer one",
                "RECORDING_NEWER",
            )
        self._open(line)
        return self._read(_header_in, body, "header")

    def _take(self, kind: str) -> Any:
        """The body of the next line, if it is of this kind; a line of another kind stays where it is."""
        if self._ahead is None:
            self._ahead = self._open(self._next_line())
        if self._ahead[0] != kind:
            return None
        body, self._ahead = self._ahead[1], None
        return body

    def _next_line(self) -> bytes:
        self._number += 1
        try:
            return self._file.readline()
        except OSError as error:
            raise unusable(self._path, error) from error

    def _open(self, line: bytes) -> tuple[str, Any]:
        if not line:
            raise self._damaged("the file ends here, too early")
        try:
            return self._seal.open(line)
        except BrokenLineError as error:
            raise self._damaged(str(error)) from error

    def _read(self, read: Callable[[Any], T], body: Any, what: str) -> T:
        try:
            with reading(what):
                return read(body)
        except BrokenLineError as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> RecordingError:
        return self._error(f"{why}; record it anew, or restore the file", "RECORDING_DAMAGED")

    def _error(self, why: str, code: str) -> RecordingError:
        return RecordingError(
            f"{self._path}, line {self._number}: {why}", path=str(self._path), line=self._number, code=code
        )


@contextmanager
def open_recording(path: str | os.PathLike[str]) -> Generator[Recording, None, None]:
    """A recording to read, closed at the end.

    Raises:
        RecordingError: There is no such file, it is no recording, or it is of another version of the format.

    """
    where = Path(path)
    try:
        file = where.open("rb")
    except OSError as error:
        raise unusable(where, error) from error
    with file:
        yield Recording(where, file)


def unusable(path: Path, error: OSError) -> RecordingError:
    """What the system says of a file."""
    return RecordingError(f"{path} cannot be used: {error.strerror}", path=str(path), code="RECORDING_UNUSABLE")


def _header_in(plain: Mapping[str, Any]) -> Header:
    return Header(tuple(plain.get("masked", ())), plain.get("states_every"))


def _view_in(plain: Mapping[str, Any]) -> Mapping[str, Any] | None:
    view: Mapping[str, Any] | None = plain.get("event", {}).get("view")
    return view
