"""The flows of a client: send a command, ask what if, read a range. None of them does I/O; see `_steps.py`.

Nothing here is ever sent twice: a command whose answer was lost may have been stored.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import attrs

from angzarr_domain.books import (
    MAX_SEQUENCE,
    NOW,
    Codec,
    CommandBook,
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    EventRequest,
    FactInjectionResponse,
    Query,
    SequenceRange,
    SpeculateRequest,
    TemporalQuery,
)
from angzarr_domain.exceptions import AngzarrError, Conflict, TooLarge
from angzarr_domain.wire import METHODS, Methods

from ._budget import Budget
from ._steps import Call, Flow

#: How many of the events that got in between a conflict carries.
MOST_IN_BETWEEN: Final = 100

#: How many pages one read of a range asks for.
PAGES_AT_A_TIME: Final = 500


def correlation_id_of(book: CommandBook | EventBook | Query | None) -> str:
    """The correlation id in the book's cover, or ""."""
    return "" if book is None or book.cover is None else book.cover.correlation_id


def send(request: CommandRequest, budget: Budget, codec: Codec) -> Flow[CommandResponse]:
    """Send a command once. A conflict carries the events that got in between."""
    options = budget.options(correlation_id_of(request.command))
    try:
        response = yield from Call(METHODS.handle_command, request, options)
    except Conflict as conflict:
        if request.command is not None:
            yield from explain(conflict, request.command, budget, codec)
        raise
    return _remembered(response, codec)


def explain(conflict: Conflict, command: CommandBook, budget: Budget, codec: Codec) -> Flow[None]:
    """Put the events that got in between on a conflict, or why they could not be read."""
    if conflict.events is not None:
        # The peer sent them along.
        conflict.events = tuple(page.remember(codec) for page in conflict.events[:MOST_IN_BETWEEN])
        return
    cover = command.cover or Cover()
    expected = conflict.expected
    if expected is None and command.pages:
        expected = command.pages[0].sequence
    if expected is None or cover.root is None:
        conflict.events_error = "neither the peer nor the command says from where on"
        return
    if conflict.actual is not None and conflict.actual <= expected:
        conflict.events = ()
        return
    upper = min(expected + MOST_IN_BETWEEN - 1, MAX_SEQUENCE if conflict.actual is None else conflict.actual - 1)
    try:
        book = yield from read_range(cover.domain, cover.root, expected, upper, budget)
    except AngzarrError as error:
        conflict.events_error = str(error)
    else:
        conflict.events = book.remember(codec).pages


def read_range(
    domain: str, root: UUID, lower: int, upper: int, budget: Budget, *, methods: Methods = METHODS
) -> Flow[EventBook]:
    """The pages from `lower` to `upper`, both inclusive, and no snapshot; fewer at the end of the stream.

    Up to MAX_SEQUENCE there is no upper end. Of a range that is too large for one answer, a first part that fits and
    is not empty.
    """
    # No correlation id: the released protocol would look for that instead of the root.
    cover = Cover(domain, root)
    top = upper
    while True:
        query = Query(cover, SequenceRange(lower, None if top == MAX_SEQUENCE else top))
        try:
            book = yield from Call(methods.get_event_book, query, budget.options())
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


def speculate(request: SpeculateRequest, budget: Budget, codec: Codec) -> Flow[CommandResponse]:
    """Ask what a command would lead to. Nothing is stored, so a lost answer is a plain failure.

    Peers differ on what no point in time means, so none is sent as "now".
    """
    if request.point_in_time is None:
        request = attrs.evolve(request, point_in_time=TemporalQuery(as_of_sequence=NOW))
    options = budget.options(correlation_id_of(request.command))
    response = yield from Call(METHODS.handle_sync_speculative, request, options)
    return _remembered(response, codec)


def inject(request: EventRequest, budget: Budget, codec: Codec) -> Flow[FactInjectionResponse]:
    """Inject facts."""
    options = budget.options(correlation_id_of(request.events))
    response = yield from Call(METHODS.handle_event, request, options)
    if response.events is not None:
        response.events.remember(codec)
    return response


def read_book(query: Query, budget: Budget, codec: Codec) -> Flow[EventBook]:
    """The one book that a query selects."""
    options = budget.options(correlation_id_of(query))
    book = yield from Call(METHODS.get_event_book, query, options)
    return book.remember(codec)


def _remembered(response: CommandResponse, codec: Codec) -> CommandResponse:
    if response.events is not None:
        response.events.remember(codec)
    return response
