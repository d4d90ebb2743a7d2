"""From what protoc described to the modules to write; every issue is collected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from keyword import iskeyword

import attrs
from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

from angzarr_domain.exceptions import GenerationError

from ._commands import commands_module
from ._docs import comments_of
from ._fields import FieldReader
from ._imports import ClassNames
from ._model import CommandsModule, Enumeration, Field, Member, MessageClass, Module, Skeleton
from ._naming import duplicates, field_names, member_names, module_path
from ._options import Bound, bound_commands
from ._skeletons import read_skeletons
from ._types import Placed, all_types, is_foreign


@attrs.frozen
class Read:
    """Everything there is to write.

    Attributes:
        commands: A module for each .proto that declares commands.
        skeletons: One for each aggregate.

    """

    modules: tuple[Module, ...]
    commands: tuple[CommandsModule, ...]
    skeletons: tuple[Skeleton, ...]


def read(
    described: bytes, names: Sequence[str], by_hand: Mapping[str, Iterable[str]], *, builders: bool, skeletons: bool
) -> Read:
    """What these .proto files give.

    Args:
        described: The FileDescriptorSet of them and all they import.
        names: Of the files.
        by_hand: Commands whose .proto does not say so, by domain.
        builders: Modules of commands are asked for.
        skeletons: Skeletons of aggregates are asked for.

    Raises:
        GenerationError: Something in them cannot be generated.

    """
    files = {file.name: file for file in FileDescriptorSet.FromString(described).file}
    types = all_types(list(files.values()))
    bound, issues = bound_commands(described, names, by_hand)
    modules: list[Module] = []
    commands: list[CommandsModule] = []
    for name in names:
        issues += _issues_of_file(files[name])
        reader = _FileReader(files[name], types, bound)
        modules.append(reader.module())
        issues += reader.issues
        if builders and (found := commands_module(modules[-1], reader.names, bound, issues)):
            commands.append(found)
    drafts = read_skeletons(types, names, bound, issues) if skeletons else []
    if issues:
        raise GenerationError(issues)
    return Read(tuple(modules), tuple(commands), tuple(drafts))


def _issues_of_file(file: FileDescriptorProto) -> Iterator[str]:
    if is_foreign(file.name):
        yield f"{file.name}: belongs to protobuf or Angzarr; generate messages from your own files only"
    if file.syntax != "proto3":
        yield (
            f'{file.name}: only syntax = "proto3" is generated, not {file.syntax or "proto2"}: '
            "change it, or use the classes that protoc compiles from it"
        )
    unusable = [
        part for part in module_path(file.name).with_suffix("").parts if not part.isidentifier() or iskeyword(part)
    ]
    if unusable:
        yield f"{file.name}: {unusable[0]} is no name for a Python module or package: rename the file or folder"


class _FileReader:
    def __init__(self, file: FileDescriptorProto, types: Mapping[str, Placed], bound: Mapping[str, Bound]) -> None:
        self.issues: list[str] = []
        self._file = file
        self._types = types
        self._bound = bound
        self.names = ClassNames(file.name, types)
        self._docs = comments_of(file)
        self._defined: set[str] = {imported.alias for imported in self.names.imports}

    def module(self) -> Module:
        file = self._file
        for name in duplicates(self.names.all()):
            both = " and ".join(placed.full_name for placed in self.names.own if placed.python_name == name)
            self.issues.append(f"{file.name}: {both} would both be the class {name}: rename one")
        return Module(
            source=file.name,
            package=file.package,
            path=module_path(file.name),
            doc=self._doc((2,)),
            imports=tuple(self.names.imports),
            enums=tuple(self._enums()),
            messages=tuple(self._messages()),
        )

    def _enums(self) -> Iterator[Enumeration]:
        for placed in self.names.own:
            if isinstance(placed.declaration, EnumDescriptorProto):
                self._defined.add(placed.python_name)
                members = tuple(self._members(placed, placed.declaration))
                yield Enumeration(placed.python_name, placed.full_name, self._doc(placed.path), members)

    def _members(self, placed: Placed, enum: EnumDescriptorProto) -> Iterator[Member]:
        names = member_names(enum.name, [value.name for value in enum.value])
        for name in duplicates(names):
            self.issues.append(f"{placed.full_name}: two values would both be the member {name}: rename one")
        for index, (name, value) in enumerate(zip(names, enum.value, strict=True)):
            yield Member(name, value.number, self._doc((*placed.path, 2, index)))

    def _messages(self) -> Iterator[MessageClass]:
        for placed in self.names.own:
            if isinstance(placed.declaration, DescriptorProto):
                yield self._message(placed, placed.declaration)
                self._defined.add(placed.python_name)

    def _message(self, placed: Placed, message: DescriptorProto) -> MessageClass:
        names = field_names([field.name for field in message.field], self.names.all())
        bound = self._bound.get(placed.full_name)
        return MessageClass(
            name=placed.python_name,
            full_name=placed.full_name,
            doc=self._doc(placed.path),
            domain=bound.owner.domain if bound else None,
            fields=tuple(self._fields(placed, message, names)),
        )

    def _fields(self, placed: Placed, message: DescriptorProto, names: Mapping[str, str]) -> Iterator[Field]:
        reader = FieldReader(self._types, self.names, self._defined)
        for index, field in enumerate(message.field):
            try:
                yield reader.read(field, names[field.name], message, self._doc((*placed.path, 2, index)))
            except GenerationError as error:
                self.issues += [f"{placed.full_name}.{field.name}: {issue}" for issue in error.issues]

    def _doc(self, path: tuple[int, ...]) -> str:
        return self._docs.get(path, "")
