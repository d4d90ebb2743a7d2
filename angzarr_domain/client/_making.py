"""How clients are made, the same for those that block and those that are awaited."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

import grpc

from ._connection import KnownTypes
from ._endpoints import Endpoint, endpoint_for, endpoint_of, parse_endpoint
from ._speaking import Protocol
from ._transports.base import DEFAULT_TIMEOUT

Types = Iterable[type[Any]]


class BaseClient(ABC):
    """The ways to a client that need nothing but a text."""

    @classmethod
    def connect(
        cls,
        endpoint: str,
        *,
        types: Types = (),
        aggregates: Types = (),
        timeout: float | None = DEFAULT_TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
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
            credentials: For https://; the system's trusted roots unless given.
            protocol: The generation of the protocol that the coordinator speaks; found out unless given.

        Raises:
            InvalidEndpoint: The text is no endpoint.

        """
        return cls._at(parse_endpoint(endpoint), KnownTypes(types, aggregates), timeout, credentials, protocol)

    @classmethod
    def from_env(
        cls,
        variable: str,
        default: str,
        *,
        types: Types = (),
        aggregates: Types = (),
        timeout: float | None = DEFAULT_TIMEOUT,
        credentials: grpc.ChannelCredentials | None = None,
        protocol: Protocol = Protocol.AUTO,
    ) -> Self:
        """Same as `connect`, to the endpoint in an environment variable; to `default` if that is unset or empty."""
        endpoint = endpoint_of(variable, default)
        return cls.connect(
            endpoint,
            types=types,
            aggregates=aggregates,
            timeout=timeout,
            credentials=credentials,
            protocol=protocol,
        )

    @classmethod
    def for_domain(
        cls,
        domain: str,
        *,
        types: Types = (),
        aggregates: Types = (),
        timeout: float | None = DEFAULT_TIMEOUT,
        protocol: Protocol = Protocol.AUTO,
    ) -> Self:
        """Same as `connect`, to where Angzarr's conventions put the coordinator of a domain.

        By ANGZARR_MODE: distributed, the default, is ch-DOMAIN.ANGZARR_NAMESPACE.svc:ANGZARR_CH_PORT; standalone is
        ANGZARR_UDS_BASE/ch-DOMAIN.sock.
        """
        place = endpoint_for(domain)
        return cls.connect(place, types=types, aggregates=aggregates, timeout=timeout, protocol=protocol)

    @classmethod
    @abstractmethod
    def _at(
        cls,
        place: Endpoint,
        known: KnownTypes,
        timeout: float | None,
        credentials: grpc.ChannelCredentials | None,
        protocol: Protocol,
    ) -> Self:
        """A client of the coordinator at this place."""
