"""Everything that can go wrong, as types with fields.

    AngzarrError
    |-- Rejected                  the aggregate refused the command: your business rule, your code
    |-- Conflict                  the stream moved on: expected, actual, the events in between
    |-- StreamBusy                too many writers at once; nothing stored, send again
    |-- UnknownOutcome            the command may have been stored; says what to read to find out
    |-- NotStored                 an older coordinator said yes, and yet the events are not in the stream
    |-- InvalidArgument           what was sent makes no sense; `field` names the part
    |   |-- DecodeFailed          bytes that are not the message their type names
    |   `-- InvalidEndpoint       text that is no endpoint
    |-- NotHandled                no handler for a command type or domain; lists what is handled
    |-- NotSupported              a part of the protocol this peer has not built
    |-- MethodNotServed           the peer does not know the method: another service or generation
    |-- TooLarge                  an answer over the size limit; names the ranges to ask for instead
    |-- HistoryError              recorded history cannot be folded
    |   |-- CorruptHistory        a stored event does not decode: type, sequence, root
    |   `-- IncompleteHistory     pages are missing before the first one, or nothing came at all
    |       `-- SnapshotUnfit     ... because a snapshot stands for them that does not fit
    |-- HandlerFailed             a handler raised something unexpected
    |-- InvalidReply              business logic answered with a book that cannot be stored
    |-- ConnectionFailed          not connected, so nothing was sent; or lost while asking what stores nothing
    |   `-- TlsFailed             ... because TLS could not be agreed; `code` names what is wrong
    |-- DeadlineExceeded          no answer in time to something that stores nothing
    |-- ServerError               any other status a server answered with
    |   `-- NotFound              ... which is NOT_FOUND: the peer does not have what was asked for
    |-- ServingError              an address or socket that cannot be served
    |-- StoreError                a data file that cannot be used
    |-- DeclarationError          an aggregate is declared wrongly; every issue at once
    |-- GenerationError           no messages can be generated from a .proto; every issue at once
    `-- UsageError                a call that cannot mean anything: mend the calling code

What a field says is kept in `details`, as text, because that is what travels: an error read back from a
coordinator has the same class, code, status and fields as the one raised there.

What may be done then is data, too: `error.retry` says whether the same may be sent again, `error.retry_after` how long
the peer asked to wait.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

if TYPE_CHECKING:
    from .books import EventPage

__all__ = [
    "AngzarrError",
    "Conflict",
    "ConnectionFailed",
    "CorruptHistory",
    "DeadlineExceeded",
    "DeclarationError",
    "DecodeFailed",
    "GenerationError",
    "HandlerFailed",
    "HistoryError",
    "IncompleteHistory",
    "InvalidArgument",
    "InvalidEndpoint",
    "InvalidReply",
    "MethodNotServed",
    "NotFound",
    "NotHandled",
    "NotStored",
    "NotSupported",
    "Rejected",
    "Retry",
    "ServerError",
    "ServingError",
    "SnapshotUnfit",
    "Status",
    "StoreError",
    "StreamBusy",
    "TlsFailed",
    "TooLarge",
    "UnknownOutcome",
    "UsageError",
    "detail_text",
    "is_framework_code",
    "listed",
    "restore",
]


class Status(IntEnum):
    """The status numbers of gRPC, without gRPC."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


_LISTED = 1_000
_MORE = "... and "


def listed(names: Iterable[str]) -> str:
    """The names in order, as errors list them: after about 1000 characters only how many more there are."""
    found: list[str] = []
    room = _LISTED
    remaining = sorted(names)
    for name in remaining:
        room -= len(name) + len(", ")
        if room < 0:
            found.append(f"{_MORE}{len(remaining) - len(found)} more")
            break
        found.append(name)
    return ", ".join(found)


class Retry(Enum):
    """Whether the very same may be sent again; `angzarr_domain.client.RetryPolicy` does it on request."""

    NEVER = "it would fail again: mend what is sent, or where to"
    LATER = "nothing was stored: the same may succeed in a while"
    AFTER_RELOAD = "nothing was stored: load the aggregate again and decide again"
    READ_FIRST = "it may have been stored: read back before sending it again"


