"""The flows of a client: send a command, ask what if, read a range. None of them does I/O; see `_steps.py`."""

from __future__ import annotations

from typing import Final

import attrs

from angzarr_domain.books import (
    MAX_SEQUENCE,
    NOW,
    AngzarrDeferredSequence,
    BusinessResponse,
    Codec,
    CommandBook,
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventRequest,
    ExternalDeferredSequence,
    FactInjectionResponse,
    Query,
    SpeculateRequest,
    TemporalQuery,
)
from angzarr_domain.exceptions import AngzarrError, Conflict
from angzarr_domain.wire import METHODS

from ._budget import Budget
from ._delivering import deliver
from ._reading import correlation_id_of, read_range
from ._retrying import ask
from ._steps import Flow

#: How many of the events that got in between a conflict carries.
MOST_IN_BETWEEN: Final = 100


def send(request: CommandRequest, budget: Budget, codec: Codec, *, drawn: bool = False) -> Flow[CommandResponse]:
    """Send a command, see `deliver`. A conflict carries the events that got in between."""
    try:
        response = yield from deliver(request, budget, drawn=drawn)
    except Conflict as conflict:
        if request.command is not None:
            yield from explain(conflict, request.command, budget, codec)
        raise
    return _remembered(response, codec)


def explain(conflict: Conflict, command: CommandBook, budget: Budget, codec: Codec) -> Flow[None]:
    """Put the events that got in between on a conflict, or why they could not be read."""
    if conflict.events is not None:
        # The peer sent them along.
        events = tuple(page.remember(codec) for page in conflict.events[: MOST_IN_BETWEEN + 1])
        conflict.events = events[:MOST_IN_BETWEEN]
        conflict.events_until = events[-2].sequence if len(events) > MOST_IN_BETWEEN else None
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
    last = MAX_SEQUENCE if conflict.actual is None else conflict.actual - 1
    upper = min(expected + MOST_IN_BETWEEN - 1, last)
    try:
        book = yield from read_range(cover.domain, cover.root, expected, upper, budget, edition=cover.edition)
    except AngzarrError as error:
        conflict.events_error = str(error)
    else:
        conflict.events = book.remember(codec).pages
        conflict.events_until = upper if upper < last else None


def speculate(request: SpeculateRequest, budget: Budget, codec: Codec) -> Flow[CommandResponse]:
    """Ask what a command would lead to. Nothing is stored, so a lost answer is a plain failure.

    Peers differ on what no point in time means, so none is sent as "now".
    """
    if request.point_in_time is None:
        request = attrs.evolve(request, point_in_time=TemporalQuery(as_of_sequence=NOW))
    response = yield from ask(METHODS.handle_sync_speculative, request, budget, correlation_id_of(request.command))
    return _remembered(response, codec)


def inject(request: EventRequest, budget: Budget, codec: Codec) -> Flow[FactInjectionResponse]:
    """Inject facts; again after failures only where each has an external id, which it is accepted once by."""
    pages = () if request.events is None else request.events.pages
    safe = all(isinstance(page.deferred, ExternalDeferredSequence) and page.deferred.external_id for page in pages)
    allowed = budget if safe else budget.without_retries()
    response = yield from ask(METHODS.handle_event, request, allowed, correlation_id_of(request.events))
    if response.events is not None:
        response.events.remember(codec)
    return response


def notify(request: CommandRequest, budget: Budget, codec: Codec) -> Flow[BusinessResponse]:
    """Deliver a notification; again after failures only where it has a provenance, which it is delivered once by.

    Older coordinators do not look at that, see `notify_once`.
    """
    pages = () if request.command is None else request.command.pages
    safe = bool(pages) and all(isinstance(page.deferred, AngzarrDeferredSequence) for page in pages)
    allowed = budget if safe else budget.without_retries()
    response = yield from ask(METHODS.handle_compensation, request, allowed, correlation_id_of(request.command))
    if isinstance(response.result, EventBook):
        response.result.remember(codec)
    return response


def read_book(query: Query, budget: Budget, codec: Codec) -> Flow[EventBook]:
    """The one book that a query selects."""
    book = yield from ask(METHODS.get_event_book, query, budget, correlation_id_of(query))
    return book.remember(codec)


def _remembered(response: CommandResponse, codec: Codec) -> CommandResponse:
    if response.events is not None:
        response.events.remember(codec)
    return response
