"""What a run tried, and what the aggregate made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

import attrs

from angzarr_domain.aggregates import AggregateDefinition
from angzarr_domain.testing._report import section
from angzarr_domain.testing._scenario import Outcome

from ._failure import NotExplored
from ._steps import Step


@attrs.define
class Tried:
    """One kind of message: how often it was accepted, and by which codes it was refused."""

    accepted: int = 0
    rejected: Counter[str] = attrs.field(factory=Counter[str])

    def __str__(self) -> str:
        codes = ", ".join(f"{code} {count}" for code, count in sorted(self.rejected.items()))
        return f"accepted {self.accepted}, rejected {self.rejected.total()}{codes and f' ({codes})'}"


@attrs.frozen
class Coverage:
    """What was reached; as text, a line for each kind of message.

    Attributes:
        steps: How many messages were handled, those of repeated and shortened attempts among them.
        tried: By the name of the message class.
        events: How often each event was emitted, by the name of its class; 0 for one that an applier waits for.

    """

    tried: dict[str, Tried]
    events: Counter[str]

    @classmethod
    def of(cls, definition: AggregateDefinition[Any], kinds: Iterable[type[Any]], *others: str) -> Coverage:
        """Nothing yet of these, and of what else is named."""
        events = Counter({applier.event.__name__: 0 for applier in definition.appliers.values()})
        return cls({name: Tried() for name in (*(kind.__name__ for kind in kinds), *others)}, events)

    @property
    def steps(self) -> int:
        """How many messages were handled."""
        return sum(tried.accepted + tried.rejected.total() for tried in self.tried.values())

    def count(self, step: Step, outcome: Outcome[Any]) -> None:
        """One more."""
        tried = self.tried[step.name]
        if outcome.rejection is None:
            tried.accepted += 1
        else:
            tried.rejected[outcome.rejection.code] += 1
        self.events.update(type(event).__name__ for event in outcome.events)

    def require(self, allowed: Collection[type[Any]]) -> None:
        """Every kind was accepted at least once, but for these.

        Raises:
            NotExplored: One was not.

        """
        names = {kind.__name__ for kind in allowed}
        unseen = [name for name, tried in self.tried.items() if not tried.accepted]
        missing = [name for name in unseen if name.rpartition(" ")[2] not in names]
        if missing:
            named = ", ".join(dict.fromkeys(name.rpartition(" ")[2] for name in missing))
            raise NotExplored(
                f"never accepted, so that nothing is known of what comes after: {', '.join(missing)}\n\n{self}\n\n"
                "to do: begin where it is accepted, start=[...]; say what such a message holds, fields={...} or "
                f"commands={{...}}; try more; or allow_unaccepted=[{named}]"
            )

    def __str__(self) -> str:
        width = max(map(len, self.tried), default=0)
        never = [name for name, count in self.events.items() if not count]
        parts = [
            section(f"{self.steps} steps", (f"{name:<{width}}  {tried}" for name, tried in self.tried.items())),
            f"events never seen: {', '.join(never)}" if never else "",
        ]
        return "\n".join(filter(None, parts))
