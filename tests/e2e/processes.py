"""Starting the command line in processes of its own, and waiting until it serves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def serving(python: Path | str, *arguments: str, cwd: Path, says: str) -> Generator[subprocess.Popen[str], None, None]:
    """`python -m angzarr_domain ARGUMENTS` until the block ends; entered once its first line says where it serves."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [str(python), "-m", "angzarr_domain", *arguments], cwd=cwd, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert says in line, f"it said {line!r}"
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
