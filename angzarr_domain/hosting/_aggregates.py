from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import attrs

from angzarr_domain.aggregates import Aggregate, AggregateDefinition, Handler, decide, definition_of, utc_now
from angzarr_domain.books import BusinessResponse, EventBook, Message, Payload, ReplayRequest, ReplayResponse
from angzarr_domain.exceptions import DeclarationError, InvalidArgument, Issue, NotHandled, ServingError, UsageError
from angzarr_domain.wire import NOTIFICATION, PayloadCodec

from ._answering import Answering, book_of, handlers_watched
from ._facts import answer_facts
from ._logic import CommandCall, FactCall
from ._notifications import answer_notification
from ._replaying import answer_replay
from ._snapshots import Loaded, with_snapshot


@attrs.frozen
class _Domain:
    """The aggregates of one domain, in the order they were named in, and who handles which command type."""

    definitions: list[AggregateDefinition[Any]] = attrs.field(factory=list[AggregateDefinition[Any]])
    handlers: dict[str, tuple[AggregateDefinition[Any], Handler]] = attrs.field(
        factory=dict[str, "tuple[AggregateDefinition[Any], Handler]"]
    )


class AggregateLogic:
    """The business logic of decorated aggregate classes, in this process. Safe to call from several threads.

    Args:
        components: Aggregate classes. Several may share a domain; a command type has one handler in each domain.
        clock: What handlers read the time from, and what stamps new events.
        ids: What handlers take new ids from.
        check_state: Let a handler fail, too, that changed in place what a field of its state holds, as
            `self.items.append(...)` does; assigning to the state fails in any case. Takes a few microseconds a command.

    Raises:
        ServingError: There are none (NO_COMPONENTS_REGISTERED, C-0504).
        UsageError: A class is not decorated, or it is one class instead of a list.
        DeclarationError: Two of them handle the same command type of one domain (C-0010, C-0064).

    """

    def __init__(
        self,
        components: Iterable[type[Aggregate]],
        *,
        clock: Callable[[], datetime] = utc_now,
        ids: Callable[[], UUID] = uuid4,
        check_state: bool = False,
    ) -> None:
        if isinstance(components, type):
            raise UsageError(f"aggregates are hosted as a list: [{components.__name__}]", field="components")
        definitions = tuple(definition_of(component) for component in components)
        if not definitions:
            raise ServingError(
                "there is nothing to serve: name at least one aggregate class", code="NO_COMPONENTS_REGISTERED"
            )
        self._domains = _by_domain(definitions)
        self._answering = Answering(PayloadCodec(), clock, ids, check_state)

    @property
    def domains(self) -> Collection[str]:
        """Same as `BusinessLogic.domains`."""
        return tuple(self._domains)

    def close(self) -> None:
        """Same as `BusinessLogic.close`: it holds nothing."""

    def handle(self, call: CommandCall) -> BusinessResponse:
        """Same as `BusinessLogic.handle`.

        What keeps a command from being decided is found in this order: no such domain, no page, no payload, no
        handler, an unreadable command, an unreadable history. So a corrupt history never hides an unknown command.

        Raises:
            Rejected: The aggregate refuses.
            NotHandled: Nothing here handles the domain or the command type; lists what is handled.
            InvalidArgument: The command has no page or payload, or is not readable.
            HistoryError: The history cannot be folded.
            HandlerFailed: A handler or applier raised something else; its frames are in the log.
            StateMutated: The handler changed the state; its frames are in the log.

        """
        domain = self._of_domain(call.cover.domain)
        payload = _payload(call)
        with handlers_watched(self._answering):
            if payload.type_name == NOTIFICATION.type_name:
                return answer_notification(self._answering, domain.definitions, call, payload)
            definition, handler = _handler(domain.handlers, call.cover.domain, payload)
            command = self._answering.codec.decode(payload, handler.command)
            return BusinessResponse(self._decided(definition, handler, command, call))

    def handle_fact(self, call: FactCall) -> EventBook:
        """Same as `AcceptsFacts.handle_fact`.

        Raises:
            NotHandled: Nothing here answers for the domain.
            InvalidArgument: No aggregate of the domain accepts one of the facts (NO_FACT_HANDLER, C-0492), or one is
                not readable.
            HistoryError: The history cannot be folded.
            HandlerFailed: A handler or applier raised something else; its frames are in the log.

        """
        domain = self._of_domain(call.cover.domain)
        with handlers_watched(self._answering):
            return answer_facts(self._answering, domain.definitions, call)

    def replay(self, request: ReplayRequest) -> ReplayResponse:
        """The state that events lead to, onto a snapshot if there is one.

        Raises:
            NotHandled: It does not show which of several aggregates is meant, or the state cannot be written exactly.
            HistoryError: The events cannot be folded.
            HandlerFailed: An applier raised something else; its frames are in the log.

        """
        definitions = [definition for domain in self._domains.values() for definition in domain.definitions]
        with handlers_watched(self._answering):
            return answer_replay(self._answering, definitions, request)

    def _of_domain(self, domain: str) -> _Domain:
        found = self._domains.get(domain)
        if found is None:
            raise NotHandled(f"no aggregate of domain {domain or '(none)'} here", handled=self._domains, domain=domain)
        return found

    def _decided(
        self, definition: AggregateDefinition[Any], handler: Handler, command: Message, call: CommandCall
    ) -> EventBook:
        answering = self._answering
        loaded = Loaded.of(answering, definition, call)
        context = answering.context(call.cover, call.next_sequence, loaded.replayed)
        decision = decide(definition, loaded.replayed, command, context)
        if decision.rejection is not None:
            raise decision.rejection
        reply = book_of(answering.stamped(handler.name, decision.events, call.next_sequence), call.cover)
        return with_snapshot(answering, definition, call, loaded, reply)


def _by_domain(definitions: Iterable[AggregateDefinition[Any]]) -> Mapping[str, _Domain]:
    found: dict[str, _Domain] = {}
    issues: list[str] = []
    for definition in definitions:
        domain = found.setdefault(definition.domain, _Domain())
        domain.definitions.append(definition)
        for name, handler in definition.handlers.items():
            taken = domain.handlers.setdefault(name, (definition, handler))
            if taken[0] is not definition:
                issues.append(
                    Issue(
                        "AGG209",
                        f"{taken[1].name} and {handler.name} both handle {name} of domain {definition.domain!r}: "
                        "keep one of them",
                        handler.name,
                    )
                )
    if issues:
        raise DeclarationError("this set of components", issues)
    return found


def _payload(call: CommandCall) -> Payload:
    if not call.command.pages:
        raise InvalidArgument("the command book has no page", field="command.pages", code="MISSING_COMMAND_PAGE")
    # Only the first page is decided: a coordinator refuses books with more.
    payload = call.command.pages[0].command
    if payload is None or not payload.type_url:
        raise InvalidArgument(
            "the command's page has no payload, or one without a type URL",
            field="command.pages[0].command",
            code="MISSING_COMMAND_PAYLOAD",
        )
    return payload


def _handler(
    handlers: Mapping[str, tuple[AggregateDefinition[Any], Handler]], domain: str, payload: Payload
) -> tuple[AggregateDefinition[Any], Handler]:
    found = handlers.get(payload.type_name)
    if found is None:
        raise NotHandled(
            f"no aggregate of domain {domain} handles {payload.type_name or payload.type_url}",
            handled=handlers,
            domain=domain,
            type_url=payload.type_url,
        )
    return found