def detail_text(value: str | int | UUID) -> str:
    """The one way a detail becomes text, so that a test and a remote caller see the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, UUID)):  # pyright: ignore[reportUnnecessaryIsInstance] - users pass what they like
        return str(value)
    raise UsageError(
        f"a detail is str, int, bool or UUID, not {type(value).__name__}: turn it into text yourself",
        field="details",
    )


class AngzarrError(Exception):
    """Base of every error this package raises on purpose.

    Attributes:
        message: What happened and what to do next. Never holds the content of a payload.
        code: A name in SCREAMING_SNAKE_CASE to decide on; texts may change, codes do not.
        status: The gRPC status the error travels as.
        details: The error's fields as text.
        retry_after: Seconds the peer asked to wait before the next attempt; None if it said nothing, and infinite if
            it asked for no further attempt (C-0362).

    """

    message: str
    code: str
    status: Status
    details: Mapping[str, str]
    retry_after: float | None = None

    #: Codes that mean this class; the first is the default.
    codes: ClassVar[tuple[str, ...]] = ()
    default_status: ClassVar[Status] = Status.UNKNOWN
    default_retry: ClassVar[Retry] = Retry.NEVER

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: Status | None = None,
        details: Mapping[str, str | int | UUID] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code if code is not None else self.codes[0]
        self.status = status if status is not None else self.default_status
        self.details = MappingProxyType({k: detail_text(v) for k, v in (details or {}).items()})

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        fields = "".join(f", {name}={value!r}" for name, value in self.details.items())
        return f"{type(self).__name__}({self.code!r}, {self.message!r}{fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions pickle by calling the class with self.args, which no keyword argument survives.
        state = {**self.__dict__, "details": dict(self.details)}
        return _rebuild, (type(self), self.message, state)

    @property
    def retry(self) -> Retry:
        """Whether the very same may be sent again (C-0361)."""
        return self.default_retry

    @property
    def is_not_found(self) -> bool:
        """Whether its status is NOT_FOUND, a rejection's included (C-0357)."""
        return self.status == Status.NOT_FOUND

    @property
    def is_precondition_failed(self) -> bool:
        """Whether its status is FAILED_PRECONDITION: a conflict, or what most rejections travel as (C-0358)."""
        return self.status == Status.FAILED_PRECONDITION

    @property
    def is_invalid_argument(self) -> bool:
        """Whether its status is INVALID_ARGUMENT, wherever that was noticed (C-0359)."""
        return self.status == Status.INVALID_ARGUMENT

    @property
    def is_connection_error(self) -> bool:
        """Whether there is no connection: none could be made, it was lost, or this side closed it (C-0360)."""
        return isinstance(self, ConnectionFailed) or self.code == "CLIENT_CLOSED"

    @classmethod
    def of(cls, message: str, code: str, status: Status, details: Mapping[str, str]) -> Self:
        """The error as it was raised elsewhere, from the parts that travelled."""
        error = cls.__new__(cls, message)
        AngzarrError.__init__(error, message, code=code, status=status, details=details)
        return error

    def _sequence(self, key: str) -> int | None:
        # A peer may send anything; what is no sequence says nothing.
        text = self.details.get(key, "")
        number = int(text) if re.fullmatch("[0-9]{1,10}", text) else None
        return None if number is None or number >= 2**32 else number

    def _uuid(self, key: str) -> UUID | None:
        try:
            return UUID(self.details.get(key, ""))
        except ValueError:
            return None


def _rebuild(cls: type[AngzarrError], message: str, state: dict[str, Any]) -> AngzarrError:
    error = cls.__new__(cls, message)
    Exception.__init__(error, message)
    details = state.pop("details")
    error.__dict__.update(state)
    error.details = MappingProxyType(details)
    return error


