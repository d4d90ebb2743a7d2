"""`python -m angzarr_domain dev` in processes of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from uuid import UUID

import pytest

from angzarr_domain import DomainClient
from angzarr_domain.exceptions import ConnectionFailed, StateMutated
from angzarr_domain.hosting import Host
from tests.e2e.test_handlers_that_change_state import Careless
from tests.hosting.ledger import Ledger
from tests.ledger import Withdraw
from tests.wallet import Put, Wallet

ROOT = Path(__file__).parents[2]
WALLET = "tests.wallet:Wallet"
MINE = UUID(int=7)

pytestmark = pytest.mark.process


def arguments(*given: str) -> list[str]:
    return [sys.executable, "-m", "angzarr_domain", "dev", *given]


@contextmanager
def coordinating(*given: str, cwd: Path = ROOT) -> Generator[tuple[subprocess.Popen[str], list[str]]]:
    """A coordinator and the addresses it prints."""
    environment = {**os.environ, "PYTHONPATH": str(cwd)}
    process = subprocess.Popen(
        arguments(*given), cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("serving on "), line + process.stderr.read()
        yield process, line.split()[2:]
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()
        process.stderr.close()


def put(address: str, amount: int = 1) -> int:
    """One command; the number of events there are then."""
    with DomainClient.connect(address, aggregates=[Wallet]) as client:
        return client.command(Put(amount=amount), MINE).send_sync().next_sequence


def failing(*given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments(*given), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_it_serves_on_every_address_it_prints(short_path: Path) -> None:
    """One line, flushed, with the addresses as clients take them; one store behind them."""
    with coordinating(WALLET, "--serve", "localhost:0", "--serve", f"{short_path}/a.sock") as (_, addresses):
        assert [put(address) for address in addresses] == [1, 2]


@pytest.mark.parametrize(("given", "fails"), [([], False), (["--check-state"], True)])
def test_changes_in_place_are_looked_for_on_request(given: list[str], *, fails: bool) -> None:
    """As a command-line flag of a staging system; the decision of a handler that changes a list fails."""
    served = ("tests.e2e.test_handlers_that_change_state:Careless", *given, "--serve", "localhost:0")
    refused = pytest.raises(StateMutated) if fails else nullcontext()
    with coordinating(*served) as (_, addresses), DomainClient.connect(addresses[0], aggregates=[Careless]) as client:
        ready = client.command(Withdraw(amount=1), MINE)
        with refused:
            ready.send_sync()


def test_it_says_what_it_serves(tmp_path: Path) -> None:
    """The domains, wherever they are decided, and where the events go."""
    data = tmp_path / "wallet.db"
    given = (WALLET, "--target", "ledger=localhost:9", "--data", str(data), "--serve", "localhost:0")
    with coordinating(*given) as (process, _):
        assert process.stdout is not None
        assert process.stdout.readline() == f"domains: ledger, wallet; events are kept in {data}\n"


def test_without_data_it_says_that_nothing_is_kept() -> None:
    """Loud, on stderr."""
    with coordinating(WALLET, "--serve", "localhost:0") as (process, _):
        assert process.stdout is not None
        said = process.stdout.readline()
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert said == "domains: wallet; events are kept in memory only\n"
    assert "events live in memory only and are gone when this process ends" in errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_what_was_stored_is_there_the_next_time(tmp_path: Path, number: signal.Signals) -> None:
    """Stopped or killed: the next one goes on where it was."""
    given = (WALLET, "--data", str(tmp_path / "wallet.db"), "--serve", "localhost:0")
    with coordinating(*given) as (process, addresses):
        assert put(addresses[0]) == 1
        process.send_signal(number)
        status = process.wait(30)
    with coordinating(*given) as (_, addresses):
        assert put(addresses[0]) == 2
    assert status == (0 if number != signal.SIGKILL else -signal.SIGKILL)


def test_it_fronts_business_logic_it_cannot_import(tmp_path: Path) -> None:
    """Neither the aggregate nor its messages are importable where it runs."""
    with Host([Wallet]).start("localhost:0") as host:
        target = f"wallet={host.addresses[0]}"
        with coordinating("--target", target, "--serve", "localhost:0", cwd=tmp_path) as (_, addresses):
            assert [put(addresses[0]) for _ in range(2)] == [1, 2]
            host.stop()
            with pytest.raises(ConnectionFailed):
                put(addresses[0])
            with DomainClient.connect(addresses[0], aggregates=[Wallet]) as client:
                assert len(client.query("wallet", MINE).get_event_book().pages) == 2


def test_aggregates_here_and_elsewhere_at_once() -> None:
    """Each domain is decided in its place."""
    with Host([Ledger]).start("localhost:0") as host:
        given = (WALLET, "--target", f"ledger={host.addresses[0]}", "--serve", "localhost:0")
        with coordinating(*given) as (_, addresses):
            assert put(addresses[0]) == 1


def test_a_second_one_on_the_data_is_refused(tmp_path: Path) -> None:
    """By name; the first goes on."""
    data = str(tmp_path / "wallet.db")
    with coordinating(WALLET, "--data", data, "--serve", "localhost:0") as (process, addresses):
        second = failing(WALLET, "--data", data, "--serve", "localhost:0")
        assert put(addresses[0]) == 1
        assert f"{data} is in use by another coordinator (process {process.pid})" in second.stderr
    assert second.returncode == 1


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param((), "MODULE:NAME, or --target", id="nobody to decide"),
        pytest.param(("nowhere:Wallet",), "there is no module nowhere", id="no module"),
        pytest.param(("--target", "wallet"), "'wallet' is not DOMAIN=ENDPOINT", id="no endpoint"),
        pytest.param(("--target", "wallet=here"), "'here' is no endpoint", id="not an endpoint"),
        pytest.param(("--target", "Wallet=h:1"), "'Wallet' is no domain", id="not a domain"),
        pytest.param(("--target", "w=h:1", "--target", "w=h:2"), "--target w is given twice", id="a target twice"),
        pytest.param((WALLET, "--target", "wallet=h:1"), "wallet is given twice", id="here and elsewhere"),
        pytest.param((WALLET, "--serve", "localhost"), "'localhost' is no endpoint", id="no address"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(given: tuple[str, ...], named: str) -> None:
    """Exit status 2, no traceback."""
    result = failing(*given)
    lines = [line for line in result.stderr.splitlines() if line.startswith("angzarr_domain: ")]
    assert (result.returncode, len(lines), "Traceback" in result.stderr) == (2, 1, False)
    assert named in lines[0]


@pytest.mark.parametrize(
    ("option", "given", "named"),
    [
        pytest.param("--data", "/nowhere/w.db", "/nowhere does not exist", id="no folder"),
        pytest.param("--data", "{0}/notes.txt", "no SQLite database", id="no database"),
        pytest.param("--serve", "unix:{0}/notes.txt", "is no socket", id="no socket"),
        pytest.param("--serve", "192.0.2.1:0", "192.0.2.1:0 cannot be served", id="no address of this machine"),
    ],
)
def test_what_this_machine_does_not_have_is_said_in_one_line(
    option: str, given: str, named: str, short_path: Path
) -> None:
    """Exit status 1, as for everything that may be mended without another command line."""
    (short_path / "notes.txt").write_text("milk")
    result = failing(WALLET, option, given.format(short_path))
    lines = [line for line in result.stderr.splitlines() if line.startswith("angzarr_domain: ")]

    assert (result.returncode, len(lines), "Traceback" in result.stderr) == (1, 1, False)
    assert named in lines[0]
    assert (short_path / "notes.txt").read_text() == "milk"
