"""The generator of `wire/pb/`, run as a maintainer runs it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from angzarr_domain.wire import include_root

PROJECT = Path(__file__).resolve().parents[2]
pytest.importorskip("grpc_tools", reason="the generator needs the extra `codegen`")
pytestmark = pytest.mark.process


@pytest.fixture(name="copy")
def _copy(tmp_path: Path) -> Path:
    """The part of the project that the generator reads and writes."""
    for part in ("proto", "angzarr_domain/wire/pb"):
        shutil.copytree(PROJECT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def generate(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(project / "proto" / "generate.py"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=project)


def test_the_committed_files_are_what_the_generator_makes() -> None:
    """With whichever grpcio-tools these tests run: the output does not depend on its version."""
    result = generate(PROJECT, "--check")

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("messages.py", "differs: messages.py"),
        ("protocol.binpb", "differs: protocol.binpb"),
        ("include/io/angzarr/v1/options.proto", "differs: include/io/angzarr/v1/options.proto"),
        ("left_over.py", "not generated: left_over.py"),
    ],
)
def test_a_file_somebody_edited_is_named(copy: Path, name: str, said: str) -> None:
    """The check fails, names the file and says what to run."""
    with (copy / "angzarr_domain/wire/pb" / name).open("ab") as file:
        file.write(b"\n")

    result = generate(copy, "--check")

    assert result.returncode == 1
    assert said in result.stderr
    assert "python proto/generate.py" in result.stderr


def test_a_missing_file_is_named(copy: Path) -> None:
    """The check fails when a file was never committed."""
    (copy / "angzarr_domain/wire/pb/messages.pyi").unlink()

    assert "missing: messages.pyi" in generate(copy, "--check").stderr


def test_a_changed_schema_is_noticed(copy: Path) -> None:
    """A .proto file that was changed without a run of the generator."""
    path = copy / "proto/io/angzarr/v1/meta.proto"
    path.write_text(path.read_text().replace("string domain = 2", "string domain = 3"))

    assert "differs: protocol.binpb" in generate(copy, "--check").stderr


def test_a_run_makes_everything_anew(copy: Path) -> None:
    """Edited, missing and left-over files alike."""
    target = copy / "angzarr_domain/wire/pb"
    (target / "messages.py").write_text("")
    (target / "protocol.binpb").unlink()
    (target / "left_over.py").touch()

    assert generate(copy).returncode == 0
    assert generate(copy, "--check").returncode == 0


def test_a_users_protoc_finds_the_options(tmp_path: Path) -> None:
    """Under their public name, in a wheel as in a clone."""
    (tmp_path / "bank.proto").write_text(
        'syntax = "proto3"; package bank.v1;\n'
        'import "io/angzarr/v1/options.proto"; import "io/angzarr/v1/types.proto";\n'
        'message Open { option (io.angzarr.v1.command).component = "Account"; io.angzarr.v1.UUID id = 1; }\n'
    )
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{include_root()}", f"-I{tmp_path}"]
    command = [*protoc, f"--descriptor_set_out={tmp_path / 'set'}", "bank.proto"]

    result = subprocess.run(command, check=False, capture_output=True, text=True)

    assert (result.returncode, result.stderr) == (0, "")
