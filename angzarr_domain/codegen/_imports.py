"""Which classes of other generated modules a module needs, and what it calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
            for type_name in _used_types(self.own)
            if type_name in types and types[type_name].file.name != file_name
        )
        self.imports = list(_imports([types[name] for name in elsewhere], {placed.python_name for placed in self.own}))
        self._names = {f".{placed.full_name}": placed.python_name for placed in self.own}
        self._names |= {name: imported.alias for name, imported in zip(elsewhere, self.imports, strict=True)}

    def __getitem__(self, type_name: str) -> str:
        return self._names[type_name]

    def all(self) -> list[str]:
        """Every class name of the module, one that occurs twice twice."""
        return list(self._names.values())


def _used_types(own: Sequence[Placed]) -> Iterator[str]:
    for placed in own:
        if isinstance(placed.declaration, DescriptorProto):
            entries = [nested for nested in placed.declaration.nested_type if nested.options.map_entry]
            for message in (placed.declaration, *entries):
                yield from (field.type_name for field in message.field if field.type_name)


def _imports(elsewhere: Sequence[Placed], own: set[str]) -> Iterator[Import]:
    names = [placed.python_name for placed in elsewhere]
    for placed in elsewhere:
        name = placed.python_name
        clashes = name in own or names.count(name) > 1
        local = alias(placed.file.package or "other", name) if clashes else name
        yield Import(placed.file.name, module_path(placed.file.name), name, local)