class UsageError(AngzarrError):
    """A call that cannot mean anything. Mend the calling code; sending it again will not help."""

    codes: ClassVar[tuple[str, ...]] = ("USAGE", "CLIENT_CLOSED", "CLIENT_FORKED")
    default_status = Status.INVALID_ARGUMENT

    def __init__(self, message: str, *, field: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code, details={"field": field} if field else None)

    @property
    def field(self) -> str:
        """The parameter that is wrong, or ""."""
        return self.details.get("field", "")


class DeclarationError(AngzarrError):
    """An aggregate class is declared wrongly. Lists every issue with its remedy, one to a line."""

    codes: ClassVar[tuple[str, ...]] = ("DECLARATION",)
    default_status = Status.INTERNAL

    #: Empty in an error read back from a peer: its message has them.
    issues: tuple[str, ...] = ()

    def __init__(self, name: str, issues: Iterable[str]) -> None:
        self.issues = tuple(issues)
        lines = "".join(f"\n  - {issue}" for issue in self.issues)
        many = "1 issue" if len(self.issues) == 1 else f"{len(self.issues)} issues"
        super().__init__(f"{name} is declared with {many}:{lines}", details={"class": name})


class GenerationError(AngzarrError):
    """No messages can be generated from these .proto files. Lists every issue; nothing was written."""

    codes: ClassVar[tuple[str, ...]] = ("GENERATION",)
    default_status = Status.INVALID_ARGUMENT

    issues: tuple[str, ...] = ()

    def __init__(self, issues: Iterable[str]) -> None:
        self.issues = tuple(issues)
        lines = "".join(f"\n  - {issue}" for issue in self.issues)
        super().__init__(f"no messages were generated:{lines}")


class Rejected(AngzarrError):
    """The aggregate refused a command. Handlers raise it and callers catch it, the very same class.

    Args:
        code: Your own name for the rule, SCREAMING_SNAKE_CASE; not one of the framework's.
        message: For people. It travels to the caller, so keep secrets out.
        status: The gRPC status it travels as, FAILED_PRECONDITION unless given.
        details: Values to decide on: str, int, bool or UUID, compared and sent as text.

    Raises:
        UsageError: The code belongs to the framework, or the status means a failure of transport or server,
            which callers would read as something else than a rejection.

    """

    default_status = Status.FAILED_PRECONDITION

    def __init__(
        self,
        code: str,
        message: str = "",
        /,
        *,
        status: Status = Status.FAILED_PRECONDITION,
        **details: str | int | UUID,
    ) -> None:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", code):
            raise UsageError(f"a rejection's code is SCREAMING_SNAKE_CASE, not {code!r}", field="code")
        if is_framework_code(code):
            raise UsageError(f"the code {code} is the framework's own: choose another", field="code")
        if status in _NO_REJECTION or status == Status.OK:
            allowed = ", ".join(s.name for s in Status if s not in _NO_REJECTION and s)
            raise UsageError(
                f"status {Status(status).name} would not be read as a rejection: use one of {allowed}",
                field="status",
            )
        super().__init__(message or code, code=code, status=Status(status), details=details)

    @property
    def retry(self) -> Retry:
        """Another state of the aggregate may accept it, unless the status says that no state does."""
        return Retry.AFTER_RELOAD if self.status == Status.FAILED_PRECONDITION else Retry.NEVER

    def __str__(self) -> str:
        return self.code if self.message == self.code else f"{self.code}: {self.message}"


_NO_REJECTION = frozenset(
    {
        Status.UNAVAILABLE,
        Status.ABORTED,
        Status.INTERNAL,
        Status.UNIMPLEMENTED,
        Status.UNKNOWN,
        Status.DATA_LOSS,
        Status.DEADLINE_EXCEEDED,
        Status.CANCELLED,
    }
)


