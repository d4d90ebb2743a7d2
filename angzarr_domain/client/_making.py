"""How clients are made, the same for those that block and those that are awaited."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Self, TypedDict, Unpack

import attrs
import grpc

from ._budget import Budget, Default, Metadata, Retrying, Timeout
from ._connection import BaseConnection, KnownTypes
from ._endpoints import Endpoint, endpoint_for, endpoint_of, parse_endpoint
from ._policies import RetryPolicy
from ._settings import ChannelSettings
from ._speaking import Protocol
from ._tls import Tls
from ._transports._diagnosis import SecondLook
from ._transports._dialling import Token
from ._transports.base import DEFAULT_TIMEOUT

Types = Iterable[type[Any]]


class ClientOptions(TypedDict, total=False):
    """What every client may be told; see `BaseClient.connect`."""

    types: Types
    aggregates: Types
    timeout: float | None
    metadata: Metadata
    retry: RetryPolicy | None
    protocol: Protocol


class ConnectOptions(ClientOptions, total=False):
    """What a client may be told that makes its own connection; see `BaseClient.connect`."""

    tls: Tls | None
    credentials: grpc.ChannelCredentials | None
    token: str | Callable[[], str] | None
    token_in_plaintext: bool
    channel: ChannelSettings | None


class Told(TypedDict):
    """The same, as connections take it."""

    known: KnownTypes
    timeout: float | None
    metadata: Metadata
    retry: RetryPolicy | None
    protocol: Protocol


def told(options: ClientOptions, protocol: Protocol) -> Told:
    """What a connection is told; the protocol is this one unless given."""
    return Told(
        known=KnownTypes(options.get("types", ()), options.get("aggregates", ())),
        timeout=options.get("timeout", DEFAULT_TIMEOUT),
        metadata=options.get("metadata", ()),
        retry=options.get("retry"),
        protocol=options.get("protocol", protocol),
    )


@attrs.frozen
class Access:
    """How a coordinator is reached."""

    place: Endpoint
    tls: Tls | None = None
    credentials: grpc.ChannelCredentials | None = None
    token: Token | None = None
    channel: ChannelSettings | None = None

    def second_look(self) -> SecondLook | None:
        """What tells why a server hangs up. Of credentials nobody knows what they show."""
        return None if self.credentials is not None else SecondLook.at(self.place, self.tls)


class BaseClient(ABC):
    """The ways to a client that need nothing but a text, or another client."""

    def __init__(self, connection: Any) -> None:
        # Which of the two kinds it is, each side says for itself.
        self._shared: BaseConnection = connection

    @classmethod
    def connect(
        cls,
        endpoint: str,
        *,
        types: Types = (),
        aggregates: Types = (),
        timeout: float | None = DEFAULT_TIMEOUT,
        metadata: Metadata = (),
        retry: RetryPolicy | None = None,
        tls: Tls | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        token: str | Callable[[], str] | None = None,
        token_in_plaintext: bool = False,
        channel: ChannelSettings | None = None,
        protocol: Protocol = Protocol.AUTO,
    ) -> Self:
        """A client of the coordinator at this endpoint. Nothing is dialled before the first call.

        Args:
            endpoint: host:port, http://host:port, https://host:port (TLS), /abs.sock, ./rel.sock, unix:PATH or
                unix:///abs.
            types: Message classes that `page.decode()` finds by name.
            aggregates: Classes decorated with `@aggregate`: their messages are known too, and which domain
                their commands belong to.
            timeout: Seconds a call may take unless it says otherwise; None for no bound.
            metadata: Pairs sent along with each call, beside its own.
            retry: When what failed is tried again; never unless given.
            tls: For https://: whom to trust besides the system's roots, and who this client is.
            credentials: For https://, in place of `tls`.
            token: A bearer token, or what gives it, asked before each call.
            token_in_plaintext: Send the token, or an authorization of the metadata, even where everyone on the way can
                read it.
            channel: How it connects, stays connected, and what it lets through.
            protocol: The generation of the protocol that the coordinator speaks; found out unless given.

        Raises:
            InvalidEndpoint: The text is no endpoint.
            UsageError: TLS for an endpoint that is not https://, certificates that cannot be read, or a token
                or an authorization that would travel unprotected.

        """
        place = parse_endpoint(endpoint)
        shown = Token.of(token, place, in_plaintext=token_in_plaintext)
        pairs = Budget.of(None, metadata).metadata
        shown.check(pairs)
        options = ClientOptions(
            types=types, aggregates=aggregates, timeout=timeout, metadata=pairs, retry=retry, protocol=protocol
        )
        loaded = tls.loaded() if tls is not None and place.secure else tls
        return cls._at(Access(place, loaded, credentials, shown, channel), options)

    @classmethod
    def from_env(cls, variable: str, default: str, **options: Unpack[ConnectOptions]) -> Self:
        """Same as `connect`, to the endpoint in an environment variable; to `default` if that is unset or empty."""
        return cls.connect(endpoint_of(variable, default), **options)

    @classmethod
    def for_domain(
        cls,
        domain: str,
        *,
        mode: str = "",
        namespace: str = "",
        port: int | None = None,
        base: str = "",
        **options: Unpack[ConnectOptions],
    ) -> Self:
        """Same as `connect`, to where Angzarr's conventions put the coordinator of a domain.

        Args:
            mode: "distributed" is ch-DOMAIN.NAMESPACE.svc:PORT, by TLS if `tls` or `credentials` are given;
                "standalone" is the socket BASE/ch-DOMAIN.sock. ANGZARR_MODE unless given, and distributed without
                that.
            namespace: ANGZARR_NAMESPACE unless given, and angzarr without that.
            port: ANGZARR_CH_PORT unless given, and 1310 without that.
            base: The folder of the sockets; ANGZARR_UDS_BASE unless given, and /tmp/angzarr without that.

        Raises:
            UsageError: The mode is another one.

        """
        given = {"MODE": mode, "NAMESPACE": namespace, "CH_PORT": "" if port is None else str(port), "UDS_BASE": base}
        chosen = {f"ANGZARR_{name}": value for name, value in given.items() if value}
        place = endpoint_for(domain, {**os.environ, **chosen})
        secure = options.get("tls") is not None or options.get("credentials") is not None
        return cls.connect(f"https://{place}" if secure and not place.startswith("/") else place, **options)

    def with_options(
        self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = (), retry: Retrying = Default.RETRY
    ) -> Self:
        """The same client and connection, with other defaults for its calls; closing one closes both.

        Args:
            timeout: Seconds a call may take; None for no bound; as before unless given.
            metadata: Pairs sent along with each call, besides those that were before.
            retry: When what failed is tried again; None for never; as before unless given.

        """
        return type(self)(self._shared.varied(timeout, metadata, retry))

    @classmethod
    @abstractmethod
    def _at(cls, access: Access, options: ClientOptions) -> Self:
        """A client of the coordinator at this place."""
