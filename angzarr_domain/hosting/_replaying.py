"""The state that events lead to, given away as a message: what a coordinator compares fields of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from angzarr_domain.aggregates import AggregateDefinition, read_state, replay, state_payload, todays_name
from angzarr_domain.books import EventBook, ReadState, ReplayRequest, ReplayResponse
from angzarr_domain.exceptions import NotHandled, StateNotEncodable

from ._answering import Answering

Definitions = Sequence[AggregateDefinition[Any]]


def answer_replay(answering: Answering, definitions: Definitions, request: ReplayRequest) -> ReplayResponse:
    """Fold the events, onto the snapshot if there is one, and pack the state.

    Raises:
        NotHandled: It does not show which of several aggregates is meant, since a request names no domain; or the state
            cannot be written exactly. A coordinator then compares sequences strictly.
        HistoryError: The events cannot be folded.
        HandlerFailed: An applier raised.

    """
    definition = _meant(answering, definitions, request)
    book = EventBook(None, request.events, request.base_snapshot)
    replayed = replay(definition, book, answering.codec)
    try:
        return ReplayResponse(state_payload(definition, replayed.state, answering.codec))
    except StateNotEncodable as error:
        raise NotHandled(f"the state is not given away: {error.message}", domain=definition.domain) from error


def _meant(answering: Answering, definitions: Definitions, request: ReplayRequest) -> AggregateDefinition[Any]:
    """The only aggregate there is, or the only one that the snapshot, or else the events, are of."""
    for found in (definitions, _fitting(answering, definitions, request), *_knowing(definitions, request)):
        if len(found) == 1:
            return found[0]
    raise NotHandled(
        "a request to replay names no domain, and what is in it fits several of the aggregates here, or none",
        handled={definition.domain for definition in definitions},
    )


def _fitting(answering: Answering, definitions: Definitions, request: ReplayRequest) -> Definitions:
    state = None if request.base_snapshot is None else request.base_snapshot.state
    if state is None:
        return ()
    return [each for each in definitions if isinstance(read_state(each, answering.codec, state), ReadState)]


def _knowing(definitions: Definitions, request: ReplayRequest) -> tuple[Definitions, Definitions]:
    """Those that know all types of the events, and those that know any."""
    names = {page.event.type_name for page in request.events if page.event is not None}
    known = [(each, {_knows(each, name) for name in names}) for each in definitions]
    return [each for each, answers in known if answers == {True}], [each for each, answers in known if True in answers]


def _knows(definition: AggregateDefinition[Any], stored: str) -> bool:
    name = todays_name(definition, stored)
    return name in definition.appliers or name in definition.ignores or name in definition.upcasts
