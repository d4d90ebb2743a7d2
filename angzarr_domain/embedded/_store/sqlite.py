"""Events in one SQLite file: on the disk when `append` returns."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from angzarr_domain.books import EventPage, Payload, Snapshot, SnapshotRetention
from angzarr_domain.exceptions import DeadlineExceeded, UnknownOutcome, UsageError

from ._file import DataFile, translated
from ._readers import Readers, closed_error
from ._rows import Row, page_of, restored_rows, rows_of, size_of
from .base import NO_FACTS, PIECE_BYTES, PIECE_PAGES, DeferredKey, HeadMoved, Stream

_MOST_NS: Final = 2**63 - 1

_OF_STREAM: Final = "(SELECT id FROM streams WHERE domain = ? AND root = ?)"
_HEAD: Final = (
    "SELECT coalesce((SELECT max(sequence) FROM events WHERE stream = id), "
    "(SELECT max(sequence) FROM snapshots WHERE stream = id), -1) + 1 FROM streams WHERE domain = ? AND root = ?"
)
_COLUMNS: Final = "sequence, created_at_ns, type_url, payload, external"
_INSERT: Final = f"INSERT INTO events ({_COLUMNS}, stream, correlation_id) VALUES (?, ?, ?, ?, ?, ?, ?)"
_PAGES: Final = (
    f"SELECT {_COLUMNS} FROM events WHERE stream = {_OF_STREAM} AND sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?"
)
_CORRELATED_PAGES: Final = (
    f"SELECT {_COLUMNS} FROM events WHERE correlation_id = ? AND correlation_id <> '' "
    f"AND stream = {_OF_STREAM} AND sequence >= ? ORDER BY sequence LIMIT ?"
)
_CORRELATED: Final = (
    "SELECT id, domain, root FROM streams WHERE id IN "
    "(SELECT stream FROM events WHERE correlation_id = ? AND correlation_id <> '' AND stream > ?) ORDER BY id LIMIT ?"
)
_ROOTS: Final = (
    "SELECT domain, root FROM streams WHERE (domain, root) > (?, ?) "
    "AND EXISTS (SELECT 1 FROM events WHERE stream = id) ORDER BY domain, root LIMIT ?"
)
_HEAD_AT: Final = (
    f"SELECT sequence FROM events WHERE stream = {_OF_STREAM} "
    "AND (created_at_ns IS NULL OR created_at_ns > ?) ORDER BY sequence LIMIT 1"
)
_SNAPSHOT: Final = (
    f"SELECT sequence, type_url, state, retention, created_at_ns FROM snapshots WHERE stream = {_OF_STREAM} "
    "AND sequence <= ? AND (? OR created_at_ns <= ?) ORDER BY sequence DESC LIMIT 1"
)
_KEY: Final = (
    "kind = ? AND source_domain = ? AND source_root = ? AND source_edition = ? AND source_seq = ? "
    "AND source_component = ? AND command_index = ?"
)
_EXECUTED: Final = f"SELECT first_sequence, event_count FROM executed WHERE stream = {_OF_STREAM} AND {_KEY}"


class SqliteStore:
    """Streams of events in a SQLite file, which this store has to itself until it is closed. See `EventStore`.

    Raises:
        StoreError: The file cannot be used, and why; it was left as it is.

    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = DataFile(path)
        self._writing = threading.Lock()
        self._closed = False
        self._readers = Readers(self._file)
        try:
            with translated(self._file.path):
                self._writer = self._file.writer()
        except BaseException:
            self._file.release()
            raise

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._file.path)!r})"

    def head(self, stream: Stream) -> int:
        """See `EventStore.head`."""
        found = self._first(_HEAD, *_named(stream))
        return 0 if found is None else int(found[0])

    def append(
        self,
        stream: Stream,
        expected_head: int,
        pages: Sequence[EventPage],
        *,
        correlation_id: str = "",
        snapshot: Snapshot | None = None,
        deferred: DeferredKey | None = None,
        facts: Mapping[DeferredKey, range] = NO_FACTS,
        timeout: float | None = None,
    ) -> None:
        """See `EventStore.append`.

        Raises:
            StoreError: The file cannot be written, or another program kept it from being; nothing was stored.
            UnknownOutcome: The disk failed while it was being made durable.

        """
        rows = [_fitting(row) for row in rows_of(expected_head, pages)]
        with self._transaction(correlation_id, timeout) as writer:
            key = _stream_id(writer, stream)
            head: int = writer.execute(_HEAD, _named(stream)).fetchone()[0]
            if head != expected_head:
                raise HeadMoved(head)
            executed = {} if deferred is None else {deferred: range(expected_head, expected_head + len(rows))}
            for own, sequences in {**executed, **facts}.items():
                _add_executed(writer, key, own, sequences)
            writer.executemany(_INSERT, [(*row, key, correlation_id) for row in rows])
            if snapshot is not None:
                _add_snapshot(writer, key, snapshot)

    def restore(self, stream: Stream, pages: Iterable[EventPage], snapshot: Snapshot | None = None) -> None:
        """See `EventStore.restore`. Raises as `append`."""
        with self._transaction("", None) as writer:
            key = _stream_id(writer, stream)
            if head := writer.execute(_HEAD, _named(stream)).fetchone()[0]:
                raise HeadMoved(head)
            # Row by row: a long stream is in memory neither here nor, as its pages are read from a file, there.
            writer.executemany(_INSERT, ((*_fitting(row), key, "") for row in restored_rows(pages, snapshot)))
            if snapshot is not None:
                _add_snapshot(writer, key, snapshot)

    def executed(self, stream: Stream, key: DeferredKey) -> range | None:
        """See `EventStore.executed`."""
        found = self._first(_EXECUTED, *_named(stream), *_key_values(key))
        return None if found is None else range(found[0], found[0] + found[1])

    def pages(self, stream: Stream, lower: int = 0, upper: int | None = None) -> Iterator[EventPage]:
        """See `EventStore.pages`."""
        last = _MOST_NS if upper is None else upper
        while rows := self._piece(_PAGES, *_named(stream), lower, last, PIECE_PAGES):
            yield from map(page_of, rows)
            lower = rows[-1][0] + 1

    def head_at(self, stream: Stream, time_ns: int) -> int:
        """See `EventStore.head_at`."""
        head = self.head(stream)
        found = self._first(_HEAD_AT, *_named(stream), _held(time_ns))
        return head if found is None else int(found[0])

    def snapshot(self, stream: Stream, at_most: int | None = None, *, by_ns: int | None = None) -> Snapshot | None:
        """See `EventStore.snapshot`."""
        most = _MOST_NS if at_most is None else at_most
        found = self._first(_SNAPSHOT, *_named(stream), most, by_ns is None, _held(by_ns or 0))
        if found is None:
            return None
        sequence, type_url, state, retention, created_at_ns = found
        payload = None if type_url is None else Payload(type_url, state)
        return Snapshot(sequence, payload, SnapshotRetention(retention), created_at_ns)

    def correlated(self, correlation_id: str) -> Iterator[tuple[Stream, Iterator[EventPage]]]:
        """See `EventStore.correlated`."""
        after = -1
        while found := self._rows(_CORRELATED, correlation_id, after, PIECE_PAGES):
            for after, domain, root in found:  # noqa: B007 - the last one is where the next piece begins
                stream = _stream(domain, root)
                yield stream, self._correlated_pages(correlation_id, stream)

    def roots(self) -> Iterator[Stream]:
        """See `EventStore.roots`."""
        last: tuple[str, bytes] = ("", b"")
        while found := self._rows(_ROOTS, *last, PIECE_PAGES):
            for last in found:
                yield _stream(*last)

    def close(self) -> None:
        """See `EventStore.close`."""
        with self._writing:
            if self._closed:
                return
            self._closed = True
            self._readers.close()
            # The last connection to close brings the write-ahead log into the file itself.
            try:
                with translated(self._file.path):
                    self._writer.close()
            finally:
                self._file.release()

    def __del__(self) -> None:
        # Its coordinator was dropped unclosed, and has said so. Absent if __init__ could not use the file.
        if getattr(self, "_writer", None) is not None:
            self.close()

    @contextmanager
    def _transaction(self, correlation_id: str, timeout: float | None) -> Generator[sqlite3.Connection, None, None]:
        until = math.inf if timeout is None else time.monotonic() + timeout
        with self._turn(until):
            if self._closed:
                raise closed_error(self._file)
            self._file.check_in_place()
            with translated(self._file.path):
                self._roll_back()  # an interrupt between two lines may have left one open
                self._file.wait_for_others(self._writer, until - time.monotonic())
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    self._check_time(until)
                    yield self._writer
                except BaseException:
                    self._roll_back()
                    raise
                self._commit(correlation_id)

    @contextmanager
    def _turn(self, until: float) -> Generator[None, None, None]:
        if not self._writing.acquire(timeout=max(min(until - time.monotonic(), threading.TIMEOUT_MAX), 0)):
            raise self._late()
        try:
            yield
        finally:
            self._writing.release()

    def _check_time(self, until: float) -> None:
        if time.monotonic() >= until:
            raise self._late()

    def _late(self) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"it was not this command's turn to write to {self._file.path} within the caller's time: nothing was "
            "stored, send it again"
        )

    def _commit(self, correlation_id: str) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            if getattr(error, "sqlite_errorname", "").startswith("SQLITE_IOERR"):
                # The events may lie in the log, where a later start would find them.
                raise UnknownOutcome(
                    f"{self._file.path} failed while it was being written", correlation_id=correlation_id
                ) from error
            raise

    def _roll_back(self) -> None:
        if self._writer.in_transaction:  # a full disk has SQLite end it by itself
            self._writer.execute("ROLLBACK")

    def _correlated_pages(self, correlation_id: str, stream: Stream) -> Iterator[EventPage]:
        lower = 0
        while rows := self._piece(_CORRELATED_PAGES, correlation_id, *_named(stream), lower, PIECE_PAGES):
            yield from map(page_of, rows)
            lower = rows[-1][0] + 1

    def _first(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        with self._readers.one() as reader:
            found: tuple[Any, ...] | None = reader.execute(statement, values).fetchone()
            return found

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._readers.one() as reader:
            return reader.execute(statement, values).fetchall()

    def _piece(self, statement: str, *values: object) -> list[Row]:
        # Whole pieces, and no cursor open between them: an open one would keep the log from being emptied.
        rows: list[Row] = []
        size = 0
        with self._readers.one() as reader:
            cursor = reader.execute(statement, values)
            for row in cursor:
                size += size_of(row)
                if size > PIECE_BYTES and rows:
                    break
                rows.append(row)
            cursor.close()
        return rows


def _named(stream: Stream) -> tuple[str, bytes]:
    return stream.domain, stream.root.bytes


def _stream(domain: str, root: bytes) -> Stream:
    return Stream(domain, UUID(bytes=root))


def _stream_id(writer: sqlite3.Connection, stream: Stream) -> int:
    writer.execute("INSERT OR IGNORE INTO streams (domain, root) VALUES (?, ?)", _named(stream))
    return int(writer.execute(f"SELECT {_OF_STREAM}", _named(stream)).fetchone()[0])


def _key_values(key: DeferredKey) -> tuple[object, ...]:
    return (
        key.kind,
        key.source_domain,
        key.source_root.bytes,
        key.source_edition,
        key.source_seq,
        key.source_component,
        key.command_index,
    )


def _add_executed(writer: sqlite3.Connection, stream: int, key: DeferredKey, sequences: range) -> None:
    added = writer.execute(
        "INSERT OR IGNORE INTO executed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (stream, *_key_values(key), sequences.start, len(sequences)),
    )
    if added.rowcount == 0:
        raise HeadMoved(sequences.start)


def _add_snapshot(writer: sqlite3.Connection, stream: int, snapshot: Snapshot) -> None:
    writer.execute(
        "DELETE FROM snapshots WHERE stream = ? AND sequence < ? AND retention <> ?",
        (stream, snapshot.sequence, SnapshotRetention.PERSIST),
    )
    state = snapshot.state
    writer.execute(
        "INSERT OR REPLACE INTO snapshots (stream, sequence, created_at_ns, retention, type_url, state) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            stream,
            snapshot.sequence,
            snapshot.created_at_ns,
            int(snapshot.retention),
            None if state is None else state.type_url,
            None if state is None else state.value,
        ),
    )


def _held(time_ns: int) -> int:
    """A moment that is asked for, or the nearest that the file can hold: no page lies beyond it."""
    return max(-_MOST_NS, min(time_ns, _MOST_NS))


def _fitting(row: Row) -> Row:
    if row[1] is not None and abs(row[1]) > _MOST_NS:
        raise UsageError(
            "a page's created_at lies beyond the year 2262, which the data file cannot hold", field="pages"
        )
    return row
