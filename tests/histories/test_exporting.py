"""Out of a coordinator, masked or not, and back into one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from angzarr_domain import Rejected
from angzarr_domain.books import Cover, EventPage, Payload, PayloadReference, Snapshot
from angzarr_domain.embedded import Coordinator, EventFile
from angzarr_domain.exceptions import (
    CorruptHistory,
    DecodeFailed,
    IncompleteHistory,
    InvalidArgument,
    RecordingError,
    StoreError,
    UsageError,
)
from angzarr_domain.histories import (
    Exported,
    Imported,
    export_history,
    export_lines,
    import_history,
    open_recording,
    replay_check,
)
from tests.histories.recorded import ADA, BOB, HISTORIES, ledgers, pages, read, states, stored_streams
from tests.ledger import Account, Deposited, Noted, Opened, Withdraw

# --- what is exported ---


def test_streams_are_exported_as_they_are(tmp_path: Path) -> None:
    """Type URLs, bytes, sequences and times, in the coordinator's order."""
    with ledgers() as (_, client):
        exported = export_history(client, "ledger", tmp_path / "a.jsonl")

    assert exported == Exported(streams=2, pages=6)
    assert read(tmp_path / "a.jsonl") == [(Cover("ledger", root), None, each) for root, each in HISTORIES.items()]


def test_roots_choose_streams(tmp_path: Path) -> None:
    """In the order in which they are named, each once."""
    with ledgers() as (_, client):
        export_history(client, "ledger", tmp_path / "a.jsonl", [BOB, str(ADA), BOB])

    assert [cover.root for cover, _, _ in read(tmp_path / "a.jsonl")] == [BOB, ADA]


def test_a_domain_chooses_streams(tmp_path: Path) -> None:
    """Without one, those of every domain are exported."""
    with ledgers() as (coordinator, client):
        coordinator.restore(Cover("other", ADA), pages(Deposited(amount=1)))
        export_history(client, "other", tmp_path / "a.jsonl")
        export_history(client, None, tmp_path / "b.jsonl")

    assert [cover.domain for cover, _, _ in read(tmp_path / "a.jsonl")] == ["other"]
    assert [cover.domain for cover, _, _ in read(tmp_path / "b.jsonl")] == ["ledger", "ledger", "other"]


def test_the_newest_snapshot_goes_along(tmp_path: Path) -> None:
    """Beside all the events, unless it is left out."""
    snapshot = Snapshot(1, Payload("/x.State", b"\x01"), created_at_ns=7)
    with ledgers({}) as (coordinator, client):
        coordinator.restore(Cover("ledger", ADA), HISTORIES[ADA], snapshot)
        export_history(client, "ledger", tmp_path / "a.jsonl")
        export_history(client, "ledger", tmp_path / "b.jsonl", snapshots=False)

    assert read(tmp_path / "a.jsonl") == [(Cover("ledger", ADA), snapshot, HISTORIES[ADA])]
    assert read(tmp_path / "b.jsonl") == [(Cover("ledger", ADA), None, HISTORIES[ADA])]


def test_a_long_stream_is_read_in_parts(tmp_path: Path) -> None:
    """However many events there are, all of them are exported, once."""
    long = pages(*[Deposited(amount=1)] * 1203)
    with ledgers({ADA: long}) as (_, client):
        export_history(client, "ledger", tmp_path / "a.jsonl", components=Account, states_every=500)

    assert read(tmp_path / "a.jsonl")[0][2] == long
    assert [(sequence, state["balance"]) for sequence, state in states(tmp_path / "a.jsonl")] == [
        (499, 500),
        (999, 1000),
        (1202, 1203),
    ]


def test_nothing_at_all_is_a_recording_too(tmp_path: Path) -> None:
    """Of no stream."""
    with ledgers({}) as (_, client):
        export_history(client, "ledger", tmp_path / "a.jsonl")

    assert read(tmp_path / "a.jsonl") == []


