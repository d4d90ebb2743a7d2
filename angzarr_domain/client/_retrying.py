"""Doing again what failed, where that cannot do harm; as flows, so without any I/O of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from angzarr_domain.exceptions import AngzarrError, Retry
from angzarr_domain.wire import Method

from ._budget import Budget
from ._steps import Call, Flow, Sleep

Q = TypeVar("Q")
R = TypeVar("R")


# A lost answer to what may be done twice is no more than a failure.
_MAY_PASS: Final = frozenset({Retry.LATER, Retry.READ_FIRST})


class Attempts:
    """Counts the failures of one flow against what its budget allows."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._failures = 0

    def pause(self, error: AngzarrError) -> Flow[None]:
        """Wait until the next attempt.

        Raises:
            AngzarrError: That very error: there is to be no other attempt, or no time for one.

        """
        self._failures += 1
        policy, remaining = self._budget.retry, self._budget.remaining()
        wait = None if policy is None else policy.wait_after(self._failures, error)
        if policy is None or wait is None or (remaining is not None and remaining <= wait):
            # Rather the failure that is known than "no time left", which says less.
            raise error
        policy.on_retry(self._failures, error)
        yield from Sleep(wait)


def ask(method: Method[Q, R], request: Q, budget: Budget, correlation_id: str = "") -> Flow[R]:
    """Make a call that may be made twice, again and again while it fails in a way that may pass."""

    def once() -> Flow[R]:
        return (yield from Call(method, request, budget.options(correlation_id)))

    return retried(once, budget)


def retried(attempt: Callable[[], Flow[R]], budget: Budget) -> Flow[R]:
    """Carry out what may be done twice, again and again while it fails in a way that may pass."""
    attempts = Attempts(budget)
    while True:
        try:
            return (yield from attempt())
        except AngzarrError as error:
            if error.retry not in _MAY_PASS:
                raise
            yield from attempts.pause(error)
