"""Private protobuf schemas for generated message classes.

A message's bytes depend on numbers and types only, not on names. So each class gets a descriptor pool of its own,
with invented names: no two modules of the same .proto, and nothing of another library, can clash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message as RawMessage

from angzarr_domain.messages import FieldSchema, Shape, schema_of

from ._shapes import raw_name

_TYPES: Final = {name.removeprefix("TYPE_").lower(): number for name, number in FieldDescriptorProto.Type.items()} | {
    # An enum is an int32 on the wire; unknown numbers survive in either.
    "enum": FieldDescriptorProto.TYPE_INT32,
}

_MOMENT, _UUID = "Moment", "Uuid"
_SPECIAL: Final = {"timestamp": _MOMENT, "duration": _MOMENT, "uuid": _UUID}


def raw_class(message_type: type[Any]) -> type[RawMessage]:
    """The protobuf class that parses and serialises a generated class's bytes."""
    file = FileDescriptorProto(name="payload.proto", syntax="proto3")
    file.message_type.append(_fixed(_MOMENT, seconds="int64", nanos="int32"))
    file.message_type.append(_fixed(_UUID, value="bytes"))
    names: dict[type[Any], str] = {}
    for cls in reachable(message_type):
        names[cls] = f"M{len(names)}"
    for cls, name in names.items():
        file.message_type.append(_described(cls, name, names))
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(names[message_type]))


def reachable(message_type: type[Any]) -> Iterator[type[Any]]:
    """The class, and every generated class of the messages it may hold."""
    seen: set[type[Any]] = set()
    pending = [message_type]
    while pending:
        cls = pending.pop()
        if cls in seen:
            continue
        seen.add(cls)
        yield cls
        pending.extend(field.type for field in schema_of(cls).values() if field.kind == "message")


def _fixed(name: str, **kinds: str) -> DescriptorProto:
    described = DescriptorProto(name=name)
    for number, (field, kind) in enumerate(kinds.items(), start=1):
        described.field.add(name=field, number=number, type=_TYPES[kind], label=FieldDescriptorProto.LABEL_OPTIONAL)
    return described


def _described(cls: type[Any], name: str, names: dict[type[Any], str]) -> DescriptorProto:
    described = DescriptorProto(name=name)
    oneofs: dict[str, int] = {}
    for field in schema_of(cls).values():
        if field.shape is Shape.MAP:
            _add_map(described, field, names)
            continue
        added = _add_field(described, field, names)
        if field.shape is Shape.OPTIONAL and not added.type_name:
            # On the wire, an optional scalar is a oneof of one.
            oneof = field.oneof or f" {field.number}"
            added.oneof_index = oneofs.setdefault(oneof, len(oneofs))
        elif field.oneof is not None:
            added.oneof_index = oneofs.setdefault(field.oneof, len(oneofs))
    described.oneof_decl.extend(_oneof_names(len(oneofs)))
    return described


def _oneof_names(count: int) -> Iterator[Any]:
    for index in range(count):
        declared = DescriptorProto().oneof_decl.add()
        declared.name = f"o{index}"
        yield declared


def _add_field(described: DescriptorProto, field: FieldSchema, names: dict[type[Any], str]) -> FieldDescriptorProto:
    repeated = field.shape is Shape.REPEATED
    added = described.field.add(
        name=raw_name(field.number),
        number=field.number,
        label=FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL,
    )
    _set_type(added, field, names)
    if repeated and not field.packed:
        added.options.packed = False
    return added


def _set_type(added: FieldDescriptorProto, field: FieldSchema, names: dict[type[Any], str]) -> None:
    submessage = names[field.type] if field.kind == "message" else _SPECIAL.get(field.kind)
    if submessage is None:
        added.type = _TYPES[field.kind]
    else:
        added.type, added.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{submessage}"


def _add_map(described: DescriptorProto, field: FieldSchema, names: dict[type[Any], str]) -> None:
    entry = described.nested_type.add(name=f"F{field.number}Entry")  # protobuf demands this very name
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=_TYPES[field.key or ""], label=FieldDescriptorProto.LABEL_OPTIONAL)
    _set_type(entry.field.add(name="value", number=2, label=FieldDescriptorProto.LABEL_OPTIONAL), field, names)
    described.field.add(
        name=raw_name(field.number),
        number=field.number,
        label=FieldDescriptorProto.LABEL_REPEATED,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        type_name=f".{described.name}.{entry.name}",
    )
