"""The program as its user meets it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from angzarr_domain import Repository
from angzarr_domain.books import compute_root
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import UnknownOutcome
from examples.bank import Account, Transfer, TransferStatus, components
from examples.bank.operations import Kind, read_operations
from examples.bank.program import SHIPPED, main, run
from examples.bank.tests.interrupted import interrupted_client

HEADER = "reference,operation,account,amount,to,owner\n"

#: Every way that an operation can go, in few commands.
SHORT = (
    HEADER
    + """\
R-1,open,CHK-1001,,,Ada
R-2,open,CHK-1002,,,Ben
R-3,withdraw,CHK-1001,30,,
R-4,deposit,CHK-1001,100,,
R-5,transfer,CHK-1001,30,CHK-1002,
R-6,transfer,CHK-1001,500,CHK-1002,
R-7,freeze,CHK-1002,,,
R-8,transfer,CHK-1001,20,CHK-1002,
R-9,settle,CHK-1002,15,,
R-9,settle,CHK-1002,15,,
"""
)


@pytest.fixture(name="short")
def _short(tmp_path: Path) -> Path:
    path = tmp_path / "short.csv"
    path.write_text(SHORT, "utf-8")
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the program prints when all goes well."""
    capsys.readouterr()
    assert main(arguments) == 0
    return capsys.readouterr().out


def below_the_counts(report: str) -> str:
    """A report from its balances on."""
    return report[report.index("Balances") :]


def test_the_shipped_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Its figures, which documentation and demonstrations may rely on."""
    report = printed(capsys)
    lines = {" ".join(line.split()) for line in report.splitlines()}
    assert report.startswith("294 rows: 244 applied, 3 already applied, 35 refused, 12 bad\n")
    assert lines >= {
        "SAV-2001 Ada Quintero open 1,010.00",
        "SAV-2004 Hana Petrov closed 0.00",
        "total 122,145.47",
        "18 OP-0017 open CHK-1003 ACCOUNT_EXISTS the account was opened before",
        "134 has 4 columns instead of 6",
        "5 OperationRefused OP-0053 refused: INSUFFICIENT_FUNDS",
        "The balance is what Withdrawn OP-0278/debit made it, at sequence 31.",
    }


def test_money_is_neither_made_nor_lost() -> None:
    """The balances are what was paid in, less what was paid out; transfers change nothing."""
    with Coordinator(components) as coordinator, coordinator.client() as client:
        done = run(read_operations(SHIPPED), client)
    moved = {Kind.DEPOSIT: 1, Kind.SETTLE: 1, Kind.WITHDRAW: -1}
    applied = [operation for operation, outcome in done.outcomes if outcome.applied and not outcome.before]
    expected = sum(moved.get(operation.kind, 0) * operation.amount for operation in applied)
    assert sum(account.balance for account in done.accounts) == expected


def test_every_refusal_of_an_account_or_transfer_occurs_in_the_shipped_file() -> None:
    """It shows what there is to see."""
    with Coordinator(components) as coordinator, coordinator.client() as client:
        codes = {outcome.code for _, outcome in run(read_operations(SHIPPED), client).outcomes}
    assert codes - {""} == {
        "ACCOUNT_CLOSED",
        "ACCOUNT_EXISTS",
        "ACCOUNT_FROZEN",
        "ACCOUNT_NOT_FROZEN",
        "ACCOUNT_UNKNOWN",
        "BALANCE_NOT_ZERO",
        "INSUFFICIENT_FUNDS",
        "SAME_ACCOUNT",
    }


def test_a_second_run_changes_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """All of it is already applied, or refused for the same reason."""
    data = str(tmp_path / "bank.db")
    first = printed(capsys, "--data", data)
    second = printed(capsys, "--data", data)
    assert second.startswith("294 rows: 0 applied, 247 already applied, 35 refused, 12 bad\n")
    assert below_the_counts(second) == below_the_counts(first)


def test_a_refusal_stands_though_there_is_money_by_now(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, short: Path
) -> None:
    """The first withdrawal was refused before the deposit; the second run does not apply it."""
    data = str(tmp_path / "bank.db")
    printed(capsys, str(short), "--data", data)
    again = printed(capsys, str(short), "--data", data)
    assert "     4  R-3        withdraw   CHK-1001  INSUFFICIENT_FUNDS" in again
    assert "  CHK-1001  Ada    open      70.00\n" in again


def test_a_second_file_goes_on_where_the_first_ended(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, short: Path
) -> None:
    """All accounts are reported, those of earlier files too."""
    data, second = str(tmp_path / "bank.db"), tmp_path / "second.csv"
    printed(capsys, str(short), "--data", data)
    second.write_text(HEADER + "S-1,open,CHK-1003,,,Cy\nS-2,transfer,CHK-1001,10,CHK-1003,\n", "utf-8")
    report = printed(capsys, str(second), "--data", data)
    assert report.startswith("2 rows: 2 applied")
    assert "  CHK-1001  Ada    open      60.00\n" in report
    assert "  CHK-1003  Cy     open      10.00\n" in report


def test_an_account_that_is_only_mentioned_is_not_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A refusal is noted at an account that nobody opened; that does not open it."""
    path = tmp_path / "operations.csv"
    path.write_text(HEADER + "R-1,deposit,CHK-1001,5,,\n", "utf-8")
    assert "  total                      0.00\n" in printed(capsys, str(path))


