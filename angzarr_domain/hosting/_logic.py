"""What a coordinator asks of business logic, in this process or behind a connection."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol, runtime_checkable

import attrs

from angzarr_domain.books import BusinessResponse, CommandBook, Cover, EventBook


class History(Protocol):
    """The history of the aggregate a command is for, read only when asked for."""

    def books(self, *, from_start: bool = False) -> Iterator[EventBook]:
        """The history in books that continue each other.

        Args:
            from_start: All pages from 0 and no snapshot; otherwise the newest snapshot, if any, is in the first
                book and the pages after it follow.

        Raises:
            HistoryError: The missing pages cannot be had.

        """
        ...


@attrs.frozen
class CommandCall:
    """One command for business logic.

    Attributes:
        command: Exactly one page, whose payload's type the logic looks up.
        next_sequence: The head of the stream: the sequence of the first new event.
        history: What came before, up to that head.
        timeout: Seconds the caller still waits; None if it set no bound.

    """

    command: CommandBook
    next_sequence: int
    history: History
    timeout: float | None = None

    @property
    def cover(self) -> Cover:
        """The command's address."""
        return self.command.cover or Cover()


@attrs.frozen
class FactCall:
    """Facts for business logic: events that happened outside.

    Attributes:
        facts: Their cover, and a page with an external id for each.
        next_sequence: The head of the stream: the sequence that the first of them is to get.
        history: What came before, up to that head.
        timeout: Seconds the caller still waits; None if it set no bound.

    """

    facts: EventBook
    next_sequence: int
    history: History
    timeout: float | None = None

    @property
    def cover(self) -> Cover:
        """The facts' address."""
        return self.facts.cover or Cover()


class BusinessLogic(Protocol):
    """Decides commands. Must be safe to call from several threads at once."""

    @property
    def domains(self) -> Collection[str]:
        """The domains it answers for."""
        ...

    def handle(self, call: CommandCall) -> BusinessResponse:
        """What the command leads to.

        Raises:
            Rejected: The aggregate refuses.
            AngzarrError: Anything else that kept the command from being decided; nothing is to be stored.

        """
        ...

    def close(self) -> None:
        """Release what it holds; harmless when repeated."""
        ...


@runtime_checkable
class AcceptsFacts(Protocol):
    """Business logic that takes facts, too."""

    def handle_fact(self, call: FactCall) -> EventBook:
        """What is to be recorded: each fact, its header kept, and after it the events it gave rise to, without one.

        Raises:
            InvalidArgument: It accepts no facts of one of these types (NO_FACT_HANDLER); nothing is to be stored.
            AngzarrError: Anything else that kept them from being accepted; nothing is to be stored.

        """
        ...
