"""The lines that import classes from generated modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from ._model import Import

#: Lines no longer than this stay as they are under any formatter.
WIDTH = 88


@attrs.frozen
class Place:
    """Where the importing module is, and how it names others.

    Attributes:
        folder: The folder it is in, as seen from a folder above both sides.
        prefix: The folder that generated modules are below, as seen from there.
        relative: Both are in one package, so that imports start with a dot.

    """

    folder: Sequence[str]
    prefix: Sequence[str] = ()
    relative: bool = False

    def module(self, path: Sequence[str]) -> str:
        """What it imports a module as, given the module's path below its folder."""
        if not self.relative:
            return ".".join(path)
        target = [*self.prefix, *path]
        shared = 0
        while shared < len(self.folder) and self.folder[shared] == target[shared]:
            shared += 1
        return "." * (len(self.folder) - shared + 1) + ".".join(target[shared:])


def import_lines(imports: Iterable[Import], place: Place) -> Iterator[str]:
    """The lines, as sorters of imports leave them."""
    plain: dict[str, list[str]] = {}
    lines: list[str] = []
    for imported in imports:
        path = place.module(imported.path.with_suffix("").parts)
        if imported.alias == imported.name:
            plain.setdefault(path, []).append(imported.name)
        else:
            lines.append(f"from {path} import {imported.name} as {imported.alias}")
    for path, names in plain.items():
        line = f"from {path} import {', '.join(sorted(names))}"
        lines.append(line if len(line) <= WIDTH else f"from {path} import (\n{one_each(sorted(names), '    ')})")
    if lines:
        # To sorters of imports, absolute ones are one's own or another's, depending on where this file is.
        yield "" if place.relative else "\n# isort: split"
        yield from sorted(lines)


def one_each(items: Iterable[str], indent: str) -> str:
    """One item a line. The comma after the last one keeps formatters from joining the lines again."""
    return "".join(f"{indent}{item},\n" for item in items)
