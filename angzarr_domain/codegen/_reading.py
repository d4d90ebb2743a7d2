"""From what protoc described to the modules to write; every issue is collected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from keyword import iskeyword

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

from angzarr_domain.exceptions import GenerationError

from ._domains import command_domains
from ._fields import FieldReader
from ._imports import ClassNames
from ._model import Enumeration, Field, Member, MessageClass, Module
from ._naming import duplicates, field_names, member_names, module_path
from ._types import Placed, all_types, is_foreign


def read_modules(described: bytes, names: Sequence[str]) -> list[Module]:
    """The modules for these .proto files.

    Raises:
        GenerationError: Something in them cannot be generated.

    """
    files = {file.name: file for file in FileDescriptorSet.FromString(described).file}
    types = all_types(list(files.values()))
    domains, issues = command_domains(described)
    modules: list[Module] = []
    for name in names:
        issues += _issues_of_file(files[name])
        reader = _FileReader(files[name], types, domains)
        modules.append(reader.module())
        issues += reader.issues
    if issues:
        raise GenerationError(issues)
    return modules


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
    def __init__(self, file: FileDescriptorProto, types: Mapping[str, Placed], domains: Mapping[str, str]) -> None:
        self.issues: list[str] = []
        self._file = file
        self._types = types
        self._domains = domains
        self._names = ClassNames(file.name, types)
        self._docs = {
            tuple(place.path): place.leading_comments or place.trailing_comments
            for place in file.source_code_info.location
        }
        self._defined: set[str] = {imported.alias for imported in self._names.imports}

    def module(self) -> Module:
        file = self._file
        for name in duplicates(self._names.all()):
            both = " and ".join(placed.full_name for placed in self._names.own if placed.python_name == name)
            self.issues.append(f"{file.name}: {both} would both be the class {name}: rename one")
        return Module(
            source=file.name,
            package=file.package,
            path=module_path(file.name),
            doc=self._doc((2,)),
            imports=tuple(self._names.imports),
            enums=tuple(self._enums()),
            messages=tuple(self._messages()),
        )

    def _enums(self) -> Iterator[Enumeration]:
        for placed in self._names.own:
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
        for placed in self._names.own:
            if isinstance(placed.declaration, DescriptorProto):
                yield self._message(placed, placed.declaration)
                self._defined.add(placed.python_name)

    def _message(self, placed: Placed, message: DescriptorProto) -> MessageClass:
        names = field_names([field.name for field in message.field], self._names.all())
        return MessageClass(
            name=placed.python_name,
            full_name=placed.full_name,
            doc=self._doc(placed.path),
            domain=self._domains.get(placed.full_name),
            fields=tuple(self._fields(placed, message, names)),
        )

    def _fields(self, placed: Placed, message: DescriptorProto, names: Mapping[str, str]) -> Iterator[Field]:
        reader = FieldReader(self._types, self._names, self._defined)
        for index, field in enumerate(message.field):
            try:
                yield reader.read(field, names[field.name], message, self._doc((*placed.path, 2, index)))
            except GenerationError as error:
                self.issues += [f"{placed.full_name}.{field.name}: {issue}" for issue in error.issues]

    def _doc(self, path: tuple[int, ...]) -> str:
        return self._docs.get(path, "").rstrip()
