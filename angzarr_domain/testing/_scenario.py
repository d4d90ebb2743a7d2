from __future__ import annotations

import copy
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.aggregates import Aggregate, Escalation
from angzarr_domain.books import Message
from angzarr_domain.exceptions import Rejected, Status, UsageError

from ._arguments import refuse_no_messages
from ._checks import check, watched
from ._expectations import expect_escalation, expect_events, expect_invariants, expect_rejection, expect_state
from ._failure import ScenarioFailed
from ._invariants import Invariant
from ._looking import looked_at, made
from ._occasions import Answer, Commanded, Occasion, Prepared, Told, Undone, WasRefused
from ._report import answer_blocks, report, section, shown, subject
from ._run import Run, follow, told
from ._snapshots import expect_no_snapshot, expect_snapshot

A = TypeVar("A", bound=Aggregate)


@attrs.frozen(repr=False)
class Scene(Generic[A]):
    """An aggregate at some point of a scenario: what can happen to it next, and what can be said of it."""

    _run: Run[A]

    def when(self, command: Message) -> Outcome[A]:
        """Decide a command on it, as production does.

        Raises:
            NotHandled: The aggregate has no handler for it.
            ScenarioFailed: The handler raised something other than `Rejected`, changed what it was given, answered
                otherwise the second time, emitted an event that does not survive its encoding, or replay leads to
                another state.

        """
        __tracebackhide__ = True
        return self._follow("when", command, Commanded(command))

    def when_fact(self, fact: Message, *, external_id: str = "") -> Outcome[A]:
        """Tell it a fact, which it records whether it likes it or not. Otherwise same as `when`.

        Args:
            external_id: What the fact is recorded once by: a second one of the same id leads to nothing.

        Raises:
            InvalidArgument: NO_FACT_HANDLER: it accepts no such facts.

        """
        __tracebackhide__ = True
        return self._follow("when_fact", fact, Told(fact, external_id))

    def when_refused(
        self,
        command: Message,
        *,
        code: str = "",
        message: str = "",
        domain: str | None = None,
        root: UUID | None = None,
    ) -> Outcome[A]:
        """Tell it that a command which it caused was refused. One that nothing compensates leads to nothing.

        Otherwise same as `when`.

        Args:
            code: Of the rejection.
            message: Of the rejection; `Refused.reason`.
            domain: Who refused it; unless given, the one domain that the class's compensators of it name.
            root: Which aggregate of that domain refused it.

        """
        __tracebackhide__ = True
        return self._follow("when_refused", command, WasRefused(command, code, message, domain, root))

    def when_undone(
        self, command: Message | type[Message], *, sequences: tuple[int, ...] | None = None, reason: str = ""
    ) -> Outcome[A]:
        """Undo a command that it executed. Otherwise same as `when`.

        Args:
            command: One that this scenario has executed; one that it has not is executed first, and has to be
                accepted. Or only its class, which is all that the undoer is told of it.
            sequences: Of the events that it led to; of the last such command of this scenario unless given.

        Raises:
            NotHandled: NO_UNDO_HANDLER: it does not undo such commands.
            UsageError: The scenario has executed no such command, or has no such events.

        """
        __tracebackhide__ = True
        cls: Any = command if isinstance(command, type) else type(command)
        run = self._run
        if sequences is None:
            sequences = _sequences(run, command)
            if sequences is None and not isinstance(command, type):
                run = accepted(run, command)
                sequences = _sequences(run, command)
        if sequences is None:
            raise UsageError(
                f"this scenario has executed no {cls.__name__}: name the events it led to, sequences=(3, 4)",
                field="sequences",
            )
        if any(not 0 <= sequence < len(run.whole) for sequence in sequences):
            raise UsageError(
                f"there is no event {max(sequences)}: the history holds {len(run.whole)}, from 0 on", field="sequences"
            )
        looked_at(self)
        return _outcome(run, Undone(cls, sequences, reason))

    def then_state(self, **fields: Any) -> Self:
        """It has these values; fields not named are not looked at.

        Raises:
            ScenarioFailed: It has not.
            UsageError: The aggregate has no such field.

        """
        __tracebackhide__ = True
        looked_at(self)
        expect_state(self._run, fields)
        return self

    def then_holds(self, *invariants: Invariant[A]) -> Self:
        """What always has to hold does.

        Args:
            invariants: Functions of the aggregate, or of the aggregate and its events so far, that return False or
                raise AssertionError where they are broken. Old events are given as what they are upcast to.

        Raises:
            ScenarioFailed: One of them is broken; the text names it.
            UsageError: One of them takes other arguments.

        """
        __tracebackhide__ = True
        looked_at(self)
        expect_invariants(self._run, invariants)
        return self

    @property
    def state(self) -> A:
        """A copy of the aggregate."""
        looked_at(self)
        return copy.deepcopy(self._run.after.state)

    def _follow(self, where: str, message: Message, occasion: Occasion) -> Outcome[A]:
        __tracebackhide__ = True
        refuse_no_messages(where, [message])
        looked_at(self)
        return _outcome(self._run, occasion)


