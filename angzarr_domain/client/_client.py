"""The clients. `DomainClient` has everything; the others are its parts, or stand alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, Unpack, overload
from uuid import UUID

import grpc

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

from ._budget import Default, Metadata, Timeout
from ._builders import CommandBuilder, ReadyCommand
from ._connection import Connection
from ._drafts import addressed
from ._flows import inject, notify, read_book, send, speculate
from ._making import Access, BaseClient, ClientOptions, told
from ._query_builder import QueryBuilder, read_books
from ._readiness import wait_until_ready
from ._speaking import Protocol
from ._transports.base import Transport
from ._transports.grpc import GrpcTransport, open_channel
from ._what_ifs import manage, project, translate


class _Client(BaseClient):
    """How every client is made and ended. A context manager; safe to use from several threads."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.connection = connection

    @classmethod
    def _at(cls, access: Access, options: ClientOptions) -> Self:
        channel = open_channel(access.place, access.credentials, tls=access.tls, settings=access.channel)
        transport = GrpcTransport(
            channel, endpoint=access.place.text, token=access.token, second_look=access.second_look()
        )
        return cls(Connection(transport, **told(options, Protocol.AUTO)))

    @classmethod
    def from_channel(cls, channel: grpc.Channel, **options: Unpack[ClientOptions]) -> Self:
        """A client over a channel that stays yours: several may share it, and closing one leaves it open (C-0331).

        The channel's options count: large histories need grpc.max_receive_message_length above its 4 MiB.
        """
        transport = GrpcTransport(channel, owns_channel=False)
        return cls(Connection(transport, **told(options, Protocol.AUTO), warn_unclosed=False))

    @classmethod
    def for_transport(cls, transport: Transport, **options: Unpack[ClientOptions]) -> Self:
        """A client over any transport, which it closes when it is closed itself."""
        return cls(Connection(transport, **told(options, Protocol.NEWEST)))

    def wait_until_ready(self, timeout: Timeout = Default.TIMEOUT) -> None:
        """Return once the server answers and serves: for programs that start beside theirs. Nothing needs it.

        Raises:
            ConnectionFailed: It did not within `timeout` seconds; the last reason why.
            TlsFailed: It is there, but TLS with it cannot be agreed, which waiting does not mend.

        """
        self.connection.run(wait_until_ready(self.connection.budget(timeout)))

    def close(self) -> None:
        """End the connection; harmless when repeated. Every later call is a UsageError (CLIENT_CLOSED)."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AggregateClient(_Client):
    """Sends commands as they stand; see `DomainClient.command` for building them."""

    def handle(
        self, command: CommandBook, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResponse:
        """Send a command; events are stored when this returns, and what follows from them happens later (ASYNC).

        Raises:
            Rejected: The aggregate refuses.
            Conflict: The stream is not at the expected sequence; carries the events in between.
            ConnectionFailed: Nothing was sent.
            UnknownOutcome: The answer was lost; says what to read to find out.
            AngzarrError: Whatever else the coordinator answers.

        """
        return self.handle_sync(CommandRequest(command, SyncMode.ASYNC), timeout=timeout, metadata=metadata)

    def handle_sync(
        self, command: CommandRequest | CommandBook, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResponse:
        """Send a command in the request's mode; an unset one, and a bare book's, is SIMPLE. Raises as `handle`."""
        request = with_mode(command)
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(send(request, budget, self.connection.codec))

    def handle_sync_speculative(
        self, request: SpeculateRequest, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResponse:
        """What would a command lead to, at a point in history, or now if none is given? Nothing is stored.

        Raises:
            Rejected: The aggregate would refuse.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(speculate(request, budget, self.connection.codec))

    def handle_event(
        self, request: EventRequest, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> FactInjectionResponse:
        """Inject facts; each is accepted once by its external id.

        Raises:
            UnknownOutcome: The answer was lost; sending the same facts again is safe.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(inject(request, budget, self.connection.codec))

    def handle_compensation(
        self, request: CommandRequest, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> BusinessResponse:
        """Deliver a notification to the aggregate that it is for: of a refused command, or of one to undo.

        Returns the events it led to, what the aggregate asks the framework for, or what it passes on. Coordinators of
        the newest protocol deliver it once, by the provenance on its page; older ones as often as it comes.

        Raises:
            Rejected: The aggregate refuses.
            NotHandled: NO_UNDO_HANDLER: it does not undo commands of this type.
            UnknownOutcome: The answer was lost. Delivering the same again is safe with a provenance, and by the newest
                protocol alone: `retry_after` is infinite where it is not.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(notify(request, budget, self.connection.codec))


def with_mode(command: CommandRequest | CommandBook) -> CommandRequest:
    """The request in its mode; an unset one, and a bare book's, is SIMPLE."""
    if isinstance(command, CommandBook):
        return CommandRequest(command, SyncMode.SIMPLE)
    if command.sync_mode is SyncMode.UNSPECIFIED:
        return CommandRequest(command.command, SyncMode.SIMPLE, command.cascade_error_mode)
    return command


class QueryClient(_Client):
    """Reads events: `client.query(domain, root)` starts a builder, the methods take queries as they stand."""

    def __call__(self, domain: str, root: UUID | str | None = None) -> QueryBuilder:
        """Start a query; without a root, it has to be by correlation id.

        Raises:
            InvalidArgument: MISSING_DOMAIN, LIMIT_EXCEEDED or PROTO_UUID_INVALID.

        """
        return addressed(QueryBuilder, self.connection, domain, root)

    def get_event_book(self, query: Query, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> EventBook:
        """The events of a query in one book; of an unknown aggregate an empty one (C-0231).

        Raises:
            TooLarge: They do not fit one answer: use `get_events`, or ranges.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(read_book(query, budget, self.connection.codec))

    def get_events(
        self, query: Query, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> Iterator[EventBook]:
        """The events of a query in books, as they arrive."""
        return read_books(self.connection, query, timeout, metadata)

    def get_aggregate_roots(
        self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> Iterator[AggregateRoot]:
        """Every aggregate that has history, of all domains, as they arrive."""
        budget = self.connection.budget(timeout, metadata)
        return self.connection.retried(METHODS.get_aggregate_roots, None, budget)

    def synchronize(
        self, queries: Iterable[Query], *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> Iterator[EventBook]:
        """Ask many queries over one call, and get a book for each as it arrives. The first that fails ends it."""
        options = self.connection.budget(timeout, metadata).options()
        for book in self.connection.bidi(METHODS.synchronize, queries, options):
            yield book.remember(self.connection.codec)


class SpeculativeClient(_Client):
    """Asks what commands and events would lead to. Nothing is stored, sent or projected.

    A coordinator answers for what it runs: one of aggregates knows nothing of sagas (NotSupported, MethodNotServed).
    """

    def command_handler(
        self, request: SpeculateRequest, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResponse:
        """Same as `AggregateClient.handle_sync_speculative`."""
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(speculate(request, budget, self.connection.codec))

    def projector(
        self, events: EventBook, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> Projection:
        """What the projector would make of these events, all of them, in order (C-0271, C-0272).

        Raises:
            InvalidArgument: MISSING_EVENT_BOOK_COVER.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(project(events, budget, self.connection.codec))

    def saga(
        self, request: SagaRequest | EventBook, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> SagaResponse:
        """Which commands and facts the saga would make of these events (C-0273).

        Raises:
            InvalidArgument: MISSING_SAGA_SOURCE, EMPTY_SAGA_SOURCE or MISSING_EVENT_BOOK_COVER.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(translate(request, budget, self.connection.codec))

    def process_manager(
        self,
        request: ProcessManagerRequest | EventBook,
        *,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> ProcessManagerResponse:
        """What the process manager would do about these events, in the state it is in (C-0275).

        Raises:
            InvalidArgument: MISSING_CORRELATION_ID, since that names the process (C-0276); MISSING_PM_TRIGGER,
                EMPTY_PM_TRIGGER or MISSING_EVENT_BOOK_COVER.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(manage(request, budget, self.connection.codec))


class DomainClient(_Client):
    """Commands, queries and what-ifs over one connection.

    Safe to use from several threads, but not on both sides of a fork: connect after it, or have child processes
    spawned.

    Attributes:
        aggregate: Sends commands as they stand.
        query: Reads events; callable, to start a query builder.
        speculative: Asks what would happen.

    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.aggregate = AggregateClient(connection)
        self.query = QueryClient(connection)
        self.speculative = SpeculativeClient(connection)

    @overload
    def command(self, command: str, root: UUID | str | None = None) -> CommandBuilder: ...
    @overload
    def command(self, command: Message, root: UUID | str | None = None) -> ReadyCommand: ...
    def command(self, command: str | Message, root: UUID | str | None = None) -> CommandBuilder | ReadyCommand:
        """Start a command: by its domain, or with the message itself.

        A message's domain comes from its own .proto, or from the aggregates that the client was told of.

        Args:
            root: The aggregate; a new one is drawn unless given, and the result names it.

        Raises:
            InvalidArgument: MISSING_DOMAIN, LIMIT_EXCEEDED or PROTO_UUID_INVALID.

        """
        if isinstance(command, str):
            return addressed(CommandBuilder, self.connection, command, root)
        domain = self.connection.known.domain_of(command)
        return addressed(CommandBuilder, self.connection, domain, root).with_command(command)