class Conflict(AngzarrError):
    """The command was made for one sequence, the stream is at another. Nothing was stored.

    Load again and decide again; `Repository.execute` does both. `events` are those that got in between, as
    far as they could be read; None where nobody read them, and `events_error` says why a reading failed.
    """

    codes: ClassVar[tuple[str, ...]] = ("SEQUENCE_MISMATCH",)
    default_status = Status.FAILED_PRECONDITION
    default_retry = Retry.AFTER_RELOAD

    events: tuple[EventPage, ...] | None = None
    events_error: str = ""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(
            f"Sequence mismatch: the command expects {expected}, the stream is at {actual}",
            details={"expected": expected, "actual": actual},
        )

    def __str__(self) -> str:
        if self.events is not None:
            names = ", ".join(
                f"{page.sequence} {page.event.type_name}" if page.event else f"{page.sequence} (no event)"
                for page in self.events
            )
            return f"{self.message}; in between: {names or 'nothing'}"
        if self.events_error:
            return f"{self.message}; the events in between could not be read: {self.events_error}"
        return self.message

    @property
    def expected(self) -> int | None:
        """The sequence the command was made for; None if the peer did not say."""
        return self._sequence("expected")

    @property
    def actual(self) -> int | None:
        """The sequence the next event will get; None if the peer did not say."""
        return self._sequence("actual")


class StreamBusy(AngzarrError):
    """Other writers kept this stream busy. Nothing was stored: send it again."""

    codes: ClassVar[tuple[str, ...]] = ("STREAM_BUSY",)
    default_status = Status.ABORTED
    default_retry = Retry.LATER


class UnknownOutcome(AngzarrError):
    """The answer was lost: the command may have been stored, or not.

    Read the stream to find out before sending again: `correlation_id` is that of the lost send, and events
    stored by it carry that id.
    """

    codes: ClassVar[tuple[str, ...]] = ("UNKNOWN_OUTCOME",)
    default_status = Status.UNKNOWN
    default_retry = Retry.READ_FIRST

    def __init__(self, reason: str, *, status: Status = Status.UNKNOWN, correlation_id: str = "") -> None:
        how = f": query by correlation id {correlation_id} to find out" if correlation_id else ""
        super().__init__(
            f"no answer ({reason}); the command may or may not have been stored{how}",
            status=status,
            details={"correlation_id": correlation_id} if correlation_id else None,
        )

    @property
    def correlation_id(self) -> str:
        """The id that events of the lost send would carry, or ""."""
        return self.details.get("correlation_id", "")


class NotStored(AngzarrError):
    """The coordinator answered with events, but they are not in the stream: an answer like that is no proof there.

    Coordinators of the older protocols keep what continues the stream, and drop the rest of what business logic
    answers without a word; or they store it where the answer's cover says (STORED_ELSEWHERE). Mend the business logic:
    it numbers its events from the head it is given, and answers for the aggregate it was asked about.
    """

    codes: ClassVar[tuple[str, ...]] = ("NOT_STORED", "STORED_ELSEWHERE")
    default_status = Status.INTERNAL

    def __init__(
        self, message: str, *, sequences: Iterable[int] = (), correlation_id: str = "", code: str = "NOT_STORED"
    ) -> None:
        numbers = ", ".join(map(str, sequences))
        details = {"sequences": numbers, "correlation_id": correlation_id}
        super().__init__(message, code=code, details={name: text for name, text in details.items() if text})

    @property
    def sequences(self) -> tuple[int, ...]:
        """The sequences that the lost events claimed."""
        numbers = self.details.get("sequences", "").split(", ")
        return tuple(int(number) for number in numbers if re.fullmatch("[0-9]{1,10}", number))

    @property
    def correlation_id(self) -> str:
        """What events of this command carry, or ""."""
        return self.details.get("correlation_id", "")


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
        return tuple(name for name in names if name and not name.startswith(_MORE))


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


class HistoryError(AngzarrError):
    """Recorded history cannot be folded into a state."""

    codes: ClassVar[tuple[str, ...]] = ("HISTORY_UNUSABLE",)
    default_status = Status.INTERNAL


