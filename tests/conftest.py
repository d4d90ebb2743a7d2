from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(name="short_path")
def _short_path() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name: a socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="az-", dir="/tmp") as folder:
        yield Path(folder)
