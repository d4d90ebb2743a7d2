"""Which classes of other generated modules a module needs, and what it calls them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from google.protobuf.descriptor_pb2 import DescriptorProto

from ._model import Import
from ._naming import alias, module_path
from ._types import Placed


class ClassNames:
    """Python names of messages and enums, as one module sees them.

    Attributes:
        own: What the module itself defines.
        imports: What it imports; where a name is taken, under another that starts with its package.

    """

    def __init__(self, file_name: str, types: Mapping[str, Placed]) -> None:
        self.own = [placed for placed in types.values() if placed.file.name == file_name]
        elsewhere = dict.fromkeys(
            type_name
            for type_name in used_types(self.own)
            if type_name in types and types[type_name].file.name != file_name
        )
        self.imports = imports_of([types[name] for name in elsewhere], {placed.python_name for placed in self.own})
        self._imports = {f".{placed.full_name}": _import(placed, placed.python_name) for placed in self.own}
        self._imports |= dict(zip(elsewhere, self.imports, strict=True))

    def __getitem__(self, type_name: str) -> str:
        return self._imports[type_name].alias

    def all(self) -> list[str]:
        """Every class name of the module, one that occurs twice twice."""
        return [imported.alias for imported in self._imports.values()]

    def imports_for(self, messages: Sequence[Placed]) -> list[Import]:
        """What another module has to import that makes these messages, with their fields, by the same names."""
        needed = dict.fromkeys([*(f".{placed.full_name}" for placed in messages), *used_types(messages)])
        return [self._imports[type_name] for type_name in needed if type_name in self._imports]


def used_types(messages: Iterable[Placed]) -> Iterator[str]:
    """The types of these messages' fields, each by "." + full name."""
    for placed in messages:
        if isinstance(placed.declaration, DescriptorProto):
            entries = [nested for nested in placed.declaration.nested_type if nested.options.map_entry]
            for message in (placed.declaration, *entries):
                yield from (field.type_name for field in message.field if field.type_name)


def imports_of(elsewhere: Sequence[Placed], own: Collection[str]) -> list[Import]:
    """How to import these classes into a module that has names of its own."""
    names = [placed.python_name for placed in elsewhere]
    return [
        _import(placed, alias(placed.file.package or "other", placed.python_name))
        if placed.python_name in own or names.count(placed.python_name) > 1
        else _import(placed, placed.python_name)
        for placed in elsewhere
    ]


def _import(placed: Placed, local: str) -> Import:
    return Import(placed.file.name, module_path(placed.file.name), placed.python_name, local)
