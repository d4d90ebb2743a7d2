"""Commands to coordinators of an older generation, whose answers are not yet the truth.

An OK with events does not mean that they are stored; a refusal may hide a conflict; an internal error may come after
the events are stored.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import attrs

from angzarr_domain.books import (
    CommandBook,
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    MergeStrategy,
    Query,
    SequenceRange,
    SequenceSet,
)
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    NotFound,
    NotStored,
    Rejected,
    ServerError,
    Status,
    UnknownOutcome,
)
from angzarr_domain.wire import Methods

from ._budget import Budget
from ._steps import Call, Drain, Flow

#: Seconds kept of a caller's time, to look after a deadline what has become of the command.
_TO_LOOK: Final = 2.0

# The one internal error that says that nothing was stored.
_NOT_PERSISTED: Final = "Failed to persist events"
# These come from business logic alone: the coordinator has no use for them.
_REFUSALS: Final = frozenset({Status.NOT_FOUND, Status.ALREADY_EXISTS, Status.OUT_OF_RANGE})
_UNNAMED: Final = "REJECTED"
_STORING: Final = frozenset({"handle_command", "handle_event", "handle_compensation"})


@contextmanager
def meant(name: str, budget: Budget) -> Generator[None, None, None]:
    """Raise what a bare status means when an older coordinator answers with it.

    Business logic refuses by any status. What is internal may have come after the events were stored, from the bus or
    from projectors.
    """
    try:
        yield
    except ServerError as error:
        if name not in {*_STORING, "handle_sync_speculative"}:
            raise
        if isinstance(error, NotFound) or error.status in _REFUSALS:
            raise Rejected.of(error.message, _UNNAMED, error.status, {}) from error
        if name in _STORING and error.status is Status.INTERNAL and not error.message.startswith(_NOT_PERSISTED):
            raise UnknownOutcome(error.message, status=error.status, correlation_id=budget.correlation_id) from error
        raise


def send_and_check(request: CommandRequest, methods: Methods, budget: Budget) -> Flow[CommandResponse]:
    """Send a command once, and tell what has really happened.

    Raises:
        Conflict: Also where a deadline or a trailer over the limit hides it.
        NotStored: It was answered with events that are not in the stream.
        UnknownOutcome: Whether they are could not be found out.

    """
    command = request.command or CommandBook()
    expected = _expected(command)
    sending = budget if expected is None else budget.keeping(_TO_LOOK)
    try:
        with meant("handle_command", budget):
            response = yield from Call(methods.handle_command, request, sending.options())
    except UnknownOutcome as error:
        if expected is not None:
            conflict = yield from _hidden_conflict(error, command, expected, methods, budget)
            if conflict is not None:
                raise conflict from error
        raise
    return (yield from _checked(response, command, expected, methods, budget))


def _expected(command: CommandBook) -> int | None:
    """The head that the coordinator compares with before anything else; None if it does not compare."""
    page = command.pages[0] if command.pages else None
    edition = None if command.cover is None else command.cover.edition
    if page is None or page.deferred is not None or page.merge_strategy is MergeStrategy.AGGREGATE_HANDLES:
        return None
    return None if edition is not None and edition.divergences else page.sequence or 0


def _hidden_conflict(
    error: UnknownOutcome, command: CommandBook, expected: int, methods: Methods, budget: Budget
) -> Flow[Conflict | None]:
    """The conflict that the lost answer was: the stream has moved on, and nothing in it is of this command.

    They try a stale command eleven times, for about ten seconds, and then put the whole history into a trailer.
    """
    cover = command.cover or Cover()
    hidden = error.status in {Status.DEADLINE_EXCEEDED, Status.RESOURCE_EXHAUSTED}
    if not hidden or cover.root is None or not cover.correlation_id:
        return None
    since = Query(attrs.evolve(cover, correlation_id=""), SequenceRange(expected))
    ours: list[EventPage] = []

    def take(book: EventBook) -> None:
        if book.cover is not None and book.cover.root == cover.root:
            ours.extend(page for page in book.pages if (page.sequence or 0) >= expected)

    try:
        later = yield from Call(methods.get_event_book, since, budget.options())
        workflow = Query(Cover(cover.domain, correlation_id=cover.correlation_id))
        yield from Drain(methods.get_events, workflow, take, budget.options())
    except AngzarrError:
        return None  # the command's own error says more than why looking failed
    if ours or not later.pages:
        return None
    conflict = Conflict(expected, later.next_sequence)
    conflict.events = later.pages
    return conflict


def _checked(
    response: CommandResponse, command: CommandBook, expected: int | None, methods: Methods, budget: Budget
) -> Flow[CommandResponse]:
    """The response, once its events are known to be in the stream."""
    book = response.events
    if book is None or not book.pages:
        return response
    cover = command.cover or Cover()
    _check_address(book, cover)
    places = [page.sequence or 0 for page in book.pages]
    if expected is not None and min(places) >= expected:
        # The head was compared, and what continues it is stored.
        return response
    stored = yield from _stored(cover, places, methods, budget)
    lost = [place for place, page in zip(places, book.pages, strict=True) if not _is_page(page, stored.get(place))]
    if lost:
        raise _not_stored(cover, lost)
    # What was there before is only repeated by business logic that answers with the history it was given.
    new = tuple(page for place, page in zip(places, book.pages, strict=True) if place >= (expected or 0))
    return attrs.evolve(response, events=attrs.evolve(book, pages=new))


def _check_address(book: EventBook, asked: Cover) -> None:
    answered = book.cover
    if answered is None or answered.root is None:
        return
    if (answered.domain, answered.root) != (asked.domain, asked.root):
        raise NotStored(
            f"business logic answered a command for {asked.domain} {asked.root} with events of {answered.domain} "
            f"{answered.root}, and this coordinator stores them there",
            sequences=[page.sequence or 0 for page in book.pages],
            correlation_id=asked.correlation_id,
            code="STORED_ELSEWHERE",
        )


def _stored(cover: Cover, places: list[int], methods: Methods, budget: Budget) -> Flow[dict[int, EventPage]]:
    selection = None if cover.edition is not None else SequenceSet(tuple(places))
    query = Query(attrs.evolve(cover, correlation_id=""), selection)
    try:
        book = yield from Call(methods.get_event_book, query, budget.options())
    except AngzarrError as error:
        raise UnknownOutcome(
            f"it was answered, which is no proof with this coordinator, and reading back failed: {error.message}",
            status=error.status,
            correlation_id=cover.correlation_id,
        ) from error
    return {page.sequence or 0: page for page in book.pages}


def _is_page(answered: EventPage, stored: EventPage | None) -> bool:
    return stored is not None and (answered.event, answered.external, answered.created_at_ns) == (
        stored.event,
        stored.external,
        stored.created_at_ns,
    )


def _not_stored(cover: Cover, lost: list[int]) -> NotStored:
    numbers = ", ".join(map(str, lost))
    return NotStored(
        f"the coordinator answered with events for {cover.domain} {cover.root} that are not in the stream, since "
        f"sequence {numbers} was taken: mend how the business logic numbers its events",
        sequences=lost,
        correlation_id=cover.correlation_id,
    )
