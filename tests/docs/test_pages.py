"""Every snippet of README and docs does what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import blocks_of, run_page

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.once
@pytest.mark.process
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_runs(page: Path, tmp_path: Path) -> None:
    """A page is run from top to bottom in an empty folder; prose alone has nothing to run."""
    if not blocks_of(page):
        pytest.skip("nothing to run on this page")
    assert run_page(page, tmp_path) > 0
