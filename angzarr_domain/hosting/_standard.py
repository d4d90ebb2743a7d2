"""The standard services beside the protocol's own: health and reflection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

import grpc
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from angzarr_domain import wire

from ._workers import Workers

_SERVING: Final = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING
_DEFAULT_POOL: Final = health_pb2.DESCRIPTOR.pool


class StandardServices:
    """Health and reflection of one server, on threads that no command can occupy.

    Health knows "" (the whole server) and the full name of each service (C-0500).

    Args:
        services: Full names of the services served beside these.

    """

    def __init__(self, services: Iterable[str]) -> None:
        self._services = tuple(services)
        self._pools = (Workers(2, "angzarr-health"), Workers(4, "angzarr-reflection"))
        self._health = health.HealthServicer()
        self._open = _OpenStreams()
        for name in ("", *self._services):
            self._health.set(name, _NOT_SERVING)

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """What to add to the server."""
        return self._health_handler(), self._reflection_handler()

    def serving(self) -> None:
        """Say that everything is served."""
        for name in ("", *self._services):
            self._health.set(name, _SERVING)

    def stopping(self) -> None:
        """Say that nothing is served any more, and end the streams that would otherwise hold a stop up."""
        self._health.enter_graceful_shutdown()
        self._open.end()

    def close(self) -> None:
        """Let the threads go."""
        for pool in self._pools:
            pool.shutdown(wait=False)

    def _health_handler(self) -> grpc.GenericRpcHandler:
        # Functions of this instance: gRPC reads their attributes, and those of the library's methods are shared
        # by every server of the process.
        def check(request: Any, context: grpc.ServicerContext) -> Any:
            return self._health.Check(request, context)

        def watch(request: Any, context: grpc.ServicerContext, send: Callable[[Any], None]) -> None:
            self._health.Watch(request, context, self._open.watch(send))

        _attribute(check, "experimental_thread_pool", self._pools[0])
        _attribute(watch, "experimental_thread_pool", self._pools[0])
        _attribute(watch, "experimental_non_blocking", value=True)
        read, write = health_pb2.HealthCheckRequest.FromString, health_pb2.HealthCheckResponse.SerializeToString
        methods: dict[str, Any] = {
            "Check": grpc.unary_unary_rpc_method_handler(check, read, write),
            "Watch": grpc.unary_stream_rpc_method_handler(cast("Any", watch), read, write),  # sends by callback
        }
        return grpc.method_handlers_generic_handler(health.SERVICE_NAME, methods)

    def _reflection_handler(self) -> grpc.GenericRpcHandler:
        names = (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        servicer: Any = reflection.ReflectionServicer(names, pool=_BothPools())

        def info(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
            self._open.stream(context)
            answers: Iterator[Any] = servicer.ServerReflectionInfo(requests, context)
            return answers

        _attribute(info, "experimental_thread_pool", self._pools[1])
        handler = grpc.stream_stream_rpc_method_handler(
            info,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(reflection.SERVICE_NAME, {"ServerReflectionInfo": handler})


def _attribute(behaviour: Callable[..., Any], name: str, value: object) -> None:
    setattr(behaviour, name, value)


class _OpenStreams:
    """The health watches and reflection calls under way, each with how to end it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[object, Callable[[], Any]] = {}
        self._ended = False

    def watch(self, send: Callable[[Any], None]) -> Callable[[Any], None]:
        """The way to send to a watch, from now on one of those that `end` ends. None ends it, once."""
        key = object()
        guard = threading.Lock()

        def send_once(response: Any) -> None:
            # The watched server's end and the caller's own may come at the same time.
            with guard:
                if response is not None:
                    send(response)
                elif self._ends.pop(key, None) is not None:
                    send(None)

        self._add(key, lambda: send_once(None))
        return send_once

    def stream(self, context: grpc.ServicerContext) -> None:
        """Have `end` cancel this call."""
        self._add(context, context.cancel)

        def ended() -> None:
            self._ends.pop(context, None)

        context.add_callback(ended)

    def end(self) -> None:
        with self._lock:
            self._ended = True
            ends = list(self._ends.values())
        for end in ends:
            end()

    def _add(self, key: object, end: Callable[[], Any]) -> None:
        with self._lock:
            self._ends[key] = end
            late = self._ended
        if late:
            end()


class _BothPools:
    """Our schemas first, then those of the default pool, where health, reflection and the user's own live."""

    def FindFileByName(self, name: str) -> Any:  # noqa: N802 - a descriptor pool's name
        return _first(lambda pool: pool.FindFileByName(name))

    def FindFileContainingSymbol(self, symbol: str) -> Any:  # noqa: N802 - a descriptor pool's name
        return _first(lambda pool: pool.FindFileContainingSymbol(symbol))

    def FindMessageTypeByName(self, full_name: str) -> Any:  # noqa: N802 - a descriptor pool's name
        return _first(lambda pool: pool.FindMessageTypeByName(full_name))

    def FindExtensionByNumber(self, message: Any, number: int) -> Any:  # noqa: N802 - a descriptor pool's name
        return message.file.pool.FindExtensionByNumber(message, number)

    def FindAllExtensions(self, message: Any) -> Any:  # noqa: N802 - a descriptor pool's name
        return message.file.pool.FindAllExtensions(message)


def _first(find: Callable[[Any], Any]) -> Any:
    try:
        return find(wire.POOL)
    except KeyError:
        return find(_DEFAULT_POOL)
