"""What aggregates answer to the news that something they caused was refused, or is to be undone."""

from __future__ import annotations

from typing import TypeVar

from angzarr_domain.books import BusinessResponse, Payload
from angzarr_domain.exceptions import InvalidArgument, NotHandled
from angzarr_domain.wire import COMPENSATE, NOTIFICATION, REJECTION_NOTIFICATION, Format

V = TypeVar("V")


def answer_notification(payload: Payload) -> BusinessResponse:
    """The answer to a notification on a command page. Aggregates cannot declare compensations yet.

    A refused command is therefore left to the framework: an empty response (C-0041, C-0084).

    Raises:
        NotHandled: Something is to be undone, which must never be dropped silently (NO_UNDO_HANDLER).
        InvalidArgument: The notification, or what is in it, is not readable or of a kind unknown here.

    """
    notification = _decoded(NOTIFICATION, payload, "NOTIFICATION_DECODE_FAILED")
    content = notification.payload
    if content is None or not content.type_url:
        return BusinessResponse()  # read as a rejection that says nothing
    if content.type_name == REJECTION_NOTIFICATION.type_name:
        _decoded(REJECTION_NOTIFICATION, content, "REJECTION_NOTIFICATION_DECODE_FAILED")
        return BusinessResponse()
    if content.type_name == COMPENSATE.type_name:
        compensate = _decoded(COMPENSATE, content, "COMPENSATE_DECODE_FAILED")
        raise NotHandled(
            f"nothing here undoes {compensate.command_type or 'a command of no type'}",
            code="NO_UNDO_HANDLER",
            command_type=compensate.command_type,
        )
    raise InvalidArgument(
        f"a notification about {content.type_name or content.type_url} means nothing here",
        field="notification.payload",
        code="UNKNOWN_NOTIFICATION_PAYLOAD",
        type_url=content.type_url,
    )


def _decoded(expected: Format[V], payload: Payload, code: str) -> V:
    try:
        return expected.unpack(payload)
    except InvalidArgument as error:
        raise InvalidArgument(
            f"a {expected.type_name} that is not readable: {error.message}", code=code, type_url=payload.type_url
        ) from error
