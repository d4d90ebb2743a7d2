"""The messages of `tests.wallet` as protobuf makes them, without a compiler. For the programs of the other package."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

INT64, STRING = 3, 9
PACKAGE = "tests.wallet"
MESSAGES = {
    "Put": ("amount", INT64),
    "Take": ("amount", INT64),
    "WasPut": ("amount", INT64),
    "WasTaken": ("amount", INT64),
    "Balance": ("amount", INT64),
}


def _file() -> bytes:
    file = descriptor_pb2.FileDescriptorProto(name="tests/wallet.proto", package=PACKAGE, syntax="proto3")
    for name, (field, kind) in MESSAGES.items():
        file.message_type.add(name=name).field.add(name=field, number=1, type=kind, label=1)
    data: bytes = file.SerializeToString()
    return data


_POOL = descriptor_pool.Default()
_POOL.AddSerializedFile(_file())


def _class(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


Put = _class("Put")
Take = _class("Take")
WasPut = _class("WasPut")
WasTaken = _class("WasTaken")
Balance = _class("Balance")
