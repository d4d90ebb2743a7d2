"""The text of a failure, which is what the kit is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import attrs

from angzarr_domain.aggregates import Aggregate, Escalation
from angzarr_domain.books import EventPage
from angzarr_domain.exceptions import Status

from ._defaults import NOW, ROOT
from ._differences import ABSENT, differences, parts_of
from ._past import Past
from ._run import Run
from ._source import Source

_WIDTH = 60  # of a column; whole values stand under "differs"
_SEE_AGAIN = "to see it again"


def report(run: Run[Any], headline: str, *sections: str, ending: Callable[[Source], str] | None = None) -> str:
    """The whole text: what failed, the sections that show it, then where it started and how to see it again.

    Args:
        ending: Writes the rest of the reproducer, such as ".then(...)".

    """
    parts = [headline, *sections, _states(run), _history(run), _reproducer(run, ending)]
    return "\n\n".join(part for part in parts if part)


def section(title: str, lines: Iterable[str]) -> str:
    """Indented lines under a title; nothing without lines."""
    body = "".join(f"\n  {line}" for line in lines)
    return f"{title}:{body}" if body else ""


def side_by_side(expected: Sequence[Sequence[str]], actual: Sequence[Sequence[str]]) -> str:
    """Blocks of lines in two columns, block beside block, with a mark where lines differ."""
    rows: list[tuple[str, str]] = []
    for left, right in zip_longest(expected, actual, fillvalue=()):
        rows += zip_longest(left, right, fillvalue="")
    width = max([len("expected"), *(min(len(left), _WIDTH) for left, _ in rows)])
    lines = [f"  {'expected':<{width}}     actual", f"  {'-' * width}     {'-' * width}"]
    lines += [
        f"  {_cut(left):<{width}}  {'  ' if left == right else '!='} {_cut(right)}".rstrip() for left, right in rows
    ]
    return "\n".join(lines)


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..."


def event_block(event: object) -> list[str]:
    """An event as lines: its class, then its fields."""
    parts = parts_of(event) if not isinstance(event, type) else None
    if not parts:
        return [shown(event)]
    return [type(event).__name__, *(f"  {path.removeprefix('.')} = {shown(part)}" for path, part in parts.items())]


def rejection_block(code: str, details: Mapping[str, Any], status: Status | None = None) -> list[str]:
    """A rejection as lines: code, status if it matters, details."""
    named = [f"  {name} = {text!r}" for name, text in sorted(details.items())]
    return [f"rejected {code}", *([] if status is None else [f"  status {status.name}"]), *named]


def answer_blocks(run: Run[Any]) -> list[list[str]]:
    """What the handler answered."""
    rejection = run.decision.rejection
    if rejection is not None:
        return [[*rejection_block(rejection.code, rejection.details), f"  {rejection.message!r}"]]
    if run.decision.escalation is not None:
        return [escalation_block(run.decision.escalation)]
    return [event_block(event) for event in run.decision.events] or [["(nothing)"]]


def escalation_block(escalation: Escalation) -> list[str]:
    """An escalation as lines: its reason, and what it asks for."""
    asked = [name for name in ("escalate", "dead_letter", "abort", "record") if getattr(escalation, name)]
    forward = [] if escalation.forward is None else ["  forwards a notification"]
    return [f"escalated {shown(escalation.reason)}", *(f"  {name}" for name in asked), *forward]


def shown(value: Any) -> str:
    """A value as Python."""
    return repr(value) if value is ABSENT else Source().of(value)


def _states(run: Run[Any]) -> str:
    before, after = _fields(run.before.state), _fields(run.after.state)
    if run.occasion is None:
        return section("state", [f"{name} = {value}" for name, value in after.items()])
    names = max(map(len, before), default=0)
    values = min(max(map(len, before.values()), default=0), _WIDTH)
    lines: list[str] = []
    for name, value in before.items():
        line = f"{name:<{names}}  {_cut(value):<{values}}"
        lines.append(line.rstrip() if value == after[name] else f"{line}  ->  {_cut(after[name])}")
    return section(f"state of {run.cls.__name__} before -> after", lines)


def _fields(state: Aggregate) -> dict[str, str]:
    return {field.name: shown(getattr(state, field.name)) for field in attrs.fields(type(state))}


def _history(run: Run[Any]) -> str:
    lines = [f"{sequence}  {past_source(event, Source())}" for sequence, event in enumerate(run.history)]
    return section("history", lines or ["(none: a fresh aggregate)"])


def _reproducer(run: Run[Any], ending: Callable[[Source], str] | None) -> str:
    source = Source()
    text = scenario_source(run, source) + ("" if ending is None else ending(source))
    lines = [*source.imports, "", *text.splitlines()]
    return section(_SEE_AGAIN, lines).replace("\n  \n", "\n\n")


def scenario_source(run: Run[Any], source: Source) -> str:
    """The run as the Python that repeats it, without any expectation."""
    source.need("angzarr_domain.testing", "given")
    history = [past_source(event, source) for event in run.history]
    given = [source.name(run.cls), *history, *_options(run, source)]
    text = f"given(\n{''.join(f'    {argument},{chr(10)}' for argument in given)})"
    return text if run.occasion is None else text + run.occasion.source(source)


def past_source(event: Past, source: Source) -> str:
    """An event of a history; a stored one by its payload."""
    if not isinstance(event, EventPage):
        return source.of(event)
    page, payload = source.need("angzarr_domain.books", "EventPage"), event.event
    if payload is None:
        return f"{page}()"
    return f"{page}({source.need('angzarr_domain.books', 'Payload')}({payload.type_url!r}, {payload.value!r}))"


def subject(run: Run[Any]) -> str:
    """What happened, in a few words."""
    return "" if run.occasion is None else run.occasion.subject(Source())


def without_reproducer(text: str) -> str:
    """A report without its last part, for reports that show another one."""
    return text.partition(f"\n\n{_SEE_AGAIN}:")[0]


def _options(run: Run[Any], source: Source) -> Iterable[str]:
    options = run.options
    if options.root != ROOT:
        yield f"root={source.of(options.root)}"
    now = options.now() if callable(options.now) else options.now
    if now != NOW:
        yield f"now={source.of(now)}"
    if options.correlation_id:
        yield f"correlation_id={options.correlation_id!r}"
    if options.ids is not None or (run.drawn and run.drawn[0].int != 1):
        yield f"ids={source.of(list(run.drawn))}"
    if run.known_ids:
        yield f"external_ids={source.of(set(run.known_ids))}"


def differing(expected: Sequence[Any], actual: Sequence[Any]) -> str:
    """The fields in which two runs of events differ, in full."""
    lines = [
        f"events[{index}]{difference.path}: expected {shown(difference.left)}, actual {shown(difference.right)}"
        for index, (left, right) in enumerate(zip_longest(expected, actual, fillvalue=ABSENT))
        for difference in differences(left, right)
    ]
    return section("differs", lines)
