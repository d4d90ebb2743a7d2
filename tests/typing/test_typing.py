"""mypy --strict and pyright strict, without a plugin, on what users write."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
pytestmark = [pytest.mark.process, pytest.mark.once]


def mypy(path: Path) -> set[int]:
    """The lines that mypy refuses."""
    options = ["--strict", "--no-error-summary", "--hide-error-context", f"--config-file={path.parent}/none.ini"]
    (path.parent / "none.ini").write_text(
        f"[mypy]\nmypy_path = {PROJECT}\nexplicit_package_bases = True\nnamespace_packages = True\n"
        f"cache_dir = {PROJECT}/.mypy_cache/typing\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(path)], check=False, capture_output=True, text=True, timeout=300
    )
    assert ran.stderr == ""
    # By its name: what mypy remembers of the same text has the path that it was at then.
    found = re.findall(rf"^\S*\b{re.escape(path.name)}:(\d+): error", ran.stdout, re.MULTILINE)
    assert found or ran.returncode == 0, ran.stdout
    return {int(line) for line in found}


def pyright(path: Path) -> set[int]:
    """The lines that pyright refuses."""
    settings = {
        "typeCheckingMode": "strict",
        "include": [path.name],
        "extraPaths": [str(PROJECT)],
        "reportUnusedExpression": "none",
        "reportUnusedVariable": "none",
    }
    (path.parent / "pyrightconfig.json").write_text(json.dumps(settings))
    ran = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(path.parent)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = json.loads(ran.stdout)["generalDiagnostics"]
    return {report["range"]["start"]["line"] + 1 for report in found if report["severity"] == "error"}


CHECKERS = pytest.mark.parametrize("check", [mypy, pyright])


@CHECKERS
def test_what_users_write_is_understood(check: Callable[[Path], set[int]], tmp_path: Path) -> None:
    """Every type on the page is the one that its reader expects."""
    sample = tmp_path / "accepted.py"
    sample.write_text((HERE / "accepted.py").read_text())

    assert check(sample) == set()


@CHECKERS
def test_mistakes_are_refused_where_they_are(check: Callable[[Path], set[int]], tmp_path: Path) -> None:
    """Each marked line, and no other."""
    sample = tmp_path / "refused.py"
    text = (HERE / "refused.txt").read_text()
    sample.write_text(text)
    marks = ("  # refused", f"  # refused by {check.__name__}")
    marked = {number for number, line in enumerate(text.splitlines(), start=1) if line.endswith(marks)}

    assert check(sample) == marked
