"""One thing that happens to an aggregate, in the words of the kit, and what came of a row of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

import attrs

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.exceptions import UsageError
from angzarr_domain.testing._failure import ScenarioFailed
from angzarr_domain.testing._invariants import Invariant
from angzarr_domain.testing._report import shown
from angzarr_domain.testing._scenario import Given, Outcome
from angzarr_domain.testing._source import Source

A = TypeVar("A", bound=Aggregate)


@attrs.frozen
class Step:
    """A message and the kit's verb for how it reaches the aggregate.

    Attributes:
        message: What the verb takes; for `when_undone`, the class of the command.
        named: What the verb is told beside it.

    """

    message: Any
    verb: str = "when"
    named: tuple[tuple[str, Any], ...] = ()

    def on(self, scenario: Given[A] | Outcome[A]) -> Outcome[A]:
        """What comes of it."""
        happen: Callable[..., Outcome[A]] = getattr(scenario, self.verb)
        return happen(self.message, **dict(self.named))

    def source(self, source: Source) -> str:
        """The call that repeats it."""
        message = source.name(self.message) if isinstance(self.message, type) else source.of(self.message)
        return f".{self.verb}({message}{''.join(f', {name}={source.of(value)}' for name, value in self.named)})"

    @property
    def cls(self) -> type[Any]:
        """The class of the message."""
        found: type[Any] = self.message if isinstance(self.message, type) else type(self.message)
        return found

    @property
    def name(self) -> str:
        """What coverage counts it by."""
        return _SAID.get(self.verb, "") + self.cls.__name__

    def __str__(self) -> str:
        message = self.message.__name__ if isinstance(self.message, type) else shown(self.message)
        return _SAID.get(self.verb, "") + message


#: Before the name of a message, where it is not the message itself that comes in.
_SAID: Final = {"when_refused": "refusal of ", "when_undone": "undoing of "}


class Walk(Generic[A]):
    """Steps taken one after the other, each held to the kit's rules and to the invariants."""

    def __init__(self, start: Given[A] | Outcome[A], invariants: Sequence[Invariant[A]]) -> None:
        self.at = start
        self.steps: list[Step] = []
        self.outcomes: list[Outcome[A]] = []
        self._invariants = invariants
        self._executed: list[tuple[type[Any], tuple[int, ...]]] = []

    def take(self, step: Step) -> Outcome[A]:
        """Take one more step.

        Raises:
            ScenarioFailed: Something does not hold; the step counts as taken.
            UsageError: There is nothing to undo.

        """
        if step.verb == "when_undone":
            step = self._placed(step)
        self.steps.append(step)
        first = self.at.state.next_sequence
        outcome = step.on(self.at).then_holds(*self._invariants)
        if step.verb == "when" and outcome.rejection is None:
            self._executed.append((step.cls, tuple(range(first, first + len(outcome.events)))))
        self.outcomes.append(outcome)
        self.at = outcome
        return outcome

    def to_undo(self, command: type[Any]) -> tuple[int, ...] | None:
        """The events of the last such command that was not undone; None if there is none."""
        return next((sequences for cls, sequences in reversed(self._executed) if cls is command), None)

    def _placed(self, step: Step) -> Step:
        sequences = self.to_undo(step.message)
        if sequences is None:
            raise UsageError(f"no {step.message.__name__} was executed that could be undone", field="command")
        self._executed.remove((step.message, sequences))
        return attrs.evolve(step, named=(("sequences", sequences),))


def failure_of(start: Given[A], invariants: Sequence[Invariant[A]], steps: Iterable[Step]) -> Failure | None:
    """How these steps fail; None if they do not."""
    walk = Walk(start, invariants)
    try:
        for step in steps:
            walk.take(step)
    except ScenarioFailed as error:
        return Failure.of(walk, error)
    except UsageError:  # a step needs another one that was left out
        return None
    return None


@attrs.frozen(eq=False)
class Failure:
    """Steps of which the last one fails, with what came of the others."""

    steps: tuple[Step, ...]
    answers: tuple[str, ...]
    error: ScenarioFailed

    @classmethod
    def of(cls, walk: Walk[Any], error: ScenarioFailed) -> Failure:
        """How a walk ended."""
        return cls(tuple(walk.steps), tuple(map(answer_of, walk.outcomes)), error)

    @property
    def place(self) -> tuple[object, ...]:
        """What tells this failure from others: where it is raised, and which exception of the author led to it."""
        cause = self.error.__cause__
        return (_raised_at(self.error), type(cause), None if cause is None else _raised_at(cause), self._broken)

    @property
    def _broken(self) -> str:
        headline = str(self.error).partition("\n")[0]
        return headline.partition(": ")[0] if " breaks " in headline else ""


def answer_of(outcome: Outcome[Any]) -> str:
    """What a step led to, in a few words."""
    if outcome.rejection is not None:
        return f"rejected {outcome.rejection.code}"
    if outcome.escalation is not None:
        return "escalated"
    return ", ".join(map(shown, outcome.events)) or "nothing"


def _raised_at(error: BaseException) -> tuple[str, int]:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return ("", 0) if trace is None else (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
