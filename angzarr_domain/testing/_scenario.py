from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.aggregates import Aggregate, definition_of
from angzarr_domain.books import Message, to_nanoseconds
from angzarr_domain.exceptions import Rejected, Status

from ._arguments import refuse_foreign, refuse_no_messages
from ._checks import check, check_history, watched
from ._defaults import NOW, ROOT
from ._expectations import expect_events, expect_invariants, expect_rejection, expect_state
from ._invariants import Invariant
from ._report import shown
from ._run import Options, Run, follow, start

A = TypeVar("A", bound=Aggregate)


def given(
    aggregate: type[A],
    /,
    *events: Message,
    root: UUID = ROOT,
    now: datetime | Callable[[], datetime] = NOW,
    ids: Iterable[UUID] | None = None,
    correlation_id: str = "",
) -> Given[A]:
    """A scenario: an aggregate with this history, none for a fresh one.

    Args:
        aggregate: The decorated class.
        events: Its history, from sequence 0.
        root: Which one it is.
        now: What `context.now()` gives; fixed unless given.
        ids: What `context.new_id()` gives, in this order; unless given, UUIDs that count up from 1.
        correlation_id: Of the commands.

    Raises:
        UsageError: The class is no aggregate, or an event is none of those it applies or ignores.
        ScenarioFailed: An event does not survive its encoding, or an applier raises.

    """
    __tracebackhide__ = True
    definition = definition_of(aggregate)
    refuse_no_messages("given", events)
    refuse_foreign(definition, events)
    if isinstance(now, datetime):
        to_nanoseconds(now)  # refuses a naive one
    options = Options(root, now, correlation_id, None if ids is None else tuple(ids))
    empty = start(aggregate, (), options)
    told = attrs.evolve(empty, history=events)
    check_history(told)
    return Given(watched(told, lambda: start(aggregate, events, options)))


@attrs.frozen(repr=False)
class Given(Generic[A]):
    """A history, before any command."""

    _run: Run[A]

    def when(self, command: Message) -> Outcome[A]:
        """Decide a command on it, as production does.

        Raises:
            NotHandled: The aggregate has no handler for it.
            ScenarioFailed: The handler raised something other than `Rejected`, changed what it was given, emitted
                an event that does not survive its encoding, or replay leads to another state.

        """
        __tracebackhide__ = True
        return _follow(self._run, command)

    def then_state(self, **fields: Any) -> Self:
        """The history leads to these values; fields not named are not looked at.

        Raises:
            ScenarioFailed: It does not.
            UsageError: The aggregate has no such field.

        """
        __tracebackhide__ = True
        expect_state(self._run, fields)
        return self

    def then_holds(self, *invariants: Invariant[A]) -> Self:
        """What always has to hold does, of this history.

        Args:
            invariants: Functions of the aggregate, or of the aggregate and its events so far, that return False or
                raise AssertionError where they are broken.

        Raises:
            ScenarioFailed: One of them is broken; the text names it.
            UsageError: One of them takes other arguments.

        """
        __tracebackhide__ = True
        expect_invariants(self._run, invariants)
        return self

    @property
    def state(self) -> A:
        """A copy of the aggregate."""
        return copy.deepcopy(self._run.after.state)

    def __repr__(self) -> str:
        return f"<given {self._run.cls.__name__} with {len(self._run.history)} events>"


@attrs.frozen(repr=False)
class Outcome(Generic[A]):
    """What came of a command. Every expectation gives the outcome back, so that they chain."""

    _run: Run[A]

    def then(self, *events: Message) -> Self:
        """The command leads to exactly these events, compared whole, in this order.

        Raises:
            ScenarioFailed: It does not.
            UsageError: A class or a list stands where an event belongs.

        """
        __tracebackhide__ = True
        refuse_no_messages("then", events)
        expect_events(self._run, events)
        return self

    def then_nothing(self) -> Self:
        """The command is accepted and leads to no event.

        Raises:
            ScenarioFailed: It was refused, or there are events.

        """
        __tracebackhide__ = True
        expect_events(self._run, ())
        return self

    def rejects(self, code: str, /, *, status: Status | None = None, **details: Any) -> Self:
        """The aggregate refuses the command, for this reason.

        Args:
            code: The code of the rejection.
            status: Compared if given.
            details: All of them, compared as the text that callers see; `ANY` for a value that does not matter.

        Raises:
            ScenarioFailed: It does not.

        """
        __tracebackhide__ = True
        expect_rejection(self._run, code, status, details)
        return self

    def then_state(self, **fields: Any) -> Self:
        """The aggregate has these values afterwards; fields not named are not looked at.

        Raises:
            ScenarioFailed: It has not.
            UsageError: The aggregate has no such field.

        """
        __tracebackhide__ = True
        expect_state(self._run, fields)
        return self

    def then_holds(self, *invariants: Invariant[A]) -> Self:
        """What always has to hold does, after the command.

        Same as `Given.then_holds`.

        """
        __tracebackhide__ = True
        expect_invariants(self._run, invariants)
        return self

    def when(self, command: Message) -> Outcome[A]:
        """Decide another command, on what the one before led to. Same as `Given.when`."""
        __tracebackhide__ = True
        return _follow(self._run, command)

    @property
    def events(self) -> tuple[Message, ...]:
        """The events the command led to."""
        return self._run.decision.events

    @property
    def rejection(self) -> Rejected | None:
        """The rejection, None if the command was accepted."""
        return self._run.decision.rejection

    @property
    def state(self) -> A:
        """A copy of the aggregate after the command."""
        return copy.deepcopy(self._run.after.state)

    def __repr__(self) -> str:
        rejection = self._run.decision.rejection
        answer = f"rejected {rejection.code}" if rejection else ", ".join(map(shown, self.events)) or "nothing"
        return f"<{self._run.cls.__name__}: {shown(self._run.command)} -> {answer}>"


def _follow(run: Run[A], command: Message) -> Outcome[A]:
    __tracebackhide__ = True
    refuse_no_messages("when", [command])
    told = attrs.evolve(run, history=run.history + run.decision.events, before=run.after, command=command)
    followed = watched(told, lambda: follow(run, command))
    check(followed)
    return Outcome(followed)
