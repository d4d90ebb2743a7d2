"""Calls over a gRPC channel, blocking."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn, TypeVar

import attrs
import grpc

from angzarr_domain.client._endpoints import Endpoint
from angzarr_domain.exceptions import UsageError
from angzarr_domain.wire import Method

from ._failures import closed, decode, ended_here, error_of
from .base import CallOptions

Q = TypeVar("Q")
R = TypeVar("R")

#: Bytes that one answer may have: 64 MiB. Coordinators send up to 10 MiB, gRPC itself would stop at 4.
MAX_RECEIVE: Final = 64 * 1024 * 1024

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_RECEIVE),
    ("grpc.max_send_message_length", -1),
    # Error details travel as metadata, and the released engine puts whole books there.
    ("grpc.max_metadata_size", MAX_RECEIVE),
    ("grpc.absolute_max_metadata_size", MAX_RECEIVE),
    # gRPC would try one address for 20 s, and after failures wait up to two minutes before the next try.
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)
# gRPC would send the percent-encoded path as :authority, which HTTP/2 servers written in Rust refuse.
_SOCKET_OPTIONS: Final = (("grpc.default_authority", "localhost"),)


@attrs.frozen
class Dialling:
    """What gRPC opens a channel with; without credentials it is not encrypted."""

    target: str
    options: tuple[tuple[str, int | str], ...]
    credentials: grpc.ChannelCredentials | None


def dialling_of(endpoint: Endpoint, credentials: grpc.ChannelCredentials | None = None) -> Dialling:
    """How to dial this endpoint. Raises as `open_channel` does."""
    options = (*_OPTIONS, *(_SOCKET_OPTIONS if endpoint.socket else ()))
    if endpoint.secure:
        return Dialling(endpoint.target, options, credentials or _system_credentials())
    if credentials is not None:
        raise UsageError(f"credentials are for https:// endpoints, not for {endpoint.text}", field="credentials")
    return Dialling(endpoint.target, options, None)


def open_channel(endpoint: Endpoint, credentials: grpc.ChannelCredentials | None = None) -> grpc.Channel:
    """A channel that connects when it is first used.

    Args:
        credentials: For TLS; the roots this system trusts unless given.

    Raises:
        UsageError: Credentials for an endpoint that is not https://.

    """
    how = dialling_of(endpoint, credentials)
    if how.credentials is None:
        return grpc.insecure_channel(how.target, options=how.options)
    return grpc.secure_channel(how.target, how.credentials, options=how.options)


def _system_credentials() -> grpc.ChannelCredentials:
    # Left alone, gRPC trusts the roots in its own wheel rather than those of the system.
    trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
    roots = "".join(map(ssl.DER_cert_to_PEM_cert, trusted)).encode()
    return grpc.ssl_channel_credentials(root_certificates=roots or None)


class GrpcTransport:
    """Makes calls over a channel, from any number of threads.

    Args:
        channel: Open.
        endpoint: For errors to name; "" if nobody knows.
        owns_channel: Whether `close` closes the channel as well.

    """

    def __init__(self, channel: grpc.Channel, *, endpoint: str = "", owns_channel: bool = True) -> None:
        self._channel = channel
        self._endpoint = endpoint
        self._owns_channel = owns_channel
        self._closed = False
        self._callables: dict[str, Callable[..., Any]] = {}

    def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """Same as `Transport.unary`."""
        call = self._callable(method, "unary_unary")
        data = method.encode_request(request)
        try:
            answer = self._begin(call, data, options)
        except grpc.RpcError as error:
            self._fail(method, options, error)
        return decode(method, answer, options)

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> Iterator[R]:
        """Same as `Transport.stream`."""
        data = method.encode_request(request)
        return self._responses(method, data, options, "unary_stream")

    def bidi(self, method: Method[Q, R], requests: Iterable[Q], options: CallOptions) -> Iterator[R]:
        """Same as `Transport.bidi`. An error of `requests` is raised after the answers to those before it."""
        failures: list[Exception] = []

        def encoded() -> Iterator[bytes]:
            # gRPC reads this in a thread of its own, where an error would only be logged.
            try:
                yield from map(method.encode_request, requests)
            except Exception as error:  # noqa: BLE001 - raised again below
                failures.append(error)

        yield from self._responses(method, encoded(), options, "stream_stream")
        if failures:
            raise failures[0]

    def close(self) -> None:
        """Same as `Transport.close`."""
        self._closed = True
        if self._owns_channel:
            self._channel.close()

    def _responses(
        self, method: Method[Any, R], request: bytes | Iterator[bytes], options: CallOptions, kind: str
    ) -> Iterator[R]:
        try:
            call = self._begin(self._callable(method, kind), request, options)
        except grpc.RpcError as error:
            self._fail(method, options, error)
        try:
            for answer in call:
                yield method.decode_response(answer)
        except grpc.RpcError as error:
            self._fail(method, options, error)
        finally:
            call.cancel()

    def _callable(self, method: Method[Any, Any], kind: str) -> Callable[..., Any]:
        # No (de)serializers for gRPC: what they raise would become a bare INTERNAL.
        known = self._callables.get(method.path)
        if known is None:
            known = self._callables[method.path] = getattr(self._channel, kind)(method.path)
        return known

    def _begin(self, call: Callable[..., Any], request: object, options: CallOptions) -> Any:
        if self._closed:
            raise closed(self._endpoint)
        try:
            return call(request, timeout=options.timeout, metadata=options.metadata)
        except ValueError as error:
            # How gRPC says that somebody else closed the channel.
            if "closed" in str(error):
                raise closed(self._endpoint) from error
            raise

    def _fail(self, method: Method[Any, Any], options: CallOptions, raised: Any) -> NoReturn:
        # How gRPC says that the channel was closed while the call was under way.
        if raised.code() is grpc.StatusCode.CANCELLED and "Channel closed" in (raised.details() or ""):
            raise ended_here(method, options) from raised
        raise error_of(method, options, raised, self._endpoint) from raised