def test_the_history_of_an_account_there_is_not(capsys: pytest.CaptureFixture[str], short: Path) -> None:
    """A sentence, rather than an empty table that leaves one guessing."""
    report = printed(capsys, str(short), "--history", "CHK-9999")
    assert report.endswith("History of CHK-9999\n  nothing is on record for that account number\n")


def test_the_history_of_another_account(capsys: pytest.CaptureFixture[str], short: Path) -> None:
    """Chosen by number; each line says what the event changed."""
    report = printed(capsys, str(short), "--history", "CHK-1002")
    assert report.endswith(
        "History of CHK-1002\n"
        "  sequence  event             reference   change\n"
        "         0  AccountOpened     R-2         owner Ben, status open\n"
        "         1  Deposited         R-5/credit  balance 0.00 -> 30.00\n"
        "         2  AccountFrozen     R-7         status frozen\n"
        "         3  OperationRefused  R-8/credit  refused: ACCOUNT_FROZEN\n"
        "         4  PaymentSettled    R-9         balance 30.00 -> 45.00\n"
        "The balance is what PaymentSettled R-9 made it, at sequence 4.\n"
    )


def test_lost_answers_change_nothing(socket: str, short: Path) -> None:
    """A command whose answer was lost is sent again; its reference keeps it from being applied twice."""

    def lose(number: int, _type_name: str) -> None:
        if number % 2:
            raise UnknownOutcome("the connection was cut")

    file = read_operations(short)
    with Coordinator(components) as undisturbed, undisturbed.client() as client:
        expected = run(file, client)
    with Coordinator(components) as coordinator, coordinator.start(socket), interrupted_client(socket, lose) as client:
        found = run(file, client)
    assert found.accounts == expected.accounts
    assert [outcome.code for _, outcome in found.outcomes] == [outcome.code for _, outcome in expected.outcomes]


def test_programs_side_by_side_come_to_the_same() -> None:
    """Whoever comes first decides, and what is decided stands: four at once are as good as one."""
    file = read_operations(SHIPPED)
    with Coordinator(components) as alone, alone.client() as client:
        expected = run(file, client)
    with Coordinator(components) as shared, ThreadPoolExecutor(4) as pool:
        start = threading.Barrier(4)

        def program(_number: int) -> None:
            with shared.client() as client:
                start.wait(timeout=30)
                run(file, client)

        list(pool.map(program, range(4)))
        with shared.client() as client:
            found = run(file, client)
    assert found.accounts == expected.accounts
    assert [outcome.code for _, outcome in found.outcomes] == [outcome.code for _, outcome in expected.outcomes]


def interrupted(file: Path, data: Path, socket: str, point: str) -> int:
    """Run the program in a process that is killed at this point; its exit status."""
    command = [sys.executable, "-m", "examples.bank.tests.interrupted", str(file), str(data), socket, point]
    return subprocess.run(command, cwd=SHIPPED.parents[2], check=False, timeout=60).returncode


@pytest.mark.process
def test_killed_between_debit_and_credit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, short: Path, socket: str
) -> None:
    """The money is on neither account then. The next run pays it out, once, before anything else."""
    data = tmp_path / "bank.db"
    assert interrupted(short, data, socket, "bank.v1.MarkDebited") == -signal.SIGKILL
    with Coordinator(components, data) as coordinator, coordinator.client() as client:
        accounts = Repository(Account, client)
        assert accounts.load(compute_root("account", "CHK-1001")).balance == 7000
        assert accounts.load(compute_root("account", "CHK-1002")).balance == 0
        assert Repository(Transfer, client).load(compute_root("transfer", "R-5")).status is TransferStatus.DEBITED
    report = printed(capsys, str(short), "--data", str(data))
    assert "Transfers finished that an earlier run left open: 1\n" in report
    assert below_the_counts(report) == below_the_counts(printed(capsys, str(short)))


