"""Calls over a gRPC channel, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar

import grpc
import grpc.aio

from angzarr_domain.client._endpoints import Endpoint
from angzarr_domain.client._settings import ChannelSettings
from angzarr_domain.client._tls import Tls
from angzarr_domain.exceptions import ConnectionFailed, UsageError
from angzarr_domain.wire import Method

from ._diagnosis import SecondLook
from ._dialling import Token, dialling_of
from ._failures import closed, decode, ended_here, error_of
from .base import CallOptions, each

Q = TypeVar("Q")
R = TypeVar("R")


def async_channels(
    endpoint: Endpoint,
    credentials: grpc.ChannelCredentials | None = None,
    *,
    tls: Tls | None = None,
    settings: ChannelSettings | None = None,
) -> Callable[[], grpc.aio.Channel]:
    """What opens a channel to this endpoint, once an event loop runs. Raises as `open_channel` does."""
    how = dialling_of(endpoint, credentials, tls=tls, settings=settings)
    if how.credentials is None:
        return lambda: grpc.aio.insecure_channel(how.target, options=how.options, compression=how.compression)
    trusted = how.credentials
    return lambda: grpc.aio.secure_channel(how.target, trusted, options=how.options, compression=how.compression)


class AsyncGrpcTransport:
    """Makes calls over a channel, any number at a time. Bound to the event loop of its first call, as channels are.

    Args:
        open_channel: Called once, at the first call.
        endpoint: For errors to name; "" if nobody knows.
        owns_channel: Whether `close` closes the channel as well.
        token: Shows the server who is calling.
        second_look: At a server that hangs up.

    """

    def __init__(
        self,
        open_channel: Callable[[], grpc.aio.Channel],
        *,
        endpoint: str = "",
        owns_channel: bool = True,
        token: Token | None = None,
        second_look: SecondLook | None = None,
    ) -> None:
        self._open_channel = open_channel
        self._endpoint = endpoint
        self._owns_channel = owns_channel
        self._token = Token() if token is None else token
        self._second_look = second_look
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channel: grpc.aio.Channel | None = None
        self._callables: dict[str, Callable[..., Any]] = {}
        self._calls: set[Any] = set()

    async def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """Same as `AsyncTransport.unary`."""
        until = options.until()
        call = self._begin(method, "unary_unary", method.encode_request(request), options)
        try:
            with self._under_way(call, method, options):
                answer: bytes = await call
        except ConnectionFailed as error:
            await self._look_again(error, until)
            raise
        return decode(method, answer, options)

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> AsyncGenerator[R, None]:
        """Same as `AsyncTransport.stream`."""
        return self._responses(method, method.encode_request(request), options, "unary_stream")

    async def bidi(
        self, method: Method[Q, R], requests: AsyncIterable[Q] | Iterable[Q], options: CallOptions
    ) -> AsyncGenerator[R, None]:
        """Same as `AsyncTransport.bidi`. An error of `requests` is raised after the answers to those before it."""
        failures: list[Exception] = []

        async def encoded() -> AsyncGenerator[bytes, None]:
            # gRPC reads this in a task of its own, where an error would only end the call.
            try:
                async with aclosing(each(requests)) as asked:
                    async for request in asked:
                        yield method.encode_request(request)
            except Exception as error:  # noqa: BLE001 - raised again below
                failures.append(error)

        async with aclosing(self._responses(method, encoded(), options, "stream_stream")) as answers:
            async for answer in answers:
                yield answer
        if failures:
            raise failures[0]

    async def close(self) -> None:
        """Same as `AsyncTransport.close`. From another event loop it does not wait for anything."""
        self._closed = True
        channel, self._channel = self._channel, None
        if not self._owns_channel or channel is None or self._loop is None:
            return
        if self._loop is asyncio.get_running_loop():
            self._end_calls()
            await channel.close()
        elif not self._loop.is_closed():
            # The channel itself is closed when nobody holds it any more.
            self._loop.call_soon_threadsafe(self._end_calls)

    def _end_calls(self) -> None:
        for call in tuple(self._calls):
            call.cancel()

    async def _responses(
        self, method: Method[Any, R], request: bytes | AsyncIterable[bytes], options: CallOptions, kind: str
    ) -> AsyncGenerator[R, None]:
        until = options.until()
        call = self._begin(method, kind, request, options)
        try:
            with self._under_way(call, method, options):
                async for answer in call:
                    yield method.decode_response(answer)
        except ConnectionFailed as error:
            await self._look_again(error, until)
            raise

    def _begin(self, method: Method[Any, Any], kind: str, request: object, options: CallOptions) -> Any:
        if self._closed:
            raise closed(self._endpoint)
        channel = self._channel_here()
        # No (de)serializers for gRPC: what they raise would become a bare INTERNAL.
        call = self._callables.get(method.path)
        if call is None:
            call = self._callables[method.path] = getattr(channel, kind)(method.path)
        metadata = self._token.beside(options.metadata)
        try:
            return call(request, timeout=options.timeout, metadata=metadata)
        except grpc.aio.UsageError as error:
            # How gRPC says that somebody else closed the channel.
            raise closed(self._endpoint) from error

    def _channel_here(self) -> grpc.aio.Channel:
        running = asyncio.get_running_loop()
        if self._channel is None:
            self._channel = self._open_channel()
            # A channel that was handed in may belong to another loop, which it tells nowhere public.
            self._loop = getattr(self._channel, "_loop", running)
        if self._loop is not running:
            raise UsageError(
                "this client belongs to another event loop, the one that made its first call: connect one in each"
            )
        return self._channel

    async def _look_again(self, error: ConnectionFailed, until: float | None) -> None:
        look = self._second_look
        if look is not None and look.worthwhile(error, until):
            found = await asyncio.to_thread(look.explained, error, until)
            if found is not error:
                raise found from error

    @contextmanager
    def _under_way(self, call: Any, method: Method[Any, Any], options: CallOptions) -> Generator[None, None, None]:
        self._calls.add(call)
        try:
            yield
        except grpc.RpcError as error:
            raise error_of(method, options, error, self._endpoint) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled the caller: its call was, when the client or the channel was closed.
            raise ended_here(method, options) from error
        finally:
            self._calls.discard(call)
            call.cancel()