class CorruptHistory(HistoryError):
    """A stored event does not decode, so no state can be trusted and no handler runs."""

    codes: ClassVar[tuple[str, ...]] = ("PERSISTED_EVENT_CORRUPT",)
    default_status = Status.DATA_LOSS

    def __init__(self, type_url: str, *, sequence: int | None, root: UUID | None) -> None:
        super().__init__(
            f"stored event {sequence if sequence is not None else '(without sequence)'} of root "
            f"{root or '(none)'} is not a readable {type_url}: restore it, or mend its schema",
            details={
                "type_url": type_url,
                **({} if sequence is None else {"sequence": sequence}),
                **({} if root is None else {"root": root}),
            },
        )

    @property
    def type_url(self) -> str:
        """The type URL of the event."""
        return self.details.get("type_url", "")

    @property
    def sequence(self) -> int | None:
        """The event's sequence, None if its page has none."""
        return self._sequence("sequence")

    @property
    def root(self) -> UUID | None:
        """The aggregate's root, None if its cover has none or a peer's text is no UUID."""
        return self._uuid("root")


class IncompleteHistory(HistoryError):
    """A book that does not reach back to the first event, without a usable snapshot before it."""

    codes: ClassVar[tuple[str, ...]] = ("INCOMPLETE_HISTORY",)


class SnapshotUnfit(IncompleteHistory):
    """A snapshot stands for the missing pages, but it does not fit. Fold the whole history instead."""

    codes: ClassVar[tuple[str, ...]] = ("SNAPSHOT_UNFIT",)


class HandlerFailed(AngzarrError):
    """A handler or applier raised something it should not, or answered with no event. Nothing was stored.

    The text names the exception's class and the handler only, since messages of exceptions carry payloads. The
    exception itself is this error's cause where it was raised; a server logs its frames.
    """

    codes: ClassVar[tuple[str, ...]] = ("UNHANDLED_HANDLER_ERROR",)
    default_status = Status.INTERNAL

    def __init__(
        self,
        handler: str,
        exception: str = "",
        *,
        answer: str = "",
        sequence: int | None = None,
        root: UUID | None = None,
    ) -> None:
        event = "" if sequence is None else f" at stored event {sequence} of root {root or '(none)'}"
        where = "in the log of the process that ran it, or in this error's cause"
        raised = f"raised {exception}{event}; its traceback is {where}"
        super().__init__(
            f"{handler} {answer or raised}",
            details={
                "handler": handler,
                **({"exception": exception} if exception else {}),
                **({} if sequence is None else {"sequence": sequence}),
                **({} if root is None else {"root": root}),
            },
        )

    @property
    def handler(self) -> str:
        """The class and method that failed, such as "Account.withdraw"."""
        return self.details.get("handler", "")

    @property
    def exception(self) -> str:
        """The class of what it raised; "" if it answered with something that is no event."""
        return self.details.get("exception", "")

    @property
    def sequence(self) -> int | None:
        """Of the stored event that an applier raised at; None if it was none."""
        return self._sequence("sequence")

    @property
    def root(self) -> UUID | None:
        """Of the aggregate whose stored event an applier raised at; None if it was none."""
        return self._uuid("root")


class InvalidReply(AngzarrError):
    """Business logic answered with something that cannot be stored as it stands. Nothing was stored."""

    codes: ClassVar[tuple[str, ...]] = ("INVALID_REPLY",)
    default_status = Status.INTERNAL


class ConnectionFailed(AngzarrError):
    """No connection. Of a command nothing was sent; what stores nothing may also have been lost in mid-call."""

    codes: ClassVar[tuple[str, ...]] = ("CONNECTION_FAILED",)
    default_status = Status.UNAVAILABLE
    default_retry = Retry.LATER

    def __init__(self, message: str, *, endpoint: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code, details={"endpoint": endpoint} if endpoint else None)

    @property
    def endpoint(self) -> str:
        """Where the connection was tried, or ""."""
        return self.details.get("endpoint", "")


