"""What is said of steps that fail, and the test that repeats them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from angzarr_domain.testing._past import Past
from angzarr_domain.testing._report import past_source, section, without_reproducer
from angzarr_domain.testing._source import Source

from ._failure import ModelFailed
from ._steps import Failure, Step

Invariants = Sequence[Callable[..., object]]


def model_failed(
    cls: type[Any], start: Iterable[Past], invariants: Invariants, failure: Failure, *, every_time: bool = True
) -> ModelFailed:
    """The error that shows a failure."""
    rule, _, rest = without_reproducer(str(failure.error)).partition("\n\n")
    test = _test(cls, start, invariants, failure.steps)
    answers = [*failure.answers, "here"]
    width = max(len(str(step)) for step in failure.steps)
    lines = [
        f"{number}  {step!s:<{width}}  -> {answer}"
        for number, (step, answer) in enumerate(zip(failure.steps, answers, strict=True), 1)
    ]
    parts = [
        rule,
        section(f"at step {len(lines)} of {len(lines)}", lines),
        "" if every_time else "not every time: the same steps have also gone well, so something outside decides",
        rest,
        f"a test that fails alike, to paste:\n\n{test}",  # without an indent that somebody would have to take away
    ]
    messages = [step.message for step in failure.steps]
    return ModelFailed("\n\n".join(filter(None, parts)), commands=messages, rule=rule, test=test)


def _test(cls: type[Any], start: Iterable[Past], invariants: Invariants, steps: Sequence[Step]) -> str:
    source = Source()
    source.need("angzarr_domain.testing", "given")
    given = ", ".join([source.name(cls), *(past_source(event, source) for event in start)])
    calls = [step.source(source) for step in steps]
    # Without invariants, too: a test that expects nothing of what it did would be warned of.
    calls.append(f".then_holds({', '.join(map(source.function, invariants))})")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", f"{cls.__name__}_after_{steps[-1].cls.__name__}").lower()
    lines = [*source.imports, "", "", *_beside(cls, invariants, steps)]
    lines += [f"def test_{name}() -> None:", "    (", f"        given({given})", *(f"        {call}" for call in calls)]
    return "\n".join([*lines, "    )", ""])


def _beside(cls: type[Any], invariants: Invariants, steps: Sequence[Step]) -> list[str]:
    """A note on what no import can reach."""
    used = [cls, *(step.cls for step in steps), *invariants]
    names = [getattr(each, "__qualname__", "") for each in used]
    local = dict.fromkeys(
        name.rpartition(".")[2] for name in names if "<locals>" in name and not name.endswith("<lambda>")
    )
    return [f"# To be pasted where {', '.join(local)} can be seen: defined inside of a function."] if local else []
