"""What repositories ask, whether they block or are awaited: one flow for each question, and the checks before it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

from angzarr_domain.aggregates import Aggregate, definition_of
from angzarr_domain.books import AggregateRoot, Message, check_correlation_id, is_message_type, parse_root
from angzarr_domain.client import AsOf, Budget, Flow, point_of, read_range
from angzarr_domain.exceptions import UsageError
from angzarr_domain.wire import PayloadCodec

from ._executing import Asked, Executed, execute
from ._loading import Subject, load
from ._previewing import Preview, preview, preview_remotely
from ._verifying import SnapshotCheck, verify

A = TypeVar("A", bound=Aggregate)


class Questions(Generic[A]):
    """The questions about the aggregates of one class.

    Raises:
        UsageError: The class is not decorated.

    """

    def __init__(self, aggregate: type[A]) -> None:
        self._definition = definition_of(aggregate)
        self._codec = PayloadCodec(self._definition.message_types)

    def load(self, root: UUID | str, as_of: AsOf, budget: Budget) -> Flow[A]:
        """The aggregate as of a point."""
        subject, point = self.subject(root), point_of(as_of)

        def flow() -> Flow[A]:
            replayed = yield from load(subject, point, budget)
            return replayed.state

        return flow()

    def execute(
        self,
        root: UUID | str,
        command: Message | Callable[[A], Message | None],
        asked: Asked,
        budget: Budget,
    ) -> Flow[Executed[A]]:
        """Load, send, and after a conflict again."""
        if asked.attempts < 1:
            raise UsageError(f"attempts count from 1, not {asked.attempts}", field="attempts")
        check_correlation_id(asked.correlation_id)
        return execute(self.subject(root), _decision(command), asked, budget)

    def preview(
        self, root: UUID | str, command: Message, as_of: AsOf, remote: bool, budget: Budget
    ) -> Flow[Preview[A]]:
        """What a command would lead to."""
        ask = preview_remotely if remote else preview
        return ask(self.subject(root), command, point_of(as_of), budget)

    def exists(self, root: UUID | str, budget: Budget) -> Flow[bool]:
        """Whether there is a first event."""
        subject = self.subject(root)

        def flow() -> Flow[bool]:
            book = yield from read_range(self._definition.domain, subject.root, 0, 0, budget)
            return bool(book.pages)

        return flow()

    def verify(self, root: UUID | str, budget: Budget) -> Flow[SnapshotCheck]:
        """Whether the newest snapshot holds what its events lead to."""
        return verify(self.subject(root), budget)

    def is_one(self, found: AggregateRoot) -> bool:
        """Whether this is an aggregate of the class."""
        return found.domain == self._definition.domain

    def subject(self, root: UUID | str) -> Subject[A]:
        """The aggregate of this root."""
        return Subject(self._definition, self._codec, parse_root(root))


def _decision(command: Message | Callable[[A], Message | None]) -> Callable[[A], Message | None]:
    if is_message_type(type(command)):
        return lambda _aggregate: command  # type: ignore[return-value] # a message, as was just seen
    if not callable(command):
        raise UsageError(f"neither a command nor a function: {type(command).__name__}", field="command")

    def decide(aggregate: A) -> Message | None:
        decided: Any = command(aggregate)
        if inspect.isawaitable(decided):
            if inspect.iscoroutine(decided):
                decided.close()
            raise UsageError(
                "the function has to decide at once, it cannot be awaited: await what it needs before", field="command"
            )
        found: Message | None = decided
        return found

    return decide
