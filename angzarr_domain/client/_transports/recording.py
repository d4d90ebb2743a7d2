"""A transport for tests: answers from a script or from another transport, and remembers what was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import attrs

from angzarr_domain.exceptions import UsageError
from angzarr_domain.wire import Method

from .base import CallOptions, Transport

Q = TypeVar("Q")
R = TypeVar("R")


@attrs.frozen
class RecordedCall:
    """One call as it was made; `request` is a tuple where there were many."""

    method: Method[Any, Any]
    request: Any
    options: CallOptions


class RecordingTransport:
    """Remembers every call in `calls`.

    Args:
        answers: One for each call, in their order: a response, an iterable of responses for methods that answer
            with many, or an error to raise.
        behind: Answers when no script is given.

    """

    def __init__(self, answers: Iterable[Any] = (), *, behind: Transport | None = None) -> None:
        self.calls: list[RecordedCall] = []
        self._answers = iter(answers)
        self._behind = behind
        self.closed = False

    def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """Same as `Transport.unary`."""
        self._record(method, request, options)
        if self._behind is not None:
            return self._behind.unary(method, request, options)
        answer: R = self._next(method)
        return answer

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> Iterator[R]:
        """Same as `Transport.stream`."""
        self._record(method, request, options)
        if self._behind is not None:
            return self._behind.stream(method, request, options)
        return iter(self._next(method))

    def bidi(self, method: Method[Q, R], requests: Iterable[Q], options: CallOptions) -> Iterator[R]:
        """Same as `Transport.bidi`, but it reads all requests first."""
        asked = tuple(requests)
        self._record(method, asked, options)
        if self._behind is not None:
            return self._behind.bidi(method, asked, options)
        return iter(self._next(method))

    def close(self) -> None:
        """Same as `Transport.close`."""
        self.closed = True
        if self._behind is not None:
            self._behind.close()

    def _record(self, method: Method[Any, Any], request: Any, options: CallOptions) -> None:
        if self.closed:
            raise UsageError("this transport is closed", code="CLIENT_CLOSED")
        self.calls.append(RecordedCall(method, request, options))

    def _next(self, method: Method[Any, Any]) -> Any:
        answer = next(self._answers, None)
        if answer is None:
            raise UsageError(f"call {len(self.calls)} ({method.name}) has no answer in the script", field="answers")
        if isinstance(answer, Exception):
            raise answer
        return answer
