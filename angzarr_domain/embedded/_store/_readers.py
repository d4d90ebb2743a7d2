"""Reading the data file while it is being written."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from queue import LifoQueue
from typing import Final

from angzarr_domain.exceptions import StoreError

from ._file import DataFile, translated

_READERS: Final = 8


class Readers:
    """A few connections that read while the one writer writes, opened when they are first needed."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        self._closed = False
        self._idle: LifoQueue[sqlite3.Connection | None] = LifoQueue()
        for _ in range(_READERS):
            self._idle.put(None)

    @contextmanager
    def one(self) -> Generator[sqlite3.Connection, None, None]:
        """One of them for oneself.

        Raises:
            StoreError: The store is closed, or the file cannot be read.

        """
        connection = self._idle.get()
        try:
            if self._closed:
                raise closed_error(self._file)
            with translated(self._file.path):
                connection = connection or self._file.connect(read_only=True)
                yield connection
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        """Close them once their readers are done."""
        self._closed = True
        taken = [self._idle.get() for _ in range(_READERS)]
        for connection in taken:
            if connection is not None:
                connection.close()
            self._idle.put(None)


def closed_error(file: DataFile) -> StoreError:
    """What every call gets after the end."""
    return StoreError(f"the coordinator of {file.path} is closed", path=str(file.path), code="STORE_CLOSED")