def test_the_lines_can_go_elsewhere(tmp_path: Path) -> None:
    """Into a pipe, say: they are those of the file."""
    with ledgers() as (_, client):
        lines = b"".join(export_lines(client, "ledger"))
        export_history(client, "ledger", tmp_path / "a.jsonl")

    assert lines == (tmp_path / "a.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("domain", "roots", "kind"),
    [
        pytest.param("ledger", [UUID(int=9)], InvalidArgument, id="no history"),
        pytest.param("ledger", ["nine"], InvalidArgument, id="no root"),
        pytest.param("Ledger!", None, InvalidArgument, id="no domain"),
        pytest.param(None, [ADA], UsageError, id="whose roots"),
    ],
)
def test_what_cannot_be_exported_leaves_no_file(
    tmp_path: Path, domain: str | None, roots: list[UUID | str] | None, kind: type[Exception]
) -> None:
    """Neither a whole one nor a part."""
    with ledgers() as (_, client), pytest.raises(kind):
        export_history(client, domain, tmp_path / "a.jsonl", roots)

    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_the_file_before_it(tmp_path: Path) -> None:
    """A state cannot be recorded in the middle of it; what was there stays."""
    path = tmp_path / "a.jsonl"
    broken = EventPage(Payload("/tests.ledger.Opened", b"\xff"), 0)
    with ledgers({ADA: HISTORIES[ADA]}) as (coordinator, client):
        export_history(client, "ledger", path)
        before = path.read_bytes()
        coordinator.restore(Cover("ledger", BOB), [broken])
        with pytest.raises(CorruptHistory):
            export_history(client, "ledger", path, components=Account, states_every=0)

    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As an error of the file."""
    with ledgers() as (_, client), pytest.raises(RecordingError) as refused:
        export_history(client, "ledger", tmp_path / "none" / "a.jsonl")

    assert refused.value.path == str(tmp_path / "none" / "a.jsonl")


# --- masked ---


def test_masked_values_are_nowhere_in_the_file(tmp_path: Path) -> None:
    """Neither in the payloads, nor in what shows them, nor in the states; and the header says what was masked."""
    with ledgers() as (_, client):
        export_history(
            client, "ledger", tmp_path / "a.jsonl", components=Account, mask=["owner", "text"], states_every=0
        )

    text = (tmp_path / "a.jsonl").read_text()
    assert [name for name in ("ada", "bob", "by hand", "YWRh", "YnkgaGFuZA") if name in text] == []
    with open_recording(tmp_path / "a.jsonl") as recording:
        assert recording.header.masked == ("owner", "text")


def test_masked_streams_still_fold(tmp_path: Path) -> None:
    """To the state that was recorded with them, whose other fields are the real ones."""
    path = tmp_path / "a.jsonl"
    with ledgers() as (_, client):
        export_history(client, "ledger", path, components=Account, mask=["Opened.owner"], states_every=0)

    assert replay_check(Account, [path]).ok
    assert [state["balance"] for _, state in states(path)] == [7, 2**62]


def test_a_key_makes_exports_alike(tmp_path: Path) -> None:
    """Without one, no two of them can be brought together."""
    with ledgers() as (_, client):

        def masked(key: bytes | None) -> bytes:
            return b"".join(export_lines(client, "ledger", components=Account, mask=["owner"], mask_key=key))

        assert masked(b"mine") == masked(b"mine") != masked(b"yours")
        assert masked(None) != masked(None)


def test_a_type_that_nobody_knows_is_not_exported(tmp_path: Path) -> None:
    """It could hold what is to be masked."""
    with ledgers() as (_, client), pytest.raises(DecodeFailed, match=r"known here: tests\.ledger\.Opened"):
        export_history(client, "ledger", tmp_path / "a.jsonl", types=[Opened], mask=["owner"])

    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_is_not_exported_beside_masked_events(tmp_path: Path) -> None:
    """It holds the state, and so what was masked."""
    with ledgers({}) as (coordinator, client):
        coordinator.restore(Cover("ledger", ADA), HISTORIES[ADA], Snapshot(1, Payload("/x.State", b"ada")))
        export_history(client, "ledger", tmp_path / "a.jsonl", components=Account, mask=["owner"])

    assert read(tmp_path / "a.jsonl")[0][1] is None


def test_events_that_only_a_snapshot_stands_for_cannot_be_masked(tmp_path: Path) -> None:
    """Without the snapshot the rest would be worth nothing."""
    with ledgers({}) as (coordinator, client):
        coordinator.restore(Cover("ledger", ADA), pages(Deposited(amount=1), first=3), Snapshot(2))
        with pytest.raises(IncompleteHistory, match="leave this root out"):
            export_history(client, "ledger", tmp_path / "a.jsonl", components=Account, mask=["owner"])


def test_an_event_that_lies_elsewhere_cannot_be_masked(tmp_path: Path) -> None:
    """Who reads the file may read it there."""
    with ledgers({}) as (coordinator, client):
        coordinator.restore(Cover("ledger", ADA), [EventPage(None, 0, external=PayloadReference(uri="s3://b/k"))])
        with pytest.raises(DecodeFailed, match="leave its root out"):
            export_history(client, "ledger", tmp_path / "a.jsonl", components=Account, mask=["owner"])


# --- and back ---


def test_an_imported_stream_is_gone_on_with(tmp_path: Path) -> None:
    """The next command is decided on it."""
    with ledgers() as (_, client):
        export_history(client, "ledger", tmp_path / "a.jsonl")
    with Coordinator([Account]) as coordinator, coordinator.client() as client:
        assert import_history(coordinator, tmp_path / "a.jsonl") == Imported(stored=2)
        with pytest.raises(Rejected, match="not enough money"):
            client.command(Withdraw(amount=8), ADA).send_sync()
        assert client.command(Withdraw(amount=7), ADA).send_sync().pages[0].sequence == 3


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    """And so an import that was interrupted is simply made again."""
    with ledgers({BOB: HISTORIES[BOB]}) as (coordinator, client):
        with ledgers() as (_, other):
            export_history(other, "ledger", tmp_path / "a.jsonl")
        assert import_history(coordinator, tmp_path / "a.jsonl") == Imported(stored=1, present=1)
        assert import_history(coordinator, tmp_path / "a.jsonl") == Imported(present=2)
        assert client.query("ledger", ADA).get_pages() == HISTORIES[ADA]


def test_another_stream_of_the_same_name_is_refused(tmp_path: Path) -> None:
    """Two histories are never mixed."""
    with ledgers() as (coordinator, client):
        export_history(client, "ledger", tmp_path / "a.jsonl", [BOB])
        export_history(client, "ledger", tmp_path / "b.jsonl", [ADA], components=Account, mask=["owner"])
        with pytest.raises(StoreError) as refused:
            import_history(coordinator, tmp_path / "b.jsonl")
        assert refused.value.code == "STREAM_DIFFERS"
        assert client.query("ledger", ADA).get_pages() == HISTORIES[ADA]


def test_a_damaged_stream_is_imported_not_even_in_part(tmp_path: Path) -> None:
    """The damage shows after some of its pages were read; the streams before it are stored."""
    path = tmp_path / "a.jsonl"
    with ledgers({ADA: HISTORIES[ADA], BOB: pages(*[Noted(text="x")] * 700)}) as (_, client):
        export_history(client, "ledger", path)
    path.write_bytes(path.read_bytes()[:-200])
    with EventFile(tmp_path / "ledger.db") as file, file.client() as client:
        with pytest.raises(RecordingError):
            import_history(file, path)
        assert [found.root for found in client.query.get_aggregate_roots()] == [ADA]


@given(streams=st.lists(stored_streams(), max_size=3, unique_by=lambda stream: (stream[0].domain, stream[0].root)))
@settings(deadline=None, max_examples=25)
def test_there_and_back_gives_the_same_bytes(
    streams: list[tuple[Cover, tuple[EventPage, ...], Snapshot | None]],
) -> None:
    """Whatever is stored: the export of an import is the file that was imported."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.jsonl", Path(folder) / "second.jsonl"
        with ledgers({}) as (coordinator, client):
            for cover, each, snapshot in streams:
                coordinator.restore(cover, each, snapshot)
            export_history(client, None, first)
        with EventFile(Path(folder) / "copy.db") as file, file.client() as client:
            import_history(file, first)
            export_history(client, None, second)

        assert second.read_bytes() == first.read_bytes()


@given(owners=st.lists(st.text(min_size=3, max_size=12), min_size=1, max_size=3), key=st.binary())
@settings(deadline=None, max_examples=25)
def test_a_masked_export_comes_back_too(owners: list[str], key: bytes) -> None:
    """It is a history like any other: what differs is only what was made up, and the header that says so."""
    histories = {UUID(int=n): pages(Opened(owner=owner), Deposited(amount=n)) for n, owner in enumerate(owners, 1)}
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.jsonl", Path(folder) / "second.jsonl"
        with ledgers(histories) as (_, client):
            export_history(client, "ledger", first, components=Account, mask=["owner"], mask_key=key)
        with ledgers({}) as (coordinator, client):
            import_history(coordinator, first)
            export_history(client, "ledger", second, components=Account)

        assert read(second) == read(first)
        assert [each[1] for _, _, each in read(first)] == [each[1] for each in histories.values()]
        assert [each[0] for _, _, each in read(first)] != [each[0] for each in histories.values()]
