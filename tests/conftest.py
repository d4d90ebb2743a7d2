from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.fixture(name="short_path")
def _short_path() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name: a socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="az-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="session", name="theirs")
def _theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the released client, angzarr-client, and nothing of ours."""
    folder = tmp_path_factory.mktemp("theirs")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*install, "--requirement", str(PROJECT / "requirements/beside-client.txt")], check=True, timeout=600
    )
    return python
