from __future__ import annotations

from collections.abc import Sequence

from angzarr_domain.books import Message
from angzarr_domain.testing._failure import ScenarioFailed


class ModelFailed(ScenarioFailed):
    """Commands that lead an aggregate where a rule does not hold.

    Attributes:
        commands: What was sent, as few as it takes; the last one breaks the rule. Of undoing, the class of what is
            undone.
        rule: Which rule, as the first line of the text says it.
        test: A test to paste, with its imports.

    """

    def __init__(self, text: str, *, commands: Sequence[Message | type[Message]], rule: str, test: str) -> None:
        super().__init__(text)
        self.commands = tuple(commands)
        self.rule = rule
        self.test = test


class NotExplored(ScenarioFailed):
    """The commands tried did not reach what was to be checked, so that passing would say nothing."""


# The names that users see and import, rather than where they happen to stand.
for _class in (ModelFailed, NotExplored):
    _class.__module__ = "angzarr_domain.testing.models"
