"""When a call that failed is made again. What may be done again is decided elsewhere, in `_retrying.py`."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs

from angzarr_domain.exceptions import AngzarrError, Retry, UsageError

R = TypeVar("R")

_MANY: Final = 1_000


def _ignore(_attempt: int, _error: AngzarrError) -> None:
    """What `on_retry` is unless given."""


def _seconds(_owner: object, field: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not 0 < value < math.inf:
        raise UsageError(f"{field.name} is a number of seconds above 0, not {value}", field=field.name)


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often, and how far apart, what failed is tried again (C-0127).

    Only what cannot do harm twice: queries, commands of which nothing was sent or stored, and commands with an expected
    sequence, once reading back has shown that they are not stored.

    Attributes:
        attempts: How often at most, the first time included.
        min_delay: Seconds between the first attempt and the second; doubled each time after.
        max_delay: The longest that becomes.
        jitter: Whether each delay is shortened by up to half at random, so that callers who failed together do not come
            back together.
        attempt_timeout: Seconds that one attempt may take; without it, one that hangs takes all of the call's time.
        on_retry: Told of each failure before the next attempt, but not of the last: how many attempts there were so
            far, and the error (C-0130). With asynchronous clients it runs on the event loop.

    Raises:
        UsageError: A number that makes no sense.

    """

    attempts: int = 10
    min_delay: float = attrs.field(default=0.1, validator=_seconds)
    max_delay: float = attrs.field(default=5.0, validator=_seconds)
    jitter: bool = True
    attempt_timeout: float | None = attrs.field(default=None, validator=_seconds)
    on_retry: Callable[[int, AngzarrError], object] = _ignore

    def __attrs_post_init__(self) -> None:
        if self.attempts < 1:
            raise UsageError(f"attempts count from 1, not {self.attempts}", field="attempts")
        if self.max_delay < self.min_delay:
            raise UsageError(f"max_delay {self.max_delay} is below min_delay {self.min_delay}", field="max_delay")

    def delay(self, failures: int) -> float:
        """Seconds to wait after this many failures in a row."""
        # Doubling beyond any longest delay would only overflow.
        longest = min(self.max_delay, self.min_delay * 2.0 ** min(failures - 1, _MANY))
        return longest * random.uniform(0.5, 1) if self.jitter else longest  # noqa: S311 - no secret hangs on it

    def wait_after(self, failures: int, error: AngzarrError) -> float | None:
        """Seconds to wait after this failure, which the peer may lengthen; None if there is to be no other attempt."""
        if failures >= self.attempts or error.retry_after == math.inf:
            return None
        return max(self.delay(failures), error.retry_after or 0)

    def execute(self, operation: Callable[[], R]) -> R:
        """What an operation of your own returns, called again while it fails in a way that may pass.

        Each attempt is the whole operation: it had better do no harm twice.

        Raises:
            AngzarrError: The last failure, or the first whose `retry` is not LATER (C-0128, C-0129).

        """
        failures = 0
        while True:
            try:
                return operation()
            except AngzarrError as error:
                failures += 1
                wait = self.wait_after(failures, error)
                if wait is None or error.retry is not Retry.LATER:
                    raise
                self.on_retry(failures, error)
                time.sleep(wait)
