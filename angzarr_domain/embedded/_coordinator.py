from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from enum import Enum
from typing import Any, Final, Self
from uuid import UUID, uuid4

from angzarr_domain.books import Cover, EventPage, Snapshot, check_domain, to_nanoseconds
from angzarr_domain.client import DEFAULT_TIMEOUT, AsyncDomainClient, DomainClient, ThreadedTransport
from angzarr_domain.exceptions import ServingError, UsageError
from angzarr_domain.hosting import AggregateLogic, BusinessLogic, RemoteLogic, ServerTls, Serving
from angzarr_domain.hosting._serving import DEFAULT_GRACE, DEFAULT_SOCKET_MODE
from angzarr_domain.hosting._settings import checks_state
from angzarr_domain.hosting._workers import Workers

from ._pipeline import Pipeline
from ._queries import Queries
from ._restoring import restore
from ._servicers import answers, in_pools
from ._store.base import EventStore
from ._store.memory import MemoryStore
from ._store.sqlite import SqliteStore
from ._transport import InProcessTransport

logger: Final = logging.getLogger("angzarr_domain.embedded")

#: Where a coordinator is served unless told otherwise: Angzarr's port, for this machine alone.
DEFAULT_ADDRESS: Final = "localhost:1310"

_COMMANDS_AT_A_TIME: Final = 32
_QUERIES_AT_A_TIME: Final = 16
_STREAMS_AT_A_TIME: Final = 32


class State(Enum):
    """The life of a coordinator."""

    OPEN = "takes commands and queries"
    CLOSED = "refuses every call"


