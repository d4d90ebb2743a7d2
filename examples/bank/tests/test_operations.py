"""What a file of operations may hold, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.bank.money import NoAmount, format_amount, parse_amount
from examples.bank.operations import BadRow, Kind, Operation, UnusableFile, read_operations

HEADER = "reference,operation,account,amount,to,owner\n"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    """A file with these rows."""
    path = folder / "operations.csv"
    path.write_text(header + "".join(f"{row}\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "minor"), [("12", 1200), ("12.5", 1250), ("12.50", 1250), ("0.01", 1), ("0.10", 10), ("7.00", 700)]
)
def test_an_amount_is_read_exactly(text: str, minor: int) -> None:
    """No floating point on the way."""
    assert parse_amount(text) == minor


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no amount"),
        ("twelve", "no amount"),
        ("1,000.00", "no amount"),
        ("1e3", "no amount"),
        ("NaN", "no amount"),
        ("١٢", "no amount"),
        ("9" * 16, "more than 15 digits"),
        ("0.00", "not more than zero"),
        ("-5", "not more than zero"),
        ("-" + "9" * 15, "not more than zero"),
        ("1.005", "more than two decimals"),
        ("0.001", "more than two decimals"),
    ],
)
def test_what_is_no_amount(text: str, says: str) -> None:
    """The reason says what is wrong with it."""
    with pytest.raises(NoAmount, match=says):
        parse_amount(text)


def test_the_largest_amount_fits_its_field() -> None:
    """An int64 holds it."""
    assert parse_amount("999999999999999.99") < 2**63


@pytest.mark.parametrize(("minor", "text"), [(0, "0.00"), (5, "0.05"), (123450, "1,234.50"), (10**17 + 1, None)])
def test_an_amount_is_written_exactly(minor: int, text: str | None) -> None:
    """Two decimals, thousands apart."""
    assert format_amount(minor) == (text or "1,000,000,000,000,000.01")


def test_each_kind_of_row(tmp_path: Path) -> None:
    """The columns that a kind has no use for stay empty."""
    path = written(
        tmp_path,
        'R-1,open,CHK-1001,,,"Müller, Ada"',
        "R-2,deposit,CHK-1001,12.50,,",
        "R-3,transfer,CHK-1001,1,CHK-1002,",
        "R-4,freeze,CHK-1001,,,",
    )
    assert read_operations(path).operations == (
        Operation(2, "R-1", Kind.OPEN, "CHK-1001", owner="Müller, Ada"),
        Operation(3, "R-2", Kind.DEPOSIT, "CHK-1001", amount=1250),
        Operation(4, "R-3", Kind.TRANSFER, "CHK-1001", amount=100, to="CHK-1002"),
        Operation(5, "R-4", Kind.FREEZE, "CHK-1001"),
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("R-1,dposit,CHK-1001,5,,", "there is no operation 'dposit'"),
        ("R-1,,CHK-1001,5,,", "there is no operation ''"),
        ("R-1,deposit,CHK-1001,five,,", "'five' is no amount"),
        ("R-1,deposit,CHK-1001,-5,,", "not more than zero"),
        ("R-1,deposit,CHK-1001,,,", "deposit needs the column amount"),
        ("R-1,transfer,CHK-1001,5,,", "transfer needs the column to"),
        ("R-1,open,CHK-1001,,,", "open needs the column owner"),
        ("R-1,close,CHK-1001,5,,", "close has no use for the column amount"),
        ("R-1,deposit,CHK-1001,5", "has 4 columns instead of 6"),
        ("R-1,deposit,CHK-1001,5,,,", "has 7 columns instead of 6"),
        ("R-1,deposit,chk 1,5,,", "'chk 1' is no account number"),
        ("R-1,transfer,CHK-1001,5,nowhere,", "'nowhere' is no account number"),
        (",deposit,CHK-1001,5,,", "the reference is missing"),
        ("R/1,deposit,CHK-1001,5,,", "'R/1' is no reference"),
        ("R-1,open,CHK-1001,,,\x1b[31mAda", "an owner is up to 60 printable characters"),
    ],
)
def test_a_bad_row_says_why(tmp_path: Path, row: str, says: str) -> None:
    """With its line; the rows around it are read."""
    found = read_operations(written(tmp_path, "A,freeze,CHK-1001,,,", row, "B,freeze,CHK-1001,,,"))
    assert [operation.reference for operation in found.operations] == ["A", "B"]
    assert [bad.line for bad in found.bad_rows] == [3]
    assert says in found.bad_rows[0].reason


def test_a_reference_belongs_to_one_operation(tmp_path: Path) -> None:
    """The same row twice is harmless; another row of the same reference would be lost, so it is bad."""
    path = written(tmp_path, "A,deposit,CHK-1001,5,,", "A,deposit,CHK-1001,5.00,,", "A,deposit,CHK-1001,6,,")
    found = read_operations(path)
    assert [operation.line for operation in found.operations] == [2, 3]
    assert found.bad_rows == (BadRow(4, "the reference A belongs to another operation, on line 2"),)


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    """Blank lines count, and a row that spans lines is named by its first."""
    found = read_operations(written(tmp_path, "", '"A', '",freeze,CHK-1001', "", "B,freeze,CHK-1001"))
    assert [bad.line for bad in found.bad_rows] == [3, 6]


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    """Spreadsheets write one."""
    path = written(tmp_path, "A,freeze,CHK-1001,,,", header="\ufeff" + HEADER)
    assert len(read_operations(path).operations) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "the first line has to be reference,", id="empty"),
        pytest.param(b"reference;operation\n", "the first line has to be reference,", id="header"),
        pytest.param(HEADER.encode() + b"A,open,CHK-1001,,,\xff\n", "no text in UTF-8", id="encoding"),
        pytest.param(
            HEADER.encode() + b'A,freeze,CHK-1001,,,\n"B,open\nC\n',
            "begins on line 3 is no CSV, perhaps for a quote",
            id="quotes",
        ),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: bytes, says: str) -> None:
    """Nothing of it is read."""
    path = tmp_path / "operations.csv"
    path.write_bytes(content)
    with pytest.raises(UnusableFile, match=says):
        read_operations(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The error names it."""
    with pytest.raises(UnusableFile, match=r"missing\.csv: No such file"):
        read_operations(tmp_path / "missing.csv")
