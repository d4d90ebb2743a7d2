"""Every sequence of a few commands, up to a length."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import attrs

from angzarr_domain.aggregates import Aggregate, definition_of
from angzarr_domain.books import EventPage, Message
from angzarr_domain.exceptions import UsageError
from angzarr_domain.testing._arguments import refuse_no_messages
from angzarr_domain.testing._failure import ScenarioFailed
from angzarr_domain.testing._givens import given
from angzarr_domain.testing._invariants import Invariant, takes_history
from angzarr_domain.testing._scenario import Given, Outcome

from ._checking import kinds_of, refuse_misfits
from ._coverage import Coverage
from ._keys import key_of
from ._steps import Failure, Step, Walk, answer_of
from ._texts import model_failed

A = TypeVar("A", bound=Aggregate)


@attrs.frozen
class Explored:
    """What a search saw.

    Attributes:
        states: How many different ones, the first among them.
        depth: The length of the longest sequence that led to a new one.
        bound: Which bound left states that nothing was tried on: "depth", "max_states", or "" for none, so that
            however long a sequence of these commands is, it leads to nothing else.

    """

    states: int
    depth: int
    bound: str
    coverage: Coverage

    def __str__(self) -> str:
        said = {
            "": "nothing is left: longer sequences of these lead to no other state",
            "depth": f"sequences longer than {self.depth} were not tried, and may lead further",
            "max_states": "stopped there: states are left on which nothing was tried",
        }
        return f"{self.states} states, to a depth of {self.depth}; {said[self.bound]}\n{self.coverage}"


@attrs.frozen(eq=False)
class _Place(Generic[A]):
    at: Given[A] | Outcome[A]
    steps: tuple[Step, ...] = ()
    answers: tuple[str, ...] = ()
    history: tuple[Message, ...] = ()


def explore(
    aggregate: type[A],
    /,
    alphabet: Sequence[Message],
    *,
    depth: int = 6,
    invariants: Sequence[Invariant[A]] = (),
    start: Iterable[Message | EventPage] = (),
    allow_unaccepted: Collection[type[Any]] = (),
    max_states: int = 10_000,
) -> Explored:
    """Try every sequence of these commands and facts, the short ones first, and hold each step to the rules.

    Of sequences that lead to equal states, only the first goes on; where an invariant asks for the history, equal
    histories are required, too.

    Args:
        aggregate: The decorated class.
        alphabet: What each step is one of.
        depth: The length of the longest sequences.
        invariants: As for `then_holds`.
        start: The history that each sequence begins with.
        allow_unaccepted: Classes of commands and facts that may be refused each time.
        max_states: Where to stop.

    Raises:
        ModelFailed: A rule does not hold; no shorter sequence breaks any.
        NotExplored: Of one class in the alphabet, nothing was ever accepted.
        UsageError: The aggregate does not handle all of the alphabet, or it is empty.

    """
    __tracebackhide__ = True
    verbs = kinds_of(definition_of(aggregate))
    refuse_no_messages("explore", alphabet)
    for name, number in (("depth", depth), ("max_states", max_states), ("alphabet", len(alphabet))):
        if number < 1:
            raise UsageError(f"{name} is at least 1, not {number}", field=name)
    strangers = sorted({type(message).__name__ for message in alphabet if type(message) not in verbs})
    if strangers:
        raise UsageError(f"{aggregate.__name__} does not handle {', '.join(strangers)}", field="alphabet")
    steps = [Step(message, verbs[type(message)]) for message in alphabet]
    kinds = dict.fromkeys(type(message) for message in alphabet)
    refuse_misfits(aggregate, kinds, invariants, allow_unaccepted)
    coverage = Coverage.of(definition_of(aggregate), kinds)
    past = tuple(start)
    beginning = given(aggregate, *past).then_holds(*invariants)
    found = _search(_Place(beginning), steps, invariants, coverage, depth, max_states)
    if isinstance(found, Failure):
        raise model_failed(aggregate, past, invariants, found) from found.error
    coverage.require(allow_unaccepted)
    return found


def _search(  # noqa: PLR0917 - one caller
    first: _Place[A],
    alphabet: Sequence[Step],
    invariants: Sequence[Invariant[A]],
    coverage: Coverage,
    depth: int,
    max_states: int,
) -> Explored | Failure:
    whole = any(map(takes_history, invariants))
    seen = {_key(first, whole=whole)}
    places, deepest = deque([first]), 0
    while places:
        place = places.popleft()
        if len(place.steps) == depth:
            return Explored(len(seen), deepest, "depth", coverage)
        for step in alphabet:
            walk = Walk(place.at, invariants)
            try:
                outcome = walk.take(step)
            except ScenarioFailed as error:
                return Failure((*place.steps, step), place.answers, error)
            coverage.count(step, outcome)
            reached = _Place(
                outcome, (*place.steps, step), (*place.answers, answer_of(outcome)), place.history + outcome.events
            )
            key = _key(reached, whole=whole)
            if key in seen:
                continue
            if len(seen) == max_states:
                return Explored(len(seen), deepest, "max_states", coverage)
            seen.add(key)
            places.append(reached)
            deepest = len(reached.steps)
    return Explored(len(seen), deepest, "", coverage)


def _key(place: _Place[Any], *, whole: bool) -> Hashable:
    state = place.at.state
    return key_of(state), state.exists, key_of(place.history) if whole else None
