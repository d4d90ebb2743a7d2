from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from angzarr_domain.aggregates import (
    Aggregate,
    AggregateDefinition,
    Context,
    Handler,
    Replayed,
    decide,
    definition_of,
    replay,
    utc_now,
)
from angzarr_domain.books import (
    BusinessResponse,
    Cover,
    EventBook,
    EventPage,
    Message,
    Payload,
    to_nanoseconds,
)
from angzarr_domain.exceptions import (
    DeclarationError,
    HandlerFailed,
    InvalidArgument,
    NotHandled,
    ServingError,
    SnapshotUnfit,
    UsageError,
)
from angzarr_domain.wire import NOTIFICATION, PayloadCodec

from ._failures import log_failure
from ._logic import CommandCall
from ._notifications import answer_notification

Definitions = Mapping[str, "Mapping[str, tuple[AggregateDefinition[Any], Handler]]"]


class AggregateLogic:
    """The business logic of decorated aggregate classes, in this process. Safe to call from several threads.

    Args:
        components: Aggregate classes. Several may share a domain; a command type has one handler in each domain.
        clock: What handlers read the time from, and what stamps new events.
        ids: What handlers take new ids from.

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
    ) -> None:
        if isinstance(components, type):
            raise UsageError(f"aggregates are hosted as a list: [{components.__name__}]", field="components")
        definitions = tuple(definition_of(component) for component in components)
        if not definitions:
            raise ServingError(
                "there is nothing to serve: name at least one aggregate class", code="NO_COMPONENTS_REGISTERED"
            )
        self._handlers = _by_domain(definitions)
        self._clock = clock
        self._ids = ids
        self._codec = PayloadCodec()

    @property
    def domains(self) -> Collection[str]:
        """Same as `BusinessLogic.domains`."""
        return tuple(self._handlers)

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

        """
        handlers = self._of_domain(call.cover.domain)
        payload = _payload(call)
        if payload.type_name == NOTIFICATION.type_name:
            return answer_notification(payload)
        definition, handler = _handler(handlers, call.cover.domain, payload)
        command = self._codec.decode(payload, handler.command)
        try:
            events = self._decided(definition, handler, command, call)
        except HandlerFailed as error:
            if error.__cause__ is not None:
                log_failure(error.details.get("handler", handler.name), error.__cause__)
            raise
        return BusinessResponse(_book(events, call.cover))

    def check_domain(self, domain: str) -> None:
        """NotHandled if nothing here answers for the domain."""
        self._of_domain(domain)

    def _of_domain(self, domain: str) -> Mapping[str, tuple[AggregateDefinition[Any], Handler]]:
        found = self._handlers.get(domain)
        if found is None:
            raise NotHandled(f"no aggregate of domain {domain or '(none)'} here", handled=self._handlers, domain=domain)
        return found

    def _decided(
        self, definition: AggregateDefinition[Any], handler: Handler, command: Message, call: CommandCall
    ) -> tuple[EventPage, ...]:
        replayed = self._replayed(definition, call)
        context = Context(call.cover, call.next_sequence, replayed.had_history, self._clock, self._ids)
        decision = decide(definition, replayed, command, context)
        if decision.rejection is not None:
            raise decision.rejection
        return self._stamped(handler, decision.events, call.next_sequence)

    def _replayed(self, definition: AggregateDefinition[Any], call: CommandCall) -> Replayed[Any]:
        root = call.cover.root
        try:
            return replay(definition, call.history.books(), self._codec, root=root)
        except SnapshotUnfit:
            return replay(definition, call.history.books(from_start=True), self._codec, root=root)

    def _stamped(self, handler: Handler, events: tuple[Message, ...], first: int) -> tuple[EventPage, ...]:
        created_at = to_nanoseconds(self._clock()) if events else None
        return tuple(
            EventPage(self._encoded(handler, event), sequence, created_at)
            for sequence, event in enumerate(events, start=first)
        )

    def _encoded(self, handler: Handler, event: Message) -> Payload:
        try:
            return self._codec.encode(event)
        except Exception as error:
            # Not the caller's fault, whatever the codec calls it: the handler made this event.
            raise HandlerFailed(handler.name, type(error).__name__) from error


def _by_domain(definitions: Iterable[AggregateDefinition[Any]]) -> Definitions:
    found: dict[str, dict[str, tuple[AggregateDefinition[Any], Handler]]] = {}
    issues: list[str] = []
    for definition in definitions:
        handlers = found.setdefault(definition.domain, {})
        for name, handler in definition.handlers.items():
            taken = handlers.setdefault(name, (definition, handler))
            if taken[0] is not definition:
                issues.append(
                    f"{taken[1].name} and {handler.name} both handle {name} of domain {definition.domain!r}: "
                    "keep one of them"
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


def _book(pages: tuple[EventPage, ...], command: Cover) -> EventBook:
    # The coordinator fills in domain, root and correlation id; only `ext` is ours to pass on (C-0146 to C-0148). Older
    # coordinators take a cover for the place to store at, so it repeats the address.
    if not pages or command.ext is None:
        return EventBook(pages=pages)
    return EventBook(cover=Cover(command.domain, command.root, ext=command.ext), pages=pages)
