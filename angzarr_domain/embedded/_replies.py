"""What of business logic's answer can be stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import attrs

from angzarr_domain.books import (
    BusinessResponse,
    Cover,
    EventBook,
    EventPage,
    Notification,
    RevocationResponse,
    Snapshot,
    check_correlation_id,
)
from angzarr_domain.exceptions import InvalidArgument, InvalidReply

from ._store.base import NO_FACTS, DeferredKey, Stream

#: The latest moment that 64 bits of nanoseconds hold, in the year 2262.
_LAST_NS: Final = 2**63 - 1


@attrs.frozen
class Decided:
    """What a command, notification or fact leads to, ready to be stored.

    Attributes:
        book: The new events, numbered from the head on.
        snapshot: The state after them, if business logic sent one.
        facts: The sequences of each new fact and of its flag events, by what it is recorded once by.
        earlier: What facts of the same request led to when they were recorded.
        handed_on: What business logic asks for instead of events.

    """

    book: EventBook
    snapshot: Snapshot | None = None
    facts: Mapping[DeferredKey, range] = NO_FACTS
    earlier: tuple[EventPage, ...] = ()
    handed_on: RevocationResponse | Notification | None = None

    @property
    def correlation_id(self) -> str:
        """What the events are found by."""
        return "" if self.book.cover is None else self.book.cover.correlation_id


class Asked(Protocol):
    """What business logic was asked about."""

    @property
    def cover(self) -> Cover:
        """Its address."""
        ...

    @property
    def stream(self) -> Stream:
        """Whose events its answer is to be."""
        ...


def decided(response: BusinessResponse, command: Asked, head: int, now_ns: int) -> Decided:
    """The answer, numbered and stamped where it was not yet; payloads stay as they are.

    Raises:
        InvalidReply: It belongs to another stream, or does not continue this one.

    """
    reply = response.result
    if reply is None:
        return Decided(EventBook(command.cover, next_sequence=head))
    if not isinstance(reply, EventBook):
        raise _invalid(command, f"with a {type(reply).__name__}, which only a notification can be answered with")
    cover = _cover(reply.cover or Cover(), command)
    pages = tuple(
        _page(page, sequence, command, now_ns)
        for page, sequence in zip(reply.pages, _sequences(reply, command, head), strict=True)
    )
    if not pages:
        return Decided(EventBook(cover, next_sequence=head))
    return Decided(EventBook(cover, pages), _snapshot(reply, head + len(pages) - 1, now_ns))


def _cover(reply: Cover, command: Asked) -> Cover:
    asked = command.cover
    if reply.domain not in {"", asked.domain} or reply.root not in {None, asked.root} or reply.edition is not None:
        edition = "" if reply.edition is None else f" of edition {reply.edition.name!r}"
        raise _invalid(command, f"for {reply.domain or asked.domain} {reply.root or asked.root}{edition}")
    try:
        check_correlation_id(reply.correlation_id)
    except InvalidArgument as error:
        raise _invalid(command, f"with a correlation id that nothing could be found by: {error.message}") from error
    return attrs.evolve(asked, correlation_id=reply.correlation_id or asked.correlation_id, ext=reply.ext or asked.ext)


def _sequences(reply: EventBook, command: Asked, head: int) -> range:
    expected = range(head, head + len(reply.pages))
    found = [page.sequence for page in reply.pages]
    if any(sequence is not None for sequence in found) and found != list(expected):
        wrong = next(index for index, sequence in enumerate(found) if sequence != expected[index])
        raise _invalid(
            command,
            f"with sequence {found[wrong]} where {expected[wrong]} comes next: number all new events from there on, "
            "or none",
        )
    return expected


def _page(page: EventPage, sequence: int, command: Asked, now_ns: int) -> EventPage:
    if page.deferred is not None:
        raise _invalid(command, f"with an event {sequence} that has a provenance instead of a sequence")
    if page.external is None and (page.event is None or not page.event.type_url):
        raise _invalid(command, f"with a page {sequence} that holds no event")
    created_at_ns = now_ns if page.created_at_ns is None else page.created_at_ns
    if abs(created_at_ns) > _LAST_NS:
        raise _invalid(command, f"with an event {sequence} created beyond the year 2262")
    return EventPage(page.event, sequence, created_at_ns, external=page.external)


def _snapshot(reply: EventBook, sequence: int, now_ns: int) -> Snapshot | None:
    if reply.snapshot is None or reply.snapshot.state is None:
        return None
    return attrs.evolve(reply.snapshot, sequence=sequence, created_at_ns=now_ns)


def _invalid(command: Asked, what: str) -> InvalidReply:
    stream = command.stream
    return InvalidReply(
        f"business logic of {stream.domain} answered what was asked for {stream.root} {what}; nothing was stored",
        details={"domain": stream.domain, "root": stream.root},
    )
