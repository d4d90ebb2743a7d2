"""The asynchronous clients: the names of `_client.py`, awaited, over the same flows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from types import TracebackType
from typing import Self, Unpack, overload
from uuid import UUID

import grpc
import grpc.aio

from angzarr_domain.books import (
    AggregateRoot,
    BusinessResponse,
    CommandBook,
    CommandRequest,
    CommandResponse,
    EventBook,
    EventRequest,
    FactInjectionResponse,
    Message,
    ProcessManagerRequest,
    ProcessManagerResponse,
    Projection,
    Query,
    SagaRequest,
    SagaResponse,
    SpeculateRequest,
    SyncMode,
)
from angzarr_domain.wire import METHODS

from ._abuilders import AsyncCommandBuilder, AsyncQueryBuilder, AsyncReadyCommand, aread_books
from ._aconnection import AsyncConnection
from ._budget import Default, Metadata, Timeout
from ._client import with_mode
from ._drafts import addressed
from ._flows import inject, notify, read_book, send, speculate
from ._making import Access, BaseClient, ClientOptions, told
from ._readiness import wait_until_ready
from ._speaking import Protocol
from ._transports.base import AsyncTransport
from ._transports.grpc_aio import AsyncGrpcTransport, async_channels
from ._what_ifs import manage, project, translate


class _AsyncClient(BaseClient):
    """How every asynchronous client is made and ended. An async context manager.

    Making one needs no event loop; its first call binds it to the loop that runs then. Any number of its calls may
    be under way at a time. Cancelling a task that waits for a command ends the call, and like a lost answer leaves
    open whether the command was stored.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self.connection = connection

    @classmethod
    def _at(cls, access: Access, options: ClientOptions) -> Self:
        channels = async_channels(access.place, access.credentials, tls=access.tls, settings=access.channel)
        transport = AsyncGrpcTransport(
            channels, endpoint=access.place.text, token=access.token, second_look=access.second_look()
        )
        return cls(AsyncConnection(transport, **told(options, Protocol.AUTO)))

    @classmethod
    def from_channel(cls, channel: grpc.aio.Channel, **options: Unpack[ClientOptions]) -> Self:
        """Same as `DomainClient.from_channel`, for a channel of grpc.aio."""
        transport = AsyncGrpcTransport(lambda: channel, owns_channel=False)
        return cls(AsyncConnection(transport, **told(options, Protocol.AUTO), warn_unclosed=False))

    @classmethod
    def for_transport(cls, transport: AsyncTransport, **options: Unpack[ClientOptions]) -> Self:
        """Same as `DomainClient.for_transport`, over an asynchronous one; see `ThreadedTransport` for others."""
        return cls(AsyncConnection(transport, **told(options, Protocol.NEWEST)))

    async def wait_until_ready(self, timeout: Timeout = Default.TIMEOUT) -> None:
        """Same as `DomainClient.wait_until_ready`, awaited."""
        await self.connection.run(wait_until_ready(self.connection.budget(timeout)))

    async def close(self) -> None:
        """Same as `DomainClient.close`, awaited. Calls under way end: those of commands as an UnknownOutcome."""
        await self.connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


class AsyncAggregateClient(_AsyncClient):
    """Same as `AggregateClient`, awaited."""

    async def handle(
        self, command: CommandBook, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResponse:
        """Same as `AggregateClient.handle`, awaited."""
        return await self.handle_sync(CommandRequest(command, SyncMode.ASYNC), timeout=timeout, metadata=metadata)

    async def handle_sync(
        self, command: CommandRequest | CommandBook, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResponse:
        """Same as `AggregateClient.handle_sync`, awaited."""
        request = with_mode(command)
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(send(request, budget, self.connection.codec))

    async def handle_sync_speculative(
        self, request: SpeculateRequest, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResponse:
        """Same as `AggregateClient.handle_sync_speculative`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(speculate(request, budget, self.connection.codec))

    async def handle_event(
        self, request: EventRequest, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> FactInjectionResponse:
        """Same as `AggregateClient.handle_event`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(inject(request, budget, self.connection.codec))

    async def handle_compensation(
        self, request: CommandRequest, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> BusinessResponse:
        """Same as `AggregateClient.handle_compensation`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(notify(request, budget, self.connection.codec))


class AsyncQueryClient(_AsyncClient):
    """Same as `QueryClient`, awaited. What it streams are async generators: `aclosing` ends one early and surely."""

    def __call__(self, domain: str, root: UUID | str | None = None) -> AsyncQueryBuilder:
        """Same as calling a `QueryClient`."""
        return addressed(AsyncQueryBuilder, self.connection, domain, root)

    async def get_event_book(
        self, query: Query, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> EventBook:
        """Same as `QueryClient.get_event_book`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(read_book(query, budget, self.connection.codec))

    def get_events(
        self, query: Query, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> AsyncGenerator[EventBook, None]:
        """Same as `QueryClient.get_events`, awaited."""
        return aread_books(self.connection, query, timeout, metadata)

    def get_aggregate_roots(
        self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> AsyncGenerator[AggregateRoot, None]:
        """Same as `QueryClient.get_aggregate_roots`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return self.connection.retried(METHODS.get_aggregate_roots, None, budget)

    async def synchronize(
        self,
        queries: AsyncIterable[Query] | Iterable[Query],
        *,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> AsyncGenerator[EventBook, None]:
        """Same as `QueryClient.synchronize`, awaited; the queries may come asynchronously, too."""
        options = self.connection.budget(timeout, metadata).options()
        async with aclosing(self.connection.bidi(METHODS.synchronize, queries, options)) as books:
            async for book in books:
                yield book.remember(self.connection.codec)


class AsyncSpeculativeClient(_AsyncClient):
    """Same as `SpeculativeClient`, awaited."""

    async def command_handler(
        self, request: SpeculateRequest, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResponse:
        """Same as `SpeculativeClient.command_handler`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(speculate(request, budget, self.connection.codec))

    async def projector(
        self, events: EventBook, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> Projection:
        """Same as `SpeculativeClient.projector`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(project(events, budget, self.connection.codec))

    async def saga(
        self, request: SagaRequest | EventBook, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> SagaResponse:
        """Same as `SpeculativeClient.saga`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(translate(request, budget, self.connection.codec))

    async def process_manager(
        self,
        request: ProcessManagerRequest | EventBook,
        *,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> ProcessManagerResponse:
        """Same as `SpeculativeClient.process_manager`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(manage(request, budget, self.connection.codec))


class AsyncDomainClient(_AsyncClient):
    """Same as `DomainClient`, awaited.

    Attributes:
        aggregate: Sends commands as they stand.
        query: Reads events; callable, to start a query builder.
        speculative: Asks what would happen.

    """

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self.aggregate = AsyncAggregateClient(connection)
        self.query = AsyncQueryClient(connection)
        self.speculative = AsyncSpeculativeClient(connection)

    @overload
    def command(self, command: str, root: UUID | str | None = None) -> AsyncCommandBuilder: ...
    @overload
    def command(self, command: Message, root: UUID | str | None = None) -> AsyncReadyCommand: ...
    def command(
        self, command: str | Message, root: UUID | str | None = None
    ) -> AsyncCommandBuilder | AsyncReadyCommand:
        """Same as `DomainClient.command`."""
        if isinstance(command, str):
            return addressed(AsyncCommandBuilder, self.connection, command, root)
        domain = self.connection.known.domain_of(command)
        return addressed(AsyncCommandBuilder, self.connection, domain, root).with_command(command)
