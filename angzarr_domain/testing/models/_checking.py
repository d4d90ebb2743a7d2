"""Sequences of commands that Hypothesis thinks of, held to the kit's rules and the author's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import attrs
import hypothesis
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from angzarr_domain.aggregates import Aggregate, AggregateDefinition, definition_of
from angzarr_domain.books import EventPage, Message
from angzarr_domain.exceptions import UsageError, listed
from angzarr_domain.testing._failure import ScenarioFailed
from angzarr_domain.testing._givens import given
from angzarr_domain.testing._invariants import Invariant, takes_history

from ._coverage import Coverage
from ._messages import Recipes
from ._pool import Pool
from ._reactions import Reaction, left, reactions_of
from ._reducing import fewer_steps
from ._steps import Failure, Step, Walk, failure_of
from ._texts import model_failed
from ._values import Values

A = TypeVar("A", bound=Aggregate)
_GOES_ON = st.integers(0, 19)  # 0 ends a sequence
# A class that pyright does not know to be one of enums.
_CHECKS: Final[tuple[hypothesis.HealthCheck, ...]] = tuple(
    cast("Iterable[hypothesis.HealthCheck]", hypothesis.HealthCheck)
)


def commands(
    aggregate: type[Aggregate],
    /,
    *,
    commands: Mapping[type[Any], Values] | None = None,
    fields: Mapping[str, Values] | None = None,
) -> st.SearchStrategy[Message]:
    """Any command that the aggregate handles, for properties of your own.

    Args:
        aggregate: The decorated class.
        commands: Strategies in place of ours, by command class.
        fields: Strategies for fields, by name ("amount") or by one class's name and theirs ("Withdraw.amount").

    Raises:
        UsageError: One of these is none of the aggregate's.

    """
    definition = definition_of(aggregate)
    handled = [handler.command for handler in definition.handlers.values()]
    recipes = recipes_of(aggregate, handled, commands, fields, None)
    return st.one_of([recipes.message(command) for command in handled])


def check_aggregate(
    aggregate: type[A],
    /,
    *,
    invariants: Sequence[Invariant[A]] = (),
    commands: Mapping[type[Any], Values] | None = None,
    fields: Mapping[str, Values] | None = None,
    start: Iterable[Message | EventPage] = (),
    without: Collection[type[Any]] = (),
    allow_unaccepted: Collection[type[Any]] = (),
    max_examples: int = 100,
    steps: int = 20,
    seed: int | None = 0,
) -> Coverage:
    """Try sequences of commands and facts, and hold each step to the kit's rules and to these invariants.

    Refusals that the aggregate compensates come in, too, whether it has caused such a command or not; and what it can
    undo is undone, once.

    Args:
        aggregate: The decorated class.
        invariants: As for `then_holds`.
        commands: Strategies in place of ours, by the class of the command or fact.
        fields: Strategies for fields, by name ("amount") or by one class's name and theirs ("Withdraw.amount").
        start: The history that each sequence begins with, none for a fresh aggregate.
        without: Classes of commands and facts that are left out, with what comes back of them.
        allow_unaccepted: Classes of commands and facts that may be refused each time.
        max_examples: How many sequences.
        steps: The length of the longest.
        seed: Of the choices: the same ones in each run; None for others each time.

    Raises:
        ModelFailed: A rule does not hold; with as few and as small commands as it takes.
        NotExplored: One of the commands was never accepted.
        UsageError: An argument fits nothing of the aggregate, or no command can be made that its class accepts.

    """
    __tracebackhide__ = True
    for name, number in (("max_examples", max_examples), ("steps", steps)):
        if number < 1:
            raise UsageError(f"{name} is at least 1, not {number}", field=name)
    definition = definition_of(aggregate)
    known = reactions_of(definition)
    kinds = kinds_of(definition, without, *(reaction.command for reaction in known))
    reactions = left(known, without)
    everything = dict.fromkeys([*kinds, *(reaction.command for reaction in reactions)])
    refuse_misfits(aggregate, everything, invariants, allow_unaccepted)
    pool = Pool()
    search = _Search(
        aggregate,
        tuple(start),
        invariants,
        kinds,
        reactions,
        recipes_of(aggregate, everything, commands, fields, pool),
        pool,
        Coverage.of(definition, kinds, *(reaction.name for reaction in reactions)),
        steps,
    )
    failure, every_time = search.run(max_examples, seed)
    if failure is not None:
        raise model_failed(aggregate, search.start, invariants, failure, every_time=every_time) from failure.error
    search.coverage.require(allow_unaccepted)
    return search.coverage


def kinds_of(
    definition: AggregateDefinition[Any], without: Collection[type[Any]] = (), *others: type[Any]
) -> dict[type[Any], str]:
    """The kit's verb for each class that can come in from outside; `without` may name others, too."""
    known = {handler.command: "when" for handler in definition.handlers.values()}
    known |= {handler.fact: "when_fact" for handler in definition.facts.values()}
    _refuse_strangers(definition.cls, "without", without, dict.fromkeys([*known, *others]))
    kinds = {kind: verb for kind, verb in known.items() if kind not in without}
    if not kinds:
        raise UsageError(f"{definition.cls.__name__} handles nothing that is left to try", field="without")
    return kinds


