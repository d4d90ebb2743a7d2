from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.books import Message
from angzarr_domain.client import AsOf, Default, DomainClient, Metadata, Timeout
from angzarr_domain.exceptions import Conflict, UsageError

from ._executing import DEFAULT_ATTEMPTS, Asked, Executed, ignore
from ._history import History
from ._previewing import Preview
from ._questions import Questions
from ._verifying import SnapshotCheck, sampled

A = TypeVar("A", bound=Aggregate)


class Repository(Generic[A]):
    """The aggregates of one class, as a client sees them. As thread-safe as the client, which stays yours to close.

    Args:
        aggregate: A class decorated with `@aggregate`.

    Raises:
        UsageError: It is not decorated.

    """

    def __init__(self, aggregate: type[A], client: DomainClient) -> None:
        if not isinstance(client, DomainClient):  # pyright: ignore[reportUnnecessaryIsInstance] - users do mix them up
            raise UsageError(
                f"a Repository needs a DomainClient, not {type(client).__name__}: see AsyncRepository", field="client"
            )
        self._questions = Questions(aggregate)
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
        return self._connection.run(self._questions.load(root, as_of, budget))

    def execute(
        self,
        root: UUID | str,
        command: Message | Callable[[A], Message | None],
        *,
        attempts: int = DEFAULT_ATTEMPTS,
        correlation_id: str = "",
        on_retry: Callable[[int, Conflict], object] = ignore,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> Executed[A]:
        """Load, send at the loaded sequence, and after a conflict catch up and send again.

        Args:
            command: A command, which is always sent: the coordinator's answer counts. Or a function of the loaded
                aggregate, called again after each conflict; it may raise, or return None to send nothing.
            attempts: How often it is sent at most.
            correlation_id: The workflow it belongs to; drawn for this call unless given.
            on_retry: Told of each conflict before the command is decided again, with how often it was sent so far.
            timeout: Seconds for all of it.

        Raises:
            Rejected: The aggregate refuses.
            Conflict: Even the last attempt was in conflict; carries the events in between.
            UnknownOutcome: An answer was lost, and nothing could be proved; says what to read to find out.
            HistoryError: The history cannot be folded; nothing was sent.

        """
        budget = self._connection.budget(timeout, metadata)
        asked = Asked(correlation_id, attempts, on_retry)
        return self._connection.run(self._questions.execute(root, command, asked, budget))

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
        budget = self._connection.budget(timeout, metadata)
        return self._connection.run(self._questions.preview(root, command, as_of, remote, budget))

    def history(self, root: UUID | str, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> History[A]:
        """Every event from the first on, with the state before and after it; `blame` says which event set a field.

        Args:
            timeout: Seconds for each read of 500 events.

        """
        budget = partial(self._connection.budget, timeout, tuple(metadata))
        return History(self._questions.subject(root), self._connection, budget)

    def exists(self, root: UUID | str, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> bool:
        """Whether the aggregate has any history; reads one event at most."""
        budget = self._connection.budget(timeout, metadata)
        return self._connection.run(self._questions.exists(root, budget))

    def roots(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> Iterator[UUID]:
        """The roots of all aggregates of this domain, as they arrive."""
        for found in self._client.query.get_aggregate_roots(timeout=timeout, metadata=metadata):
            if found.root is not None and self._questions.is_one(found):
                yield found.root

    def verify_snapshots(
        self,
        roots: Iterable[UUID] | None = None,
        *,
        sample: int | None = None,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> Iterator[SnapshotCheck]:
        """Compare stored snapshots with a fold of every event before them, one aggregate after the other.

        Args:
            roots: Which aggregates; all of this domain unless given.
            sample: How many of them, drawn at random; all unless given.
            timeout: Seconds for each aggregate.

        Raises:
            HistoryError: The events of an aggregate cannot be folded.

        """
        named = self.roots(timeout=timeout, metadata=metadata) if roots is None else roots
        for root in sampled(named, sample):
            yield self._connection.run(self._questions.verify(root, self._connection.budget(timeout, metadata)))
