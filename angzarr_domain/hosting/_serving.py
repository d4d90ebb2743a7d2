from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, Final, Self

import grpc

from angzarr_domain.exceptions import ServingError, UsageError

from ._addresses import SocketAddress, TcpAddress, listening_points, parse_address
from ._rpc import Served, generic_handlers, service_names
from ._signals import StopRequests
from ._sockets import claimed, created_with
from ._standard import StandardServices
from ._tls import ServerTls
from ._workers import Workers

#: Seconds that calls under way are given when a server stops.
DEFAULT_GRACE: Final = 5.0

#: Who may connect to a socket file, unless told otherwise: its owner.
DEFAULT_SOCKET_MODE: Final = 0o600

_SECONDS_BEYOND_GRACE: Final = 0.5
_LOOK_SECONDS: Final = 0.1

# Books and errors outgrow gRPC's defaults (4 MiB, 8 KiB); a caller's own limits still protect it.
_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # else a second server binds the same port, and the two share its calls
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.absolute_max_metadata_size", 1 << 21),
    # Clients may probe idle connections; gRPC would end those that are probed twice in five minutes.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


class Serving:
    """A gRPC server on all of its addresses or on none, with health and reflection.

    A context manager: serves from entering on, stops when it ends.

    Args:
        served: What it answers.
        addresses: host:port (port 0 for any free one), http://host:port, https://host:port, /absolute.sock,
            ./relative.sock or unix:PATH; at least one. A host name stands for every address it resolves to.
        tls: Who this server is, for the addresses that are https://.
        services: Further services of the application, served and health-reported as well (C-0503).
        socket_mode: Permissions of socket files.
        grace: Seconds that calls under way are given when it stops.
        workers: Threads, and so the most calls answered at a time, apart from those with a pool of their own.
        on_stop: Called last when it stops, or when it could not start; it releases what the functions used.

    """

    def __init__(
        self,
        served: Iterable[Served[Any, Any]],
        addresses: Iterable[str],
        *,
        tls: ServerTls | None = None,
        services: Iterable[grpc.GenericRpcHandler] = (),
        socket_mode: int = DEFAULT_SOCKET_MODE,
        grace: float = DEFAULT_GRACE,
        workers: int = 16,
        on_stop: Callable[[], object] | None = None,
    ) -> None:
        self._targets = [parse_address(address) for address in addresses]
        if not self._targets:
            raise UsageError("name at least one address to serve on, such as localhost:1310", field="addresses")
        self._credentials = _credentials(self._targets, tls)
        self._handlers = (*generic_handlers(served), *services)
        self._socket_mode = socket_mode
        self._grace = grace
        self._on_stop = on_stop
        self._workers = Workers(workers, "angzarr-call")
        self._standard = StandardServices(service_names(self._handlers))
        self._started = False
        self._addresses: tuple[str, ...] = ()
        self._stack = ExitStack()
        self._server: grpc.Server | None = None
        self._requests = StopRequests()
        self._stopping = threading.Lock()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it serves, each as given but with the port it got; clients connect to these as they stand."""
        if not self._addresses:
            raise UsageError("not serving yet: the addresses are known after entering", field="addresses")
        return self._addresses

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Bind all addresses and serve.

        Raises:
            ServingError: One of them cannot be served (ADDRESS_IN_USE, ADDRESS_UNUSABLE); the others are released.
            UsageError: It was started before, even if that failed, or stopped.

        """
        with self._stopping:
            if self._started:
                raise UsageError("a Serving serves once, and no more once it was stopped: make another one")
            self._started = True
            self._serve()

    def stop(self, grace: float | None = None) -> None:
        """Answer no new calls, let those under way finish, release every address; harmless when repeated.

        Returns half a second after the grace at the latest. A function that ignores the end of its call goes
        on even then: what it writes to must refuse it.

        Args:
            grace: Seconds for calls under way; those given at the start unless given here.

        """
        with self._stopping:
            if self._server is not None:
                seconds = self._grace if grace is None else grace
                self._standard.stopping()
                self._end(self._server, seconds)
                self._server = None
            if not self._started:
                self._started = True  # what it would serve is gone now
                self._release()
            self._stack.close()
        self._requests.request()

    def _end(self, server: grpc.Server, grace: float) -> None:
        ended = server.stop(grace)
        latest = time.monotonic() + grace + _SECONDS_BEYOND_GRACE
        while not ended.wait(_LOOK_SECONDS) and time.monotonic() < latest:
            if grace > 0 and self._requests.asked_again():
                grace = 0
                server.stop(grace)
                latest = time.monotonic() + _SECONDS_BEYOND_GRACE

    def wait(self, stop_event: threading.Event | None = None) -> None:
        """Return when SIGTERM or SIGINT arrives (on the main thread), the event is set, or someone calls `stop`.

        Signals are caught only from this call on; `run` catches them from before the first call is answered.
        """
        with self._requests:
            self._requests.wait(stop_event)

    def run(
        self,
        stop_event: threading.Event | None = None,
        announce: Callable[[tuple[str, ...]], object] = lambda _addresses: None,
    ) -> None:
        """Serve until asked to stop, then stop; a second signal ends the grace.

        Args:
            stop_event: Asks to stop; the only thing that does off the main thread, where no signal arrives.
            announce: Told the addresses once they are served.

        Raises:
            UsageError: Off the main thread without an event: nothing could ever stop it.

        """
        if stop_event is None and threading.current_thread() is not threading.main_thread():
            raise UsageError("off the main thread no signal arrives: give a stop event", field="stop")
        with self._requests, self:
            announce(self.addresses)
            self._requests.wait(stop_event)

    def _serve(self) -> None:
        with ExitStack() as undo:
            undo.callback(self._release)
            for target in self._targets:
                if isinstance(target, SocketAddress):
                    undo.enter_context(claimed(target))
            server = self._bound()
            # Only now, so that a server that fails to bind an address has answered nothing on the others.
            server.add_generic_rpc_handlers((*self._handlers, *self._standard.handlers()))
            server.start()
            self._server = server
            self._stack = undo.pop_all()
        self._standard.serving()

    def _bound(self) -> grpc.Server:
        server = grpc.server(self._workers, options=_OPTIONS)
        try:
            self._addresses = tuple([self._bind(server, target) for target in self._targets])
        except BaseException:
            _release(server)
            raise
        return server

    def _bind(self, server: grpc.Server, target: TcpAddress | SocketAddress) -> str:
        if isinstance(target, SocketAddress):
            with created_with(self._socket_mode):
                # gRPC reads the path as that of a URI.
                _add_port(server, f"unix:{target.path.replace('%', '%25')}", target.given)
            return target.text
        hosts, port = listening_points(target)
        for host in hosts:
            where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            port = _add_port(server, where, target.given, self._credentials if target.secure else None)
        return target.text(port)

    def _release(self) -> None:
        self._workers.shutdown(wait=False)
        self._standard.close()
        if self._on_stop is not None:
            self._on_stop()


def _credentials(targets: Iterable[TcpAddress | SocketAddress], tls: ServerTls | None) -> grpc.ServerCredentials | None:
    secure = [target.given for target in targets if isinstance(target, TcpAddress) and target.secure]
    if tls is None and secure:
        raise UsageError(f"{secure[0]} asks for TLS: give tls=ServerTls(certificate=..., key=...)", field="tls")
    if tls is not None and not secure:
        raise UsageError("TLS is for https:// addresses, and there is none: write https://host:port", field="tls")
    return None if tls is None else tls.credentials()


def _add_port(server: grpc.Server, where: str, given: str, credentials: grpc.ServerCredentials | None = None) -> int:
    try:
        port = server.add_insecure_port(where) if credentials is None else server.add_secure_port(where, credentials)
    except RuntimeError:
        port = 0
    if port == 0:
        # It was free a moment ago, so somebody else has just taken it.
        raise ServingError(f"{given} was taken while binding it: try again", address=given, code="ADDRESS_IN_USE")
    return port


def _release(server: grpc.Server) -> None:
    # A server that was never started keeps its ports, and its callers waiting, for as long as the process lives.
    server.start()
    server.stop(None).wait(_SECONDS_BEYOND_GRACE)
