from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from angzarr_domain.codegen import generate

pytest.importorskip("grpc_tools", reason="generating needs the extra `codegen`")


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Callable[..., list[Path]]:
    """Writes .proto files, given as name=body; the body starts after `syntax = "proto3";`."""

    def write(syntax: str = "proto3", **bodies: str) -> list[Path]:
        paths = [tmp_path / f"{name.replace('__', '/')}.proto" for name in bodies]
        for path, body in zip(paths, bodies.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'syntax = "{syntax}";\n{body}\n', encoding="utf-8")
        return paths

    return write


@pytest.fixture(name="source")
def _source(write: Callable[..., list[Path]], tmp_path: Path) -> Callable[[str], str]:
    """The module generated from one .proto with this body."""

    def source(body: str) -> str:
        generate(write(case=body), tmp_path / "out")
        return (tmp_path / "out" / "case_messages.py").read_text(encoding="utf-8")

    return source


@pytest.fixture(name="load")
def _load(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Any]:
    """Imports a generated module by its path; those beside it can be imported too."""

    def load(path: Path) -> Any:
        monkeypatch.setattr(sys, "path", [str(path.parent), *sys.path])
        for beside in (path, *path.parent.glob("*_messages.py"), *path.parent.glob("*_commands.py")):
            monkeypatch.delitem(sys.modules, beside.stem, raising=False)
        importlib.invalidate_caches()
        return importlib.import_module(path.stem)

    return load


@pytest.fixture(name="module")
def _module(source: Callable[[str], str], load: Callable[[Path], Any], tmp_path: Path) -> Callable[[str], Any]:
    """The module generated from one .proto with this body, imported."""

    def module(body: str) -> Any:
        source(body)
        return load(tmp_path / "out" / "case_messages.py")

    return module
