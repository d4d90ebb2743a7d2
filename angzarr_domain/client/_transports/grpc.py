"""Calls over a gRPC channel, blocking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn, TypeVar

import grpc

from angzarr_domain.client._endpoints import Endpoint
from angzarr_domain.client._settings import ChannelSettings
from angzarr_domain.client._tls import Tls
from angzarr_domain.wire import Method

from ._diagnosis import SecondLook
from ._dialling import Token, dialling_of
from ._failures import closed, decode, ended_here, error_of
from .base import CallOptions

Q = TypeVar("Q")
R = TypeVar("R")


def open_channel(
    endpoint: Endpoint,
    credentials: grpc.ChannelCredentials | None = None,
    *,
    tls: Tls | None = None,
    settings: ChannelSettings | None = None,
) -> grpc.Channel:
    """A channel that connects when it is first used.

    Args:
        credentials: For https:// endpoints, in place of `tls`.
        tls: For https:// endpoints; the roots this system trusts unless given.
        settings: How it connects, stays connected, and what it lets through.

    Raises:
        UsageError: Credentials or TLS for an endpoint that is not https://, or files of theirs that make no sense.

    """
    how = dialling_of(endpoint, credentials, tls=tls, settings=settings)
    if how.credentials is None:
        return grpc.insecure_channel(how.target, options=how.options, compression=how.compression)
    return grpc.secure_channel(how.target, how.credentials, options=how.options, compression=how.compression)


class GrpcTransport:
    """Makes calls over a channel, from any number of threads.

    Args:
        channel: Open.
        endpoint: For errors to name; "" if nobody knows.
        owns_channel: Whether `close` closes the channel as well.
        token: Shows the server who is calling.
        second_look: At a server that hangs up.

    """

    def __init__(
        self,
        channel: grpc.Channel,
        *,
        endpoint: str = "",
        owns_channel: bool = True,
        token: Token | None = None,
        second_look: SecondLook | None = None,
    ) -> None:
        self._channel = channel
        self._endpoint = endpoint
        self._owns_channel = owns_channel
        self._token = Token() if token is None else token
        self._second_look = second_look
        self._closed = False
        self._callables: dict[str, Callable[..., Any]] = {}

    def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """Same as `Transport.unary`."""
        call = self._callable(method, "unary_unary")
        data = method.encode_request(request)
        until = options.until()
        try:
            answer = self._begin(call, data, options)
        except grpc.RpcError as error:
            self._fail(method, options, error, until)
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
        until = options.until()
        try:
            call = self._begin(self._callable(method, kind), request, options)
        except grpc.RpcError as error:
            self._fail(method, options, error, until)
        try:
            for answer in call:
                yield method.decode_response(answer)
        except grpc.RpcError as error:
            self._fail(method, options, error, until)
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
        metadata = self._token.beside(options.metadata)
        try:
            return call(request, timeout=options.timeout, metadata=metadata)
        except ValueError as error:
            # How gRPC says that somebody else closed the channel.
            if "closed" in str(error):
                raise closed(self._endpoint) from error
            raise

    def _fail(self, method: Method[Any, Any], options: CallOptions, raised: Any, until: float | None) -> NoReturn:
        # How gRPC says that the channel was closed while the call was under way.
        if raised.code() is grpc.StatusCode.CANCELLED and "Channel closed" in (raised.details() or ""):
            raise ended_here(method, options) from raised
        error = error_of(method, options, raised, self._endpoint)
        raise error if self._second_look is None else self._second_look.explained(error, until) from raised


def transport_to(endpoint: Endpoint, tls: Tls | None = None) -> GrpcTransport:
    """A transport that connects when it is first used. Raises as `open_channel` does."""
    loaded = tls.loaded() if tls is not None and endpoint.secure else tls
    channel = open_channel(endpoint, tls=loaded)
    return GrpcTransport(channel, endpoint=endpoint.text, second_look=SecondLook.at(endpoint, loaded))
