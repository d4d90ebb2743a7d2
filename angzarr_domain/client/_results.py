"""What comes back from a command."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.books import (
    CascadeReactionError,
    CommandResponse,
    EventBook,
    EventPage,
    Message,
    Projection,
    next_sequence,
)
from angzarr_domain.wire import PayloadCodec

M = TypeVar("M", bound=Message)


@attrs.frozen
class CommandResult:
    """What a command led to: stored events, or, of a what-if, those that would be.

    Attributes:
        domain: Where the command went.
        root: The aggregate, also if it was drawn for this command.
        correlation_id: What the events carry; also if it was drawn for this send.
        pages: The events with their sequences; empty if the aggregate had nothing to say.
        next_sequence: The sequence after `pages`. Without pages it is what the peer said, which may be 0 for "no word".
        projections: What projectors made of the events, in the modes that wait for them.
        reaction_errors: Reactions that failed while the others went on.

    """

    domain: str
    root: UUID
    correlation_id: str
    pages: tuple[EventPage, ...] = ()
    next_sequence: int = 0
    projections: tuple[Projection, ...] = ()
    reaction_errors: tuple[CascadeReactionError, ...] = ()

    @property
    def events(self) -> tuple[Message, ...]:
        """The events as messages of the types that the client knows.

        Raises:
            DecodeFailed: It was not told of one of the types; lists those it knows.

        """
        return tuple(page.decode() for page in self.pages if page.event is not None)

    def decode(self, *types: type[M]) -> tuple[M, ...]:
        """The events as messages of these types.

        Raises:
            DecodeFailed: An event is of another type.

        """
        codec = PayloadCodec(types)
        decoded: Any = tuple(codec.decode_known(page.event) for page in self.pages if page.event is not None)
        found: tuple[M, ...] = decoded
        return found


def result_of(domain: str, root: UUID, correlation_id: str, response: CommandResponse) -> CommandResult:
    """The result that a response means for a command to this address."""
    book = response.events or EventBook()
    return CommandResult(
        domain=domain,
        root=root,
        correlation_id=correlation_id,
        pages=book.pages,
        next_sequence=next_sequence(book.pages) or book.next_sequence,
        projections=response.projections,
        reaction_errors=response.reaction_errors,
    )
