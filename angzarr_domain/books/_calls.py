from __future__ import annotations

from enum import IntEnum
from typing import Self
from uuid import UUID

import attrs

from ._covers import Cover
from ._pages import (
    AngzarrDeferredSequence,
    EventBook,
    EventPage,
    ExternalDeferredSequence,
    FromClient,
    PayloadReference,
    Snapshot,
)
from ._payloads import Codec, Payload


class SyncMode(IntEnum):
    """What has happened when a command's answer returns. Every mode stores the events first."""

    UNSPECIFIED = 0  # read as ASYNC
    ASYNC = 1  # everything downstream later
    SIMPLE = 2  # projectors are done
    CASCADE = 3  # projectors, sagas and process managers are done, recursively
    DECISION = 4  # accepted or refused, no more
    ISOLATED = 5  # no downstream reaction of any kind


class CascadeErrorMode(IntEnum):
    """What a failing reaction does to a CASCADE command."""

    UNSPECIFIED = 0  # read as FAIL_FAST
    FAIL_FAST = 1
    CONTINUE = 2
    COMPENSATE = 3
    DEAD_LETTER = 4


class MergeStrategy(IntEnum):
    """What happens to a command whose expected sequence is not the stream's."""

    UNSPECIFIED = 0  # read as COMMUTATIVE
    COMMUTATIVE = 1  # accepted where the fields it changes were not changed in between
    STRICT = 2  # refused
    AGGREGATE_HANDLES = 3  # no check: the aggregate decides on current state
    MANUAL = 4  # refused and set aside for a person


@attrs.frozen
class CommandPage(FromClient):
    """One command.

    Attributes:
        sequence: The stream's next sequence as the caller knows it; None asks for no check.
        deferred: What a reaction's command has instead of a sequence.

    """

    command: Payload | None = None
    sequence: int | None = None
    merge_strategy: MergeStrategy = MergeStrategy.UNSPECIFIED
    deferred: ExternalDeferredSequence | AngzarrDeferredSequence | None = None
    sync_mode: SyncMode | None = None
    external: PayloadReference | None = None

    def _held(self) -> tuple[str, str, Payload | None]:
        return "a command's page", "command", self.command


@attrs.frozen
class CommandBook:
    """A command for one aggregate. Exactly one page."""

    cover: Cover | None = None
    pages: tuple[CommandPage, ...] = ()

    def remember(self, codec: Codec) -> Self:
        """This book, whose pages from now on decode by the codec."""
        for page in self.pages:
            page.remember(codec)
        return self


@attrs.frozen
class CommandRequest:
    """A command and how to carry it out."""

    command: CommandBook | None = None
    sync_mode: SyncMode = SyncMode.UNSPECIFIED
    cascade_error_mode: CascadeErrorMode = CascadeErrorMode.UNSPECIFIED


@attrs.frozen
class Projection(FromClient):
    """What a projector made of the events."""

    cover: Cover | None = None
    projector: str = ""
    sequence: int = 0
    projection: Payload | None = None

    def _held(self) -> tuple[str, str, Payload | None]:
        return f"the answer of projector {self.projector!r}", "projection", self.projection


@attrs.frozen
class CascadeReactionError:
    """One reaction that failed while the others went on."""

    component: str = ""
    target: Cover | None = None
    command_type: str = ""
    code: int = 0
    message: str = ""


@attrs.frozen
class CommandResponse:
    """The answer to a command: the events it led to, stored unless the call was speculative."""

    events: EventBook | None = None
    projections: tuple[Projection, ...] = ()
    reaction_errors: tuple[CascadeReactionError, ...] = ()


@attrs.frozen
class SequenceRange:
    """Sequences from `lower` to `upper`, both inclusive; without `upper`, to the latest."""

    lower: int = 0
    upper: int | None = None


@attrs.frozen
class SequenceSet:
    """Single sequences."""

    values: tuple[int, ...] = ()


@attrs.frozen
class TemporalQuery:
    """A point in history, inclusive: a sequence (`NOW` is the latest) or nanoseconds since 1970 UTC."""

    as_of_sequence: int | None = None
    as_of_time_ns: int | None = None


@attrs.frozen
class Query:
    """Which events to read: of one root, or of one correlation id; all of them unless selected."""

    cover: Cover | None = None
    selection: SequenceRange | SequenceSet | TemporalQuery | None = None


@attrs.frozen
class AggregateRoot:
    """One aggregate that has history."""

    domain: str = ""
    root: UUID | None = None


@attrs.frozen
class SpeculateRequest:
    """A what-if command: decided at a point in history, never stored."""

    command: CommandBook | None = None
    point_in_time: TemporalQuery | None = None


@attrs.frozen
class EventRequest:
    """Facts to inject."""

    events: EventBook | None = None
    sync_mode: SyncMode = SyncMode.UNSPECIFIED
    skip_handler: bool = False


@attrs.frozen
class FactInjectionResponse:
    """The facts as stored."""

    events: EventBook | None = None
    already_processed: bool = False
    projections: tuple[Projection, ...] = ()


@attrs.frozen
class ContextualCommand:
    """What a coordinator hands to business logic: the command, and the history before it."""

    events: EventBook | None = None
    command: CommandBook | None = None


@attrs.frozen
class FactRequest:
    """Facts for business logic, and the history before them."""

    facts: EventBook | None = None
    prior_events: EventBook | None = None


@attrs.frozen
class ReplayRequest:
    """Events to fold, onto a snapshot if there is one."""

    base_snapshot: Snapshot | None = None
    events: tuple[EventPage, ...] = ()


@attrs.frozen
class ReplayResponse:
    """The folded state."""

    state: Payload | None = None


@attrs.frozen
class UpcastRequest:
    """Stored events of a domain, to be brought up to today's types."""

    domain: str = ""
    events: tuple[EventPage, ...] = ()


@attrs.frozen
class UpcastResponse:
    """The same pages, in the same order, with today's events in them."""

    events: tuple[EventPage, ...] = ()


@attrs.frozen
class Notification:
    """A signal that something this aggregate caused was refused or must be undone."""

    cover: Cover | None = None
    payload: Payload | None = None
    sent_at_ns: int | None = None


@attrs.frozen
class RejectionNotification:
    """A command this aggregate caused was refused."""

    rejected_command: CommandBook | None = None
    rejection_reason: str = ""
    code: str = ""


@attrs.frozen
class Compensate:
    """A command this aggregate executed must be undone."""

    sequences: tuple[int, ...] = ()
    reason: str = ""
    command_type: str = ""


@attrs.frozen
class RevocationResponse:
    """Business logic asks the framework to act on a failed reaction."""

    emit_system_revocation: bool = False
    send_to_dead_letter_queue: bool = False
    escalate: bool = False
    abort: bool = False
    reason: str = ""


@attrs.frozen
class BusinessResponse:
    """The answer of business logic: events, a request to the framework, or a notification to pass on."""

    result: EventBook | RevocationResponse | Notification | None = None
