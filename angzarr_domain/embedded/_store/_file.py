"""The data file: whose it is, and that nobody else has it open."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import Final

from angzarr_domain.exceptions import StoreError

#: What SQLite's header calls "application id": the bytes "angz".
APPLICATION_ID: Final = int.from_bytes(b"angz", "big")
SCHEMA_VERSION: Final = 1

_MAGIC: Final = b"SQLite format 3\0"
_TABLES: Final = frozenset({"streams", "events", "snapshots", "executed"})
#: Seconds to wait for another program that writes to the file, such as a database shell.
_PATIENCE: Final = 5.0


class DataFile:
    """A data file of ours, locked for as long as this lives.

    Raises:
        StoreError: It cannot be used; it was left as it is.

    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Final = Path(path).resolve()
        with translated(self.path):
            _check_place(self.path)
            lock, made = _locked(self.path)
        self._lock: int | None = lock
        try:
            with translated(self.path):
                _check_owner(self.path)
                with closing(self.connect()) as connection:
                    _initialise(self.path, connection)
            status = self.path.stat()
        except BaseException:
            if made:
                # Under the lock; whoever opened it meanwhile looks whether it is still the one at this path.
                _lock_path(self.path).unlink(missing_ok=True)
            self.release()
            raise
        self._identity: Final = (status.st_dev, status.st_ino)

    @staticmethod
    def wait_for_others(connection: sqlite3.Connection, seconds: float) -> None:
        """Have a connection's next statements wait for other programs as usual, but no longer than this."""
        connection.execute(f"PRAGMA busy_timeout = {round(max(min(seconds, _PATIENCE), 0) * 1000)}")

    def connect(self, *, read_only: bool = False) -> sqlite3.Connection:
        """A new connection, for one thread at a time."""
        uri = self.path.as_uri() + ("?mode=ro" if read_only else "?mode=rwc")
        return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)

    def writer(self) -> sqlite3.Connection:
        """A new connection whose commits are on the disk when they return."""
        connection = self.connect()
        try:
            connection.execute("PRAGMA synchronous = FULL")
            # Both can be refused without an error: by the file system, or by how SQLite was built.
            names = ("journal_mode", "synchronous")
            mode, level = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
            if (mode, level) != ("wal", 2):
                raise StoreError(  # noqa: TRY301 - it closes the connection as any other failure does
                    f"{self.path} cannot be written durably (journal mode {mode}, synchronous {level}): keep it on a "
                    "local disk",
                    path=str(self.path),
                )
        except BaseException:
            connection.close()
            raise
        return connection

    def check_in_place(self) -> None:
        """Refuse to go on writing into a file that was deleted or replaced: its events would be lost."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            found = None
        else:
            found = (status.st_dev, status.st_ino)
        if found != self._identity:
            raise StoreError(
                f"{self.path} was moved, deleted or replaced while it was in use; nothing more is stored: put it "
                "back and start again",
                path=str(self.path),
            )

    def release(self) -> None:
        """Let others have the file; harmless when repeated."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@contextmanager
def translated(path: Path) -> Generator[None, None, None]:
    """What SQLite and the file system raise, as a StoreError that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(path, error) from error
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}", path=str(path)) from error


def _from_sqlite(path: Path, error: sqlite3.Error) -> StoreError:
    name: str = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    where = str(path)
    if name.startswith("SQLITE_READONLY"):
        return StoreError(f"{path} is read-only: make it writable", path=where, code="DATA_FILE_READ_ONLY")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(
            f"{path} is being written by another program: nothing was stored, send again when that is done",
            path=where,
            code="DATA_FILE_IN_USE",
        )
    if name == "SQLITE_FULL":
        return StoreError(f"{path} cannot grow: the disk is full; nothing was stored", path=where)
    if name == "SQLITE_NOTADB":
        return _no_database(path)
    return StoreError(f"{path} cannot be used ({name})", path=where)


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreError(f"{path}: its folder {path.parent} does not exist: make it first", path=str(path))
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is no file", path=str(path))
    needed = path if path.exists() else path.parent
    # SQLite keeps its journal beside the file, so the folder has to be writable as well.
    if not (os.access(needed, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise StoreError(
            f"{path} is read-only, or its folder is: make both writable", path=str(path), code="DATA_FILE_READ_ONLY"
        )


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _locked(path: Path) -> tuple[int, bool]:
    """The lock beside the file, and whether it was made for this."""
    # Not SQLite's own locks: its exclusive mode locks out our own readers, and they are dropped when any other part
    # of the process opens and closes the file.
    while True:
        lock, made = _opened(_lock_path(path))
        try:
            _take(path, lock)
            if _is_at(lock, _lock_path(path)):
                os.ftruncate(lock, 0)
                os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
                return lock, made
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # its last owner removed it between our opening and locking it


def _opened(lock_path: Path) -> tuple[int, bool]:
    try:
        return os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), True
    except FileExistsError:
        return os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o644), False


def _take(path: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
        raise StoreError(
            f"{path} is in use by another coordinator{f' (process {holder})' if holder else ''}: stop that one, or "
            "choose another file",
            path=str(path),
            code="DATA_FILE_IN_USE",
        ) from error
    content = os.pread(lock, 20, 0).strip(b"\0\n")  # zeros are what a power failure can leave of it
    if content and not content.isdigit():
        raise StoreError(
            f"{_lock_path(path)} is no lock of ours but a file of another program, which is left as it is: choose "
            "another data file",
            path=str(path),
        )


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _check_owner(path: Path) -> None:
    """Look at the header before SQLite does: merely opening a foreign file could change it."""
    header = b""
    if path.exists():
        with path.open("rb") as file:
            header = file.read(100)
    if not header.strip(b"\0"):
        return  # a new file, or one whose first commit was cut short: SQLite takes that back from its journal
    if not header.startswith(_MAGIC):
        raise _no_database(path)
    # The first commit of a new file writes the id, and it goes into this very header.
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise _foreign(path)
    _check_version(path, int.from_bytes(header[60:64], "big"))


def _check_version(path: Path, version: int) -> None:
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer angzarr-domain (format {version}, this one knows {SCHEMA_VERSION}): "
            "use that one",
            path=str(path),
            code="DATA_FILE_NEWER",
        )


def _no_database(path: Path) -> StoreError:
    return StoreError(f"{path} is no SQLite database: choose another file", path=str(path))


def _foreign(path: Path) -> StoreError:
    return StoreError(
        f"{path} is a database of another program: choose another file", path=str(path), code="DATA_FILE_FOREIGN"
    )


def _initialise(path: Path, connection: sqlite3.Connection) -> None:
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not found:
        _create(connection)
    elif not found >= _TABLES:
        raise _foreign(path)
    # The header of the file itself can be older than what lies in the write-ahead log.
    _check_version(path, connection.execute("PRAGMA user_version").fetchone()[0])
    connection.execute("PRAGMA journal_mode = WAL")


def _create(connection: sqlite3.Connection) -> None:
    # Everything in one commit, and before the file has a write-ahead log: killed at any moment, the file is either
    # empty or complete, and its own header says whose it is.
    schema = resources.files(__package__ or "").joinpath("schema.sql").read_text(encoding="utf-8")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(
        f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; "
        f"{schema} COMMIT;"
    )
