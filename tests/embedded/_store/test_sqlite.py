# pyright: reportPrivateUsage=false
from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from angzarr_domain.books import EventPage, Payload, Snapshot
from angzarr_domain.embedded._store._file import APPLICATION_ID, SCHEMA_VERSION, DataFile
from angzarr_domain.embedded._store.base import DeferredKey, EventStore, Stream
from angzarr_domain.embedded._store.sqlite import SqliteStore
from angzarr_domain.exceptions import DeadlineExceeded, StoreError, UnknownOutcome, UsageError
from angzarr_domain.testing.contracts import EventStoreContract

STREAM = Stream("account", UUID(int=1))


def pages(first: int, count: int, value: bytes = b"\x01") -> list[EventPage]:
    return [EventPage(Payload("/shop.Added", value), first + n, 1_000) for n in range(count)]


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "bank.db"


class TestSqliteStore(EventStoreContract):
    @pytest.fixture(name="store")
    def _store(self, path: Path) -> Iterator[EventStore]:
        store = SqliteStore(path)
        yield store
        store.close()


def refusal(path: Path) -> StoreError:
    """How opening the file is refused."""
    with pytest.raises(StoreError) as refused:
        SqliteStore(path)
    assert refused.value.path == str(path)
    assert str(path) in str(refused.value)
    return refused.value


