"""What every run has to hold, whatever the test expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.books import EventPage, Message
from angzarr_domain.exceptions import DecodeFailed, HandlerFailed, InvalidArgument, StateMutated

from ._differences import ABSENT, Difference, differences
from ._failure import ScenarioFailed
from ._occasions import Answer, Commanded, Told
from ._report import report, section, shown
from ._run import Run, encoded, replayed
from ._snapshots import check_snapshots

A = TypeVar("A", bound=Aggregate)
R = TypeVar("R")


def check(run: Run[Any]) -> None:
    """Hold a run to the rules.

    Raises:
        ScenarioFailed: The handler changed what it was given or answers otherwise the second time, an event does not
            survive its encoding, or replay or a snapshot leads to another state.

    """
    _check_untouched(run)
    _check_again(run)
    for event in run.decision.events:
        _check_encoding(run, event)
    if run.decision.events:
        _check_replay(run)
        check_snapshots(run)


def check_history(run: Run[Any]) -> None:
    """Hold the history a test gave to the rules.

    Raises:
        ScenarioFailed: An event does not survive its encoding.

    """
    for event in run.history:
        if not isinstance(event, EventPage):
            _check_encoding(run, event)


def watched(run: Run[Any], function: Callable[[], R]) -> R:
    """The function's result; what an author's method raises inside becomes a failure that shows it."""
    __tracebackhide__ = True
    try:
        return function()
    except HandlerFailed as failed:
        cause = failed.__cause__
        shows = cause is None or isinstance(failed, StateMutated)
        what = str(failed) if shows else f"{failed.handler} raised {cause!r}"
        shown_error: BaseException = failed if cause is None else cause
        shown_error.with_traceback(_from_the_author_on(shown_error))
        raise ScenarioFailed(report(run, what)) from shown_error


def _from_the_author_on(error: BaseException) -> TracebackType | None:
    """Its traceback without the frames that lead to the author's method."""
    whole = found = error.__traceback__
    while found is not None and str(found.tb_frame.f_globals.get("__name__")).startswith("angzarr_domain."):
        found = found.tb_next
    return found or whole


def _check_untouched(run: Run[Any]) -> None:
    changes = [*_lines(differences(run.before.state, run.touched))]
    if changes:
        raise ScenarioFailed(
            report(
                run,
                f"{run.handler} changed the aggregate: a handler answers with events, and appliers change state",
                section("changed by the handler", changes),
            )
        )
    changes = [*_lines(differences(None if run.occasion is None else run.occasion.message, run.seen))]
    if changes:
        raise ScenarioFailed(
            report(run, f"{run.handler} changed its {_kind(run.occasion)}", section("changed by the handler", changes))
        )


def _check_again(run: Run[Any]) -> None:
    again = run.again
    if isinstance(again, HandlerFailed):
        what = f"the second time it raised {again.__cause__!r}" if again.__cause__ is not None else str(again)
        lines = [what]
    else:
        first, second = _plain(run.decision), _plain(again)
        lines = [
            line
            for part in dict.fromkeys([*first, *second])
            for line in _lines(differences(first.get(part, ABSENT), second.get(part, ABSENT), part))
        ]
    if lines:
        raise ScenarioFailed(
            report(
                run,
                f"{run.handler} answers the same thing on the same state otherwise the second time",
                section("first time -> second time", lines),
                "probable cause: a clock or a random source of its own (ask context.now() and context.new_id()), or "
                "something outside of the aggregate that it reads and changes",
            )
        ) from (again if isinstance(again, HandlerFailed) else None)


def _kind(occasion: object) -> str:
    return "command" if isinstance(occasion, Commanded) else "fact" if isinstance(occasion, Told) else "message"


def _plain(answer: Answer) -> dict[str, Any]:
    rejection = answer.rejection
    found: dict[str, Any] = {"events": answer.events, "escalation": answer.escalation}
    if rejection is not None:
        found["rejection"] = (rejection.code, rejection.message, dict(rejection.details))
    return found


def _check_encoding(run: Run[Any], event: Message) -> None:
    try:
        again = encoded(event)
    except (InvalidArgument, DecodeFailed, TypeError) as error:
        raise ScenarioFailed(report(run, f"{shown(event)} does not survive its encoding: {error}")) from error
    lost = [*_lines(differences(event, again))]
    if lost:
        raise ScenarioFailed(
            report(
                run,
                f"{type(event).__name__} does not survive its encoding: what is stored is another event",
                section("emitted -> read back", lost),
            )
        )


def _check_replay(run: Run[Any]) -> None:
    again = watched(run, lambda: replayed(run.cls, run.whole, run.options.root))
    apart = [*_lines(differences(run.after.state, again.state))]
    if apart:
        raise ScenarioFailed(
            report(
                run,
                f"replay leads to another {run.cls.__name__} than the one that decided",
                section("live -> replayed", apart),
                "probable cause: an applier or a default reads something else than self and its event, such as a "
                "clock, a random source, or self.next_sequence; or it keeps what another part goes on changing",
            )
        )


def _lines(found: Iterator[Difference]) -> Iterator[str]:
    for difference in found:
        path = difference.path.removeprefix(".") or "all of it"
        yield f"{path}: {shown(difference.left)} -> {shown(difference.right)}"