@attrs.frozen(repr=False)
class Given(Scene[A]):
    """A history, before anything happens."""

    def commands(self, *commands: Message) -> Given[A]:
        """The same history and what these commands lead to, each decided on what the ones before led to.

        Raises:
            ScenarioFailed: One of them is refused; the text says which. Or as `when`.
            NotHandled: The aggregate has no handler for one of them.

        """
        __tracebackhide__ = True
        refuse_no_messages("commands", commands)
        run = self._run
        for number, command in enumerate(commands, 1):
            run = accepted(run, command, f"command {number} of {len(commands)}")
        return Given(run)

    def __repr__(self) -> str:
        return f"<given {self._run.cls.__name__} with {len(self._run.history)} events>"


@attrs.frozen(repr=False)
class Outcome(Scene[A]):
    """What came of what happened. Every expectation gives the outcome back, so that they chain."""

    def then(self, *events: Message) -> Self:
        """It leads to exactly these events, compared whole, in this order.

        Raises:
            ScenarioFailed: It does not.
            UsageError: A class or a list stands where an event belongs.

        """
        __tracebackhide__ = True
        looked_at(self)
        refuse_no_messages("then", events)
        expect_events(self._run, events)
        return self

    def then_nothing(self) -> Self:
        """It is accepted and leads to no event.

        Raises:
            ScenarioFailed: It was refused, or there are events.

        """
        __tracebackhide__ = True
        looked_at(self)
        expect_events(self._run, ())
        return self

    def rejects(self, code: str, /, *, status: Status | None = None, **details: Any) -> Self:
        """The aggregate refuses it, for this reason.

        Args:
            code: The code of the rejection.
            status: Compared if given.
            details: All of them, compared as the text that callers see; `ANY` for a value that does not matter.

        Raises:
            ScenarioFailed: It does not.

        """
        __tracebackhide__ = True
        looked_at(self)
        expect_rejection(self._run, code, status, details)
        return self

    def escalates(self, escalation: Escalation) -> Self:
        """A refusal is escalated exactly so; its reason may be `ANY`.

        Raises:
            ScenarioFailed: It is not.

        """
        __tracebackhide__ = True
        looked_at(self)
        expect_escalation(self._run, escalation)
        return self

    def then_snapshot(self, **fields: Any) -> Self:
        """A snapshot is taken with these events, by the class's policy, and holds these values.

        A policy that goes by time counts as if loading had been slow.

        Raises:
            ScenarioFailed: None is taken, or it holds other values.
            UsageError: The class has no snapshots taken, or no such field.

        """
        __tracebackhide__ = True
        looked_at(self)
        expect_snapshot(self._run, fields)
        return self

    def then_no_snapshot(self) -> Self:
        """No snapshot is taken. Otherwise same as `then_snapshot`."""
        __tracebackhide__ = True
        looked_at(self)
        expect_no_snapshot(self._run)
        return self

    @property
    def events(self) -> tuple[Message, ...]:
        """The events it led to."""
        looked_at(self)
        return self._run.decision.events

    @property
    def rejection(self) -> Rejected | None:
        """The rejection, None if it was accepted."""
        looked_at(self)
        return self._run.decision.rejection

    @property
    def escalation(self) -> Escalation | None:
        """The escalation, None if there was none."""
        looked_at(self)
        return self._run.decision.escalation

    def __repr__(self) -> str:
        decision, answer = self._run.decision, ", ".join(map(shown, self._run.decision.events)) or "nothing"
        if decision.rejection is not None:
            answer = f"rejected {decision.rejection.code}"
        elif decision.escalation is not None:
            answer = f"escalated {shown(decision.escalation.reason)}"
        return f"<{self._run.cls.__name__}: {subject(self._run)} -> {answer}>"


def accepted(run: Run[A], command: Message, which: str = "the command to undo") -> Run[A]:
    """The history with what a command leads to, which has to be accepted."""
    __tracebackhide__ = True
    found = _followed(run, Prepared(command))
    rejection = found.decision.rejection
    if rejection is not None:
        raise ScenarioFailed(
            report(
                found,
                f"{which}, {subject(found)}, was refused, so there is no such history",
                section("the refusal", answer_blocks(found)[0]),
                f"probable cause: {found.handler} refused with {rejection.code}: the commands before do not allow it, "
                "or the rule is too strict",
            )
        )
    return attrs.evolve(
        found, history=found.whole, before=found.after, occasion=None, decision=Answer(), again=Answer(), drawn=()
    )


def _sequences(run: Run[Any], command: Any) -> tuple[int, ...] | None:
    for executed in reversed(run.executed):
        if executed.command == command or type(executed.command) is command:
            return executed.sequences
    return None


def _outcome(run: Run[A], occasion: Occasion) -> Outcome[A]:
    __tracebackhide__ = True
    outcome = Outcome(_followed(run, occasion))
    made(outcome)
    return outcome


def _followed(run: Run[A], occasion: Occasion) -> Run[A]:
    __tracebackhide__ = True
    followed = watched(told(run, occasion), lambda: follow(run, occasion))
    check(followed)
    return followed
