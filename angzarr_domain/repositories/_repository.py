from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from angzarr_domain.aggregates import Aggregate, definition_of
from angzarr_domain.books import NOW, EventBook, Message, check_correlation_id, is_message_type, parse_root
from angzarr_domain.client import (
    PAGES_AT_A_TIME,
    AsOf,
    Default,
    DomainClient,
    Metadata,
    Timeout,
    point_of,
    read_range,
)
from angzarr_domain.exceptions import UsageError
from angzarr_domain.wire import PayloadCodec

from ._executing import DEFAULT_ATTEMPTS, Executed, execute
from ._history import History
from ._loading import Subject, load
from ._previewing import Preview, preview, preview_remotely

A = TypeVar("A", bound=Aggregate)


class Repository(Generic[A]):
    """The aggregates of one class, as a client sees them. As thread-safe as the client, which stays yours to close.

    Args:
        aggregate: A class decorated with `@aggregate`.

    Raises:
        UsageError: It is not decorated.

    """

    def __init__(self, aggregate: type[A], client: DomainClient) -> None:
        self._definition = definition_of(aggregate)
        self._codec = PayloadCodec(self._definition.message_types)
        self._client = client
        self._connection = client.connection

    def load(
        self, root: UUID | str, as_of: AsOf = None, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> A:
        """The aggregate; a fresh one, whose `exists` is False, if there is no history.

        Args:
            as_of: Its state right after this sequence, or at this moment; now unless given.
            timeout: Seconds for all of it.

        Raises:
            HistoryError: The history cannot be folded.
            InvalidArgument: The root is no UUID (PROTO_UUID_INVALID).

        """
        budget = self._connection.budget(timeout, metadata)
        return self._connection.run(load(self._subject(root), point_of(as_of), budget)).state

    def execute(
        self,
        root: UUID | str,
        command: Message | Callable[[A], Message | None],
        *,
        attempts: int = DEFAULT_ATTEMPTS,
        correlation_id: str = "",
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> Executed[A]:
        """Load, send at the loaded sequence, and after a conflict catch up and send again.

        Args:
            command: A command, which is always sent: the coordinator's answer counts. Or a function of the loaded
                aggregate, called again after each conflict; it may raise, or return None to send nothing.
            attempts: How often it is sent at most.
            correlation_id: The workflow it belongs to; drawn for this call unless given.
            timeout: Seconds for all of it.

        Raises:
            Rejected: The aggregate refuses.
            Conflict: Even the last attempt was in conflict; carries the events in between.
            UnknownOutcome: An answer was lost; says what to read to find out.
            HistoryError: The history cannot be folded; nothing was sent.

        """
        if attempts < 1:
            raise UsageError(f"attempts count from 1, not {attempts}", field="attempts")
        given = check_correlation_id(correlation_id) or str(uuid4())
        budget = self._connection.budget(timeout, metadata)
        return self._connection.run(execute(self._subject(root), _decision(command), given, attempts, budget))

    def preview(
        self,
        root: UUID | str,
        command: Message,
        as_of: AsOf = None,
        *,
        remote: bool = False,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> Preview[A]:
        """What a command would lead to; a refusal is part of the answer. Nothing is stored.

        Args:
            as_of: Decided on the state right after this sequence, or at this moment; now unless given.
            remote: Let the coordinator decide rather than the class at hand.
            timeout: Seconds for all of it.

        Raises:
            NotHandled: The aggregate has no handler for this command.

        """
        ask = preview_remotely if remote else preview
        budget = self._connection.budget(timeout, metadata)
        return self._connection.run(ask(self._subject(root), command, point_of(as_of), budget))

    def history(self, root: UUID | str, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> History[A]:
        """Every event from the first on, with the state before and after it; `blame` says which event set a field.

        Args:
            timeout: Seconds for each read of 500 events.

        """
        subject = self._subject(root)

        def read(lower: int) -> EventBook:
            budget = self._connection.budget(timeout, metadata)
            upper = min(lower + PAGES_AT_A_TIME - 1, NOW)
            return self._connection.run(read_range(subject.definition.domain, subject.root, lower, upper, budget))

        return History(subject, read)

    def exists(self, root: UUID | str, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> bool:
        """Whether the aggregate has any history; reads one event at most."""
        budget = self._connection.budget(timeout, metadata)
        domain, subject = self._definition.domain, self._subject(root)
        return bool(self._connection.run(read_range(domain, subject.root, 0, 0, budget)).pages)

    def roots(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> Iterator[UUID]:
        """The roots of all aggregates of this domain, as they arrive."""
        for found in self._client.query.get_aggregate_roots(timeout=timeout, metadata=metadata):
            if found.domain == self._definition.domain and found.root is not None:
                yield found.root

    def _subject(self, root: UUID | str) -> Subject[A]:
        return Subject(self._definition, self._codec, parse_root(root))


def _decision(command: Message | Callable[[A], Message | None]) -> Callable[[A], Message | None]:
    if is_message_type(type(command)):
        return lambda _aggregate: command  # type: ignore[return-value] # a message, as was just seen
    if callable(command):
        return command
    raise UsageError(f"neither a command nor a function: {type(command).__name__}", field="command")
