"""Runs protoc, which reads the .proto files; everything after works on what it describes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from angzarr_domain.exceptions import GenerationError
from angzarr_domain.wire import include_root


def describe(protos: Sequence[Path], include: Sequence[Path]) -> tuple[list[str], bytes]:
    """The names protoc knows the files by, and the FileDescriptorSet of them and all they import, serialised.

    Raises:
        GenerationError: A file is missing or has errors, protoc's own words with file and line; or grpcio-tools
            is not installed.

    """
    if importlib.util.find_spec("grpc_tools") is None:
        raise GenerationError(["protoc is not installed: pip install 'angzarr-domain[codegen]'"])
    _check_paths(protos, include)
    roots = [path.resolve() for path in include]
    names = [_name_below(path, roots) or path.resolve().name for path in protos]
    roots += dict.fromkeys(path.resolve().parent for path in protos if _name_below(path, roots) is None)
    _check_names(protos, names, roots)
    return names, _run([*roots, include_root()], names)


def _check_paths(protos: Sequence[Path], include: Sequence[Path]) -> None:
    issues = [f"{path}: no such file" for path in protos if not path.is_file()]
    issues += [f"-I {path}: no such folder" for path in include if not path.is_dir()]
    if not protos:
        issues.append("no .proto file was given")
    if not issues:
        issues += filter(None, map(_encoding_issue, protos))
    if issues:
        raise GenerationError(issues)


def _encoding_issue(path: Path) -> str | None:
    # Protoc lets anything pass in comments, from which docstrings are made.
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{path}: {error.strerror}"
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"{path}:{line}: is not UTF-8: save the file as UTF-8"
    return None


def _check_names(protos: Sequence[Path], names: Sequence[str], roots: Sequence[Path]) -> None:
    """Refuse a file whose name leads protoc to another one, since only that one would be generated."""
    issues: list[str] = []
    for path, name in zip(protos, names, strict=True):
        found = next(root / name for root in roots if (root / name).exists())
        if found.resolve() != path.resolve():
            issues.append(
                f"{path} and {found} are both known as {name}: rename one, or name a folder above both of them with -I"
            )
    if issues:
        raise GenerationError(issues)


def _name_below(path: Path, roots: Sequence[Path]) -> str | None:
    resolved = path.resolve()
    for root in roots:
        if resolved.is_relative_to(root):
            return PurePosixPath(resolved.relative_to(root)).as_posix()
    return None


def _run(roots: Sequence[Path], names: Sequence[str]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="angzarr-codegen-") as folder:
        output = Path(folder, "descriptors")
        command = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{root}" for root in roots)]
        command += ["--include_imports", "--include_source_info", f"--descriptor_set_out={output}", *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
        if done.returncode != 0:
            raise GenerationError(_complaints(done.stderr) or [f"protoc ended with status {done.returncode}"])
        return output.read_bytes()


def _complaints(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if line.strip() and "warning:" not in line]
