"""Which outcomes a test never looked at: such a scenario holds whatever the aggregate answers, and says nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

# By id, and held for as long as somebody watches: another object must not get the same id meanwhile.
_WATCHED: Final[list[dict[int, Any]]] = []


class ScenarioUnfinished(UserWarning):
    """A test ended a scenario with `.when(...)` and expected nothing of it, so that it would hold whatever came."""


ScenarioUnfinished.__module__ = "angzarr_domain.testing"


@contextmanager
def watching() -> Generator[dict[int, Any]]:
    """While it lasts, outcomes that nobody has looked at, in the order they were made."""
    unseen: dict[int, Any] = {}
    _WATCHED.append(unseen)
    try:
        yield unseen
    finally:
        _WATCHED.remove(unseen)


def made(outcome: Any) -> None:
    """An outcome that nobody has looked at yet."""
    if _WATCHED:
        _WATCHED[-1][id(outcome)] = outcome


def looked_at(outcome: Any) -> None:
    """Something was expected of it, or it was read, or the scenario goes on from it."""
    for unseen in _WATCHED:
        unseen.pop(id(outcome), None)
