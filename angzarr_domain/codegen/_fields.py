"""From a protobuf field to the line of Python that declares it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs
from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FieldDescriptorProto

from angzarr_domain.exceptions import GenerationError

from ._imports import ClassNames
from ._model import Field
from ._naming import member_names
from ._types import DEFAULTS, REMEDIES, SCALARS, SPECIAL, Placed


@attrs.frozen
class FieldReader:
    """Reads the fields of one module's messages.

    Attributes:
        defined: The classes that stand above the message at hand; others are named in a lambda.

    """

    types: Mapping[str, Placed]
    names: ClassNames
    defined: Collection[str]

    def read(self, field: FieldDescriptorProto, name: str, message: DescriptorProto, doc: str) -> Field:
        """The field as Python.

        Raises:
            GenerationError: There is no Python type for it.

        """
        entry = _map_entry(field, message)
        if entry is not None:
            key, (kind, python) = SCALARS[entry.field[0].type], self._kind(entry.field[1])
            arguments = (str(field.number), f'"{key[0]}"', kind)
            return Field(name, f"Mapping[{key[1]}, {python}]", "proto_map", arguments, "NO_ENTRIES", doc)
        kind, python = self._kind(field)
        annotation, options = _shaped(field, python, message)
        default = self._default(field, annotation, python)
        return Field(name, annotation, "proto", (str(field.number), kind, *options), default, doc)

    def _default(self, field: FieldDescriptorProto, annotation: str, python: str) -> str:
        if annotation != python:
            return "()" if annotation.startswith("tuple[") else "None"
        if field.type != FieldDescriptorProto.TYPE_ENUM:
            return DEFAULTS.get(python, "None")  # a group has none; its file is refused for its syntax
        enum = self.types[field.type_name].declaration
        values = enum.value if isinstance(enum, EnumDescriptorProto) else ()
        names = member_names(enum.name, [value.name for value in values])
        return f"{python}.{names[0]}"  # proto3 has every enum begin with 0

    def _kind(self, field: FieldDescriptorProto) -> tuple[str, str]:
        if field.type in SCALARS:
            kind, python = SCALARS[field.type]
            return f'"{kind}"', python
        if field.type_name in SPECIAL:
            kind, python = SPECIAL[field.type_name]
            return f'"{kind}"', python
        if field.type_name not in self.types:
            remedy = REMEDIES.get(field.type_name, "use messages of your own")
            raise GenerationError([f"{field.type_name.lstrip('.')} is not supported: {remedy}"])
        name = self.names[field.type_name]
        known = field.type == FieldDescriptorProto.TYPE_ENUM or name in self.defined
        return (name if known else f"lambda: {name}"), name


def _map_entry(field: FieldDescriptorProto, message: DescriptorProto) -> DescriptorProto | None:
    if field.label != FieldDescriptorProto.LABEL_REPEATED or field.type != FieldDescriptorProto.TYPE_MESSAGE:
        return None
    last = field.type_name.rpartition(".")[2]
    return next((n for n in message.nested_type if n.options.map_entry and n.name == last), None)


def _shaped(field: FieldDescriptorProto, python: str, message: DescriptorProto) -> tuple[str, tuple[str, ...]]:
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        unpacked = field.options.HasField("packed") and not field.options.packed
        return f"tuple[{python}, ...]", ("repeated=True", *(["packed=False"] if unpacked else []))
    oneof = _oneof_of(field, message)
    if oneof is not None:
        return f"{python} | None", (f'oneof="{oneof}"',)
    if field.type == FieldDescriptorProto.TYPE_MESSAGE:
        return f"{python} | None", ()
    return (f"{python} | None", ("optional=True",)) if field.proto3_optional else (python, ())


def _oneof_of(field: FieldDescriptorProto, message: DescriptorProto) -> str | None:
    """The oneof that a field belongs to; the one that protoc invents for an optional field is none."""
    if not field.HasField("oneof_index") or field.proto3_optional:
        return None
    return message.oneof_decl[field.oneof_index].name
