from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID, uuid4

import grpc

from angzarr_domain.aggregates import Aggregate, definition_of, utc_now
from angzarr_domain.client import Tls
from angzarr_domain.client._endpoints import parse_endpoint
from angzarr_domain.client._transports.grpc import transport_to

from ._aggregates import AggregateLogic
from ._servicer import CommandHandlerServicer
from ._serving import DEFAULT_GRACE, DEFAULT_SOCKET_MODE, Serving
from ._settings import address_from_environment, checks_state
from ._tls import ServerTls
from ._upcasting import UpcasterServicer


class Host:
    """Serves aggregates to an Angzarr coordinator: `Host([Account, Transfer]).serve("[::]:50052")`.

    Args:
        components: Aggregate classes.
        history: The coordinator's endpoint. Needed only for snapshots that do not fit today's class: the
            events before them are read from there. Without it such a command is answered with SNAPSHOT_UNFIT.
        history_tls: For a history endpoint that is https://: whom to trust, and who this host is.
        services: gRPC services of your own, served and health-reported beside (C-0503).
        clock: What handlers read the time from, and what stamps new events.
        ids: What handlers take new ids from.
        check_state: Let a handler fail, too, that changed in place what a field of its state holds, such as a list;
            a few microseconds a command, so leave it on in staging. Unless given, as ANGZARR_CHECK_STATE says (1 or
            0), else off.

    Raises:
        ServingError: There are no components.
        UsageError: A class is not decorated, or ANGZARR_CHECK_STATE is neither 1 nor 0.
        DeclarationError: Two classes handle the same command type of one domain.
        InvalidEndpoint: `history` is no endpoint.

    """

    def __init__(
        self,
        components: Iterable[type[Aggregate]],
        *,
        history: str | None = None,
        history_tls: Tls | None = None,
        services: Iterable[grpc.GenericRpcHandler] = (),
        clock: Callable[[], datetime] = utc_now,
        ids: Callable[[], UUID] = uuid4,
        check_state: bool | None = None,
    ) -> None:
        named = components if isinstance(components, type) else tuple(components)
        self._logic = AggregateLogic(named, clock=clock, ids=ids, check_state=checks_state(check_state))
        self._upcaster = UpcasterServicer(map(definition_of, named))
        self._history = None if history is None else parse_endpoint(history)
        self._history_tls = history_tls
        self._services = tuple(services)

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains it decides commands for."""
        return tuple(self._logic.domains)

    def serve(
        self,
        *addresses: str,
        tls: ServerTls | None = None,
        socket_mode: int = DEFAULT_SOCKET_MODE,
        grace: float = DEFAULT_GRACE,
        stop: threading.Event | None = None,
        announce: Callable[[tuple[str, ...]], object] = lambda _addresses: None,
    ) -> None:
        """Serve until SIGTERM or SIGINT, then let calls under way finish; a second signal cuts them off.

        Args:
            addresses: host:port, https://host:port, /absolute.sock, ./relative.sock or unix:PATH. Without any: as the
                environment says (ANGZARR_BIND_ADDRESS, PORT, TRANSPORT_TYPE ...), else localhost:50052.
            tls: Who this server is, for the addresses that are https://.
            socket_mode: Permissions of socket files; 0o660 lets a sidecar of the same group in.
            grace: Seconds that calls under way are given.
            stop: Stops it as well; off the main thread, where no signal arrives, it is needed.
            announce: Told the addresses once they are served.

        Raises:
            ServingError: An address cannot be served; none is then.
            InvalidEndpoint: An address is none.
            UsageError: Off the main thread without `stop`, or the environment makes no sense.

        """
        self.start(*addresses, tls=tls, socket_mode=socket_mode, grace=grace).run(stop, announce)

    def start(
        self,
        *addresses: str,
        tls: ServerTls | None = None,
        socket_mode: int = DEFAULT_SOCKET_MODE,
        grace: float = DEFAULT_GRACE,
    ) -> Serving:
        """A context manager that serves while it lasts; `.addresses` says where. Otherwise same as `serve`."""
        queries = None
        if self._history is not None:
            queries = transport_to(self._history, self._history_tls)
        return Serving(
            (*CommandHandlerServicer(self._logic, queries).served(), *self._upcaster.served()),
            addresses or (address_from_environment(self._logic.domains),),
            services=self._services,
            tls=tls,
            socket_mode=socket_mode,
            grace=grace,
            on_stop=None if queries is None else queries.close,
        )
