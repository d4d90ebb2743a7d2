"""What comes back to an aggregate: refusals of what it caused, and requests to undo what it did."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import attrs
from hypothesis import strategies as st

from angzarr_domain.aggregates import AggregateDefinition

from ._messages import Recipes
from ._steps import Step, Walk
from ._values import Values


@attrs.frozen
class Reaction:
    """A command class with the kit's verb for what came of such a command."""

    verb: str
    command: type[Any]
    domain: str | None = None

    @property
    def name(self) -> str:
        """What coverage counts it by."""
        return Step(self.command, self.verb).name

    def steps(self, recipes: Recipes) -> Values:
        """Steps of this kind."""
        if self.verb == "when_undone":
            return st.just(Step(self.command, self.verb))
        named = () if self.domain is None else (("domain", self.domain),)
        return recipes.message(self.command).map(lambda command: Step(command, self.verb, named))

    def fits(self, walk: Walk[Any]) -> bool:
        """Whether it can happen now: a command is undone once, after it was executed."""
        return self.verb != "when_undone" or walk.to_undo(self.command) is not None


def reactions_of(definition: AggregateDefinition[Any]) -> tuple[Reaction, ...]:
    """The refusals that it compensates and the commands that it undoes, each once."""
    entries = [entry for each in definition.compensators.values() for entry in each]
    refusals = [Reaction("when_refused", entry.command, entry.domain) for entry in entries]
    undone = [Reaction("when_undone", undoer.command) for undoer in definition.undoers.values()]
    return tuple(dict.fromkeys([*refusals, *undone]))


def left(reactions: Iterable[Reaction], without: Collection[type[Any]]) -> tuple[Reaction, ...]:
    """Those of other commands than these."""
    return tuple(reaction for reaction in reactions if reaction.command not in without)
