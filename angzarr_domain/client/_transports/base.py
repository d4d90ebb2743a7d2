"""The seam below every client: one call. In-process is just another transport."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from typing import Final, Protocol, TypeVar

import attrs

from angzarr_domain.wire import Method

Q = TypeVar("Q")
R = TypeVar("R")

#: Carries the correlation id of what a call is about; left out where that is empty. Servers read the body instead.
CORRELATION_ID_HEADER: Final = "x-correlation-id"

#: Seconds a call may take unless it says otherwise.
DEFAULT_TIMEOUT = 30.0


@attrs.frozen
class CallOptions:
    """How one call is made.

    Attributes:
        timeout: Seconds until it is given up; None never gives up.
        metadata: Pairs sent along, keys in lower case.

    """

    timeout: float | None = DEFAULT_TIMEOUT
    metadata: tuple[tuple[str, str | bytes], ...] = ()

    def until(self) -> float | None:
        """When a call made now is given up, as time.monotonic() counts; None for never."""
        return None if self.timeout is None else time.monotonic() + self.timeout


class Transport(Protocol):
    """Makes calls. Every failure is an AngzarrError; a call after `close` is a UsageError (CLIENT_CLOSED)."""

    def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """One request, one response."""
        ...

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> Iterator[R]:
        """One request, many responses. Closing the iterator early ends the call."""
        ...

    def bidi(self, method: Method[Q, R], requests: Iterable[Q], options: CallOptions) -> Iterator[R]:
        """Many requests, many responses."""
        ...

    def close(self) -> None:
        """End it; harmless when repeated."""
        ...


class AsyncTransport(Protocol):
    """Same as `Transport`, awaited. Cancelling an await ends the call as far as its peer lets it."""

    async def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """One request, one response."""
        ...

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> AsyncGenerator[R, None]:
        """One request, many responses. Closing the generator early ends the call."""
        ...

    def bidi(
        self, method: Method[Q, R], requests: AsyncIterable[Q] | Iterable[Q], options: CallOptions
    ) -> AsyncGenerator[R, None]:
        """Many requests, many responses."""
        ...

    async def close(self) -> None:
        """End it; harmless when repeated."""
        ...


async def each(items: AsyncIterable[Q] | Iterable[Q]) -> AsyncGenerator[Q, None]:
    """Items one by one, whether they have to be awaited or not."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
