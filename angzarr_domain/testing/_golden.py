"""Recordings as tests: each file one, which passes if today's classes fold every stream to the recorded state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from angzarr_domain.exceptions import AngzarrError
from angzarr_domain.histories import ReplayReport, check_file, record_states

from ._components import components_of

_UPDATE = "--angzarr-golden-update"


class GoldenMismatch(AssertionError):
    """Streams of a recording that today's classes do not fold to the recorded state; its text is the report."""


class GoldenFile(pytest.File):
    """A recording."""

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path) -> GoldenFile:
        """This file."""
        untyped: Any = cls  # pytest leaves half of it untyped
        made: GoldenFile = untyped.from_parent(parent, path=path)
        return made

    def collect(self) -> Iterator[pytest.Item]:
        """One test."""
        untyped: Any = GoldenItem
        yield untyped.from_parent(self, name="recorded states")


class GoldenItem(pytest.Item):
    """Checks one recording, or records its states anew if asked to."""

    def runtest(self) -> None:
        """Check it."""
        components = components_of(self.config)
        if self.config.getoption(_UPDATE):
            changed = record_states(self.path, components)
            self.add_report_section("call", "angzarr", "recorded anew" if changed else "as it was")
            return
        report = ReplayReport(check_file(self.path, components))
        if not report.ok:
            raise GoldenMismatch(
                f"{report}\n\nprobable cause: an applier or an upcast means something else by a recorded event than it "
                f"did. If that is right, raise version= in @aggregate, and record the states anew: pytest {_UPDATE}"
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report alone: no line of code led to it."""
        if isinstance(excinfo.value, (GoldenMismatch, AngzarrError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """The file."""
        return self.path, None, f"{self.path.name}: recorded states"