@pytest.mark.process
def test_killed_between_the_refusal_and_the_refund(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, short: Path, socket: str
) -> None:
    """The transfer has recorded that the target refused; the next run gives the money back, once."""
    data = tmp_path / "bank.db"
    assert interrupted(short, data, socket, "io.angzarr.v1.Notification") == -signal.SIGKILL
    with Coordinator(components, data) as coordinator, coordinator.client() as client:
        assert Repository(Account, client).load(compute_root("account", "CHK-1001")).balance == 5000
        assert Repository(Transfer, client).load(compute_root("transfer", "R-8")).status is TransferStatus.RETURNING
    assert "  CHK-1001  Ada    open      70.00\n" in printed(capsys, str(short), "--data", str(data))


@pytest.mark.process
@pytest.mark.once
def test_killed_after_any_command(capsys: pytest.CaptureFixture[str], tmp_path: Path, short: Path, socket: str) -> None:
    """Wherever it was killed, the next run ends with the balances, refusals and history of an undisturbed one."""
    expected = below_the_counts(printed(capsys, str(short)))
    point = 1
    while (status := interrupted(short, tmp_path / f"{point}.db", socket, str(point))) != 0:
        assert status == -signal.SIGKILL
        found = printed(capsys, str(short), "--data", str(tmp_path / f"{point}.db"))
        assert below_the_counts(found) == expected, f"killed after command {point}"
        point += 1
    assert point > 20, "the file has to be interrupted, not passed over"


@contextmanager
def coordinator_process(socket: str) -> Generator[None]:
    """A coordinator in a process of its own."""
    command = [sys.executable, "-m", "angzarr_domain", "dev", "examples.bank:components", "--serve", socket]
    process = subprocess.Popen(command, cwd=SHIPPED.parents[2], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert "bank.sock" in process.stdout.readline()
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.mark.process
@pytest.mark.parametrize("by", ["option", "environment"])
def test_another_process_as_coordinator_gives_the_same_bytes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, socket: str, by: str
) -> None:
    """Where the coordinator is changes nothing that is printed."""
    expected = printed(capsys)
    with coordinator_process(socket):
        if by == "environment":
            monkeypatch.setenv("ANGZARR_ENDPOINT", socket)
            assert printed(capsys) == expected
        else:
            assert printed(capsys, "--endpoint", socket) == expected


def test_a_data_file_goes_before_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, short: Path
) -> None:
    """What is said on the command line counts."""
    monkeypatch.setenv("ANGZARR_ENDPOINT", "/nobody/listens.sock")
    assert printed(capsys, str(short), "--data", str(tmp_path / "bank.db"))


def test_a_file_without_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing to do is no error."""
    path = tmp_path / "operations.csv"
    path.write_text(HEADER, "utf-8")
    assert printed(capsys, str(path)).startswith("0 rows:")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["missing.csv"], "missing.csv: No such file", id="no such file"),
        pytest.param(["{folder}"], "Is a directory", id="a folder"),
        pytest.param(["{folder}/not.csv"], "no text in UTF-8", id="no text"),
        pytest.param(["{folder}/other.csv"], "the first line has to be", id="another header"),
        pytest.param(["--data", "{folder}/not.csv"], "not.csv", id="no data file"),
        pytest.param(["--data", "{folder}/open.db"], "open.db", id="data file in use"),
        pytest.param(["--endpoint", "somewhere"], "'somewhere' is no endpoint", id="no endpoint"),
        pytest.param(["--endpoint", "{folder}/no.sock"], "no.sock", id="no socket"),
        pytest.param(["--endpoint", "localhost:1"], "localhost:1", id="no coordinator"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], says: str
) -> None:
    """It names what, on standard error, and the status is 2."""
    (tmp_path / "not.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "other.csv").write_text("date,text\n")
    with Coordinator(components, tmp_path / "open.db"):
        assert main([argument.format(folder=tmp_path) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("bank: ")
    assert err.count("\n") == 1
    assert says in err


@pytest.mark.process
def test_interrupted_from_the_keyboard(tmp_path: Path) -> None:
    """One line, no traceback, and the status that shells expect."""
    rows = (f"R-{number},deposit,CHK-1001,1,,\n" for number in range(20_000))
    path = tmp_path / "long.csv"
    path.write_text(HEADER + "O,open,CHK-1001,,,Ada\n" + "".join(rows), "utf-8")
    data = tmp_path / "bank.db"
    command = [sys.executable, "-m", "examples.bank", str(path), "--data", str(data)]
    process = subprocess.Popen(command, cwd=SHIPPED.parents[2], stderr=subprocess.PIPE, text=True)
    while not data.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "bank: interrupted; run it again to go on\n")
