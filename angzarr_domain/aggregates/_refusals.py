"""What comes back to an aggregate of commands that it caused or executed, and how it may ask for help."""

from __future__ import annotations

from typing import Generic, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.books import Cover, EventPage, Message, Notification, RejectionNotification, RevocationResponse

M_co = TypeVar("M_co", bound=Message, covariant=True)


@attrs.frozen
class Refused(Generic[M_co]):
    """A command that this aggregate caused, and that another one refused: what a compensator is given.

    Attributes:
        command: The command as it was sent.
        code: Why, as a name to decide on; "" if whoever refused it gave none.
        reason: Why, for people.
        cover: Whom the command was for, with its correlation id.
        rejection: The news as it came, with the whole refused command and its provenance.
        notification: The envelope around it, which `Escalation(forward=...)` can pass on.

    """

    command: M_co
    code: str = ""
    reason: str = ""
    cover: Cover = attrs.field(factory=Cover)
    rejection: RejectionNotification | None = attrs.field(default=None, repr=False)
    notification: Notification | None = attrs.field(default=None, repr=False)

    @property
    def domain(self) -> str:
        """The domain that refused it."""
        return self.cover.domain

    @property
    def root(self) -> UUID | None:
        """Which aggregate of that domain refused it."""
        return self.cover.root


@attrs.frozen
class Undo(Generic[M_co]):
    """A command that this aggregate executed and that is to be undone: what an undoer is given.

    Attributes:
        command: The type of the command. The command itself does not travel.
        sequences: Of the events it led to; none if it led to none.
        reason: Why it is undone, for people.
        pages: Those events as they are stored; `page.decode(Withdrawn)` reads one.
        notification: The envelope around the request.

    """

    command: type[M_co]
    sequences: tuple[int, ...] = ()
    reason: str = ""
    pages: tuple[EventPage, ...] = attrs.field(default=(), repr=False)
    notification: Notification | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Escalation:
    """What a compensator answers when it cannot make up for a refusal itself. Nothing is recorded then.

    Args:
        reason: What went wrong, for people.
        escalate: Whether those who watch the system are told.
        dead_letter: Whether the refused command is set aside for a person.
        abort: Whether the whole workflow is to stop.
        record: Whether a SagaCompensationFailed event is to be recorded by the framework.
        forward: A notification to pass on to whoever caused this aggregate's command, instead of all that.

    """

    reason: str = ""
    escalate: bool = attrs.field(default=True, kw_only=True)
    dead_letter: bool = attrs.field(default=False, kw_only=True)
    abort: bool = attrs.field(default=False, kw_only=True)
    record: bool = attrs.field(default=False, kw_only=True)
    forward: Notification | None = attrs.field(default=None, kw_only=True)

    @property
    def answer(self) -> RevocationResponse | Notification:
        """What travels."""
        if self.forward is not None:
            return self.forward
        return RevocationResponse(self.record, self.dead_letter, self.escalate, self.abort, self.reason)
