"""The bank's program: runs a file of operations, and reports what came of it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from angzarr_domain import AngzarrError, DomainClient, Repository
from angzarr_domain.books import compute_root
from angzarr_domain.embedded import Coordinator
from angzarr_domain.repositories import HistoryStep

from .account import Account, AccountStatus
from .messages import OperationRefused
from .money import format_amount
from .operations import OperationsFile, UnusableFile, read_operations
from .report import Entry, Run, render
from .teller import Teller
from .transfer import Transfer

SHIPPED: Final = Path(__file__).with_name("operations.csv")

_EPILOG: Final = """\
Running a file again, after whatever interruption, gives the same balances: each operation has a reference, which is
decided once. Operations applied before are counted as already applied; what was refused is refused again, for the
same reason.

Exit status: 0 when every row was dealt with, refused and bad ones among them; 2 when the file, the data file or the
coordinator cannot be used; 130 when interrupted."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit status."""
    options = _parser().parse_args(arguments)
    # What is said on the command line goes before what the environment says.
    endpoint = options.endpoint or (None if options.data else os.environ.get("ANGZARR_ENDPOINT"))
    try:
        file = read_operations(options.operations)
        with _client(options.data, endpoint) as client:
            report = render(run(file, client, options.history))
    except (UnusableFile, AngzarrError) as error:
        print(f"bank: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bank: interrupted; run it again to go on", file=sys.stderr)
        return 130
    print(report, end="")
    return 0


def run(file: OperationsFile, client: DomainClient, history_of: str = "") -> Run:
    """Carry out every operation, and reload every account.

    Args:
        file: The operations.
        client: Of whichever coordinator.
        history_of: Number of the account whose history is shown; the first one in the file unless given.

    Raises:
        AngzarrError: The coordinator cannot be used. Run it again to go on.

    """
    teller = Teller(client)
    finished = teller.finish_open_transfers()
    outcomes = tuple((operation, teller.carry_out(operation)) for operation in file.operations)
    repository = Repository(Account, client)
    loaded = [repository.load(root) for root in repository.roots()]
    accounts = [account for account in loaded if account.status is not AccountStatus.UNKNOWN]
    number = history_of or next((operation.account for operation in file.operations), "")
    steps = list(repository.history(compute_root("account", number)))
    set_by = repository.history(compute_root("account", number)).blame("balance")
    return Run(
        outcomes=outcomes,
        bad_rows=file.bad_rows,
        finished=finished,
        accounts=tuple(sorted(accounts, key=lambda account: (account.number, account.root))),
        history_of=number,
        history=tuple(map(_entry, steps)),
        balance_set_by=None if set_by is None else _entry(set_by),
    )


def _entry(step: HistoryStep[Account]) -> Entry:
    parts: list[str] = []
    for change in step.changes:
        if change.field == "balance":
            parts.append(f"balance {format_amount(change.before)} -> {format_amount(change.after)}")
        elif change.field in {"owner", "status"}:
            parts.append(f"{change.field} {change.after}")
    if isinstance(step.event, OperationRefused):
        parts.append(f"refused: {step.event.code}")
    reference: str = getattr(step.event, "reference", "")
    return Entry(step.sequence, type(step.event).__name__, reference, ", ".join(parts))


@contextmanager
def _client(data: Path | None, endpoint: str | None) -> Generator[DomainClient]:
    if endpoint:
        with DomainClient.connect(endpoint, aggregates=[Account, Transfer]) as client:
            yield client
    else:
        with Coordinator([Account, Transfer], data) as coordinator, coordinator.client() as client:
            yield client


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.bank",
        description="Run a CSV of bank operations, and print balances, refused operations, bad rows and one history.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "operations", nargs="?", type=Path, default=SHIPPED, metavar="operations.csv", help="default: the shipped file"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data", type=Path, metavar="bank.db", help="keep everything in this file, and go on there")
    where.add_argument(
        "--endpoint",
        metavar="ADDRESS",
        help="use the coordinator there: host:port, https://host:port, unix:PATH; default: $ANGZARR_ENDPOINT, "
        "else a coordinator in this process",
    )
    parser.add_argument("--history", default="", metavar="ACCOUNT", help="the account whose history is shown")
    return parser
