from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from ._base import MORE, AngzarrError, Status, listed


class InvalidArgument(AngzarrError):
    """What was sent makes no sense. `field` names the part; nothing was stored."""

    codes: ClassVar[tuple[str, ...]] = (
        "INVALID_ARGUMENT",
        "MISSING_COMMAND_BOOK",
        "MISSING_COVER",
        "MISSING_DOMAIN",
        "PROTO_UUID_INVALID",
        "MISSING_COMMAND_PAGE",
        "MISSING_COMMAND_PAYLOAD",
        "TOO_MANY_COMMAND_PAGES",
        "MISSING_SEQUENCE",
        "LIMIT_EXCEEDED",
        "MISSING_SELECTION_POINT",
        "COMMAND_TYPE_URL_MISSING",
        "COMMAND_PAYLOAD_MISSING",
        "TIMESTAMP_PARSE_FAILED",
        "MISSING_CORRELATION_ID",
        "MISSING_EVENT_BOOK_COVER",
        "MISSING_SAGA_SOURCE",
        "EMPTY_SAGA_SOURCE",
        "MISSING_PM_TRIGGER",
        "EMPTY_PM_TRIGGER",
        "UNDECLARED_OUTPUT_DOMAIN",
        "NOTIFICATION_DECODE_FAILED",
        "REJECTION_NOTIFICATION_DECODE_FAILED",
        "COMPENSATE_DECODE_FAILED",
        "UNKNOWN_NOTIFICATION_PAYLOAD",
        "NO_FACT_HANDLER",
    )
    default_status = Status.INVALID_ARGUMENT

    def __init__(
        self, message: str, *, field: str = "", code: str = "INVALID_ARGUMENT", **details: str | int | UUID
    ) -> None:
        super().__init__(message, code=code, details={**({"field": field} if field else {}), **details})

    @property
    def field(self) -> str:
        """The part that is wrong, such as "cover.domain"; "" if the peer did not say."""
        return self.details.get("field", "")


class DecodeFailed(InvalidArgument):
    """The bytes are not a message of the type that their type URL names, or not of the type asked for."""

    codes: ClassVar[tuple[str, ...]] = ("ANY_DECODE_FAILED", "ANY_TYPE_MISMATCH")

    def __init__(self, type_url: str, reason: str, *, code: str = "ANY_DECODE_FAILED") -> None:
        super().__init__(
            f"payload of type {type_url or '(none)'}: {reason}", code=code, type_url=type_url, reason=reason
        )

    @property
    def type_url(self) -> str:
        """The type URL of the payload."""
        return self.details.get("type_url", "")


class InvalidEndpoint(InvalidArgument):
    """Text that is no endpoint."""

    codes: ClassVar[tuple[str, ...]] = ("ENDPOINT_PARSE_FAILED",)

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(
            f"{endpoint!r} is no endpoint: {reason}. Use host:port, http://host:port, https://host:port, "
            "/absolute.sock, ./relative.sock or unix:PATH",
            field="endpoint",
            code="ENDPOINT_PARSE_FAILED",
            endpoint=endpoint,
        )

    @property
    def endpoint(self) -> str:
        """The text as it was given."""
        return self.details.get("endpoint", "")


class NotHandled(AngzarrError):
    """Nobody here handles this command type or domain. Nothing was stored.

    `handled` lists what is handled, so that a misspelt name shows.
    """

    codes: ClassVar[tuple[str, ...]] = ("NO_HANDLER_REGISTERED", "NO_UNDO_HANDLER")
    default_status = Status.UNIMPLEMENTED

    def __init__(
        self,
        message: str,
        *,
        handled: Iterable[str] = (),
        code: str = "NO_HANDLER_REGISTERED",
        **details: str | int | UUID,
    ) -> None:
        names = listed(handled)
        super().__init__(
            f"{message}; handled here: {names or 'nothing'}", code=code, details={**details, "handled": names}
        )

    @property
    def handled(self) -> tuple[str, ...]:
        """What is handled instead; the first of them if they are too many to travel."""
        names = self.details.get("handled", "").split(", ")
        return tuple(name for name in names if name and not name.startswith(MORE))


class NotSupported(AngzarrError):
    """A part of the protocol that this peer does not offer. Nothing was stored."""

    codes: ClassVar[tuple[str, ...]] = ("NOT_SUPPORTED",)
    default_status = Status.UNIMPLEMENTED

    def __init__(self, what: str) -> None:
        super().__init__(f"not supported here: {what}", details={"what": what})

    @property
    def what(self) -> str:
        """The part that is not supported."""
        return self.details.get("what", "")


class MethodNotServed(AngzarrError):
    """The peer does not know the method: another kind of service, or another protocol generation."""

    codes: ClassVar[tuple[str, ...]] = ("METHOD_NOT_SERVED",)
    default_status = Status.UNIMPLEMENTED


class TooLarge(AngzarrError):
    """The answer would be over a size limit. The text names the ranges to ask for instead."""

    codes: ClassVar[tuple[str, ...]] = ("TOO_LARGE",)
    default_status = Status.RESOURCE_EXHAUSTED
