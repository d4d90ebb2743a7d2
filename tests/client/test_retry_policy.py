"""How often, and how far apart, what failed is tried again."""

from __future__ import annotations

import pytest

from angzarr_domain.client import RetryPolicy
from angzarr_domain.exceptions import AngzarrError, ConnectionFailed, InvalidArgument


class Failing:
    """Fails so often, then returns how often it was called."""

    def __init__(self, times: int, error: AngzarrError | None = None) -> None:
        self.times = times
        self.calls = 0
        self.error = error or ConnectionFailed("away")

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error
        return self.calls


def quick(attempts: int, told: list[int] | None = None) -> RetryPolicy:
    return RetryPolicy(
        attempts=attempts,
        min_delay=0.001,
        max_delay=0.002,
        on_retry=lambda attempt, _error: None if told is None else told.append(attempt),
    )


def test_the_default() -> None:
    """10 attempts, from 100 ms to 5 s apart, with jitter (C-0127)."""
    policy = RetryPolicy()

    assert (policy.attempts, policy.min_delay, policy.max_delay, policy.jitter) == (10, 0.1, 5.0, True)


def test_the_first_success() -> None:
    """Is the result: of 5 attempts, 3 are made when 2 fail (C-0128)."""
    operation = Failing(2)

    assert (quick(5).execute(operation), operation.calls) == (3, 3)


def test_the_last_failure() -> None:
    """Is the result when all attempts fail: of 3 attempts, 3 are made (C-0129)."""
    operation = Failing(9)

    with pytest.raises(ConnectionFailed, match="away"):
        quick(3).execute(operation)
    assert operation.calls == 3


def test_being_told() -> None:
    """Of each failure but the last: 2 times for 3 attempts that fail (C-0130)."""
    told: list[int] = []

    with pytest.raises(ConnectionFailed):
        quick(3, told).execute(Failing(9))
    assert told == [1, 2]


def test_what_would_fail_again() -> None:
    """Is not tried again."""
    operation = Failing(9, InvalidArgument("no sense"))

    with pytest.raises(InvalidArgument):
        quick(3).execute(operation)
    assert operation.calls == 1


@pytest.mark.parametrize(("failures", "longest"), [(1, 0.1), (2, 0.2), (3, 0.4), (7, 5.0), (5_000, 5.0)])
def test_delays(failures: int, longest: float) -> None:
    """Double from the shortest to the longest; jitter shortens them by up to half."""
    assert RetryPolicy(jitter=False).delay(failures) == pytest.approx(longest)
    assert all(longest / 2 <= RetryPolicy().delay(failures) <= longest for _ in range(50))
