"""What generated message modules are written in: fields that know their place in the .proto.

    @frozen(kw_only=True)
    class Deposit:
        __protobuf_name__: ClassVar[str] = "bank.v1.Deposit"

        amount: int = proto(1, "int64")

A class so bound encodes and decodes by `angzarr_domain.wire.PayloadCodec`, and checks its fields when it is made.
Nothing here loads protobuf. `frozen` is attrs' own.
"""

from attrs import frozen

from ._fields import proto, proto_map
from ._schemas import FieldSchema, Shape, schema_of
from ._values import NO_ENTRIES, FrozenMap, OpenEnum

__all__ = [
    "NO_ENTRIES",
    "FieldSchema",
    "FrozenMap",
    "OpenEnum",
    "Shape",
    "frozen",
    "proto",
    "proto_map",
    "schema_of",
]
