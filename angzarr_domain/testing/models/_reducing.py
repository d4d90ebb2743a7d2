"""Fewer steps that fail alike."""

from __future__ import annotations

from collections.abc import Callable

from ._steps import Failure, Step


def fewer_steps(failure: Failure, attempt: Callable[[tuple[Step, ...]], Failure | None]) -> Failure:
    """The failure with as few of its steps as it takes: none of them can be left out any more.

    Hypothesis makes the values of a failure small, but cannot always tell which choices make up one step.
    """
    length = len(failure.steps) // 2
    while length:
        start = 0
        while start < len(failure.steps) - 1:  # the last step is the one that fails
            rest = failure.steps[:start] + failure.steps[start + length :]
            again = attempt(rest) if rest else None
            if again is not None and again.place == failure.place:
                failure = again
            else:
                start += length
        length //= 2
    return failure
