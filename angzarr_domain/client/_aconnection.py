"""What all parts of one asynchronous client share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from typing import ClassVar, TypeVar

from angzarr_domain.exceptions import AngzarrError, Retry
from angzarr_domain.wire import Method

from ._arun import arun
from ._astreams import abidi, astream
from ._budget import Budget, Metadata
from ._connection import BaseConnection, KnownTypes
from ._policies import RetryPolicy
from ._retrying import Attempts
from ._speaking import Protocol, spoken
from ._steps import Flow
from ._transports.base import AsyncTransport, CallOptions

Q = TypeVar("Q")
R = TypeVar("R")


class AsyncConnection(BaseConnection):
    """Same as `Connection`, awaited."""

    _remedy: ClassVar = "use it in an async with statement, or await close()"

    def __init__(
        self,
        transport: AsyncTransport,
        known: KnownTypes,
        *,
        timeout: float | None,
        metadata: Metadata = (),
        retry: RetryPolicy | None = None,
        warn_unclosed: bool = True,
        protocol: Protocol = Protocol.NEWEST,
    ) -> None:
        super().__init__(
            known, timeout=timeout, metadata=metadata, retry=retry, warn_unclosed=warn_unclosed, protocol=protocol
        )
        self._transport = transport

    async def run(self, flow: Flow[R]) -> R:
        """Same as `Connection.run`, awaited."""
        self._check_open()
        return await arun(spoken(flow, self.speaker), self._transport)

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> AsyncGenerator[R, None]:
        """Same as `Connection.stream`, awaited."""
        self._check_open()
        return astream(self._transport, self.speaker, method, request, options)

    async def retried(
        self, method: Method[Q, R], request: Q, budget: Budget, correlation_id: str = ""
    ) -> AsyncGenerator[R, None]:
        """Same as `Connection.retried`, awaited."""
        attempts = Attempts(budget)
        while True:
            begun = False
            try:
                async with aclosing(self.stream(method, request, budget.options(correlation_id))) as answers:
                    async for answer in answers:
                        begun = True
                        yield answer
            except AngzarrError as error:
                if begun or error.retry is not Retry.LATER:
                    raise
                await self.run(attempts.pause(error))
            else:
                return

    def bidi(
        self, method: Method[Q, R], requests: AsyncIterable[Q] | Iterable[Q], options: CallOptions
    ) -> AsyncGenerator[R, None]:
        """Same as `Connection.bidi`, awaited."""
        self._check_open()
        return abidi(self._transport, self.speaker, method, requests, options)

    async def close(self) -> None:
        """Same as `Connection.close`, awaited."""
        if self._ends():
            await self._transport.close()
