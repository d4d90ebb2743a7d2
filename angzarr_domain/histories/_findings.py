from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from uuid import UUID

import attrs

from angzarr_domain.exceptions import AngzarrError


class Verdict(Enum):
    """What became of a recorded stream."""

    SAME = "the recorded state"
    FOLDS = "folds, but no state was recorded to compare it with"
    DIFFERS = "another state"
    UNKNOWN_EVENT = "an event of a type that the class does not know"
    CORRUPT = "an event that is not readable any more"
    APPLIER_RAISED = "an applier raised"
    INCOMPLETE = "events are missing"
    UNKNOWN_DOMAIN = "a domain that is none of the classes'"


@attrs.frozen
class Difference:
    """One field whose value today is not the recorded one.

    Attributes:
        field: A field of the class, with the way to what differs inside of it: `refused["r1"].code`.
        recorded: As JSON; None if there was no such thing.
        today: As JSON; None if there is no such thing any more.

    """

    field: str
    recorded: str | None
    today: str | None

    def __str__(self) -> str:
        absent = "nothing"
        return f"{self.field}: recorded {self.recorded or absent}, today {self.today or absent}"


@attrs.frozen
class Finding:
    """What today's classes make of one recorded stream.

    Attributes:
        path: The file.
        line: Where in it: the stream, or the recorded state that differs.
        domain: Of the stream.
        root: Of the stream.
        verdict: What became of it.
        sequence: Of the event at which it first went wrong; None if it did not, or at none in particular.
        differences: Field by field, if the state is another one.
        error: Why it does not fold.

    """

    path: str
    line: int
    domain: str
    root: UUID | None
    verdict: Verdict
    sequence: int | None = None
    differences: tuple[Difference, ...] = ()
    error: AngzarrError | None = attrs.field(default=None, eq=False)

    @property
    def ok(self) -> bool:
        """Whether it folds, and to the recorded state if there is one."""
        return self.verdict in {Verdict.SAME, Verdict.FOLDS}

    def __str__(self) -> str:
        at = "" if self.sequence is None else f" at event {self.sequence}"
        head = f"{self.path}:{self.line}: {self.domain} {self.root}: {self.verdict.value}{at}"
        lines = [head, *(f"    {difference}" for difference in self.differences)]
        if self.error is not None:
            lines.append(f"    {self.error}")
        return "\n".join(lines)


@attrs.frozen
class ReplayReport:
    """What today's classes make of every recorded stream.

    Attributes:
        findings: One for each stream, in the order of the files.

    """

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every stream folds, and to its recorded state if there is one."""
        return all(finding.ok for finding in self.findings)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The streams that do not."""
        return tuple(finding for finding in self.findings if not finding.ok)

    def __str__(self) -> str:
        return "\n".join([*map(str, self.problems), _summary(self.findings)])


def _summary(findings: Iterable[Finding]) -> str:
    counts: dict[Verdict, int] = {}
    for finding in findings:
        counts[finding.verdict] = counts.get(finding.verdict, 0) + 1
    total = sum(counts.values())
    parts = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if verdict in counts]
    return f"{total} recorded stream{'' if total == 1 else 's'}: {'; '.join(parts) or 'nothing to check'}"
