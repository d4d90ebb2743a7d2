"""Values that a run has seen, so that later commands can speak of the same things."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final
from uuid import UUID

from angzarr_domain.testing._differences import parts_of

#: What a field of a message may be given again; the first that fits counts.
REUSED: Final[tuple[type[Any], ...]] = (int, str, bytes, UUID, dt.datetime, dt.timedelta, float)
_MOST = 24  # the newest of each type: enough to speak of anything, few enough to meet the same thing twice


class Pool:
    """Scalars by their type: those of the state as it is now, and those of commands and events so far."""

    def __init__(self) -> None:
        self._seen: dict[type[Any], dict[Any, None]] = {}
        self._state: dict[type[Any], dict[Any, None]] = {}

    def forget(self) -> None:
        """Start anew."""
        self._seen, self._state = {}, {}

    def learn(self, message: object) -> None:
        """Remember the values of a command or an event."""
        _note(self._seen, message)

    def look_at(self, state: object) -> None:
        """Remember the values of this state in place of the one before."""
        self._state = {}
        _note(self._state, state)

    def of(self, kind: type[Any]) -> list[Any]:
        """The values of this type, those of the state first."""
        return list({**self._state.get(kind, {}), **self._seen.get(kind, {})})


def _note(found: dict[type[Any], dict[Any, None]], value: object) -> None:
    for scalar in scalars_of(value):
        kind = next((kind for kind in REUSED if isinstance(scalar, kind)), None)
        if kind is None or isinstance(scalar, bool):
            continue
        known = found.setdefault(kind, {})
        known[scalar] = None
        if len(known) > _MOST:
            del known[next(iter(known))]


def scalars_of(value: object, depth: int = 6) -> Iterator[Hashable]:
    """The values within a value that have no parts; keys and members of sets, too."""
    parts = parts_of(value) if depth else None
    if parts is None:
        if isinstance(value, Hashable):
            yield value
        return
    if isinstance(value, Mapping):
        yield from value
    if isinstance(value, AbstractSet):
        # In an order that is the same in every process: hashes of text are not.
        items: list[Any] = sorted(value, key=repr)  # pyright: ignore[reportUnknownArgumentType] - of anything
        parts = {str(index): item for index, item in enumerate(items)}
    for part in parts.values():
        yield from scalars_of(part, depth - 1)