class TestDurability:
    def test_everything_is_there_after_reopening(self, path: Path) -> None:
        """Pages, snapshot, correlation id and provenance outlive the store."""
        key = DeferredKey("command", "order", UUID(int=9), "", 3, "ReserveSaga", 0)
        snapshot = Snapshot(1, Payload("/shop.State", b"\x02"), created_at_ns=5)
        store = SqliteStore(path)
        store.append(STREAM, 0, pages(0, 2), correlation_id="c", snapshot=snapshot, deferred=key)
        store.close()
        store = SqliteStore(path)
        assert list(store.pages(STREAM)) == pages(0, 2)
        assert store.snapshot(STREAM) == snapshot
        assert store.executed(STREAM, key) == range(2)
        assert [stream for stream, _ in store.correlated("c")] == [STREAM]
        store.close()

    def test_every_commit_reaches_the_disk(self, path: Path) -> None:
        """The writer's own answer: a write-ahead log, flushed at each commit."""
        file = DataFile(path)
        writer = file.writer()
        found = [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        writer.close()
        file.release()
        assert found == ["wal", 2]

    def test_the_file_says_whose_it_is(self, path: Path) -> None:
        """Application id and format lie in the file's own header from its first commit on."""
        store = SqliteStore(path)
        header = path.read_bytes()[:100]
        store.close()
        assert int.from_bytes(header[68:72], "big") == APPLICATION_ID == int.from_bytes(b"angz", "big")
        assert int.from_bytes(header[60:64], "big") == SCHEMA_VERSION

    def test_closing_leaves_one_file_and_its_lock(self, path: Path) -> None:
        """What is copied after that is everything."""
        store = SqliteStore(path)
        store.append(STREAM, 0, pages(0, 1))
        store.close()
        assert sorted(each.name for each in path.parent.iterdir()) == ["bank.db", "bank.db.lock"]

    @pytest.mark.process
    def test_what_was_acknowledged_survives_a_kill(self, path: Path) -> None:
        """Killed with appends under way, again and again: each acknowledged one is there, whole, once."""
        program = (
            "import sys; from uuid import UUID\n"
            "from angzarr_domain.books import EventPage, Payload\n"
            "from angzarr_domain.embedded._store.base import Stream\n"
            "from angzarr_domain.embedded._store.sqlite import SqliteStore\n"
            "store = SqliteStore(sys.argv[1]); stream = Stream('account', UUID(int=1))\n"
            "while True:\n"
            "    head = store.head(stream)\n"
            "    store.append(stream, head, [EventPage(Payload('/shop.Added', b'%d' % (head + n)), head + n, 1)\n"
            "                                for n in range(3)])\n"
            "    print(head + 3, flush=True)\n"
        )
        acknowledged = 0
        for round_ in range(4):
            process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            for _ in range(5 + round_):
                acknowledged = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            rest, _ = process.communicate()
            whole = [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
            acknowledged = max([acknowledged, *map(int, whole)])
            store = SqliteStore(path)
            found = [(page.sequence, page.event.value) for page in store.pages(STREAM) if page.event]
            store.close()
            assert found == [(n, b"%d" % n) for n in range(len(found))]
            assert len(found) % 3 == 0
            assert acknowledged <= len(found) <= acknowledged + 3

    @pytest.mark.process
    def test_killed_while_it_is_made_the_file_can_be_made_again(self, path: Path) -> None:
        """An interrupted first commit leaves an empty file and its journal, which is a new file."""
        program = (
            "import os, sqlite3, sys\n"
            "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "db.execute('PRAGMA cache_size = 1')\n"
            f"db.executescript('BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE streams (x);"
            " CREATE TABLE events (x);')\n"
            "db.execute('INSERT INTO streams SELECT randomblob(100000)')\n"
            "os.kill(os.getpid(), 9)\n"
        )
        subprocess.run([sys.executable, "-c", program, str(path)], check=False)
        assert path.with_name("bank.db-journal").exists()
        store = SqliteStore(path)
        store.append(STREAM, 0, pages(0, 1))
        assert store.head(STREAM) == 1
        store.close()


class TestFilesThatAreRefused:
    def test_a_second_store_on_the_file(self, path: Path) -> None:
        """The first goes on undisturbed."""
        first = SqliteStore(path)
        assert refusal(path).code == "DATA_FILE_IN_USE"
        first.append(STREAM, 0, pages(0, 1))
        assert first.head(STREAM) == 1
        first.close()
        SqliteStore(path).close()

    def test_a_second_store_by_another_name(self, path: Path) -> None:
        """A link leads to the same file, so to the same lock."""
        first = SqliteStore(path)
        link = path.with_name("link.db")
        link.symlink_to(path)
        with pytest.raises(StoreError, match="in use by another coordinator"):
            SqliteStore(link)
        first.close()

    @pytest.mark.process
    def test_a_second_process_on_the_file(self, path: Path) -> None:
        """It is told which process has it."""
        first = SqliteStore(path)
        program = "import sys; from angzarr_domain.embedded._store.sqlite import SqliteStore; SqliteStore(sys.argv[1])"
        second = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
        first.append(STREAM, 0, pages(0, 1))
        first.close()
        assert second.returncode == 1
        assert f"bank.db is in use by another coordinator (process {os.getpid()})" in second.stderr

    def test_a_database_of_another_program(self, path: Path) -> None:
        """Left as it was, byte for byte, and nothing is left beside it."""
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE addresses (name TEXT)")
        other.close()
        before = path.read_bytes()
        assert refusal(path).code == "DATA_FILE_FOREIGN"
        assert path.read_bytes() == before
        assert [each.name for each in path.parent.iterdir()] == ["bank.db"]

    def test_a_refusal_leaves_a_lock_that_was_there(self, path: Path) -> None:
        """It may be somebody's who is about to take it."""
        path.write_text("date,amount\n" * 100)
        path.with_name("bank.db.lock").touch()
        refusal(path)
        assert path.with_name("bank.db.lock").exists()

    def test_a_lock_that_was_removed_meanwhile(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Holding a file that is no longer beside the data file would keep nobody out, so another is made."""
        lock_path = path.with_name("bank.db.lock")
        lock_path.touch()
        flock, removed = fcntl.flock, [lock_path]

        def removed_before(descriptor: int, operation: int) -> None:
            while removed:
                removed.pop().unlink()
            flock(descriptor, operation)

        monkeypatch.setattr("fcntl.flock", removed_before)
        store = SqliteStore(path)
        assert refusal(path).code == "DATA_FILE_IN_USE"
        store.close()

    def test_a_lock_of_another_program(self, path: Path) -> None:
        """A data file named `poetry` would have its lock in `poetry.lock`, which may be somebody's work."""
        other = path.with_name("bank.db.lock")
        other.write_text("[[package]]\nname = 'attrs'\n" * 10)
        assert "bank.db.lock is no lock of ours" in str(refusal(path))
        assert other.read_text() == "[[package]]\nname = 'attrs'\n" * 10
        assert not path.exists()

    def test_other_tables_under_our_id(self, path: Path) -> None:
        """An id can be anybody's; the tables decide."""
        with sqlite3.connect(path) as other:
            other.executescript(f"PRAGMA application_id = {APPLICATION_ID}; CREATE TABLE addresses (name TEXT);")
        other.close()
        before = path.read_bytes()
        assert refusal(path).code == "DATA_FILE_FOREIGN"
        assert path.read_bytes() == before

    def test_a_newer_format(self, path: Path) -> None:
        """It is not guessed at, and not changed."""
        SqliteStore(path).close()
        with sqlite3.connect(path) as newer:
            newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        newer.close()
        before = path.read_bytes()
        assert refusal(path).code == "DATA_FILE_NEWER"
        assert path.read_bytes() == before

    def test_a_newer_format_that_only_the_log_knows(self, path: Path, tmp_path: Path) -> None:
        """Copied while it was open, the file's own header may still be that of the old format."""
        SqliteStore(path).close()
        newer = sqlite3.connect(path)
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        copy = tmp_path / "copy.db"
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
        newer.close()
        assert int.from_bytes(copy.read_bytes()[60:64], "big") == SCHEMA_VERSION
        assert refusal(copy).code == "DATA_FILE_NEWER"

    def test_no_database(self, path: Path) -> None:
        """A text file stays a text file."""
        path.write_text("date,amount\n" * 100)
        assert "no SQLite database" in str(refusal(path))
        assert path.read_text() == "date,amount\n" * 100

    def test_a_folder(self, tmp_path: Path) -> None:
        """Not a file at all."""
        assert refusal(tmp_path).code == "DATA_FILE_UNUSABLE"

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        """Named, and not made: it is more often misspelt than meant."""
        refused = refusal(tmp_path / "nowhere" / "bank.db")
        assert "nowhere does not exist" in str(refused)
        assert not (tmp_path / "nowhere").exists()

    @pytest.mark.process
    @pytest.mark.parametrize("what", ["file", "folder"])
    def test_read_only(self, short_path: Path, what: str) -> None:
        """The file, or the folder that the journal has to lie in; tried as a user whom permissions bind."""
        path = short_path / "bank.db"
        SqliteStore(path).close()
        path.chmod(0o444 if what == "file" else 0o666)
        path.parent.chmod(0o777 if what == "file" else 0o555)
        path.with_name("bank.db.lock").chmod(0o666)
        before = path.read_bytes()
        program = (
            "import os, sys\n"
            "from angzarr_domain.embedded._store.sqlite import SqliteStore\n"
            "from angzarr_domain.exceptions import StoreError\n"
            "os.chdir(sys.argv[1])\n"
            "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "try: SqliteStore('bank.db')\n"
            "except StoreError as error: print(error.code)\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", program, str(path.parent)], capture_output=True, text=True, check=False
        )
        path.parent.chmod(0o777)
        assert (result.stdout.strip(), path.read_bytes()) == ("DATA_FILE_READ_ONLY", before), result.stderr

    def test_an_empty_file_is_a_new_one(self, path: Path) -> None:
        """As `tempfile` makes them."""
        path.touch()
        store = SqliteStore(path)
        assert store.head(STREAM) == 0
        store.close()


class TestTrouble:
    def test_a_file_that_was_taken_away(self, path: Path) -> None:
        """Events written into a deleted file would be acknowledged and lost, so they are refused."""
        store = SqliteStore(path)
        path.rename(path.with_name("elsewhere.db"))
        with pytest.raises(StoreError, match="moved, deleted or replaced"):
            store.append(STREAM, 0, pages(0, 1))
        store.close()

    def test_a_program_that_holds_the_file(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A shell with an open transaction: refused after some patience, and nothing stored."""
        monkeypatch.setattr("angzarr_domain.embedded._store._file._PATIENCE", 0.05)
        store = SqliteStore(path)
        shell = sqlite3.connect(path, isolation_level=None)
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as refused:
            store.append(STREAM, 0, pages(0, 1))
        shell.execute("ROLLBACK")
        shell.close()
        assert refused.value.code == "DATA_FILE_IN_USE"
        store.append(STREAM, 0, pages(0, 1))
        assert store.head(STREAM) == 1
        store.close()

    def test_a_program_that_holds_the_file_beyond_the_callers_time(self, path: Path) -> None:
        """Nobody waits longer than it has, and nothing is stored later; who has time is as patient as before."""
        store = SqliteStore(path)
        shell = sqlite3.connect(path, isolation_level=None)
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as refused:
            store.append(STREAM, 0, pages(0, 1), timeout=0.02)
        shell.execute("ROLLBACK")
        shell.close()
        assert (refused.value.code, store.head(STREAM)) == ("DATA_FILE_IN_USE", 0)
        store.append(STREAM, 0, pages(0, 1), timeout=60)
        assert store._writer.execute("PRAGMA busy_timeout").fetchone() == (5_000,)
        store.close()

    def test_others_of_this_process_that_write_beyond_the_callers_time(self, path: Path) -> None:
        """They are waited for no longer either."""
        store = SqliteStore(path)
        with store._writing, pytest.raises(DeadlineExceeded, match="nothing was stored"):
            store.append(STREAM, 0, pages(0, 1), timeout=0.02)
        store.close()

    def test_no_time_left(self, path: Path) -> None:
        """Once it is over, nothing is stored any more."""
        store = SqliteStore(path)
        with pytest.raises(DeadlineExceeded, match="nothing was stored"):
            store.append(STREAM, 0, pages(0, 1), timeout=0)
        assert store.head(STREAM) == 0
        store.close()

    def test_a_full_disk(self, path: Path) -> None:
        """Nothing is stored, and what follows is stored again once there is room."""
        store = SqliteStore(path)
        store._writer.execute("PRAGMA max_page_count = 20")
        with pytest.raises(StoreError, match="disk is full"):
            store.append(STREAM, 0, pages(0, 50, bytes(10_000)))
        assert store.head(STREAM) == 0
        store.append(STREAM, 0, pages(0, 1))
        assert store.head(STREAM) == 1
        store.close()

    def test_a_disk_that_fails_while_it_is_written(self, path: Path) -> None:
        """Whether the events outlive it nobody knows, so nobody says that they do not."""
        store = SqliteStore(path)
        store.append(STREAM, 0, pages(0, 1))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))
        try:
            with pytest.raises(UnknownOutcome) as unknown:
                store.append(STREAM, 1, pages(1, 50, bytes(10_000)), correlation_id="c")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        store.close()
        assert unknown.value.correlation_id == "c"
        store = SqliteStore(path)
        assert store.head(STREAM) in {1, 51}
        store.close()

    def test_a_moment_that_does_not_fit(self, path: Path) -> None:
        """Nanoseconds beyond the year 2262 are refused, not wrapped around."""
        store = SqliteStore(path)
        with pytest.raises(UsageError, match="2262"):
            store.append(STREAM, 0, [EventPage(Payload("/shop.Added", b""), 0, 2**63)])
        assert store.head(STREAM) == 0
        store.close()

    def test_an_interrupted_append_does_not_stop_the_next(self, path: Path) -> None:
        """An interrupt can hit between two lines and leave a transaction open."""
        store = SqliteStore(path)
        store._writer.execute("BEGIN IMMEDIATE")
        store.append(STREAM, 0, pages(0, 1))
        assert store.head(STREAM) == 1
        store.close()


class TestReading:
    def test_memory_does_not_grow_with_the_history(self, path: Path) -> None:
        """A hundred times the events are read within the same few megabytes."""
        store = SqliteStore(path)
        store.append(STREAM, 0, pages(0, 40_000, bytes(500)))
        tracemalloc.start()
        count = sum(1 for _ in store.pages(STREAM))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        store.close()
        assert count == 40_000
        assert peak < 4_000_000

    def test_a_half_read_history_holds_nothing(self, path: Path) -> None:
        """The log can still be emptied: no cursor stays open between two pieces."""
        store = SqliteStore(path)
        store.append(STREAM, 0, pages(0, 1_000))
        reading = store.pages(STREAM)
        next(reading)
        busy, _, _ = store._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert busy == 0
        store.close()
