"""What of business logic's answer can be stored."""

from __future__ import annotations

from typing import Final

import attrs

from angzarr_domain.books import BusinessResponse, Cover, EventBook, EventPage, Snapshot
from angzarr_domain.exceptions import InvalidReply

from ._acceptance import Accepted

#: The latest moment that 64 bits of nanoseconds hold, in the year 2262.
_LAST_NS: Final = 2**63 - 1


@attrs.frozen
class Decided:
    """What a command leads to, ready to be stored.

    Attributes:
        book: The new events, numbered from the head on.
        snapshot: The state after them, if business logic sent one.

    """

    book: EventBook
    snapshot: Snapshot | None = None

    @property
    def correlation_id(self) -> str:
        """What the events are found by."""
        return "" if self.book.cover is None else self.book.cover.correlation_id


def decided(response: BusinessResponse, command: Accepted, head: int, now_ns: int) -> Decided:
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


def _cover(reply: Cover, command: Accepted) -> Cover:
    asked = command.cover
    if reply.domain not in {"", asked.domain} or reply.root not in {None, asked.root} or reply.edition is not None:
        edition = "" if reply.edition is None else f" of edition {reply.edition.name!r}"
        raise _invalid(command, f"for {reply.domain or asked.domain} {reply.root or asked.root}{edition}")
    return attrs.evolve(asked, correlation_id=reply.correlation_id or asked.correlation_id, ext=reply.ext or asked.ext)


def _sequences(reply: EventBook, command: Accepted, head: int) -> range:
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


def _page(page: EventPage, sequence: int, command: Accepted, now_ns: int) -> EventPage:
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


def _invalid(command: Accepted, what: str) -> InvalidReply:
    stream = command.stream
    return InvalidReply(
        f"business logic of {stream.domain} answered a command for {stream.root} {what}; nothing was stored",
        details={"domain": stream.domain, "root": stream.root},
    )
