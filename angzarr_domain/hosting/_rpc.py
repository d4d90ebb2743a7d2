"""Serving the protocol's methods: functions of frozen values on one side, gRPC behaviours on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, NoReturn, TypeVar

import attrs
import grpc

from angzarr_domain.exceptions import AngzarrError, HandlerFailed
from angzarr_domain.wire import Kind, Method, WireStatus

from ._failures import log_failure

Q = TypeVar("Q")
R = TypeVar("R")

# gRPC counts down from the end of its time to a call without a deadline: some 10**18 seconds.
_NO_BOUND = 1e9

_STATUSES = {code.value[0]: code for code in grpc.StatusCode}


@attrs.frozen(eq=False)
class Call:
    """What a function may know of the call it answers.

    Attributes:
        metadata: The pairs that came with it.

    """

    _context: grpc.ServicerContext
    metadata: tuple[tuple[str, str | bytes], ...] = ()

    def remaining(self) -> float | None:
        """Seconds the caller still waits; None if it set no bound."""
        remaining = self._context.time_remaining()
        return None if remaining > _NO_BOUND else remaining

    def is_active(self) -> bool:
        """Whether the caller still waits: it has neither gone away nor run out of time."""
        return bool(self._context.is_active())


@attrs.frozen(eq=False)
class Served(Generic[Q, R]):
    """A method and the function that answers it.

    An AngzarrError that the function raises travels with its code and fields; anything else is logged and reaches
    the caller as UNHANDLED_HANDLER_ERROR with the name of its class.

    Attributes:
        method: The entry of the protocol's table.
        function: Takes the request (an iterator of requests if there are many) and the call; returns the
            response, or an iterator of responses if there are many.
        pool: The threads that answer it; those of the server unless given. Calls with a pool of their own go on
            while all threads of the server are busy.

    """

    method: Method[Q, R]
    function: Callable[[Q, Call], R] | Callable[[Q, Call], Iterator[R]] | Callable[[Iterator[Q], Call], Iterator[R]]
    pool: ThreadPoolExecutor | None = None


def generic_handlers(served: Iterable[Served[Any, Any]]) -> tuple[grpc.GenericRpcHandler, ...]:
    """One gRPC handler for each service among the methods."""
    services: dict[str, dict[str, grpc.RpcMethodHandler[bytes, bytes]]] = {}
    for entry in served:
        services.setdefault(entry.method.service, {})[entry.method.name] = _method_handler(entry)
    return tuple(grpc.method_handlers_generic_handler(name, methods) for name, methods in services.items())


def service_names(handlers: Iterable[grpc.GenericRpcHandler]) -> tuple[str, ...]:
    """The full names of the services that these handlers answer for, as far as they tell."""
    named = [handler for handler in handlers if isinstance(handler, grpc.ServiceRpcHandler)]
    return tuple(name for handler in named if (name := handler.service_name()))


def _method_handler(served: Served[Any, Any]) -> grpc.RpcMethodHandler[bytes, bytes]:
    # No (de)serializers for gRPC: what they raise becomes a bare INTERNAL without a code.
    match served.method.kind:
        case Kind.UNARY:
            return grpc.unary_unary_rpc_method_handler(_in_pool(served, _unary(served)))
        case Kind.STREAM:
            return grpc.unary_stream_rpc_method_handler(_in_pool(served, _stream(served)))
        case Kind.BIDI:
            return grpc.stream_stream_rpc_method_handler(_in_pool(served, _bidi(served)))


B = TypeVar("B", bound=Callable[..., Any])


def _in_pool(served: Served[Any, Any], behaviour: B) -> B:
    if served.pool is not None:
        behaviour.experimental_thread_pool = served.pool  # type: ignore[attr-defined] # gRPC looks for it there
    return behaviour


def _unary(served: Served[Any, Any]) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    method, function = served.method, served.function

    def behaviour(data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return method.encode_response(function(method.decode_request(data), _call(context)))
        except BaseException as error:  # noqa: BLE001 - after what gRPC does not catch, callers would wait for ever
            failure = _as_failure(method, error)
        _end(context, method.encode_error(failure))

    return behaviour


def _stream(served: Served[Any, Any]) -> Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]:
    method, function = served.method, served.function

    def behaviour(data: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        return _responses(method, lambda: function(method.decode_request(data), _call(context)), context)

    return behaviour


def _bidi(served: Served[Any, Any]) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]:
    method, function = served.method, served.function

    def behaviour(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        decoded = (method.decode_request(data) for data in requests)
        return _responses(method, lambda: function(decoded, _call(context)), context)

    return behaviour


def _responses(
    method: Method[Any, R], begin: Callable[[], Iterator[R]], context: grpc.ServicerContext
) -> Iterator[bytes]:
    try:
        for response in begin():
            yield method.encode_response(response)
    except grpc.RpcError:
        raise  # the caller went away while its requests were being read; gRPC knows it by this very exception
    except GeneratorExit:
        raise  # the caller went away between two answers
    except BaseException as error:  # noqa: BLE001 - after what gRPC does not catch, callers would wait for ever
        failure = _as_failure(method, error)
    else:
        return
    _end(context, method.encode_error(failure))


def _call(context: grpc.ServicerContext) -> Call:
    return Call(context, tuple((str(key), value) for key, value in context.invocation_metadata()))


def _as_failure(method: Method[Any, Any], error: BaseException) -> AngzarrError:
    if isinstance(error, AngzarrError):
        return error
    log_failure(method.path, error)
    return HandlerFailed(method.path, type(error).__name__)


@attrs.frozen
class _Ending(grpc.Status):
    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


def _end(context: grpc.ServicerContext, status: WireStatus) -> NoReturn:
    trailer = (("grpc-status-details-bin", status.details),) if status.details else ()
    context.abort_with_status(_Ending(_STATUSES[status.status], status.message, trailer))
