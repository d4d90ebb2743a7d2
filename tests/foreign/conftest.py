from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session", name="caller")
def _caller(theirs: Path) -> list[str]:
    """The command that runs the caller written with angzarr-client."""
    return [str(theirs), str(PROGRAMS / "caller.py")]


@pytest.fixture(scope="module", name="logic")
def _logic(theirs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a program written with angzarr-client serves a wallet."""
    folder = tmp_path_factory.mktemp("s")
    environment = {**os.environ, "TRANSPORT_TYPE": "uds", "UDS_BASE_PATH": str(folder), "DOMAIN": "wallet"}
    program = [str(theirs), str(PROGRAMS / "aggregate.py")]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving unix:"), f"it said {line!r}"
        yield line.split()[1]
        process.stdin.close()
        assert process.wait(timeout=30) == 0
