from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from angzarr_domain.exceptions import GenerationError

from ._model import Module
from ._naming import duplicates
from ._protoc import describe
from ._reading import read_modules
from ._rendering import render


def generate(
    protos: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    include: Iterable[str | os.PathLike[str]] = (),
    check: bool = False,
) -> tuple[Path, ...]:
    """Write a module of frozen attrs messages for each .proto: `account_messages.py` for `account.proto`.

    Modules that need each other's classes import them relatively if `out` is a package (it has an `__init__.py`),
    else by their path below `out`. Nothing is written unless everything can be.

    Args:
        protos: The .proto files.
        out: The folder to write to; a .proto below an include folder keeps its path below it.
        include: Where imports are looked for, besides the folder of each file without one. Angzarr's own
            `io/angzarr/v1/options.proto` and `types.proto`, and protobuf's, are always found.
        check: Write nothing.

    Returns:
        The modules that changed; with `check`, those that would.

    Raises:
        GenerationError: Lists every issue, in protoc's own words for those it found. Nothing was written.

    """
    folder = Path(out)
    names, described = describe([Path(proto) for proto in protos], [Path(path) for path in include])
    modules = read_modules(described, list(dict.fromkeys(names)))
    _check_modules(modules, folder)
    relative = (folder / "__init__.py").is_file()
    sources = {folder / module.path: render(module, relative=relative) for module in modules}
    changed = {path: source for path, source in sources.items() if _content(path) != source}
    if not check:
        _write(changed)
    return tuple(changed)


def _check_modules(modules: Sequence[Module], folder: Path) -> None:
    paths = {module.path for module in modules}
    issues = [
        f"{' and '.join(module.source for module in modules if str(module.path) == path)} would both be {path}"
        for path in duplicates(str(module.path) for module in modules)
    ]
    for module in modules:
        needed = {imported.source: imported.path for imported in module.imports}
        issues += [
            f"{module.source} imports {source}, for which there is no {folder / path}: generate both together"
            for source, path in needed.items()
            if path not in paths and not (folder / path).is_file()
        ]
    if issues:
        raise GenerationError(issues)


def _content(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # no module of ours; what is in the way shows when it is written


def _write(sources: Mapping[Path, str]) -> None:
    written: dict[Path, Path] = {}
    try:
        for path, source in sources.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            written[path] = path.with_name(f".{path.name}.new")
            written[path].write_text(source, encoding="utf-8")
        for path, new in written.items():
            new.replace(path)
    except OSError as error:
        raise GenerationError([f"{error.filename}: {error.strerror}"]) from error
    finally:
        for new in written.values():
            new.unlink(missing_ok=True)
