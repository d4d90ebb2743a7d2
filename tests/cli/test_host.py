"""`python -m angzarr_domain host` in processes of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from examples.bank.messages import Deposit
from tests.hosting.asking import handle, request

ROOT = Path(__file__).parents[2]
LEDGER = "tests.hosting.ledger:Ledger"

pytestmark = pytest.mark.process


def arguments(*given: str) -> list[str]:
    return [sys.executable, "-m", "angzarr_domain", "host", *given]


@contextmanager
def hosting(*given: str) -> Generator[tuple[subprocess.Popen[str], list[str]]]:
    """A host and the addresses it prints."""
    process = subprocess.Popen(arguments(*given), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("serving on "), line
        yield process, line.split()[2:]
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()


def failing(*given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments(*given), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_serves_on_every_address_it_prints(short_path: Path) -> None:
    """One line, flushed, with the addresses as clients take them."""
    with hosting(LEDGER, "--serve", "localhost:0", "--serve", f"{short_path}/a.sock") as (_, addresses):
        pages = [handle(address, request(Deposit(amount=1))).pages for address in addresses]

    assert [len(each) for each in pages] == [1, 1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_it_cleanly(short_path: Path, number: signal.Signals) -> None:
    """Exit status 0, and the socket file is gone (C-0502), even when it comes right after the first line."""
    with hosting(LEDGER, "--serve", f"{short_path}/a.sock") as (process, _):
        process.send_signal(number)
        status = process.wait(30)

    assert (status, list(short_path.iterdir())) == (0, [])


def test_it_says_what_it_serves() -> None:
    """The domains, after the addresses that others wait for."""
    with hosting(LEDGER, "--serve", "localhost:0") as (process, _):
        assert process.stdout is not None
        assert process.stdout.readline() == "domains: ledger\n"


def test_killed_host_is_followed_by_another(short_path: Path) -> None:
    """What a killed process leaves behind is no hindrance: neither its socket nor its lock."""
    where = ("--serve", f"{short_path}/a.sock")
    with hosting(LEDGER, *where) as (process, _):
        process.kill()
        process.wait(30)
        assert (short_path / "a.sock").is_socket()
        with hosting(LEDGER, *where) as (_, addresses):
            assert len(handle(addresses[0], request(Deposit(amount=1))).pages) == 1


def test_second_host_on_a_socket_is_refused(short_path: Path) -> None:
    """The first goes on, the second says whose the socket is."""
    with hosting(LEDGER, "--serve", f"{short_path}/a.sock") as (_, addresses):
        second = failing(LEDGER, "--serve", f"{short_path}/a.sock")
        pages = handle(addresses[0], request(Deposit(amount=1))).pages

    assert (second.returncode, "a.sock" in second.stderr, len(pages)) == (1, True, 1)


def test_hung_handler_does_not_hold_the_exit() -> None:
    """After the grace the process ends, whatever its handlers do."""
    with hosting("tests.cli.hanging:Hanging", "--serve", "127.0.0.1:0", "--grace", "0.2") as (process, addresses):
        asking = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.hanging", addresses[0]], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "domains: ledger\n"
        assert process.stdout.readline() == "hanging\n"
        process.terminate()
        status = process.wait(30)
        asking.wait(30)

    assert status == 0


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(["nowhere:x"], "no module nowhere", id="module"),
        pytest.param(["./tests/hosting/ledger.py:x"], "as in an import: tests.hosting.ledger:NAME", id="file"),
        pytest.param(["tests.hosting.ledger:x"], "has no x; what can be served there: Ledger, Payment", id="name"),
        pytest.param(["tests.hosting.ledger"], "not MODULE:NAME", id="form"),
        pytest.param(["tests.hosting.ledger:Deposit"], "not decorated", id="class"),
        pytest.param(["tests.hosting.asking:ROOT"], "neither an aggregate class nor a list", id="value"),
        pytest.param(["tests.cli.broken:x"], "tests.cli.broken does not import: ZeroDivisionError", id="import"),
        pytest.param([LEDGER, "--serve", "localhost"], "'localhost' is no endpoint", id="address"),
        pytest.param([LEDGER, "--history", "localhost"], "'localhost' is no endpoint", id="history"),
        pytest.param([LEDGER, "--socket-mode", "9"], "--socket-mode", id="mode"),
        pytest.param([LEDGER, "--socket-mode", "1777"], "--socket-mode", id="more than permissions"),
        pytest.param([LEDGER, "--grace", "-1"], "--grace", id="grace"),
    ],
)
def test_arguments_that_make_no_sense(given: list[str], says: str) -> None:
    """Exit status 2 and a sentence, never a traceback."""
    done = failing(*given)

    assert (done.returncode, says in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
