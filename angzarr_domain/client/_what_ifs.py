"""The flows of what-ifs. Nothing is stored, sent or projected, so a lost answer is a plain failure."""

from __future__ import annotations

from collections.abc import Iterable

from angzarr_domain.books import (
    Codec,
    CommandBook,
    EventBook,
    ProcessManagerRequest,
    ProcessManagerResponse,
    Projection,
    SagaRequest,
    SagaResponse,
)
from angzarr_domain.exceptions import InvalidArgument
from angzarr_domain.wire import METHODS

from ._budget import Budget
from ._reading import correlation_id_of
from ._retrying import ask
from ._steps import Flow


def project(events: EventBook, budget: Budget, codec: Codec) -> Flow[Projection]:
    """Ask what a projector would make of events."""
    _check_cover(events, "events")
    projection = yield from ask(METHODS.speculate_projector, events, budget, correlation_id_of(events))
    return projection.remember(codec)


def translate(request: SagaRequest | EventBook, budget: Budget, codec: Codec) -> Flow[SagaResponse]:
    """Ask what a saga would make of events."""
    asked = SagaRequest(request) if isinstance(request, EventBook) else request
    source = asked.source
    if source is None:
        raise InvalidArgument(
            "there are no events for the saga: give it a book", field="request.source", code="MISSING_SAGA_SOURCE"
        )
    _check_cover(source, "request.source")
    if not source.pages:
        raise InvalidArgument(
            "the saga's book is empty: give it one event at least",
            field="request.source.pages",
            code="EMPTY_SAGA_SOURCE",
        )
    response = yield from ask(METHODS.speculate_saga, asked, budget, correlation_id_of(source))
    _remember((*response.commands, *response.events), codec)
    return response


def manage(request: ProcessManagerRequest | EventBook, budget: Budget, codec: Codec) -> Flow[ProcessManagerResponse]:
    """Ask what a process manager would do about events."""
    asked = ProcessManagerRequest(request) if isinstance(request, EventBook) else request
    trigger = asked.trigger
    if trigger is None:
        raise InvalidArgument(
            "there are no events for the process manager: give it a book",
            field="request.trigger",
            code="MISSING_PM_TRIGGER",
        )
    _check_cover(trigger, "request.trigger")
    if not trigger.pages:
        raise InvalidArgument(
            "the process manager's book is empty: give it one event at least",
            field="request.trigger.pages",
            code="EMPTY_PM_TRIGGER",
        )
    correlation_id = correlation_id_of(trigger)
    if not correlation_id:
        raise InvalidArgument(
            "the events have no correlation id, which says which process they belong to: put it on their cover",
            field="request.trigger.cover.correlation_id",
            code="MISSING_CORRELATION_ID",
        )
    response = yield from ask(METHODS.speculate_process_manager, asked, budget, correlation_id)
    _remember((*response.process_events, *response.commands, *response.facts), codec)
    return response


def _remember(found: Iterable[CommandBook | EventBook], codec: Codec) -> None:
    for book in found:
        book.remember(codec)


def _check_cover(events: EventBook, field: str) -> None:
    if events.cover is None:
        raise InvalidArgument(
            "the events have no cover: say whose they are", field=f"{field}.cover", code="MISSING_EVENT_BOOK_COVER"
        )
