"""The file of operations: one row for each, with a reference of its own."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import attrs

from .money import NoAmount, parse_amount

COLUMNS: Final = ("reference", "operation", "account", "amount", "to", "owner")


class Kind(StrEnum):
    """What a row asks for."""

    OPEN = "open"
    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    TRANSFER = "transfer"
    SETTLE = "settle"  # told by the clearing house
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    CLOSE = "close"


#: Which of the columns after `account` each kind has; the others stay empty.
_TAKES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.OPEN: frozenset({"owner"}),
    Kind.DEPOSIT: frozenset({"amount"}),
    Kind.WITHDRAW: frozenset({"amount"}),
    Kind.TRANSFER: frozenset({"amount", "to"}),
    Kind.SETTLE: frozenset({"amount"}),
    Kind.FREEZE: frozenset(),
    Kind.UNFREEZE: frozenset(),
    Kind.CLOSE: frozenset(),
}


@attrs.frozen
class Operation:
    """A row that makes sense. Accounts decide whether it can be done."""

    line: int
    reference: str
    kind: Kind
    account: str
    amount: int = 0
    to: str = ""
    owner: str = ""


@attrs.frozen
class BadRow:
    """A row that makes no sense."""

    line: int
    reason: str


@attrs.frozen
class OperationsFile:
    """What is in a file."""

    operations: tuple[Operation, ...]
    bad_rows: tuple[BadRow, ...]


class UnusableFile(Exception):
    """The file as a whole cannot be used."""


class _Bad(Exception):
    """Why a row makes no sense."""


def read_operations(path: Path) -> OperationsFile:
    """Every row of a CSV file. A row that is wrong does not keep the others from being read.

    Raises:
        UnusableFile: It is not there, is no CSV in UTF-8, or its header is another one.

    """
    operations: list[Operation] = []
    bad_rows: list[BadRow] = []
    first: dict[str, Operation] = {}
    for line, cells in _rows(path):
        try:
            operation = _operation(line, cells)
            _check_same(first.setdefault(operation.reference, operation), operation)
        except _Bad as bad:
            bad_rows.append(BadRow(line, str(bad)))
        else:
            operations.append(operation)
    return OperationsFile(tuple(operations), tuple(bad_rows))


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows below the header, each with the line it begins on; blank lines left out."""
    rows: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for cells in reader:
                rows.append((begin, [cell.strip() for cell in cells]))
                begin = reader.line_num + 1
    except OSError as error:
        raise UnusableFile(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnusableFile(f"{path}: no text in UTF-8 ({error})") from error
    except csv.Error as error:
        # A quote that stays open swallows every row after it, so none of them can be trusted.
        raise UnusableFile(
            f"{path}: the row that begins on line {begin} is no CSV, perhaps for a quote that is not closed ({error})"
        ) from error
    header = rows.pop(0)[1] if rows else []
    if header != list(COLUMNS):
        raise UnusableFile(f"{path}: the first line has to be {','.join(COLUMNS)}, not {','.join(header)!r:.80}")
    return [row for row in rows if row[1]]


def _operation(line: int, cells: Sequence[str]) -> Operation:
    if len(cells) != len(COLUMNS):
        raise _Bad(f"has {len(cells)} columns instead of {len(COLUMNS)}")
    row: dict[str, str] = dict(zip(COLUMNS, cells, strict=True))
    if row["operation"] not in set(Kind):
        raise _Bad(f"there is no operation {row['operation']!r}; there are {', '.join(Kind)}")
    kind = Kind(row["operation"])
    _check_columns(kind, row)
    return Operation(
        line=line,
        reference=_reference(row["reference"]),
        kind=kind,
        account=_account(row["account"]),
        amount=_amount(row["amount"]) if row["amount"] else 0,
        to=_account(row["to"]) if row["to"] else "",
        owner=_owner(row["owner"]) if row["owner"] else "",
    )


def _check_columns(kind: Kind, row: Mapping[str, str]) -> None:
    for column in ("amount", "to", "owner"):
        if column in _TAKES[kind] and not row[column]:
            raise _Bad(f"{kind} needs the column {column}")
        if column not in _TAKES[kind] and row[column]:
            raise _Bad(f"{kind} has no use for the column {column}")


def _check_same(first: Operation, operation: Operation) -> None:
    # The same row twice is harmless: its reference is applied once. Another row of the same reference would be lost.
    if attrs.evolve(operation, line=first.line) != first:
        raise _Bad(f"the reference {operation.reference} belongs to another operation, on line {first.line}")


def _reference(text: str) -> str:
    if not text:
        raise _Bad("the reference is missing")
    # No "/": it sets the references apart that a transfer makes of its own.
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise _Bad(f"{text!r} is no reference; use up to 64 letters, digits, dots, dashes and underscores")
    return text


def _account(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}-[0-9]{4}", text):
        raise _Bad(f"{text!r} is no account number; they are like CHK-1001")
    return text


def _amount(text: str) -> int:
    try:
        return parse_amount(text)
    except NoAmount as error:
        raise _Bad(str(error)) from error


def _owner(text: str) -> str:
    if len(text) > 60 or not text.isprintable():
        raise _Bad("an owner is up to 60 printable characters")
    return text
