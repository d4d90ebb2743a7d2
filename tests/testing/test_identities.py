"""Names that become UUIDs in tests."""

from __future__ import annotations

from uuid import UUID

import pytest

from angzarr_domain.books import compute_root
from angzarr_domain.testing import DEFAULT_TEST_NAMESPACE, uuid_for, uuid_obj_for, uuid_str_for

VECTORS = {
    "alice": "8e415de542f65dbc93694846af13f94b",
    "payment-1": "4d9e369d4dd0592db5267aa09b8d890f",
    "inventory-1": "ae7b95fee7a2551f83ba7665f604d52b",
    "order-42": "bf1cb62ec5f35fd986552136859f9b17",
    "empty-str": "209192ada8d65340b7f90f0af561b918",
}


def test_the_namespace() -> None:
    """Names become the same UUIDs in every language (C-0115)."""
    assert UUID("a1b2c3d4-e5f6-7890-abcd-ef1234567890") == DEFAULT_TEST_NAMESPACE


@pytest.mark.parametrize(("name", "expected"), VECTORS.items(), ids=VECTORS)
def test_a_name_as_bytes(name: str, expected: str) -> None:
    """The 16 bytes that travel, of known names (C-0116)."""
    assert uuid_for(name).hex() == expected


@pytest.mark.parametrize("name", VECTORS)
def test_a_name_in_every_form(name: str) -> None:
    """Bytes, text and UUID are one identity (C-0117)."""
    assert UUID(bytes=uuid_for(name)) == UUID(uuid_str_for(name)) == uuid_obj_for(name)


def test_another_namespace() -> None:
    """Gives other identities."""
    assert uuid_obj_for("alice", UUID(int=1)) != uuid_obj_for("alice")


def test_no_root_of_production() -> None:
    """A name in a test is never the root that a business key leads to."""
    assert uuid_obj_for("alice") != compute_root("", "alice")
