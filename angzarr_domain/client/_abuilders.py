"""The builders of asynchronous clients: the same drafts, sent and read by awaiting."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import attrs

from angzarr_domain.books import EventBook, EventPage, Query, SyncMode
from angzarr_domain.wire import METHODS

from ._aconnection import AsyncConnection
from ._budget import Default, Metadata, Timeout
from ._drafts import Addressed, Prepared
from ._flows import read_book
from ._points import AsOf
from ._query_builder import QueryDraft
from ._reading import correlation_id_of
from ._results import CommandResult


@attrs.frozen(kw_only=True)
class AsyncCommandBuilder(Addressed["AsyncReadyCommand"]):
    """Same as `CommandBuilder`, for a command that is awaited."""

    connection: AsyncConnection = attrs.field(repr=False, eq=False)

    def _ready(self) -> type[AsyncReadyCommand]:
        return AsyncReadyCommand


@attrs.frozen(kw_only=True)
class AsyncReadyCommand(Prepared):
    """Same as `ReadyCommand`, awaited. After cancelling a send nobody knows whether it was stored."""

    connection: AsyncConnection = attrs.field(repr=False, eq=False)

    async def send(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> CommandResult:
        """Same as `ReadyCommand.send`, awaited."""
        return await self.send_sync(mode=SyncMode.ASYNC, timeout=timeout, metadata=metadata)

    async def send_sync(
        self, *, mode: SyncMode = SyncMode.SIMPLE, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResult:
        """Same as `ReadyCommand.send_sync`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(self.sending(mode, budget, self.connection.codec))

    async def speculate(
        self, *, as_of: AsOf = None, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResult:
        """Same as `ReadyCommand.speculate`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(self.speculating(as_of, budget, self.connection.codec))


@attrs.frozen(kw_only=True)
class AsyncQueryBuilder(QueryDraft):
    """Same as `QueryBuilder`, awaited."""

    connection: AsyncConnection = attrs.field(repr=False, eq=False)

    async def get_event_book(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> EventBook:
        """Same as `QueryBuilder.get_event_book`, awaited."""
        budget = self.connection.budget(timeout, metadata)
        return await self.connection.run(read_book(self.build(), budget, self.connection.codec))

    def get_events(
        self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> AsyncGenerator[EventBook, None]:
        """Same as `QueryBuilder.get_events`, awaited."""
        return aread_books(self.connection, self.build(), timeout, metadata)

    async def get_pages(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> tuple[EventPage, ...]:
        """Same as `QueryBuilder.get_pages`, awaited."""
        return (await self.get_event_book(timeout=timeout, metadata=metadata)).pages


async def aread_books(
    connection: AsyncConnection, query: Query, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
) -> AsyncGenerator[EventBook, None]:
    """Same as `read_books`, awaited."""
    budget = connection.budget(timeout, metadata)
    async with aclosing(connection.retried(METHODS.get_events, query, budget, correlation_id_of(query))) as books:
        async for book in books:
            yield book.remember(connection.codec)
