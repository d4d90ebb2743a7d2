from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from ._base import AngzarrError, Retry, Status, UsageError

if TYPE_CHECKING:
    from angzarr_domain.books import EventPage


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
        from ._restoring import is_framework_code  # which reads the whole tree, this class included

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
    far as they could be read; None where nobody read them, and `events_error` says why a reading failed. Where there
    may be more, `events_until` is the last sequence that was looked at.
    """

    codes: ClassVar[tuple[str, ...]] = ("SEQUENCE_MISMATCH",)
    default_status = Status.FAILED_PRECONDITION
    default_retry = Retry.AFTER_RELOAD

    events: tuple[EventPage, ...] | None = None
    events_until: int | None = None
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
            return f"{self.message}; in between{self._read_so_far()}: {names or 'nothing'}"
        if self.events_error:
            return f"{self.message}; the events in between could not be read: {self.events_error}"
        return self.message

    def _read_so_far(self) -> str:
        until, expected, actual = self.events_until, self.expected, self.actual
        if until is None:
            return ""
        if expected is None or actual is None:
            return f", read up to sequence {until}"
        return f" are {actual - expected} sequences, of which the first {until - expected + 1} were read"

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
            f"outcome unknown ({reason}); the command may or may not have been stored{how}",
            status=status,
            details={"correlation_id": correlation_id} if correlation_id else None,
        )

    @property
    def correlation_id(self) -> str:
        """The id that events of the lost send would carry, or ""."""
        return self.details.get("correlation_id", "")


class NotStored(AngzarrError):
    """The coordinator answered with events that are not in the stream: an answer is no proof there.

    `sequences` are those that were lost; what else was answered may be stored, and the text names it.

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
