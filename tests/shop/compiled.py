"""The shop's messages as protoc's own classes, in a descriptor pool of their own.

`shop.binpb` is what `protoc --include_imports --descriptor_set_out` makes of the shop's .proto files, so that these
classes need no protoc at hand.
"""

from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

HERE = Path(__file__).resolve().parent
PROTOS = [HERE / "money.proto", HERE / "orders.proto"]
DESCRIBED = HERE / "shop.binpb"


@cache
def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(DESCRIBED.read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


@cache
def compiled(full_name: str) -> Any:
    """The compiled class of a message; Any, since no stub describes its fields."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(full_name))