def recipes_of(
    aggregate: type[Any],
    kinds: Collection[type[Any]],
    commands: Mapping[type[Any], Values] | None,
    fields: Mapping[str, Values] | None,
    pool: Pool | None,
) -> Recipes:
    """How messages of these kinds are made."""
    recipes = Recipes(dict(commands or {}), dict(fields or {}), pool)
    _refuse_strangers(aggregate, "commands", recipes.commands, kinds)
    unused = recipes.unused(kinds)
    if unused:
        raise UsageError(f"no command of {aggregate.__name__} has a field {listed(unused)}", field="fields")
    return recipes


def refuse_misfits(
    aggregate: type[Any],
    kinds: Collection[type[Any]],
    invariants: Sequence[Callable[..., object]],
    allow_unaccepted: Collection[type[Any]],
) -> None:
    """Raise UsageError for what cannot be meant, before anything is tried."""
    _refuse_strangers(aggregate, "allow_unaccepted", allow_unaccepted, kinds)
    for invariant in invariants:
        takes_history(invariant)


def _refuse_strangers(
    aggregate: type[Any], argument: str, named: Collection[type[Any]], kinds: Collection[type[Any]]
) -> None:
    strangers = [kind for kind in named if kind not in kinds]
    if strangers:
        raise UsageError(
            f"{argument} names {listed(kind.__name__ for kind in strangers)}, and {aggregate.__name__} is only tried "
            f"with {listed(kind.__name__ for kind in kinds)}",
            field=argument,
        )


@attrs.define(eq=False)
class _Search:
    aggregate: type[Any]
    start: tuple[Message | EventPage, ...]
    invariants: Sequence[Invariant[Any]]
    kinds: dict[type[Any], str]
    reactions: tuple[Reaction, ...]
    recipes: Recipes
    pool: Pool
    coverage: Coverage
    steps: int
    found: Failure | None = None
    choices: tuple[Values, ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        commands = _step(self.recipes, self.kinds, st.sampled_from(list(self.kinds)))
        self.choices = (commands, *(reaction.steps(self.recipes) for reaction in self.reactions))

    def run(self, max_examples: int, seed: int | None) -> tuple[Failure | None, bool]:
        """The smallest failure, if there is any, and whether it comes every time."""
        beginning = given(self.aggregate, *self.start).then_holds(*self.invariants)

        def attempt(data: st.DataObject) -> None:
            self._walk(data, Walk(beginning, self.invariants))

        settings = hypothesis.settings(
            database=None,
            deadline=None,
            derandomize=False,
            max_examples=max_examples,
            phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=_CHECKS,
            verbosity=hypothesis.Verbosity.quiet,
        )
        test = settings(hypothesis.given(st.data())(attempt))
        try:
            (test if seed is None else hypothesis.seed(seed)(test))()
        except (ScenarioFailed, Flaky):
            if self.found is None:
                raise
        if self.found is None:
            return None, True

        def again(steps: Sequence[Step]) -> Failure | None:
            return failure_of(beginning, self.invariants, steps)

        fewest = fewer_steps(self.found, again)
        return fewest, again(fewest.steps) is not None

    def _walk(self, data: st.DataObject, walk: Walk[Any]) -> None:
        self.pool.forget()
        for event in self.start:
            self.pool.learn(event)
        self.pool.look_at(walk.at.state)
        for _ in range(self.steps):
            step: Step | None = data.draw(self._choices(walk))
            if step is None:
                return
            try:
                outcome = walk.take(step)
            except ScenarioFailed as error:
                self.found = Failure.of(walk, error)  # the last one is what Hypothesis ends with: the smallest
                raise
            self.coverage.count(step, outcome)
            for message in (step.message, *outcome.events):
                self.pool.learn(message)
            self.pool.look_at(outcome.state)

    def _choices(self, walk: Walk[Any]) -> Values:
        commands, *others = self.choices
        fitting = [each for each, reaction in zip(others, self.reactions, strict=True) if reaction.fits(walk)]
        # As often as one of the commands each.
        return st.one_of([*[commands] * len(self.kinds), *fitting]) if fitting else commands


@st.composite
def _step(draw: st.DrawFn, recipes: Recipes, verbs: Mapping[type[Any], str], kinds: Values) -> Step | None:
    if not draw(_GOES_ON):
        return None
    kind = draw(kinds)
    return Step(draw(recipes.message(kind)), verbs[kind])
