"""`UpcasterService` in front of aggregates: stored events, brought up to today's types for a coordinator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from angzarr_domain.aggregates import AggregateDefinition, todays_name, upcasted_singly
from angzarr_domain.books import EventPage, Payload, UpcastRequest, UpcastResponse
from angzarr_domain.exceptions import CorruptHistory, DecodeFailed
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, PayloadCodec

from ._rpc import Call, Served


class UpcasterServicer:
    """What a coordinator calls that hands out history in today's types.

    Its answer has the pages it was asked about, in their order, with headers and times as they were; so only what
    stays one event is changed. An event that becomes several today, or none, passes as it was stored, and the fold
    does the rest. Pages of other domains, of other types and without an event pass unchanged.
    """

    def __init__(self, definitions: Iterable[AggregateDefinition[Any]]) -> None:
        self._by_domain: dict[str, list[_Upcaster]] = {}
        for definition in definitions:
            if definition.upcasts or definition.aliases:
                self._by_domain.setdefault(definition.domain, []).append(_Upcaster(definition))

    def served(self) -> tuple[Served[Any, Any], ...]:
        """Its method, in every generation of the protocol."""
        return tuple(Served(methods.upcast, self.upcast) for methods in (METHODS, RELEASED, INTERIM))

    def upcast(self, request: UpcastRequest, _call: Call) -> UpcastResponse:
        """The same pages with today's events.

        Raises:
            CorruptHistory: An old event does not decode.
            HandlerFailed: An upcast raised, or gave what its annotation does not say.

        """
        pages = request.events
        for upcaster in self._by_domain.get(request.domain, ()):
            pages = tuple(map(upcaster.page, pages))
        return UpcastResponse(pages)


class _Upcaster:
    def __init__(self, definition: AggregateDefinition[Any]) -> None:
        self._definition = definition
        self._codec = PayloadCodec()
        self._old: Mapping[str, type[Any]] = {name: upcast.event for name, upcast in definition.upcasts.items()}

    def page(self, page: EventPage) -> EventPage:
        """The page with today's event."""
        stored = page.event
        if stored is None or not stored.type_url:
            return page
        name = todays_name(self._definition, stored.type_name)
        if name not in self._old:
            renamed = name != stored.type_name
            return attrs.evolve(page, event=Payload(f"/{name}", stored.value)) if renamed else page
        old = self._codec.decoder(self._old[name])
        try:
            event = old(stored.value)
        except DecodeFailed as error:
            raise CorruptHistory(stored.type_url, sequence=page.sequence, root=None) from error
        today = upcasted_singly(self._definition, event)
        return page if today is event else attrs.evolve(page, event=self._codec.encode(today))
