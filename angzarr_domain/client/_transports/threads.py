"""A blocking transport made awaitable: its calls run on worker threads."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import aclosing
from enum import Enum
from typing import TypeVar

from angzarr_domain.client._budget import Budget
from angzarr_domain.wire import Method

from .base import CallOptions, Transport, each

Q = TypeVar("Q")
R = TypeVar("R")


class _End(Enum):
    END = "no more answers"


class ThreadedTransport:
    """Makes the calls of a blocking transport on the event loop's worker threads. See `AsyncTransport`.

    Cancelling an await leaves a call that has begun to its thread: a command may still be stored. Belongs to no
    particular event loop.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """Same as `AsyncTransport.unary`."""
        budget = _begun(options)
        return await asyncio.to_thread(lambda: self._transport.unary(method, request, budget.options()))

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> AsyncGenerator[R, None]:
        """Same as `AsyncTransport.stream`."""
        return _drawn(self._transport.stream(method, request, options))

    async def bidi(
        self, method: Method[Q, R], requests: AsyncIterable[Q] | Iterable[Q], options: CallOptions
    ) -> AsyncGenerator[R, None]:
        """Same as `AsyncTransport.bidi`, but each request is a call of its own: no thread waits for the next one."""
        budget = _begun(options)
        async with aclosing(each(requests)) as asked:
            async for request in asked:
                async with aclosing(_drawn(self._transport.bidi(method, (request,), budget.options()))) as answers:
                    async for answer in answers:
                        yield answer

    async def close(self) -> None:
        """Same as `AsyncTransport.close`."""
        await asyncio.to_thread(self._transport.close)


def _begun(options: CallOptions) -> Budget:
    # Time goes by before a thread is free.
    expires = None if options.timeout is None else time.monotonic() + options.timeout
    return Budget(expires, options.metadata)


async def _drawn(answers: Iterator[R]) -> AsyncGenerator[R, None]:
    # One that was given up on may still be asking for its answer when the call is to be ended.
    turn = threading.Lock()

    def following() -> R | _End:
        with turn:
            return next(answers, _End.END)

    def close() -> None:
        with turn:
            end = getattr(answers, "close", None)
            if end is not None:
                end()

    try:
        while (answer := await asyncio.to_thread(following)) is not _End.END:
            yield answer
    finally:
        await asyncio.to_thread(close)
