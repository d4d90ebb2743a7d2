"""What a test expects of a run, and the failure when it is otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from angzarr_domain.aggregates import Escalation
from angzarr_domain.books import Message
from angzarr_domain.exceptions import Status, UsageError, detail_text

from ._causes import of_another_rejection, of_another_state, of_no_rejection, of_other_events
from ._differences import Matcher, differences
from ._failure import ScenarioFailed
from ._invariants import broken_by, invariant_name
from ._past import todays
from ._report import (
    answer_blocks,
    differing,
    escalation_block,
    event_block,
    rejection_block,
    report,
    section,
    shown,
    side_by_side,
    subject,
)
from ._run import Run
from ._source import Source


def expect_events(run: Run[Any], expected: Sequence[Message]) -> None:
    """Exactly these events, in this order."""
    __tracebackhide__ = True
    plain = run.decision.rejection is None and run.decision.escalation is None
    if plain and not any(differences(tuple(expected), run.decision.events)):
        return
    wanted = [event_block(event) for event in expected] or [["(nothing)"]]
    raise ScenarioFailed(
        report(
            run,
            f"{run.cls.__name__} answers {subject(run)} otherwise than expected",
            side_by_side(wanted, answer_blocks(run)),
            "" if not plain else differing(expected, run.decision.events),
            f"probable cause: {of_other_events(run, expected)}",
            ending=lambda source: f".then({', '.join(map(source.of, expected))})" if expected else ".then_nothing()",
        )
    )


def expect_rejection(run: Run[Any], code: str, status: Status | None, details: Mapping[str, Any]) -> None:
    """A rejection of this code with exactly these details, and of this status if one is given."""
    __tracebackhide__ = True
    rejection = run.decision.rejection
    texts = {name: value if isinstance(value, Matcher) else detail_text(value) for name, value in details.items()}
    if rejection is None:
        headline = f"{run.cls.__name__} should have refused {subject(run)} with {code}"
        cause = of_no_rejection(run)
    else:
        same_details = texts == dict(rejection.details)
        if rejection.code == code and status in {None, rejection.status} and same_details:
            return
        headline = f"{run.cls.__name__} refuses {subject(run)} otherwise than expected"
        cause = of_another_rejection(run, code, rejection, same_details=same_details)

    def ending(source: Source) -> str:
        of_status = "" if status is None else f", status={source.need(Status.__module__, 'Status')}.{status.name}"
        named = "".join(f", {name}={source.of(value)}" for name, value in details.items())
        return f".rejects({code!r}{of_status}{named})"

    actual = answer_blocks(run)
    if rejection is not None:
        actual = [rejection_block(rejection.code, rejection.details, None if status is None else rejection.status)]
    raise ScenarioFailed(
        report(
            run,
            headline,
            side_by_side([rejection_block(code, texts, status)], actual),
            f"its message: {rejection.message}" if rejection else "",
            f"probable cause: {cause}",
            ending=ending,
        )
    )


def expect_escalation(run: Run[Any], expected: Escalation) -> None:
    """Exactly this escalation."""
    __tracebackhide__ = True
    actual = run.decision.escalation
    apart = [] if actual is None else [*differences(expected, actual)]
    if actual is not None and not apart:
        return
    handler = run.handler or f"{run.cls.__name__}, which compensates no such refusal,"
    cause = (
        f"{handler} did not escalate: return an Escalation(...)"
        if actual is None
        else f"{handler} escalates, with another {', '.join(d.path.removeprefix('.') for d in apart)}"
    )
    raise ScenarioFailed(
        report(
            run,
            f"{run.cls.__name__} answers {subject(run)} otherwise than expected",
            side_by_side([escalation_block(expected)], answer_blocks(run)),
            f"probable cause: {cause}",
            ending=lambda source: f".escalates({_escalation(expected, source)})",
        )
    )


def _escalation(escalation: Escalation, source: Source) -> str:
    fields = [field for field in attrs.fields(Escalation) if getattr(escalation, field.name) != field.default]
    named = ", ".join(f"{field.name}={source.of(getattr(escalation, field.name))}" for field in fields)
    return f"{source.need('angzarr_domain.aggregates', 'Escalation')}({named})"


def expect_state(run: Run[Any], fields: Mapping[str, Any]) -> None:
    """These values; other fields are not looked at."""
    __tracebackhide__ = True
    _refuse_unknown(run.cls, fields)
    state = run.after.state
    found = [
        difference for name, value in fields.items() for difference in differences(value, getattr(state, name), name)
    ]
    if not found:
        return
    wrong = [name for name, value in fields.items() if any(differences(value, getattr(state, name)))]
    raise ScenarioFailed(
        report(
            run,
            f"{run.cls.__name__} is in another state than expected: {', '.join(wrong)}",
            section("differs", [f"{d.path}: expected {shown(d.left)}, actual {shown(d.right)}" for d in found]),
            f"probable cause: {of_another_state(run, wrong)}",
            ending=lambda source: f".then_state({', '.join(f'{n}={source.of(v)}' for n, v in fields.items())})",
        )
    )


def expect_invariants(run: Run[Any], invariants: Sequence[Callable[..., object]]) -> None:
    """Each of these holds."""
    __tracebackhide__ = True
    history = todays(run.definition, run.whole)
    for invariant in invariants:
        how = broken_by(invariant, run.after.state, history)
        if how is not None:
            headline = f"{run.cls.__name__} breaks {invariant_name(invariant)}: {how}"
            raise ScenarioFailed(report(run, headline, ending=_then_holds(invariant)))


def _then_holds(invariant: Callable[..., object]) -> Callable[[Source], str]:
    return lambda source: f".then_holds({source.function(invariant)})"


def _refuse_unknown(cls: type[Any], fields: Mapping[str, Any]) -> None:
    __tracebackhide__ = True
    properties = {name for base in cls.__mro__ for name, value in vars(base).items() if isinstance(value, property)}
    known = {field.name for field in attrs.fields(cls)} | properties
    unknown = sorted(fields.keys() - known)
    if unknown or not fields:
        what = (
            f"{cls.__name__} has no {', '.join(unknown)}" if unknown else "then_state compares nothing without fields"
        )
        raise UsageError(f"{what}; there are {', '.join(sorted(known))}", field="fields")
