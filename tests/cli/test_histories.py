"""`python -m angzarr_domain export`, `import` and `replay-check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from angzarr_domain.books import Cover
from angzarr_domain.cli import main
from angzarr_domain.embedded import Coordinator, EventFile
from tests.histories.recorded import ADA, BOB, HISTORIES, read
from tests.ledger import Account

LEDGER = "tests.ledger:Account"


@pytest.fixture(name="data")
def _data(tmp_path: Path) -> Path:
    """A coordinator's data file with two accounts."""
    with EventFile(tmp_path / "ledger.db") as file:
        for root, pages in HISTORIES.items():
            file.restore(Cover("ledger", root), pages)
    return tmp_path / "ledger.db"


@pytest.fixture(name="golden")
def _golden(data: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """What `export` made of it."""
    out = data.with_name("golden.jsonl")
    assert main(["export", "--data", str(data), "--out", str(out), "--components", LEDGER, "--states", "0"]) == 0
    assert capsys.readouterr().out == f"wrote {out}: 2 streams, 6 events\n"
    return out


def test_a_data_file_goes_there_and_back(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Into a file that need not exist; again it changes nothing."""
    given = ["import", str(golden), "--data", str(golden.with_name("copy.db"))]

    assert [main(given), main(given)] == [0, 0]
    assert capsys.readouterr().out == (
        f"{golden}: 2 streams stored, 0 there already\n{golden}: 0 streams stored, 2 there already\n"
    )
    with EventFile(golden.with_name("copy.db")) as file, file.client() as client:
        assert client.query("ledger", ADA).get_pages() == HISTORIES[ADA]


def test_a_running_coordinator_is_exported(data: Path, tmp_path: Path) -> None:
    """By its endpoint, one stream of it here."""
    out = tmp_path / "a.jsonl"
    with Coordinator([Account], data) as coordinator, coordinator.start("localhost:0") as serving:
        given = ["export", serving.addresses[0], "--out", str(out), "--domain", "ledger", "--root", str(BOB)]
        assert main(given) == 0

    assert read(out) == [(Cover("ledger", BOB), None, HISTORIES[BOB])]


def test_lines_go_to_the_standard_output(data: Path, golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is printed there."""
    assert main(["export", "--data", str(data), "--out", "-", "--components", LEDGER, "--states", "0"]) == 0
    assert capsys.readouterr().out == golden.read_text()


def test_fields_are_masked(data: Path, tmp_path: Path) -> None:
    """By the same key alike."""
    (tmp_path / "key").write_bytes(b"mine")
    masked: list[str] = []
    for name in ("a.jsonl", "b.jsonl"):
        out = tmp_path / name
        given = ["export", "--data", str(data), "--out", str(out), "--components", LEDGER]
        assert main([*given, "--mask", "owner", "--mask-key", str(tmp_path / "key")]) == 0
        masked.append(out.read_text())

    assert masked[0] == masked[1]
    assert '"owner":"masked-' in masked[0]


def test_what_folds_to_the_recorded_states_passes(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0, and how many streams that were."""
    assert main(["replay-check", LEDGER, str(golden)]) == 0
    assert capsys.readouterr().out == "2 recorded streams: 2 the recorded state\n"


def test_what_does_not_fails(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, and each difference with its file, line, stream and field."""
    assert main(["replay-check", "tests.histories.test_checking:Wrong", str(golden)]) == 1
    assert f"ledger {ADA}: another state at event 2\n    balance: recorded 7, today 13\n" in capsys.readouterr().out


def test_states_are_recorded_anew(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --update, on purpose; the check then passes."""
    wrong = "tests.histories.test_checking:Wrong"

    assert main(["replay-check", "--update", wrong, str(golden)]) == 0
    assert main(["replay-check", "--update", wrong, str(golden)]) == 0
    assert capsys.readouterr().out == f"recorded: {golden}\nunchanged: {golden}\n"
    assert main(["replay-check", wrong, str(golden)]) == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(["replay-check", LEDGER, "none.jsonl"], "none.jsonl cannot be used", id="no file"),
        pytest.param(["replay-check", LEDGER, __file__], "it is no recording", id="another file"),
        pytest.param(["replay-check", "tests.ledger:none", __file__], "has no none", id="no class"),
        pytest.param(["export", "--out", "-"], "name an ENDPOINT, or a data file", id="from where"),
        pytest.param(["export", "localhost:1", "--data", "a", "--out", "-"], "name an ENDPOINT, or", id="from both"),
        pytest.param(["export", "--data", "none.db", "--out", "-"], "there is no data file none.db", id="no data"),
        pytest.param(["export", "localhost", "--out", "-"], "localhost", id="no endpoint"),
        pytest.param(["export", "localhost:1", "--out", "-", "--states", "1"], "who folds the states", id="no classes"),
        pytest.param(["export", "localhost:1", "--out", "-", "--mask-key", "k"], "a key masks nothing", id="no mask"),
        pytest.param(["export", "localhost:1", "--out", "-", "--mask", "owner"], "a field 'owner'", id="no such field"),
    ],
)
def test_what_makes_no_sense_is_refused(given: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, one line on standard error, nothing written."""
    assert main(given) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


def test_a_damaged_file_is_no_finding(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2: nothing was found out about the classes."""
    golden.write_bytes(golden.read_bytes()[:-20])

    assert main(["replay-check", LEDGER, str(golden)]) == 2
    assert f"{golden}, line 12: " in capsys.readouterr().err


def test_a_damaged_file_is_not_imported(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1: what went wrong, and where; nothing is stored of it, and no data file made for that."""
    golden.write_bytes(golden.read_bytes()[:-20])

    assert main(["import", str(golden), "--data", str(golden.with_name("copy.db"))]) == 1
    assert f"{golden}, line 12: " in capsys.readouterr().err
    assert not golden.with_name("copy.db").exists()


def test_a_damaged_file_among_others_stops_the_import(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is stored of any of them."""
    damaged = golden.with_name("damaged.jsonl")
    damaged.write_bytes(golden.read_bytes()[:-20])

    assert main(["import", str(golden), str(damaged), "--data", str(golden.with_name("copy.db"))]) == 1
    assert capsys.readouterr().out == ""
    assert not golden.with_name("copy.db").exists()


def test_an_import_that_stops_says_what_is_stored(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stream that is there with other pages; the ones before it stay."""
    data = golden.with_name("copy.db")
    second, _, pages = read(golden)[1]
    with EventFile(data) as file:
        file.restore(second, pages[:1])

    assert main(["import", str(golden), "--data", str(data)]) == 1
    assert f"{golden}: stopped, 1 streams stored, 0 there already" in capsys.readouterr().err


def test_a_domain_without_streams_is_no_export(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1, which domains there are, and no file."""
    out = data.with_name("none.jsonl")

    assert main(["export", "--data", str(data), "--domain", "legder", "--out", str(out)]) == 1
    assert "no stream of domain legder; there are streams of: ledger" in capsys.readouterr().err
    assert not out.exists()


def test_a_domain_without_streams_gives_no_lines(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the standard output neither."""
    assert main(["export", "--data", str(data), "--domain", "legder", "--out", "-"]) == 1
    assert capsys.readouterr().out == ""
