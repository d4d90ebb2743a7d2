"""Reading the pages of one stream, as a flow."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from angzarr_domain.books import (
    MAX_SEQUENCE,
    CommandBook,
    Cover,
    Edition,
    EventBook,
    EventPage,
    Query,
    SequenceRange,
)
from angzarr_domain.exceptions import TooLarge
from angzarr_domain.wire import METHODS, Methods

from ._budget import Budget
from ._retrying import ask
from ._steps import Flow

#: How many pages one read of a range asks for.
PAGES_AT_A_TIME: Final = 500


def correlation_id_of(book: CommandBook | EventBook | Query | None) -> str:
    """The correlation id in the book's cover, or ""."""
    return "" if book is None or book.cover is None else book.cover.correlation_id


def read_range(
    domain: str,
    root: UUID,
    lower: int,
    upper: int,
    budget: Budget,
    *,
    methods: Methods = METHODS,
    edition: Edition | None = None,
    for_fold: bool = False,
) -> Flow[EventBook]:
    """The pages from `lower` to `upper`, both inclusive, and no snapshot; fewer at the end of the stream.

    Up to MAX_SEQUENCE there is no upper end. Of a range that is too large for one answer, a first part that fits and
    is not empty. For a fold, pages that never happened keep their places, as pages without an event.
    """
    # No correlation id: the released protocol would look for that instead of the root.
    cover = Cover(domain, root, edition=edition)
    method = methods.read_pages if for_fold else methods.get_event_book
    top = upper
    while True:
        query = Query(cover, SequenceRange(lower, None if top == MAX_SEQUENCE else top))
        try:
            book = yield from ask(method, query, budget)
        except TooLarge:
            if lower == top:
                raise
            top = lower + (top - lower) // 2
            continue
        pages = tuple(page for page in book.pages if _within(page, lower, top))
        if pages or top == upper:
            return EventBook(book.cover, pages)
        lower, top = top + 1, upper


def _within(page: EventPage, lower: int, upper: int) -> bool:
    return page.sequence is not None and lower <= page.sequence <= upper
