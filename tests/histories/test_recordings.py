"""The file: what is written is what is read, and nothing else is taken for it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from angzarr_domain.books import Cover, EventPage, Snapshot
from angzarr_domain.exceptions import RecordingError
from angzarr_domain.histories import FORMAT_VERSION, Header, RecordedState, export_history, open_recording
from angzarr_domain.histories._format import moment_in, moment_out
from angzarr_domain.histories._writing import Entry, StreamBegins, lines_of, write_file
from tests.histories.recorded import ADA, BEGAN, HISTORIES, ledgers, read, recorded
from tests.ledger import Account
from tests.strategies import covers, event_pages, snapshots

Stream = tuple[Cover, Snapshot | None, tuple[EventPage, ...]]
LINES = """\
{"recording":{"version":1,"states_every":0},"check":"955d4795"}
{"stream":{"domain":"ledger","root":"00000000-0000-0000-0000-000000000001"},"check":"ea821a02"}
{"page":{"sequence":0,"created_at":"2023-11-14T22:13:20.000000001Z","event":{"type_url":"/tests.ledger.Opened","value":"CgNhZGE=","view":{"owner":"ada"}}},"check":"1c1bf9eb"}
{"page":{"sequence":1,"created_at":"2023-11-14T22:13:21.000000001Z","event":{"type_url":"/tests.ledger.Deposited","value":"CAo=","view":{"amount":10}}},"check":"11a068b6"}
{"page":{"sequence":2,"created_at":"2023-11-14T22:13:22.000000001Z","event":{"type_url":"/tests.ledger.Withdrawn","value":"CAM=","view":{"amount":3}}},"check":"621387b1"}
{"state":{"sequence":2,"fields":{"owner":"ada","balance":7}},"check":"84a3bfd4"}
"""
STREAMS = st.tuples(covers(), st.none() | snapshots(), st.lists(event_pages(), max_size=4).map(tuple))


def written(streams: list[Stream]) -> bytes:
    """The file of these streams."""
    entries: list[Entry] = []
    for cover, snapshot, pages in streams:
        entries += [StreamBegins(cover, snapshot), *recorded(pages)]
    return b"".join(lines_of(Header(), entries))


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Two accounts, with states."""
    with ledgers() as (_, client):
        export_history(client, "ledger", tmp_path / "ledger.jsonl", components=Account, states_every=0)
    return tmp_path / "ledger.jsonl"


@given(st.lists(STREAMS, max_size=3))
@settings(deadline=None, max_examples=60)
def test_what_is_written_is_read(streams: list[Stream]) -> None:
    """Covers, snapshots and pages of every kind, with their nanoseconds, headers and ext."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.jsonl"
        write_file(path, [written(streams)])

        assert read(path) == streams


@given(st.integers(-(2**70), 2**70))
def test_a_moment_is_kept_to_the_nanosecond(nanoseconds: int) -> None:
    """As RFC 3339 where that has a word for it, and as a number where it has none."""
    assert moment_in(moment_out(nanoseconds)) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (BEGAN, "2023-11-14T22:13:20.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (-62_135_596_800 * 10**9, "0001-01-01T00:00:00.000000000Z"),
        (-62_135_596_800 * 10**9 - 1, -62_135_596_800 * 10**9 - 1),
    ],
)
def test_a_moment_is_readable(nanoseconds: int, text: str | int) -> None:
    """Nine digits, in UTC."""
    assert moment_out(nanoseconds) == text


def test_the_format_is_this(file: Path) -> None:
    """What the page on recorded histories documents, byte for byte: other programs read it."""
    lines = file.read_text().splitlines(keepends=True)

    assert "".join(lines[:6]) == LINES
    assert lines[-1].startswith('{"end":{"streams":2},')


# --- files that are not what they were ---


def refusal(path: Path) -> RecordingError:
    """The error that reading all of a file ends in."""
    with pytest.raises(RecordingError) as refused:
        read(path)
    return refused.value


Edit = Callable[[list[bytes]], list[bytes]]

#: What was done to a file, and the line at which that is noticed.
EDITS: dict[str, tuple[Edit, int]] = {
    "ends after a line": (lambda lines: lines[:4], 5),
    "ends within a line": (lambda lines: [*lines[:3], lines[3][:40]], 4),
    "has no end": (lambda lines: [*lines[:-1], b""], 12),
    "a changed view": (lambda lines: [*lines[:3], lines[3].replace(b":10}", b":11}"), *lines[4:]], 4),
    "a line of nothing": (lambda lines: [*lines[:3], b"{}\n", *lines[4:]], 4),
    "a line that is no text": (lambda lines: [*lines[:3], b"\xff\n", *lines[4:]], 4),
    "a line less": (lambda lines: [*lines[:3], *lines[4:]], 4),
    "a line twice": (lambda lines: [*lines[:3], lines[3], *lines[3:]], 5),
    "lines in another order": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 4),
    "more than all": (lambda lines: [*lines, b"\n"], 13),
    "another header": (lambda lines: [lines[0].replace(b'"states_every":0', b'"states_every":1')], 1),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_file_that_was_changed_is_refused(file: Path, name: str) -> None:
    """Torn or edited: the error names the file and the line."""
    edit, line = EDITS[name]
    file.write_bytes(b"".join(edit(file.read_bytes().splitlines(keepends=True))))

    error = refusal(file)

    assert (error.code, error.path, error.line) == ("RECORDING_DAMAGED", str(file), line)
    assert str(error).startswith(f"{file}, line {line}: ")


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_no_byte_can_be_changed_unnoticed(data: st.DataObject) -> None:
    """Whichever it is, and whatever it becomes; line ends of another system are none."""
    content = written([(Cover("ledger", ADA), None, HISTORIES[ADA])])
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != content[at] and value not in b"\r\n"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.jsonl"
        path.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])

        assert refusal(path).code in {"RECORDING_DAMAGED", "RECORDING_FOREIGN", "RECORDING_NEWER"}


def test_line_ends_of_another_system_are_read(file: Path) -> None:
    """Version control may have made them."""
    before = read(file)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    assert read(file) == before


@pytest.mark.parametrize("version", [0, FORMAT_VERSION + 1, "1"])
def test_another_version_of_the_format_is_refused(file: Path, version: object) -> None:
    """Whatever else that version changed, its check included."""
    file.write_text(json.dumps({"recording": {"version": version}, "seal": "another"}) + "\n")

    assert refusal(file).code == "RECORDING_NEWER"


@pytest.mark.parametrize("content", ["", "\n", "[]\n", '{"version": 1}\n', "timestamp,account\n", '{"recording": 1}\n'])
def test_another_file_is_no_recording(file: Path, content: str) -> None:
    """And is not taken for a damaged one."""
    file.write_text(content)

    assert refusal(file).code == "RECORDING_FOREIGN"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Says so."""
    assert refusal(tmp_path / "none.jsonl").code == "RECORDING_UNUSABLE"


def test_streams_can_be_passed_over(file: Path) -> None:
    """Who looks at covers only need not read their pages."""
    with open_recording(file) as recording:
        assert [stream.cover.root for stream in recording.streams()] == list(HISTORIES)


def test_states_lie_among_the_pages(file: Path) -> None:
    """After the event that they are of."""
    with open_recording(file) as recording:
        kinds = [isinstance(entry, RecordedState) for entry in next(recording.streams()).entries()]

    assert kinds == [False, False, False, True]
