"""What an author of an aggregate starts from: a method for each command, and for each event it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from keyword import iskeyword
from typing import Final

import attrs

from ._docs import comments_of
from ._imports import imports_of
from ._model import Skeleton, SkeletonMethod
from ._naming import aggregate_method, duplicates, snake_case
from ._options import Bound, Owner
from ._types import Placed

#: What the module of an aggregate may import besides its messages.
_VOCABULARY: Final = frozenset(
    {"Aggregate", "Escalation", "Iterable", "Refused", "Rejected", "Undo"}
    | {"accepts", "aggregate", "applies", "compensates", "handles", "undoes"}
)

#: How methods are named where a command or event alone does not say what happens.
_NAMES: Final = {"accepts": "accept_{}", "compensates": "{}_refused", "undoes": "undo_{}"}


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
        _skeleton(owner, _Occasions(owner, placed, types, bound, issues), types, issues)
        for owner, placed in commands.items()
        if any(command.file.name in sources for command in placed)
    ]
    for file in duplicates(skeleton.file for skeleton in found):
        both = " and ".join(repr(skeleton.domain) for skeleton in found if skeleton.file == file)
        issues.append(f"the skeletons of domains {both} would both be {file}")
    return found


@attrs.frozen
class _Occasion:
    """Something that an aggregate has a method for."""

    mark: str
    message: Placed
    emits: tuple[Placed, ...] = ()
    domain: str = ""


class _Occasions:
    """Everything that an aggregate has a method for, as the options say."""

    def __init__(
        self,
        owner: Owner,
        commands: Sequence[Placed],
        types: Mapping[str, Placed],
        bound: Mapping[str, Bound],
        issues: list[str],
    ) -> None:
        self._types = types
        self._issues = issues
        self._owner = owner
        self._handled = [_Occasion("handles", command, self._emitted(command, bound)) for command in commands]

    def __iter__(self) -> Iterator[_Occasion]:
        owner = self._owner
        facts = list(self._named(owner.facts, owner.anchor, "accepts"))
        yield from self._handled
        yield from (_Occasion("accepts", fact) for fact in facts)
        yield from self._compensated()
        yield from (_Occasion("undoes", command) for command in self._named(owner.undoes, owner.anchor, "undoes"))
        events = {event.full_name: event for occasion in self._handled for event in occasion.emits}
        events |= {fact.full_name: fact for fact in facts}
        yield from (_Occasion("applies", event) for event in events.values())

    def _emitted(self, command: Placed, bound: Mapping[str, Bound]) -> tuple[Placed, ...]:
        return tuple(self._named(bound[command.full_name].emits, command.full_name, "emits"))

    def _compensated(self) -> Iterator[_Occasion]:
        entries = [entry.rpartition(":") for entry in self._owner.compensates]
        for domain, _, name in entries:
            for command in self._named([name], self._owner.anchor, "compensates"):
                if not domain and any(other and name == alike for other, _, alike in entries):
                    self._issues.append(f"{self._owner.anchor} compensates {name} of any domain and of one: choose")
                yield _Occasion("compensates", command, domain=domain)

    def _named(self, names: Iterable[str], user: str, what: str) -> Iterator[Placed]:
        """The messages of these names: in full, or as in the same package."""
        package = f"{user.rpartition('.')[0]}."
        for name in names:
            found = self._types.get(f".{name.lstrip('.')}") or self._types.get(f".{package}{name}")
            if found is None:
                self._issues.append(f"{user} {what} {name}, which is no message of these files or what they import")
            else:
                yield found


def _skeleton(owner: Owner, found: Iterable[_Occasion], types: Mapping[str, Placed], issues: list[str]) -> Skeleton:
    name = owner.class_name
    if not name.isidentifier() or iskeyword(name):
        issues.append(f"{owner.name!r} is no name for a class: give component {owner.anchor} another name")
    occasions = list(found)
    needed = list({occasion.message.full_name: occasion.message for occasion in occasions}.values())
    imports = dict(zip((p.full_name for p in needed), imports_of(needed, {name, *_VOCABULARY}), strict=True))
    taken = {imported.alias for imported in imports.values()}
    methods: list[SkeletonMethod] = []
    for occasion in occasions:
        message, emits = imports[occasion.message.full_name].alias, [imports[e.full_name].alias for e in occasion.emits]
        method = aggregate_method(occasion.message.python_name, taken, _pattern(occasion))
        taken.add(method)
        doc = _doc(occasion.message) if occasion.mark in {"handles", "applies"} else ""
        methods.append(SkeletonMethod(occasion.mark, method, message, doc, tuple(emits), occasion.domain))
    doc = _doc(types[f".{owner.anchor}"]) if f".{owner.anchor}" in types else ""
    file = f"{snake_case(name)}.py"
    return Skeleton(name, file, owner.domain, doc, tuple(imports.values()), tuple(methods))


def _pattern(occasion: _Occasion) -> str:
    by = f"{occasion.domain.replace('-', '_')}_" if occasion.domain else ""
    return by + _NAMES.get(occasion.mark, "{}")


def _doc(placed: Placed) -> str:
    return comments_of(placed.file).get(placed.path, "")
