from __future__ import annotations

import attrs

from ._calls import CascadeErrorMode, CommandBook, Notification, SyncMode
from ._pages import EventBook


@attrs.frozen
class SagaRequest:
    """Events for a saga to translate."""

    source: EventBook | None = None
    sync_mode: SyncMode = SyncMode.UNSPECIFIED
    cascade_error_mode: CascadeErrorMode = CascadeErrorMode.UNSPECIFIED


@attrs.frozen
class SagaResponse:
    """What a saga makes of events: commands for other aggregates, and facts to inject."""

    commands: tuple[CommandBook, ...] = ()
    events: tuple[EventBook, ...] = ()


@attrs.frozen
class ProcessManagerRequest:
    """Events for a process manager.

    Attributes:
        trigger: The whole history of the aggregate that triggers it. Its correlation id says which process.
        process_state: The process's own history so far.

    """

    trigger: EventBook | None = None
    process_state: EventBook | None = None


@attrs.frozen
class ProcessManagerResponse:
    """What a process manager answers: events of its own, then commands, then facts, or an escalation."""

    process_events: tuple[EventBook, ...] = ()
    commands: tuple[CommandBook, ...] = ()
    facts: tuple[EventBook, ...] = ()
    notification: Notification | None = None
