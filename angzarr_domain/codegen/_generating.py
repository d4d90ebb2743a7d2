from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from angzarr_domain.exceptions import GenerationError

from ._docs import GENERATED
from ._import_lines import Place
from ._model import CommandsModule, Import, Module, Skeleton
from ._naming import duplicates
from ._protoc import describe
from ._reading import Read, read
from ._rendering import render
from ._rendering_commands import render_commands
from ._rendering_skeletons import render_skeleton

PathLike = str | os.PathLike[str]


@attrs.frozen
class Plan:
    """What generating comes to; nothing is written yet.

    Attributes:
        changed: The modules that are not current, with what they are to be.
        kept: Skeletons that exist, and stay as their authors left them.

    """

    changed: Mapping[Path, str]
    kept: tuple[Path, ...]

    def write(self) -> None:
        """Write all modules that are not current, or none.

        Raises:
            GenerationError: They cannot be written.

        """
        _write(self.changed)


def generate(
    protos: Iterable[PathLike],
    out: PathLike,
    *,
    include: Iterable[PathLike] = (),
    check: bool = False,
    commands: Mapping[str, Iterable[str]] | None = None,
    messages_only: bool = False,
    skeletons: PathLike | None = None,
) -> tuple[Path, ...]:
    """Write a module of frozen attrs messages for each .proto: `account_messages.py` for `account.proto`.

    A .proto whose messages are commands gets `account_commands.py` too: for each aggregate a class with a method for
    each command, and its asynchronous twin. Which are commands, and of which domain, their options say, or `commands`.

    Modules that need each other's classes import them relatively if `out` is a package (it has an `__init__.py`),
    else by their path below `out`. Nothing is written unless everything can be.

    Args:
        protos: The .proto files.
        out: The folder to write to; a .proto below an include folder keeps its path below it.
        include: Where imports are looked for, besides the folder of each file without one. Angzarr's own
            `io/angzarr/v1/options.proto` and `types.proto`, and protobuf's, are always found.
        check: Write nothing.
        commands: Names of commands by domain, for those whose options do not say.
        messages_only: No modules of commands.
        skeletons: Where to write a first draft of each aggregate that is not there yet.

    Returns:
        The modules that changed; with `check`, those that would.

    Raises:
        GenerationError: Lists every issue, in protoc's own words for those it found. Nothing was written.

    """
    found = plan(
        protos, out, include=include, commands=commands or {}, messages_only=messages_only, skeletons=skeletons
    )
    if not check:
        found.write()
    return tuple(found.changed)


def plan(
    protos: Iterable[PathLike],
    out: PathLike,
    *,
    include: Iterable[PathLike] = (),
    commands: Mapping[str, Iterable[str]] | None = None,
    messages_only: bool = False,
    skeletons: PathLike | None = None,
) -> Plan:
    """What `generate` would do with these arguments, which are its own, and raises."""
    folder = Path(out)
    names, described = describe([Path(proto) for proto in protos], [Path(path) for path in include])
    builders, drafts = not messages_only, skeletons is not None
    found = read(described, list(dict.fromkeys(names)), commands or {}, builders=builders, skeletons=drafts)
    sources, drafted = _sources(found, folder), _skeletons(found, folder, Path(skeletons or folder))
    taken = {path.resolve() for path in sources}
    _check(found, folder, [path for path in drafted if path.resolve() in taken])
    kept = tuple(path for path in drafted if path.exists())
    sources |= {path: source for path, source in drafted.items() if path not in kept}
    return Plan({path: source for path, source in sources.items() if _content(path) != source}, kept)


def _sources(found: Read, folder: Path) -> dict[Path, str]:
    relative = (folder / "__init__.py").is_file()
    sources = {folder / module.path: render(module, relative=relative) for module in found.modules}
    return sources | {folder / module.path: render_commands(module, relative=relative) for module in found.commands}


def _skeletons(found: Read, out: Path, folder: Path) -> dict[Path, str]:
    place = _place(folder, out)
    return {folder / skeleton.file: render_skeleton(skeleton, place) for skeleton in found.skeletons}


def _place(folder: Path, out: Path) -> Place:
    """How modules in one folder import those below another: relatively if a package holds both."""
    here, there = folder.resolve(), out.resolve()
    above = Path(os.path.commonpath([here, there]))
    in_one_package = all(
        (step / "__init__.py").is_file()
        for end in (here, there)
        for step in (end, *end.parents)
        if step.is_relative_to(above)
    )
    return Place(here.relative_to(above).parts, there.relative_to(above).parts, in_one_package)


def _check(found: Read, folder: Path, clashing: Iterable[Path]) -> None:
    modules: list[Module | CommandsModule] = [*found.modules, *found.commands]
    issues = [
        f"{' and '.join(module.source for module in modules if str(module.path) == path)} would both be {path}"
        for path in duplicates(str(module.path) for module in modules)
    ]
    issues += [f"{path} would be both a generated module and a skeleton: name another folder" for path in clashing]
    paths = {module.path for module in modules}
    for source, imports in _importers(modules, found.skeletons):
        needed = {imported.source: imported.path for imported in imports}
        issues += [
            f"{source} imports {wanted}, for which there is no {folder / path}: generate both together"
            for wanted, path in needed.items()
            if path not in paths and not (folder / path).is_file()
        ]
    issues += [
        f"{path} was not generated: move it, or generate messages only"
        for path in (folder / module.path for module in found.commands)
        if path.exists() and GENERATED not in (_content(path) or "")
    ]
    if issues:
        raise GenerationError(list(dict.fromkeys(issues)))


def _importers(
    modules: Iterable[Module | CommandsModule], skeletons: Iterable[Skeleton]
) -> Iterator[tuple[str, tuple[Import, ...]]]:
    for module in modules:
        yield module.source, module.imports
    for skeleton in skeletons:
        yield f"the skeleton {skeleton.file}", skeleton.imports


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
