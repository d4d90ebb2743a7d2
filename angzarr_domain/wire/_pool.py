"""The protocol's schemas in a descriptor pool of our own.

The default pool is shared by every library of a process, and a second schema of the same name breaks it.
Ours holds copies of the protocol and of the well-known types, so nothing another library registers can
clash with it. The price: our `Any` and `Timestamp` are other classes than the user's, and `CopyFrom` between
them fails. Values cross as type URL and bytes.
"""

from pathlib import Path

from google.protobuf import any_pb2, descriptor_pb2, duration_pb2, empty_pb2, message_factory, timestamp_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

_GENERATED = Path(__file__).resolve().parent / "pb"
_WELL_KNOWN = (descriptor_pb2, any_pb2, duration_pb2, empty_pb2, timestamp_pb2)
_SETS = ("protocol.binpb", "released.binpb", "interim.binpb")


def _loaded() -> DescriptorPool:
    pool = DescriptorPool()
    for module in _WELL_KNOWN:
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for name in _SETS:
        for file in FileDescriptorSet.FromString((_GENERATED / name).read_bytes()).file:
            pool.AddSerializedFile(file.SerializeToString())
    return pool


POOL = _loaded()
"""Every schema of every generation; their files are named `angzarr_domain/io/angzarr/v1/...` and the like."""


def message_class(full_name: str) -> type[Message]:
    """Our pool's class for a message of the protocol."""
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(full_name))


def include_root() -> Path:
    """The folder for protoc's `--proto_path`: `import "io/angzarr/v1/options.proto"` is found below it."""
    return _GENERATED / "include"
