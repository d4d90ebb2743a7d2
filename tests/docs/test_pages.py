"""Every snippet of README and docs does what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import blocks_of, run_page

ROOT = Path(__file__).parents[2]
PAGES = [page for page in sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]) if blocks_of(page)]


pytestmark = [pytest.mark.once, pytest.mark.process]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_runs(page: Path, tmp_path: Path) -> None:
    """A page is run from top to bottom in an empty folder."""
    assert run_page(page, tmp_path) == len(blocks_of(page))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```python\nassert False\n```\n", id="python that fails"),
        pytest.param("```console\n$ echo one\ntwo\n```\n", id="another output"),
        pytest.param("```console\n$ false\n```\n", id="a command that fails"),
        pytest.param("```console\n$ echo one &\ntwo\n```\n", id="a server that ends"),
    ],
)
def test_a_page_that_is_not_true_fails(text: str, tmp_path: Path) -> None:
    """What a page claims is checked, or it would not have to be run."""
    page = tmp_path / "page.md"
    page.write_text(text)

    with pytest.raises(AssertionError):
        run_page(page, tmp_path)
