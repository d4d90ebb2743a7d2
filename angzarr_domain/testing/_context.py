"""What a handler is told in a scenario: the same each time it is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import attrs

from angzarr_domain.exceptions import UsageError


@attrs.frozen
class Options:
    """What `given` was told beside the history.

    Attributes:
        ids: The ids handed out in this order; None counts up from 1.
        ids_used: How many were handed out before.
        external_ids: Of the facts that are recorded already.

    """

    root: UUID
    now: datetime | Callable[[], datetime]
    correlation_id: str
    ids: tuple[UUID, ...] | None
    ids_used: int = 0
    external_ids: frozenset[str] = frozenset()


class Clock:
    """Tells the moments of a scenario, and the very same ones again after `again`."""

    def __init__(self, now: datetime | Callable[[], datetime]) -> None:
        self._now: Callable[[], datetime] = now if callable(now) else lambda: now
        self._told: list[datetime] = []
        self._place = 0

    def __call__(self) -> datetime:
        if self._place == len(self._told):
            self._told.append(self._now())
        self._place += 1
        return self._told[self._place - 1]

    def again(self) -> None:
        """Begin anew."""
        self._place = 0


class Ids:
    """Hands out the ids of a scenario; another one of the same options hands out the same."""

    def __init__(self, options: Options) -> None:
        self._fixed = options.ids
        self._before = options.ids_used
        self.drawn: list[UUID] = []

    def __call__(self) -> UUID:
        place = self._before + len(self.drawn)
        if self._fixed is not None and place >= len(self._fixed):
            raise UsageError(f"given(ids=...) holds {len(self._fixed)} ids, and the handler asks for one more")
        self.drawn.append(UUID(int=place + 1) if self._fixed is None else self._fixed[place])
        return self.drawn[-1]
