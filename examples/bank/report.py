"""What a run came to, as text. The same run gives the same text, wherever the coordinator is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import attrs

from .account import Account
from .money import format_amount
from .operations import BadRow, Operation
from .teller import Outcome


@attrs.frozen
class Entry:
    """A line of an account's history."""

    sequence: int
    event: str
    reference: str
    change: str


@attrs.frozen
class Run:
    """What there is to report.

    Attributes:
        finished: Transfers that an earlier run left open.
        accounts: All that were opened, reloaded after the last operation.
        history_of: Number of the account whose history is shown; "" for none.
        balance_set_by: The entry that set its balance; None if nothing did.

    """

    outcomes: tuple[tuple[Operation, Outcome], ...]
    bad_rows: tuple[BadRow, ...]
    finished: int
    accounts: tuple[Account, ...]
    history_of: str = ""
    history: tuple[Entry, ...] = ()
    balance_set_by: Entry | None = None


def render(run: Run) -> str:
    """The whole report."""
    sections = [_summary(run), _balances(run.accounts), _refused(run.outcomes), _bad_rows(run.bad_rows), _history(run)]
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section))) + "\n"


def _summary(run: Run) -> Iterator[str]:
    counts = Counter(_verdict(outcome) for _, outcome in run.outcomes)
    counts["bad"] = len(run.bad_rows)
    parts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("applied", "already applied", "refused", "bad"))
    yield f"{counts.total()} rows: {parts}"
    if run.finished:
        yield f"Transfers finished that an earlier run left open: {run.finished}"


def _verdict(outcome: Outcome) -> str:
    if not outcome.applied:
        return "refused"
    return "already applied" if outcome.before else "applied"


def _balances(accounts: Sequence[Account]) -> Iterator[str]:
    yield "Balances"
    rows = [(account.number, account.owner, account.status, format_amount(account.balance)) for account in accounts]
    total = format_amount(sum(account.balance for account in accounts))
    yield from _table(("account", "owner", "status", "balance"), [*rows, ("total", "", "", total)], right={"balance"})


def _refused(outcomes: Iterable[tuple[Operation, Outcome]]) -> Iterator[str]:
    rows = [
        (str(operation.line), operation.reference, operation.kind, operation.account, outcome.code, outcome.message)
        for operation, outcome in outcomes
        if not outcome.applied
    ]
    if rows:
        yield "Refused operations"
        yield from _table(("line", "reference", "operation", "account", "code", "reason"), rows, right={"line"})


def _bad_rows(bad_rows: Iterable[BadRow]) -> Iterator[str]:
    rows = [(str(bad.line), bad.reason) for bad in bad_rows]
    if rows:
        yield "Bad rows"
        yield from _table(("line", "reason"), rows, right={"line"})


def _history(run: Run) -> Iterator[str]:
    if not run.history_of:
        return
    yield f"History of {run.history_of}"
    if not run.history:
        yield "  nothing is on record for that account number"
        return
    rows = [(str(entry.sequence), entry.event, entry.reference, entry.change) for entry in run.history]
    yield from _table(("sequence", "event", "reference", "change"), rows, right={"sequence"})
    if run.balance_set_by is not None:
        entry = run.balance_set_by
        yield f"The balance is what {entry.event} {entry.reference} made it, at sequence {entry.sequence}."


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], right: set[str]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(header, row, widths, strict=True)
        ]
        yield f"  {'  '.join(cells).rstrip()}"
