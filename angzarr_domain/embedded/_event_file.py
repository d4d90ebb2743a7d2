from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any, Self

from angzarr_domain.books import Cover, EventPage, Snapshot
from angzarr_domain.client import DEFAULT_TIMEOUT, DomainClient

from ._pipeline import Pipeline
from ._queries import Queries
from ._restoring import restore
from ._servicers import answers
from ._store.sqlite import SqliteStore
from ._transport import InProcessTransport


class EventFile:
    """A coordinator's data file without business logic: to read from, and to restore recorded streams into.

    A context manager, which closes it at the end. No coordinator can have the file meanwhile.

    Args:
        path: The data file, created if it is not there.

    Raises:
        StoreError: The file cannot be used, and why; another process has it, for one.

    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._store = SqliteStore(path)
        self._answers = answers(Pipeline(self._store, {}, time.time_ns), Queries(self._store))

    def __repr__(self) -> str:
        return f"<EventFile: {self._store}>"

    def client(
        self,
        *,
        types: Iterable[type[Any]] = (),
        aggregates: Iterable[type[Any]] = (),
        timeout: float | None = DEFAULT_TIMEOUT,
    ) -> DomainClient:
        """A client that reads it; a command is refused, since nobody decides it. See `Coordinator.client`."""
        transport = InProcessTransport(self._answers, owner=self)
        return DomainClient.for_transport(transport, types=types, aggregates=aggregates, timeout=timeout)

    def restore(self, cover: Cover, pages: Iterable[EventPage], snapshot: Snapshot | None = None) -> bool:
        """Same as `Coordinator.restore`."""
        return restore(self._store, cover, pages, snapshot)

    def close(self) -> None:
        """End it; harmless when repeated."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
