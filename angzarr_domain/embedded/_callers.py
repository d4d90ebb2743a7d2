"""Who waits for an answer, and how long."""

from __future__ import annotations

import time
from typing import Final, Protocol

import attrs

from angzarr_domain.exceptions import DeadlineExceeded

#: Kept back of the caller's time, so that it still gets to see the answer.
_RESERVE: Final = 0.5

#: gRPC gives a caller without a deadline some centuries; more than this is no bound at all.
_NO_BOUND: Final = 365 * 24 * 3600.0


class Caller(Protocol):
    """The running call a function answers: `hosting`'s over gRPC, or an `InProcessCaller`."""

    def remaining(self) -> float | None:
        """Seconds the caller still waits; None if it set no bound."""
        ...

    def is_active(self) -> bool:
        """Whether the caller still waits."""
        ...


@attrs.frozen
class InProcessCaller:
    """A caller in this process, which waits until a moment of the monotonic clock, or for ever."""

    deadline: float | None = None

    @classmethod
    def within(cls, timeout: float | None) -> InProcessCaller:
        """A caller that starts to wait now."""
        return cls(None if timeout is None else time.monotonic() + timeout)

    def remaining(self) -> float | None:
        """Same as `Caller.remaining`."""
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    def is_active(self) -> bool:
        """Same as `Caller.is_active`."""
        return self.remaining() != 0.0


def time_to_work(caller: Caller) -> float | None:
    """Seconds that an answer may take: half a second less than the caller waits, or half of it if that is more.

    None is no bound.
    """
    remaining = caller.remaining()
    if remaining is None or remaining > _NO_BOUND:
        return None
    return max(remaining - _RESERVE, remaining / 2)


def check_waiting(caller: Caller) -> None:
    """DeadlineExceeded if nobody waits for the answer any more; to be asked while nothing is stored yet."""
    if not caller.is_active():
        raise DeadlineExceeded("the caller gave up before anything was stored: nothing was, send the command again")
