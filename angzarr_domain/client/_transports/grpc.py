"""Calls over a gRPC channel. Every way they can fail becomes an AngzarrError here, and nowhere else."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn, Protocol, TypeVar

import grpc

from angzarr_domain.client._endpoints import Endpoint
from angzarr_domain.exceptions import AngzarrError, ConnectionFailed, UnknownOutcome, UsageError
from angzarr_domain.wire import METHODS, Method, from_status

from ._unreachable import explain
from .base import CORRELATION_ID_HEADER, CallOptions

Q = TypeVar("Q")
R = TypeVar("R")

#: Bytes that one answer may have: 64 MiB. Coordinators send up to 10 MiB, gRPC itself would stop at 4.
MAX_RECEIVE: Final = 64 * 1024 * 1024

_DETAILS: Final = "grpc-status-details-bin"

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

# After these, a lost answer leaves open whether something was stored.
_STORING: Final = frozenset(
    method.name for method in (METHODS.handle_command, METHODS.handle_event, METHODS.handle_compensation)
)


def open_channel(endpoint: Endpoint, credentials: grpc.ChannelCredentials | None = None) -> grpc.Channel:
    """A channel that connects when it is first used.

    Args:
        credentials: For TLS; the roots this system trusts unless given.

    Raises:
        UsageError: Credentials for an endpoint that is not https://.

    """
    options = [*_OPTIONS, *(_SOCKET_OPTIONS if endpoint.socket else ())]
    if endpoint.secure:
        return grpc.secure_channel(endpoint.target, credentials or _system_credentials(), options=options)
    if credentials is not None:
        raise UsageError(f"credentials are for https:// endpoints, not for {endpoint.text}", field="credentials")
    return grpc.insecure_channel(endpoint.target, options=options)


def _system_credentials() -> grpc.ChannelCredentials:
    # Left alone, gRPC trusts the roots in its own wheel rather than those of the system.
    trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
    roots = "".join(map(ssl.DER_cert_to_PEM_cert, trusted)).encode()
    return grpc.ssl_channel_credentials(root_certificates=roots or None)


class _Failed(Protocol):
    """What gRPC raises: an RpcError that is the ended call as well."""

    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None: ...


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
        try:
            return method.decode_response(answer)
        except AngzarrError as error:
            if method.name in _STORING:
                raise _unreadable(error, options) from error
            raise

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
            raise _closed(self._endpoint)
        try:
            return call(request, timeout=options.timeout, metadata=options.metadata)
        except ValueError as error:
            # How gRPC says that somebody else closed the channel.
            if "closed" in str(error):
                raise _closed(self._endpoint) from error
            raise

    def _fail(self, method: Method[Any, Any], options: CallOptions, raised: grpc.RpcError) -> NoReturn:
        raise self._error(method, options, raised) from raised

    def _error(self, method: Method[Any, Any], options: CallOptions, raised: Any) -> AngzarrError:
        failed: _Failed = raised
        number: int = failed.code().value[0]
        text = failed.details() or ""
        details = dict(failed.trailing_metadata() or ()).get(_DETAILS)
        error = from_status(
            number, text, details if isinstance(details, bytes) else None, stores=method.name in _STORING
        )
        if isinstance(error, ConnectionFailed) and details is None:
            return ConnectionFailed(explain(text, self._endpoint), endpoint=self._endpoint)
        if isinstance(error, UnknownOutcome) and not error.correlation_id:
            return UnknownOutcome(text, status=error.status, correlation_id=_correlation_id(options))
        return error


def _closed(endpoint: str) -> UsageError:
    where = f" to {endpoint}" if endpoint else ""
    return UsageError(f"this client{where} is closed: connect another one", code="CLIENT_CLOSED")


def _unreadable(error: AngzarrError, options: CallOptions) -> UnknownOutcome:
    return UnknownOutcome(f"it came, but is not readable: {error.message}", correlation_id=_correlation_id(options))


def _correlation_id(options: CallOptions) -> str:
    sent: Mapping[str, str | bytes] = MappingProxyType(dict(options.metadata))
    found = sent.get(CORRELATION_ID_HEADER, "")
    return found if isinstance(found, str) else ""
