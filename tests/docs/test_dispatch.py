"""The tests that docs/protocol/dispatch.md names for its rules are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/protocol/dispatch.md").read_text("utf-8"))))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_named_test_is_there(file: str, test: str) -> None:
    """A rule whose test is renamed or dropped is noticed."""
    assert re.search(rf"^( {{4}})?def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_every_rule_names_a_test() -> None:
    """In the last column, but for the table of codes."""
    rows = re.findall(
        r"^\| (?!rule|cause|---)(.+) \|$", (ROOT / "docs/protocol/dispatch.md").read_text("utf-8"), re.MULTILINE
    )
    rules = [row for row in rows if row.count(" | ") == 1]

    assert len(rules) > 40
    assert [row for row in rules if "`tests/" not in row.rpartition(" | ")[2]] == []
