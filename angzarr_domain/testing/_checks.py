"""What every run has to hold, whatever the test expects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.books import Message
from angzarr_domain.exceptions import DecodeFailed, HandlerFailed, InvalidArgument

from ._differences import Difference, differences
from ._failure import ScenarioFailed
from ._report import report, section, shown
from ._run import Run, encoded, replayed

A = TypeVar("A", bound=Aggregate)
R = TypeVar("R")


def check(run: Run[Any]) -> None:
    """Hold a run to the rules.

    Raises:
        ScenarioFailed: The handler changed what it was given, an event does not survive its encoding, or replay
            leads to another state.

    """
    _check_untouched(run)
    for event in run.decision.events:
        _check_encoding(run, event)
    if run.decision.events:
        _check_replay(run)


def check_history(run: Run[Any]) -> None:
    """Hold the history a test gave to the rules.

    Raises:
        ScenarioFailed: An event does not survive its encoding.

    """
    for event in run.history:
        _check_encoding(run, event)


def watched(run: Run[Any], function: Callable[[], R]) -> R:
    """The function's result; what an author's method raises inside becomes a failure that shows it."""
    __tracebackhide__ = True
    try:
        return function()
    except HandlerFailed as failed:
        cause = failed.__cause__
        what = f"{failed.handler} raised {cause!r}" if cause is not None else str(failed)
        if cause is not None:
            cause.with_traceback(_from_the_author_on(cause))
        raise ScenarioFailed(report(run, what)) from cause


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
                f"{run.handler.name} changed the aggregate: a handler answers with events, and appliers change state",
                section("changed by the handler", changes),
            )
        )
    changes = [*_lines(differences(run.command, run.seen))]
    if changes:
        raise ScenarioFailed(
            report(run, f"{run.handler.name} changed its command", section("changed by the handler", changes))
        )


def _check_encoding(run: Run[Any], event: Message) -> None:
    try:
        again = encoded(event)
    except (InvalidArgument, DecodeFailed) as error:
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
    again = watched(run, lambda: replayed(run.cls, (*run.history, *run.decision.events), run.options.root))
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