class TlsFailed(ConnectionFailed):
    """TLS could not be agreed, so nothing was sent. Mend certificates or names; trying again will not help.

    `code` says what is wrong: TLS_UNTRUSTED, the server's certificate is of nobody trusted here; TLS_EXPIRED, it has
    expired; TLS_NOT_YET_VALID; TLS_WRONG_HOST, it is another host's; TLS_CLIENT_CERTIFICATE, the server asks for a
    certificate of the client's that it trusts; TLS_FAILED, anything else, such as a peer that does not speak TLS.
    """

    codes: ClassVar[tuple[str, ...]] = (
        "TLS_FAILED",
        "TLS_UNTRUSTED",
        "TLS_EXPIRED",
        "TLS_NOT_YET_VALID",
        "TLS_WRONG_HOST",
        "TLS_CLIENT_CERTIFICATE",
    )
    default_retry = Retry.NEVER


class DeadlineExceeded(AngzarrError):
    """No answer in time to a call that stores nothing; simply ask again."""

    codes: ClassVar[tuple[str, ...]] = ("DEADLINE_EXCEEDED",)
    default_status = Status.DEADLINE_EXCEEDED
    default_retry = Retry.LATER


class ServerError(AngzarrError):
    """A status that has no more special meaning here; see `status`."""

    codes: ClassVar[tuple[str, ...]] = ("SERVER_ERROR",)
    default_status = Status.UNKNOWN

    @property
    def retry(self) -> Retry:
        """Only a server that is overburdened may have time later."""
        return Retry.LATER if self.status == Status.RESOURCE_EXHAUSTED else Retry.NEVER


class NotFound(ServerError):
    """The peer does not have what was asked for. A rejection of that status is a `Rejected`."""

    codes: ClassVar[tuple[str, ...]] = ("NOT_FOUND",)
    default_status = Status.NOT_FOUND


class ServingError(AngzarrError):
    """An address or socket that cannot be served. Whoever uses it goes on undisturbed."""

    codes: ClassVar[tuple[str, ...]] = ("ADDRESS_UNUSABLE", "ADDRESS_IN_USE", "NO_COMPONENTS_REGISTERED")
    default_status = Status.FAILED_PRECONDITION

    def __init__(self, message: str, *, address: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code, details={"address": address} if address else None)

    @property
    def address(self) -> str:
        """The address as it was given, or ""."""
        return self.details.get("address", "")


class StoreError(AngzarrError):
    """A data file that cannot be used. It was left as it is."""

    codes: ClassVar[tuple[str, ...]] = (
        "DATA_FILE_UNUSABLE",
        "DATA_FILE_IN_USE",
        "DATA_FILE_FOREIGN",
        "DATA_FILE_NEWER",
        "DATA_FILE_READ_ONLY",
        "STORE_CLOSED",
    )
    default_status = Status.UNAVAILABLE

    def __init__(self, message: str, *, path: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code, details={"path": path} if path else None)

    @property
    def retry(self) -> Retry:
        """A coordinator that was stopping, or that waits for the file, may be back soon."""
        return Retry.LATER if self.code in {"STORE_CLOSED", "DATA_FILE_IN_USE"} else Retry.NEVER

    @property
    def path(self) -> str:
        """The data file, or "" where there is none."""
        return self.details.get("path", "")


def _by_code(cls: type[AngzarrError]) -> dict[str, type[AngzarrError]]:
    found = dict.fromkeys(cls.codes, cls)
    for sub in cls.__subclasses__():
        found |= _by_code(sub)
    return found


# Read once, from this module's own tree: a user's subclass adds no framework code.
_BY_CODE: Mapping[str, type[AngzarrError]] = MappingProxyType(_by_code(AngzarrError))


def is_framework_code(code: str) -> bool:
    """Whether the code is one of the framework's closed set; any other code is a rejection's."""
    return code in _BY_CODE


def restore(code: str, status: int, message: str, details: Mapping[str, str]) -> AngzarrError:
    """The error a peer reported: of the framework if the code is a listed one, else a `Rejected`."""
    cls = _BY_CODE.get(code, Rejected)
    return cls.of(message, code, Status(status), details)
