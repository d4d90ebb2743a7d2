"""The streams of a coordinator, as an export reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from angzarr_domain.books import MAX_SEQUENCE, NOW, Cover, EventPage, Query, Snapshot, TemporalQuery
from angzarr_domain.exceptions import DecodeFailed, NotSupported, TooLarge
from angzarr_domain.wire import Masking

if TYPE_CHECKING:
    from angzarr_domain.client import DomainClient  # loads grpc, which a check of recordings does not need


@attrs.frozen
class Source:
    """Reads streams, and masks what is to be masked before anybody else sees it."""

    client: DomainClient
    masking: Masking | None
    snapshots: bool

    def snapshot(self, cover: Cover) -> Snapshot | None:
        """The newest one."""
        if not self.snapshots:
            return None
        try:
            books = self.client.query.get_events(Query(cover, TemporalQuery(as_of_sequence=NOW)))
            return next((book.snapshot for book in books), None)
        except (TooLarge, NotSupported):
            return None  # an older coordinator, which sends none anyway

    def pages(self, cover: Cover) -> Iterator[EventPage]:
        """Every page there is, from the first on."""
        lower = 0
        while pages := self._read_on(cover, lower):
            for page in pages:
                yield self._masked(page)
            lower = pages[-1].sequence + 1 if pages[-1].sequence is not None else MAX_SEQUENCE

    def _read_on(self, cover: Cover, lower: int) -> tuple[EventPage, ...]:
        from angzarr_domain.client import PAGES_AT_A_TIME, read_range  # loads grpc, as above

        connection, root = self.client.connection, cover.root
        if root is None or lower > MAX_SEQUENCE:
            return ()
        upper = min(lower + PAGES_AT_A_TIME - 1, MAX_SEQUENCE)
        book = connection.run(read_range(cover.domain, root, lower, upper, connection.budget()))
        if not book.pages and upper < MAX_SEQUENCE:
            # Engines accept gaps, and one may be wider than what is asked for at a time.
            book = connection.run(read_range(cover.domain, root, upper + 1, MAX_SEQUENCE, connection.budget()))
        return book.pages

    def _masked(self, page: EventPage) -> EventPage:
        if self.masking is None:
            return page
        if page.external is not None:
            raise DecodeFailed(
                "",
                f"page {page.sequence} only says where its event is, and nobody can mask it there; leave its root out",
            )
        # Nothing but what is known goes along.
        event = None if page.event is None else self.masking.payload(page.event)
        return EventPage(event, page.sequence, page.created_at_ns)
