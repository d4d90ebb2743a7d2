"""The same identity for the same name, in every test and every run."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

#: What names become UUIDs in (C-0115); aggregates of production are elsewhere, see `books.compute_root`.
DEFAULT_TEST_NAMESPACE: Final = UUID("a1b2c3d4-e5f6-7890-abcd-ef1234567890")


def uuid_obj_for(name: str, namespace: UUID = DEFAULT_TEST_NAMESPACE) -> UUID:
    """The UUID that stands for a name in tests: UUIDv5 in the namespace (C-0117)."""
    return uuid5(namespace, name)


def uuid_str_for(name: str, namespace: UUID = DEFAULT_TEST_NAMESPACE) -> str:
    """The same as `uuid_obj_for`, as text (C-0117)."""
    return str(uuid_obj_for(name, namespace))


def uuid_for(name: str, namespace: UUID = DEFAULT_TEST_NAMESPACE) -> bytes:
    """The same as `uuid_obj_for`, as the 16 bytes that travel (C-0116)."""
    return uuid_obj_for(name, namespace).bytes
