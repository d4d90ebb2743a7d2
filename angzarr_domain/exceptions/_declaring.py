from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import attrs

from ._base import AngzarrError, Status


@attrs.frozen
class Finding:
    """One thing that is wrong with a declaration, or that is worth a look.

    Attributes:
        code: A stable name, such as AGG301; docs/reference/declaration.md has a section for each.
        severity: An error keeps the class from being declared; a warning does not.
        subject: The class, method, field or option it is about.
        text: What is wrong, and what to do.

    """

    code: str
    severity: Literal["error", "warning"]
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class Issue(str):
    """The text of something that is wrong with a declaration, with the code it is known by."""

    __slots__ = ("code", "subject")
    code: str
    subject: str

    def __new__(cls, code: str, text: str, subject: str = "") -> Self:
        """An issue; without a subject it is about the class itself."""
        self = super().__new__(cls, text)
        self.code = code
        self.subject = subject
        return self


class DeclarationWarning(UserWarning):
    """What an accepted declaration is worth a look for: one Python warning each, with its code in front.

    `python -W "ignore:AGG402"`, or the same in pytest's `filterwarnings`, silences a code;
    `error::angzarr_domain.exceptions.DeclarationWarning` lets none pass.
    """


class DeclarationError(AngzarrError):
    """An aggregate class is declared wrongly. Lists every issue with its code and remedy, one to a line."""

    codes: ClassVar[tuple[str, ...]] = ("DECLARATION",)
    default_status = Status.INTERNAL

    #: Empty in an error read back from a peer: its message has them.
    issues: tuple[str, ...] = ()
    #: The issues that have a code, as data.
    findings: tuple[Finding, ...] = ()

    def __init__(self, name: str, issues: Iterable[str]) -> None:
        given = tuple(issues)
        coded = [issue for issue in given if isinstance(issue, Issue)]
        self.issues = tuple(str.__str__(issue) for issue in given)
        self.findings = tuple(Finding(each.code, "error", each.subject or name, str.__str__(each)) for each in coded)
        lines = "".join(f"\n  - {_line(issue)}" for issue in given)
        many = "1 issue" if len(given) == 1 else f"{len(given)} issues"
        super().__init__(f"{name} is declared with {many}:{lines}", details={"class": name})


def _line(issue: str) -> str:
    return f"{issue.code} {issue}" if isinstance(issue, Issue) else issue


class GenerationError(AngzarrError):
    """No messages can be generated from these .proto files. Lists every issue; nothing was written."""

    codes: ClassVar[tuple[str, ...]] = ("GENERATION",)
    default_status = Status.INVALID_ARGUMENT

    issues: tuple[str, ...] = ()

    def __init__(self, issues: Iterable[str]) -> None:
        self.issues = tuple(issues)
        lines = "".join(f"\n  - {issue}" for issue in self.issues)
        super().__init__(f"no messages were generated:{lines}")