class Coordinator:
    """Takes commands, has business logic decide them, stores the events, and answers queries.

    A context manager, which closes it at the end. Safe to use from several threads.

    Args:
        components: Aggregate classes, and business logic of your own making.
        path: The data file: created if it is not there, whole after a crash, and this coordinator's alone while it
            is open. Without one, events live in memory and are gone at the end; a warning in the log says so.
        targets: Endpoints of business logic served elsewhere, in any language, by domain.
        clock: What handlers read the time from, and what stamps new events; the system's unless given.
        ids: What handlers take new ids from.
        check_state: Let a handler fail, too, that changed in place what a field of its state holds. Unless given, as
            ANGZARR_CHECK_STATE says (1 or 0), else off.

    Raises:
        StoreError: The data file cannot be used, and why.
        ServingError: There is no business logic at all (NO_COMPONENTS_REGISTERED).
        UsageError: A domain is given twice, a class is not decorated, or the path is none.
        DeclarationError: Two classes handle the same command type of one domain.
        InvalidEndpoint: A target is no endpoint. None is dialled yet.

    """

    def __init__(
        self,
        components: Iterable[type[Any] | BusinessLogic] = (),
        path: str | os.PathLike[str] | None = None,
        *,
        targets: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] | None = None,
        ids: Callable[[], UUID] = uuid4,
        check_state: bool | None = None,
    ) -> None:
        if isinstance(components, type):
            name = components.__name__
            raise UsageError(f"a coordinator takes a list of components: Coordinator([{name}])", field="components")
        given = tuple(components)
        self._aggregates = tuple(each for each in given if isinstance(each, type))
        own = [each for each in given if not isinstance(each, type)]
        with ExitStack() as undo:
            stamps = {} if clock is None else {"clock": clock}
            checks = checks_state(check_state)
            logics: list[BusinessLogic] = [*own]
            if self._aggregates or not (own or targets):
                logics.append(AggregateLogic(self._aggregates, ids=ids, check_state=checks, **stamps))
            for domain, endpoint in (targets or {}).items():
                remote = RemoteLogic([check_domain(domain, "targets")], endpoint)
                undo.callback(remote.close)
                logics.append(remote)
            self._served = _by_domain(logics)
            self._store = _store(path)
            undo.pop_all()
        self._logics = tuple(logics)
        clock_ns = time.time_ns if clock is None else lambda: to_nanoseconds(clock())
        self._answers = answers(Pipeline(self._store, self._served, clock_ns), Queries(self._store))
        self._servings: list[Serving] = []
        self._ending = threading.Lock()
        self._state = State.OPEN

    def __repr__(self) -> str:
        where = "events in memory only" if isinstance(self._store, MemoryStore) else self._store
        return f"<Coordinator of {', '.join(self.domains)}: {where}{'' if self._state is State.OPEN else ', closed'}>"

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains it takes commands for."""
        return tuple(self._served)

    def client(
        self,
        *,
        types: Iterable[type[Any]] = (),
        aggregates: Iterable[type[Any]] = (),
        timeout: float | None = DEFAULT_TIMEOUT,
    ) -> DomainClient:
        """A client that calls this coordinator without any socket. Closing it leaves the coordinator open.

        Args:
            types: Message classes that `page.decode()` finds by name.
            aggregates: Further aggregate classes to know the messages of; the coordinator's own are known.
            timeout: Seconds a call may take unless it says otherwise; None for no bound.

        Raises:
            UsageError: The coordinator is closed.

        """
        known = dict.fromkeys((*self._aggregates, *aggregates))
        return DomainClient.for_transport(self._transport(), types=types, aggregates=known, timeout=timeout)

    def async_client(
        self,
        *,
        types: Iterable[type[Any]] = (),
        aggregates: Iterable[type[Any]] = (),
        timeout: float | None = DEFAULT_TIMEOUT,
    ) -> AsyncDomainClient:
        """Same as `client`, to be awaited: handlers run on worker threads, and the event loop goes on meanwhile."""
        known = dict.fromkeys((*self._aggregates, *aggregates))
        transport = ThreadedTransport(self._transport())
        return AsyncDomainClient.for_transport(transport, types=types, aggregates=known, timeout=timeout)

    def start(
        self,
        *addresses: str,
        tls: ServerTls | None = None,
        socket_mode: int = DEFAULT_SOCKET_MODE,
        grace: float = DEFAULT_GRACE,
    ) -> Serving:
        """A context manager that serves while it lasts; `.addresses` says where. The coordinator outlives it.

        Args:
            addresses: host:port (port 0 for any free one), https://host:port, /absolute.sock, ./relative.sock or
                unix:PATH; localhost:1310 without any.
            tls: Who this server is, for the addresses that are https://.
            socket_mode: Permissions of socket files.
            grace: Seconds that calls under way are given when it stops.

        Raises:
            ServingError: On entering: an address cannot be served; none is then.
            InvalidEndpoint: An address is none.
            UsageError: The coordinator is closed.

        """
        self._check_open()
        queries = Workers(_QUERIES_AT_A_TIME, "angzarr-query")
        streams = Workers(_STREAMS_AT_A_TIME, "angzarr-stream")
        pools = ExitStack()
        for pool in (queries, streams):
            pools.callback(pool.shutdown, wait=False)
        serving = Serving(
            in_pools(self._answers, queries, streams),
            addresses or (DEFAULT_ADDRESS,),
            tls=tls,
            socket_mode=socket_mode,
            grace=grace,
            workers=_COMMANDS_AT_A_TIME,
            on_stop=pools.close,
        )
        self._servings.append(serving)
        return serving

    def serve(
        self,
        *addresses: str,
        tls: ServerTls | None = None,
        socket_mode: int = DEFAULT_SOCKET_MODE,
        grace: float = DEFAULT_GRACE,
        stop: threading.Event | None = None,
        announce: Callable[[tuple[str, ...]], object] = lambda _addresses: None,
    ) -> None:
        """Serve until SIGTERM or SIGINT, let calls under way finish, then close. Otherwise same as `start`.

        A second signal cuts the calls off.

        Args:
            stop: Stops it as well; off the main thread, where no signal arrives, it is needed.
            announce: Told the addresses once they are served.

        """
        with self:
            self.start(*addresses, tls=tls, socket_mode=socket_mode, grace=grace).run(stop, announce)

    def restore(self, cover: Cover, pages: Iterable[EventPage], snapshot: Snapshot | None = None) -> bool:
        """Store a stream as it was recorded elsewhere, payloads and times included: all of it, or nothing.

        No business logic is asked. False if the stream is there already, with equal pages.

        Args:
            cover: Domain and root; the domain need not be served here.
            pages: Every page, from sequence 0 on or from where the snapshot leads on; taken as they come.
            snapshot: Stored with them.

        Raises:
            StoreError: STREAM_DIFFERS: the stream is there already, with other pages, or more of them, or fewer.
            UsageError: The pages do not follow each other, or the coordinator is closed.
            InvalidArgument: The cover names no stream.
            NotSupported: It has what no stream here can keep: a named timeline, or the cover's `ext`.

        """
        self._check_open()
        return restore(self._store, cover, pages, snapshot)

    def close(self) -> None:
        """Stop serving, wait for appends under way, close the data file; harmless when repeated.

        What outlives this, such as a handler that never ends, can store nothing any more.
        """
        with self._ending:
            self._state = State.CLOSED
            for serving in self._servings:
                serving.stop()
            self._servings.clear()
            self._store.close()
            for logic in self._logics:
                logic.close()

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        # Absent if __init__ refused its arguments.
        if getattr(self, "_state", State.CLOSED) is State.OPEN:
            warnings.warn(
                f"{self!r} was dropped unclosed: use it in a with statement, or call close()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def _transport(self) -> InProcessTransport:
        self._check_open()
        return InProcessTransport(self._answers, owner=self)

    def _check_open(self) -> None:
        if self._state is State.CLOSED:
            raise UsageError("this coordinator is closed: make another one")


def _store(path: str | os.PathLike[str] | None) -> EventStore:
    if path is None:
        logger.warning(
            "events live in memory only and are gone when this process ends: "
            'name a data file to keep them, Coordinator([...], "events.db") or --data events.db'
        )
        return MemoryStore()
    if os.fspath(path) in {"", ":memory:"}:
        raise UsageError("no path at all keeps events in memory: Coordinator([...])", field="path")
    return SqliteStore(path)


def _by_domain(logics: Iterable[BusinessLogic]) -> Mapping[str, BusinessLogic]:
    served: dict[str, BusinessLogic] = {}
    for domain, logic in _domains(logics):
        if domain in served:
            raise UsageError(f"domain {domain} is given twice: each is decided in one place", field="components")
        served[domain] = logic
    if not served:
        raise ServingError("there is no business logic that serves any domain", code="NO_COMPONENTS_REGISTERED")
    return served


def _domains(logics: Iterable[BusinessLogic]) -> Iterator[tuple[str, BusinessLogic]]:
    for logic in logics:
        for domain in logic.domains:
            yield domain, logic
