"""The wheel alone is enough to start from a .proto."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import blocks_of
from tests.e2e.conftest import ROOT

pytestmark = [pytest.mark.process, pytest.mark.once]


def test_the_first_example_of_the_readme_runs_from_the_wheel(wheel_python: Path, tmp_path: Path) -> None:
    """In an empty environment outside the clone: type the README's files, run its commands and its unit test."""
    blocks = [block for block in blocks_of(ROOT / "README.md") if block.file or block.language == "console"]
    environment = {
        "PATH": f"{wheel_python.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    commands = 0
    for block in blocks:
        if block.file:
            (tmp_path / block.file).write_text(block.body)
            continue
        for line in block.body.splitlines():
            if line.startswith("$ "):
                done = subprocess.run(
                    ["bash", "-c", line[2:]],
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=120,
                    check=False,
                )
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
                commands += 1
    assert commands >= 3, "generate, run, test"
