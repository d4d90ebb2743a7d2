from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(name="socket")
def _socket() -> Iterator[str]:
    """An address for a coordinator. A socket's path has at most 107 bytes, which pytest's folders may exceed."""
    with tempfile.TemporaryDirectory(prefix="bank-") as folder:
        yield str(Path(folder) / "bank.sock")


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever coordinator the machine's user has, tests do not run against it."""
    monkeypatch.delenv("ANGZARR_ENDPOINT", raising=False)
