"""What aggregates answer to the news that something they caused was refused, or is to be undone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import attrs

from angzarr_domain.aggregates import (
    AggregateDefinition,
    Context,
    Escalation,
    Refused,
    Replayed,
    Undo,
    compensate,
    compensators_of,
    undo,
)
from angzarr_domain.books import (
    BusinessResponse,
    Compensate,
    Cover,
    EventBook,
    EventPage,
    Message,
    Notification,
    Payload,
    RejectionNotification,
    type_name_of_url,
)
from angzarr_domain.exceptions import InvalidArgument, NotHandled
from angzarr_domain.wire import COMPENSATE, NOTIFICATION, REJECTION_NOTIFICATION, Format, PayloadCodec

from ._answering import Answering, book_of
from ._logic import CommandCall

V = TypeVar("V")
Definitions = Sequence[AggregateDefinition[Any]]


@attrs.frozen
class News:
    """What a notification says: that a command was refused, or that one is to be undone."""

    notification: Notification
    content: RejectionNotification | Compensate


def read_news(payload: Payload) -> News:
    """The news in a notification; without content it is a rejection that says nothing.

    Raises:
        InvalidArgument: The notification, or what is in it, is not readable or of a kind unknown here.

    """
    notification = _decoded(NOTIFICATION, payload, "NOTIFICATION_DECODE_FAILED")
    content = notification.payload
    if content is None or not content.type_url:
        return News(notification, RejectionNotification())
    if content.type_name == REJECTION_NOTIFICATION.type_name:
        return News(notification, _decoded(REJECTION_NOTIFICATION, content, "REJECTION_NOTIFICATION_DECODE_FAILED"))
    if content.type_name == COMPENSATE.type_name:
        return News(notification, _decoded(COMPENSATE, content, "COMPENSATE_DECODE_FAILED"))
    raise InvalidArgument(
        f"a notification about {content.type_name or content.type_url} means nothing here",
        field="notification.payload",
        code="UNKNOWN_NOTIFICATION_PAYLOAD",
        type_url=content.type_url,
    )


def answer_notification(
    answering: Answering, definitions: Definitions, call: CommandCall, payload: Payload
) -> BusinessResponse:
    """What the aggregates of a domain do about the news, each that has something declared for it, in their order.

    A refusal that nobody answers is left to the framework: an empty response (C-0041, C-0084).

    Raises:
        NotHandled: Something is to be undone and nobody can, which must never be dropped silently (NO_UNDO_HANDLER).
        InvalidArgument: The notification, or what is in it, is not readable or of a kind unknown here.
        AngzarrError: Whatever a fold, a compensator or an undoer raises.

    """
    news = read_news(payload)
    answers = _Answers(answering, call)
    if isinstance(news.content, Compensate):
        _undo(answers, definitions, news.notification, news.content)
    else:
        _compensate(answers, definitions, news.notification, news.content)
    return answers.response()


def _compensate(
    answers: _Answers, definitions: Definitions, notification: Notification, news: RejectionNotification
) -> None:
    book = news.rejected_command
    command = None if book is None or not book.pages else book.pages[0].command
    if book is None or command is None:
        return
    cover = book.cover or Cover()
    for definition in definitions:
        entries = compensators_of(definition, cover.domain, command.type_name)
        if entries:
            decoded: Message = answers.answering.codec.decode(command, entries[0].command)
            refused = Refused(decoded, news.code, news.rejection_reason, cover, news, notification)
            replayed, context = answers.begin(definition)
            found = compensate(definition, replayed, refused, context)
            answers.add(definition, found.events, found.escalation)


def _undo(answers: _Answers, definitions: Definitions, notification: Notification, news: Compensate) -> None:
    name = type_name_of_url(news.command_type)
    able = [definition for definition in definitions if name in definition.undoers]
    if not able:
        raise NotHandled(
            f"nothing here undoes {news.command_type or 'a command of no type'}",
            handled={each for definition in definitions for each in definition.undoers},
            code="NO_UNDO_HANDLER",
            command_type=news.command_type,
        )
    pages = _pages(answers.call, news.sequences)
    for definition in able:
        codec = PayloadCodec(definition.message_types)
        for page in pages:
            page.remember(codec)
        request = Undo(definition.undoers[name].command, news.sequences, news.reason, pages, notification)
        replayed, context = answers.begin(definition)
        answers.add(definition, undo(definition, replayed, request, context))


class _Answers:
    """The answers of several aggregates of a domain, merged: each goes on where the one before it ended."""

    def __init__(self, answering: Answering, call: CommandCall) -> None:
        self.answering = answering
        self.call = call
        self._pages: list[EventPage] = []
        self._escalation: Escalation | None = None

    @property
    def _next(self) -> int:
        return self.call.next_sequence + len(self._pages)

    def begin(self, definition: AggregateDefinition[Any]) -> tuple[Replayed[Any], Context]:
        """The state before, and what its handlers may know."""
        replayed = self.answering.replayed(definition, self.call.cover, self.call.history)
        return replayed, self.answering.context(self.call.cover, self._next, replayed)

    def add(
        self, definition: AggregateDefinition[Any], events: tuple[Message, ...], escalation: Escalation | None = None
    ) -> None:
        """Take in what one aggregate answered."""
        self._pages += self.answering.stamped(definition.cls.__name__, events, self._next)
        self._escalation = self._escalation or escalation

    def response(self) -> BusinessResponse:
        """All events, unless one of them escalated: the first escalation beats all events."""
        if self._escalation is not None:
            return BusinessResponse(self._escalation.answer)
        return BusinessResponse(book_of(tuple(self._pages), self.call.cover) if self._pages else None)


def _pages(call: CommandCall, sequences: tuple[int, ...]) -> tuple[EventPage, ...]:
    """The events of the command to undo, also those that a snapshot stands for."""
    if not sequences:
        return ()
    found = _among(call.history.books(), sequences)
    return found if len(found) == len(set(sequences)) else _among(call.history.books(from_start=True), sequences)


def _among(books: Iterable[EventBook], sequences: tuple[int, ...]) -> tuple[EventPage, ...]:
    return tuple(page for book in books for page in book.pages if page.sequence in sequences)


def _decoded(expected: Format[V], payload: Payload, code: str) -> V:
    try:
        return expected.unpack(payload)
    except InvalidArgument as error:
        raise InvalidArgument(
            f"a {expected.type_name} that is not readable: {error.message}", code=code, type_url=payload.type_url
        ) from error
