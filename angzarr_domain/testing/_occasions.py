"""What can happen to an aggregate: a command, a fact, the refusal or the undoing of a command.

Each is asked and answered by the functions that production uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol
from uuid import UUID

import attrs

from angzarr_domain.aggregates import (
    AggregateDefinition,
    Context,
    Escalation,
    Refused,
    Replayed,
    Undo,
    accept,
    compensate,
    compensators_of,
    decide,
    fact_handler_of,
    handler_of,
    undo,
    undoer_of,
)
from angzarr_domain.books import (
    CommandBook,
    CommandPage,
    Cover,
    EventPage,
    Message,
    Notification,
    RejectionNotification,
    type_name,
)
from angzarr_domain.exceptions import Rejected
from angzarr_domain.wire import REJECTION_NOTIFICATION, PayloadCodec

from ._arguments import refuse_no_command
from ._source import Source

_CODEC: Final = PayloadCodec()


@attrs.frozen
class Answer:
    """What an aggregate answers: events in their order, or one of the two that come without events."""

    events: tuple[Message, ...] = ()
    rejection: Rejected | None = None
    escalation: Escalation | None = None


@attrs.frozen
class Known:
    """What is known when something happens, beside the state.

    Attributes:
        pages: The history.
        external_ids: Of the facts that are recorded already.

    """

    pages: tuple[EventPage, ...] = ()
    external_ids: frozenset[str] = frozenset()


class Occasion(Protocol):
    """Something that happens to an aggregate."""

    @property
    def message(self) -> Any:
        """The message, or message class, that the handler is given."""
        ...

    def handler(self, definition: AggregateDefinition[Any]) -> str:
        """Who answers, such as "Account.withdraw"."""
        ...

    def answer(
        self,
        definition: AggregateDefinition[Any],
        replayed: Replayed[Any],
        message: Any,
        context: Context,
        known: Known,
    ) -> Answer:
        """What the aggregate makes of it. Raises NotHandled and HandlerFailed, as production does."""
        ...

    def subject(self, source: Source) -> str:
        """What reports call it."""
        ...

    def source(self, source: Source) -> str:
        """The call that repeats it, such as ".when(Withdraw(amount=9))"."""
        ...


@attrs.frozen
class Commanded:
    """A command comes in."""

    message: Message

    def handler(self, definition: AggregateDefinition[Any]) -> str:
        refuse_no_command(definition, type(self.message))
        return handler_of(definition, type_name(type(self.message))).name

    def answer(
        self,
        definition: AggregateDefinition[Any],
        replayed: Replayed[Any],
        message: Message,
        context: Context,
        known: Known,  # noqa: ARG002 - of the protocol
    ) -> Answer:
        self.handler(definition)
        decision = decide(definition, replayed, message, context)
        return Answer(decision.events, decision.rejection)

    def subject(self, source: Source) -> str:
        return source.of(self.message)

    def source(self, source: Source) -> str:
        return f".when({source.of(self.message)})"


@attrs.frozen
class Prepared(Commanded):
    """A command that is part of how a scenario begins."""

    def source(self, source: Source) -> str:
        return f".commands({source.of(self.message)})"


@attrs.frozen
class Told:
    """A fact is told, and recorded once by its external id."""

    message: Message
    external_id: str = ""

    def handler(self, definition: AggregateDefinition[Any]) -> str:
        return fact_handler_of(definition, type_name(type(self.message))).name

    def answer(
        self,
        definition: AggregateDefinition[Any],
        replayed: Replayed[Any],
        message: Message,
        context: Context,
        known: Known,
    ) -> Answer:
        self.handler(definition)
        if self.external_id in known.external_ids:
            return Answer()
        try:
            (events,) = accept(definition, replayed, [message], context)
        except Rejected as rejection:
            return Answer(rejection=rejection)
        return Answer(events)

    def subject(self, source: Source) -> str:
        return f"the fact {source.of(self.message)}"

    def source(self, source: Source) -> str:
        named = f", external_id={self.external_id!r}" if self.external_id else ""
        return f".when_fact({source.of(self.message)}{named})"


@attrs.frozen
class WasRefused:
    """A command that the aggregate caused was refused."""

    message: Message
    code: str = ""
    reason: str = ""
    domain: str | None = None
    root: UUID | None = None

    def whose(self, definition: AggregateDefinition[Any]) -> str:
        """The domain that refused it: the only one that a compensator of it names, unless given."""
        if self.domain is not None:
            return self.domain
        name = type_name(type(self.message))
        entries = [entry for each in definition.compensators.values() for entry in each if entry.type_name == name]
        domains = {entry.domain for entry in entries}
        return next(iter(domains)) or "" if len(domains) == 1 else ""

    def handler(self, definition: AggregateDefinition[Any]) -> str:
        entries = compensators_of(definition, self.whose(definition), type_name(type(self.message)))
        return ", ".join(entry.name for entry in entries)

    def answer(
        self,
        definition: AggregateDefinition[Any],
        replayed: Replayed[Any],
        message: Message,
        context: Context,
        known: Known,  # noqa: ARG002 - of the protocol
    ) -> Answer:
        cover = Cover(self.whose(definition), self.root, context.correlation_id)
        book = CommandBook(cover, (CommandPage(_CODEC.encode(message)),))
        news = RejectionNotification(book, self.reason, self.code)
        notification = Notification(context.cover, REJECTION_NOTIFICATION.pack(news))
        refused = Refused(message, self.code, self.reason, cover, news, notification)
        try:
            found = compensate(definition, replayed, refused, context)
        except Rejected as rejection:
            return Answer(rejection=rejection)
        return Answer(found.events, escalation=found.escalation)

    def subject(self, source: Source) -> str:
        return f"the refusal of {source.of(self.message)}"

    def source(self, source: Source) -> str:
        given: Mapping[str, object] = {"code": self.code, "message": self.reason, "domain": self.domain}
        named = "".join(f", {name}={value!r}" for name, value in given.items() if value)
        root = "" if self.root is None else f", root={source.of(self.root)}"
        return f".when_refused({source.of(self.message)}{named}{root})"


@attrs.frozen
class Undone:
    """A command that the aggregate executed is to be undone; `message` is its class, since it does not travel."""

    message: type[Any]
    sequences: tuple[int, ...] = ()
    reason: str = ""

    def handler(self, definition: AggregateDefinition[Any]) -> str:
        return undoer_of(definition, type_name(self.message)).name

    def answer(
        self,
        definition: AggregateDefinition[Any],
        replayed: Replayed[Any],
        message: type[Any],
        context: Context,
        known: Known,
    ) -> Answer:
        codec = PayloadCodec(definition.message_types)
        pages = tuple(known.pages[sequence].remember(codec) for sequence in self.sequences)
        request = Undo(message, self.sequences, self.reason, pages, Notification(context.cover))
        try:
            return Answer(undo(definition, replayed, request, context))
        except Rejected as rejection:
            return Answer(rejection=rejection)

    def subject(self, source: Source) -> str:
        return f"the undoing of {source.name(self.message)}"

    def source(self, source: Source) -> str:
        reason = f", reason={self.reason!r}" if self.reason else ""
        return f".when_undone({source.name(self.message)}, sequences={self.sequences!r}{reason})"
