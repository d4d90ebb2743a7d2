"""What an author of an aggregate starts from: a method for each command, and for each event it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import Final

from ._docs import comments_of
from ._imports import imports_of
from ._model import Import, Skeleton, SkeletonMethod
from ._naming import aggregate_method, duplicates, snake_case
from ._options import Bound, Owner
from ._types import Placed

#: What the module of an aggregate imports besides its messages.
_VOCABULARY: Final = frozenset({"Aggregate", "Iterable", "Rejected", "aggregate", "applies", "handles"})


def read_skeletons(
    types: Mapping[str, Placed], sources: Sequence[str], bound: Mapping[str, Bound], issues: list[str]
) -> list[Skeleton]:
    """A skeleton for each aggregate that takes a command of these .proto files; it has all its commands.

    Args:
        types: Of all files.
        sources: Names of the .proto files.
        bound: Who takes each command.
        issues: What keeps one from being written is added here.

    """
    commands: dict[Owner, list[Placed]] = {}
    for placed in types.values():
        if placed.full_name in bound and (owner := bound[placed.full_name].owner).is_aggregate:
            commands.setdefault(owner, []).append(placed)
    found = [
        _skeleton(owner, placed, types, bound, issues)
        for owner, placed in commands.items()
        if any(command.file.name in sources for command in placed)
    ]
    for file in duplicates(skeleton.file for skeleton in found):
        both = " and ".join(repr(skeleton.domain) for skeleton in found if skeleton.file == file)
        issues.append(f"the skeletons of domains {both} would both be {file}")
    return found


def _skeleton(
    owner: Owner, commands: Sequence[Placed], types: Mapping[str, Placed], bound: Mapping[str, Bound], issues: list[str]
) -> Skeleton:
    name = owner.class_name
    if not name.isidentifier() or iskeyword(name):
        issues.append(f"{owner.name!r} is no name for a class: give component {owner.anchor} another name")
    emits = {command.full_name: _events(command, bound[command.full_name].emits, types, issues) for command in commands}
    events = list({event.full_name: event for emitted in emits.values() for event in emitted}.values())
    needed = [*commands, *(event for event in events if event not in commands)]
    imports = dict(zip((p.full_name for p in needed), imports_of(needed, {name, *_VOCABULARY}), strict=True))
    taken = {imported.alias for imported in imports.values()}
    handlers = tuple(_method(command, emits[command.full_name], imports, taken) for command in commands)
    appliers = tuple(_method(event, (), imports, taken) for event in events)
    doc = _doc(types[f".{owner.anchor}"]) if f".{owner.anchor}" in types else ""
    file = f"{snake_case(name)}.py"
    return Skeleton(name, file, owner.domain, doc, tuple(imports.values()), handlers, appliers)


def _events(command: Placed, emits: Sequence[str], types: Mapping[str, Placed], issues: list[str]) -> list[Placed]:
    """The events that a command's option names: in full, or as in the same package."""
    package = f"{command.full_name.rpartition('.')[0]}."
    events: list[Placed] = []
    for name in emits:
        event = types.get(f".{name.lstrip('.')}") or types.get(f".{package}{name}")
        if event is None:
            issues.append(f"{command.full_name} emits {name}, which is no message of these files or what they import")
        else:
            events.append(event)
    return events


def _method(placed: Placed, emits: Sequence[Placed], imports: Mapping[str, Import], taken: set[str]) -> SkeletonMethod:
    name = aggregate_method(placed.python_name, taken)
    taken.add(name)
    events = tuple(imports[event.full_name].alias for event in emits)
    return SkeletonMethod(name, imports[placed.full_name].alias, events, _doc(placed))


def _doc(placed: Placed) -> str:
    return comments_of(placed.file).get(placed.path, "")
