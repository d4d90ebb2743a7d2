"""The probable cause of a scenario that does not hold, for the mistakes that are made most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from angzarr_domain.books import type_name
from angzarr_domain.exceptions import Rejected

from ._differences import differences
from ._occasions import Commanded, WasRefused
from ._past import todays
from ._run import Run


def of_other_events(run: Run[Any], expected: Sequence[Any]) -> str:
    """Why other events came than expected."""
    handler, actual, rejection = run.handler, run.decision.events, run.decision.rejection
    if rejection is not None:
        what = "the command" if isinstance(run.occasion, Commanded) else "it"
        return (
            f"{handler} refused with {rejection.code}: either the history given does not allow {what}, "
            "or the rule is too strict"
        )
    if not actual:
        return _of_nothing(run)
    if not expected:
        return f"{handler} emitted where nothing was expected: a missing guard?"
    if _same_in_another_order(expected, actual):
        return "these are the events expected, in another order"
    if [type(event) for event in expected] == [type(event) for event in actual]:
        return f"the types are the ones expected: look at how {handler} computes the fields that differ"
    return _of_other_types(handler, expected, actual)


def _of_nothing(run: Run[Any]) -> str:
    if run.decision.escalation is not None:
        return f"{run.handler} escalated, so nothing is recorded: look at the reason"
    if isinstance(run.occasion, WasRefused) and not run.handler:
        whose = run.occasion.whose(run.definition) or "(no domain)"
        known = ", ".join(sorted(run.definition.compensators)) or "nothing"
        return f"{run.cls.__name__} compensates no such refusal by domain {whose}; it compensates {known}"
    if run.is_known_fact:
        return "a fact with this external id is recorded already, and each is recorded once"
    return f"{run.handler} answered with nothing: a missing return or yield?"


def _same_in_another_order(expected: Sequence[Any], actual: Sequence[Any]) -> bool:
    rest = list(actual)
    for event in expected:
        fitting = next((other for other in rest if not any(differences(event, other))), None)
        if fitting is None:
            return False
        rest.remove(fitting)
    return not rest


def _of_other_types(handler: str, expected: Sequence[Any], actual: Sequence[Any]) -> str:
    missing = Counter(map(_type, expected)) - Counter(map(_type, actual))
    surplus = Counter(map(_type, actual)) - Counter(map(_type, expected))
    parts = [
        f"{what} {', '.join(sorted(names.elements()))}"
        for what, names in (("did not emit", missing), ("emitted besides", surplus))
        if names
    ]
    return f"{handler} {' and '.join(parts)}" if parts else f"{handler} emitted the types expected, in another order"


def _type(event: Any) -> str:
    return type(event).__name__


def of_no_rejection(run: Run[Any]) -> str:
    """Why a command went through that should have been refused."""
    if run.decision.escalation is not None:
        return f"{run.handler} escalated, which is no rejection: look at the reason"
    if not run.decision.events:
        return f"{run.handler} answered with nothing, which is no rejection: raise Rejected(...)"
    return f"{run.handler} did not refuse: the history given does not break the rule, or the rule has a hole"


def of_another_rejection(run: Run[Any], code: str, rejection: Rejected, *, same_details: bool) -> str:
    """Why a command was refused otherwise than expected."""
    if rejection.code != code:
        return f"another rule refused first: {run.handler} raised {rejection.code}, so {code} was not reached"
    if same_details:
        return f"code and details are right; {run.handler} gives it status {rejection.status.name}"
    return "the code is right; details are compared whole, so name each one, with ANY where the value is free"


def of_another_state(run: Run[Any], fields: Sequence[str]) -> str:
    """Why the state is another one than expected."""
    names = ", ".join(fields)
    if run.occasion is not None and run.decision.rejection is not None:
        return f"the command was refused ({run.decision.rejection.code}), so nothing could change {names}"
    events = todays(run.definition, run.history) if run.occasion is None else run.decision.events
    appliers = [run.definition.appliers.get(type_name(type(event))) for event in events]
    applied = list(dict.fromkeys(applier.name for applier in appliers if applier is not None))
    if not applied:
        return f"no event was applied, so nothing could change {names}"
    return f"look at how {', '.join(applied)} sets {names}"
