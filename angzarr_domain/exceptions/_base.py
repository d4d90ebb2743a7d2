from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Any, ClassVar, Self
from uuid import UUID


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
MORE = "... and "


def listed(names: Iterable[str]) -> str:
    """The names in order, as errors list them: after about 1000 characters only how many more there are."""
    found: list[str] = []
    room = _LISTED
    remaining = sorted(names)
    for name in remaining:
        room -= len(name) + len(", ")
        if room < 0:
            found.append(f"{MORE}{len(remaining) - len(found)} more")
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
        return self.code == "CLIENT_CLOSED"

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
