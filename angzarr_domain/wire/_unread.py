"""A book for a fold: its pages stay as they were parsed, since a value made of each would cost more than the fold."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from angzarr_domain.books import Cover, EventBook, Foldable, Snapshot, next_sequence

from ._books import read_cover, read_event_page, read_snapshot, write_event_book
from .pb import messages as pb


@attrs.frozen(eq=False)
class UnreadBook:
    """A received book whose pages nobody has looked at. `next_sequence` follows the pages, whatever the peer says."""

    cover: Cover | None
    snapshot: Snapshot | None
    next_sequence: int
    _message: pb.EventBook = attrs.field(alias="message", repr=False)

    @property
    def page_count(self) -> int:
        """Same as `Foldable.page_count`."""
        return len(self._message.pages)

    def sequence_at(self, index: int) -> int | None:
        """Same as `Foldable.sequence_at`."""
        header = self._message.pages[index].header
        return header.sequence if header.HasField("sequence") else None

    def payloads(self) -> Iterator[tuple[str, bytes]]:
        """Same as `Foldable.payloads`; an event that is not there reads as an empty one."""
        for page in self._message.pages:
            event = page.event
            yield event.type_url, event.value


def read_unread_book(message: pb.EventBook) -> Foldable:
    """The book around the pages."""
    snapshot = read_snapshot(message.snapshot) if message.HasField("snapshot") else None
    last = tuple(read_event_page(page) for page in message.pages[-1:])
    return UnreadBook(
        cover=read_cover(message.cover) if message.HasField("cover") else None,
        snapshot=snapshot,
        next_sequence=next_sequence(last, snapshot),
        message=message,
    )


def write_read_book(message: pb.EventBook, book: Foldable) -> None:
    """A server that streams a history has it as values."""
    if not isinstance(book, EventBook):
        raise TypeError("a book that was received for a fold is not sent on")
    write_event_book(message, book)
