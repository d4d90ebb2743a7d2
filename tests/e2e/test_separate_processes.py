"""The bank behind a coordinator that cannot import it gives the same as in one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from angzarr_domain import DomainClient
from angzarr_domain.books import compute_root
from angzarr_domain.exceptions import ConnectionFailed
from examples.bank.messages import Deposit
from tests.e2e.processes import ROOT, serving

pytestmark = [pytest.mark.process, pytest.mark.once]


def bank(*arguments: str) -> str:
    """What the bank's program prints."""
    done = subprocess.run(
        [sys.executable, "-m", "examples.bank", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_bank_gives_the_same_through_three_processes(wheel_python: Path, tmp_path: Path, short_path: Path) -> None:
    """Business logic in one process, coordinator in another that cannot import the bank, the program in a third.

    With the logic stopped, commands meet a connection error and queries go on.
    """
    cannot = subprocess.run(
        [wheel_python, "-c", "import examples.bank"], cwd=tmp_path, check=False, capture_output=True
    )
    assert b"ModuleNotFoundError" in cannot.stderr
    logic, front = f"unix:{short_path}/logic.sock", f"unix:{short_path}/front.sock"
    targets = ("--target", f"account={logic}", "--target", f"transfer={logic}")
    data = str(tmp_path / "bank.db")
    with (
        serving(wheel_python, "dev", *targets, "--data", data, "--serve", front, cwd=tmp_path, says="front.sock"),
        DomainClient.connect(front) as client,
    ):
        with serving(sys.executable, "host", "examples.bank:components", "--serve", logic, cwd=ROOT, says="logic.sock"):
            assert bank("--endpoint", front) == bank()
        (root, *_) = [known.root for known in client.query.get_aggregate_roots() if known.domain == "account"]
        with pytest.raises(ConnectionFailed, match="logic"):
            client.command("account", root).with_command(Deposit(amount=1, reference="late")).send_sync()
        assert client.query("account", root).get_event_book().pages
        fresh = compute_root("account", "never opened")
        assert client.query("account", fresh).get_event_book().pages == ()
