"""Calls on a coordinator in the same process: no socket, no bytes but those of payloads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from angzarr_domain.client import CallOptions
from angzarr_domain.exceptions import AngzarrError, HandlerFailed, MethodNotServed, UsageError
from angzarr_domain.hosting._failures import log_failure
from angzarr_domain.wire import Method, from_status, to_status

from ._callers import Caller, InProcessCaller
from ._servicers import Answers

Q = TypeVar("Q")
R = TypeVar("R")


class InProcessTransport:
    """Hands frozen values to the functions that answer them over gRPC too. See `client.Transport`.

    Calls run on the caller's own thread. One that takes longer than its timeout is not cut off, but stores nothing
    once that is over. Errors come as they would over gRPC: same class, code, status and fields.

    Args:
        owner: What the answers belong to, kept alive while a client still uses it.

    """

    def __init__(self, answers: Answers, owner: object = None) -> None:
        self._functions: dict[str, Callable[[Any, Any], Any]] = {entry.method.path: entry.function for entry in answers}
        self._owner = owner
        self._closed = False

    def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """One request, one response."""
        function = self._function(method)
        with _as_a_peer_would(method):
            response: R = function(request, InProcessCaller.within(options.timeout))
            return response

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> Iterator[R]:
        """One request, many responses."""
        return self._responses(method, request, InProcessCaller.within(options.timeout))

    def bidi(self, method: Method[Q, R], requests: Iterable[Q], options: CallOptions) -> Iterator[R]:
        """Many requests, many responses: each is asked for when its answer is."""
        return self._responses(method, requests, InProcessCaller.within(options.timeout))

    def close(self) -> None:
        """End it; the coordinator goes on."""
        self._closed = True
        self._owner = None

    def _responses(self, method: Method[Any, R], request: object, caller: Caller) -> Iterator[R]:
        function = self._function(method)

        def responses() -> Iterator[R]:
            with _as_a_peer_would(method):
                yield from function(request, caller)

        return responses()

    def _function(self, method: Method[Any, Any]) -> Callable[[Any, Any], Any]:
        if self._closed:
            raise UsageError("this client is closed: ask the coordinator for another one", code="CLIENT_CLOSED")
        function = self._functions.get(method.path)
        if function is None:
            raise MethodNotServed(f"{method.path} is not served here: the coordinator serves commands and queries")
        return function


@contextmanager
def _as_a_peer_would(method: Method[Any, Any]) -> Generator[None, None, None]:
    try:
        yield
    except AngzarrError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - every failure becomes a status
        log_failure(method.path, error)
        failure = HandlerFailed(method.path, type(error).__name__)
    else:
        return
    status = to_status(failure)
    # Not chained: the causes' own texts carry payloads, and no peer would see them.
    raise from_status(status.status, status.message, status.details) from None
