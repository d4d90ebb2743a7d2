from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from ._base import AngzarrError, Status


class DeclarationError(AngzarrError):
    """An aggregate class is declared wrongly. Lists every issue with its remedy, one to a line."""

    codes: ClassVar[tuple[str, ...]] = ("DECLARATION",)
    default_status = Status.INTERNAL

    #: Empty in an error read back from a peer: its message has them.
    issues: tuple[str, ...] = ()

    def __init__(self, name: str, issues: Iterable[str]) -> None:
        self.issues = tuple(issues)
        lines = "".join(f"\n  - {issue}" for issue in self.issues)
        many = "1 issue" if len(self.issues) == 1 else f"{len(self.issues)} issues"
        super().__init__(f"{name} is declared with {many}:{lines}", details={"class": name})


class GenerationError(AngzarrError):
    """No messages can be generated from these .proto files. Lists every issue; nothing was written."""

    codes: ClassVar[tuple[str, ...]] = ("GENERATION",)
    default_status = Status.INVALID_ARGUMENT

    issues: tuple[str, ...] = ()

    def __init__(self, issues: Iterable[str]) -> None:
        self.issues = tuple(issues)
        lines = "".join(f"\n  - {issue}" for issue in self.issues)
        super().__init__(f"no messages were generated:{lines}")
