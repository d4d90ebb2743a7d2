"""`python -m angzarr_domain` without a subcommand."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from angzarr_domain.cli import main


def test_no_arguments_show_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The help, on standard error, and the status of arguments that make no sense."""
    status = main([])
    said = capsys.readouterr()

    assert (status, said.out) == (2, "")
    assert all(command in said.err for command in ("dev", "host", "generate"))


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """What is installed, as bug reports need it."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"angzarr-domain {version('angzarr-domain')}\n"


@pytest.fixture(name="author")
def _author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules are imported from."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def test_a_syntax_error_is_shown_where_it_is(author: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file and line of the author, not those of the importer."""
    (author / "misspelt_aggregate.py").write_text("x = 1\ndef f(:\n")

    assert main(["host", "misspelt_aggregate:x"]) == 2
    said = capsys.readouterr().err
    assert said.endswith(f"SyntaxError: invalid syntax ({author / 'misspelt_aggregate.py'}, line 2)\n")


def test_messages_that_nobody_generated(author: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fresh clone that leaves them out says which command makes them."""
    (author / "forgetful_aggregate.py").write_text("import forgetful_messages\n")

    assert main(["host", "forgetful_aggregate:x"]) == 2
    said = capsys.readouterr().err
    assert "No module named 'forgetful_messages'" in said
    assert said.endswith("make it with python -m angzarr_domain generate FILE.proto --out DIR\n")
