"""`python -m angzarr_domain generate`, as a person types it."""

import subprocess
import sys
from pathlib import Path

import pytest

from angzarr_domain.cli import main
from tests.shop.compiled import HERE, PROTOS

pytest.importorskip("grpc_tools", reason="generating needs the extra `codegen`")
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="proto")
def _proto(tmp_path: Path) -> Path:
    path = tmp_path / "account.proto"
    path.write_text('syntax = "proto3"; package bank; message Deposit { int64 amount = 1; }')
    return path


def test_it_writes_the_module_and_says_so(proto: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", str(proto), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"wrote {tmp_path / 'account_messages.py'}\n"


def test_check_names_what_is_not_current(proto: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", str(proto), "--out", str(tmp_path), "--check"]) == 1
    assert f"not current: {tmp_path / 'account_messages.py'}" in capsys.readouterr().err


def test_check_is_silent_when_all_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["generate", *map(str, PROTOS), "--out", str(HERE), "--check"])

    assert (status, *capsys.readouterr()) == (0, "", "")


def test_an_error_is_told_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", str(tmp_path / "no.proto"), "--out", str(tmp_path)]) == 1

    said = capsys.readouterr().err
    assert (f"{tmp_path / 'no.proto'}: no such file" in said, "Traceback" in said) == (True, False)


def test_imports_are_found_below_an_include_folder(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.proto").write_text('syntax = "proto3"; message A {}')

    assert main(["generate", str(tmp_path / "b" / "a.proto"), "--out", str(tmp_path / "out"), "-I", str(tmp_path)]) == 0
    assert (tmp_path / "out" / "b" / "a_messages.py").is_file()


def test_commands_are_named_by_domain(proto: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a .proto without options."""
    assert main(["generate", str(proto), "--out", str(tmp_path), "--commands", "account=Deposit"]) == 0
    assert f"wrote {tmp_path / 'account_commands.py'}\n" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["Deposit", "account=", "=Deposit", "account= ,"])
def test_commands_without_a_domain_make_no_sense(
    proto: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["generate", str(proto), "--out", str(tmp_path), "--commands", text])
    assert "is not like account=OpenAccount,Deposit" in capsys.readouterr().err


def test_messages_only_leaves_commands_out(proto: Path, tmp_path: Path) -> None:
    asked = ["generate", str(proto), "--out", str(tmp_path), "--commands", "account=Deposit", "--messages-only"]

    assert main(asked) == 0
    assert not (tmp_path / "account_commands.py").exists()


def test_a_skeleton_that_exists_is_kept_and_that_is_said(
    proto: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["generate", str(proto), "--out", str(tmp_path), "--commands", "account=Deposit"]
    asked += ["--skeleton", str(tmp_path)]

    assert main(asked) == 0
    assert f"wrote {tmp_path / 'account.py'}" in capsys.readouterr().out
    assert main(asked) == 0
    assert capsys.readouterr().out == f"kept {tmp_path / 'account.py'}, which exists\n"


@pytest.mark.process
def test_without_protoc_it_says_what_to_install(proto: Path, tmp_path: Path) -> None:
    """In a process where grpcio-tools cannot be found."""
    program = (
        "import sys\n"
        "sys.modules['grpc_tools'] = None\n"  # as if it were not installed
        "from angzarr_domain.cli import main\n"
        f"raise SystemExit(main(['generate', {str(proto)!r}, '--out', {str(tmp_path / 'out')!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (done.returncode, "pip install 'angzarr-domain[codegen]'" in done.stderr) == (1, True)


@pytest.mark.process
def test_it_runs_as_a_module(proto: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "angzarr_domain", "generate", str(proto), "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
