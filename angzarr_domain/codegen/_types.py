"""Which Python class stands for each protobuf type, in every file that protoc described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

from ._naming import class_name

_FOREIGN_FOLDERS: Final = ("google/protobuf/", "io/angzarr/", "sererr/")

#: Kind and Python type of what is no message to its user.
SPECIAL: Final[Mapping[str, tuple[str, str]]] = {
    ".google.protobuf.Timestamp": ("timestamp", "dt.datetime"),
    ".google.protobuf.Duration": ("duration", "dt.timedelta"),
    ".io.angzarr.v1.UUID": ("uuid", "uuid.UUID"),
}

#: What to write instead of a well-known type that has no place in a command, event or state.
REMEDIES: Final[Mapping[str, str]] = {
    **{
        f".google.protobuf.{wrapper}Value": f"declare it `optional {scalar}`"
        for wrapper, scalar in {
            "Bool": "bool",
            "Bytes": "bytes",
            "Double": "double",
            "Float": "float",
            "Int32": "int32",
            "Int64": "int64",
            "String": "string",
            "UInt32": "uint32",
            "UInt64": "uint64",
        }.items()
    },
    ".google.protobuf.Any": "name the messages it may hold in a oneof",
    ".google.protobuf.Empty": "declare an empty message of your own",
    ".google.protobuf.FieldMask": "declare it `repeated string`",
    ".google.protobuf.Struct": "declare a message, or a string that holds JSON",
    ".google.protobuf.Value": "declare a oneof, or a string that holds JSON",
    ".google.protobuf.ListValue": "declare a repeated field, or a string that holds JSON",
}

SCALARS: Final[Mapping[int, tuple[str, str]]] = {
    number: (name.removeprefix("TYPE_").lower(), python)
    for python, names in {
        "bool": ["BOOL"],
        "bytes": ["BYTES"],
        "float": ["DOUBLE", "FLOAT"],
        "int": ["FIXED32", "FIXED64", "INT32", "INT64", "SFIXED32", "SFIXED64", "SINT32", "SINT64", "UINT32", "UINT64"],
        "str": ["STRING"],
    }.items()
    for name, number in FieldDescriptorProto.Type.items()
    if name.removeprefix("TYPE_") in names
}

#: What a scalar holds unless it is given, as source.
DEFAULTS: Final[Mapping[str, str]] = {"bool": "False", "bytes": 'b""', "float": "0.0", "int": "0", "str": '""'}


@attrs.frozen
class Placed:
    """A message or enum, and where it is declared.

    Attributes:
        path: Its place in the file, as source positions count.

    """

    full_name: str
    python_name: str
    file: FileDescriptorProto
    path: tuple[int, ...]
    declaration: DescriptorProto | EnumDescriptorProto


def is_foreign(file_name: str) -> bool:
    """Whether a file belongs to protobuf or Angzarr, so that no module is generated from it."""
    return file_name.startswith(_FOREIGN_FOLDERS)


def all_types(files: Sequence[FileDescriptorProto]) -> dict[str, Placed]:
    """Every message and enum of users' files by "." + full name, nested ones before what they are in."""
    found: dict[str, Placed] = {}
    for file in files:
        if not is_foreign(file.name):
            found |= {f".{placed.full_name}": placed for placed in _in_file(file)}
    return found


def _in_file(file: FileDescriptorProto) -> Iterator[Placed]:
    prefix = f"{file.package}." if file.package else ""
    for index, enum in enumerate(file.enum_type):
        yield Placed(prefix + enum.name, class_name("", enum.name), file, (5, index), enum)
    for index, message in enumerate(file.message_type):
        yield from _in_message(file, prefix, "", (4, index), message)


def _in_message(
    file: FileDescriptorProto, prefix: str, scope: str, path: tuple[int, ...], message: DescriptorProto
) -> Iterator[Placed]:
    inner_prefix, inner_scope = f"{prefix}{message.name}.", scope + message.name
    for index, enum in enumerate(message.enum_type):
        yield Placed(inner_prefix + enum.name, class_name(inner_scope, enum.name), file, (*path, 4, index), enum)
    for index, nested in enumerate(message.nested_type):
        if not nested.options.map_entry:
            yield from _in_message(file, inner_prefix, inner_scope, (*path, 3, index), nested)
    yield Placed(prefix + message.name, class_name(scope, message.name), file, path, message)
