"""The address of a book."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from angzarr_domain.books import Cover, DomainDivergence, Edition
from angzarr_domain.exceptions import InvalidArgument

ROOT = UUID(int=7)


@pytest.mark.parametrize("edition", [None, Edition(""), Edition("angzarr"), Edition("", (DomainDivergence("x", 1),))])
def test_the_main_timeline_has_one_form(edition: Edition | None) -> None:
    """C-0409: unset, empty and its canonical name are the same timeline for every reader."""
    assert Cover("ledger", ROOT, edition=edition) == Cover("ledger", ROOT)


def test_a_named_timeline_is_kept() -> None:
    """With the places where it leaves the main one."""
    edition = Edition("what-if", (DomainDivergence("ledger", 3),))

    assert Cover("ledger", ROOT, edition=edition).edition == edition


@pytest.mark.parametrize("root", ["not a uuid", str(ROOT), ROOT.bytes, 7])
def test_a_root_is_a_uuid(root: Any) -> None:
    """Text that looks like one is turned into one where users pass it, not here."""
    with pytest.raises(InvalidArgument, match=r"a cover's root is a uuid\.UUID, not") as caught:
        Cover("ledger", root)

    assert (caught.value.code, caught.value.field) == ("PROTO_UUID_INVALID", "cover.root")


@pytest.mark.parametrize("field", ["domain", "correlation_id"])
def test_names_are_text(field: str) -> None:
    """None is written as nothing."""
    wrong: dict[str, Any] = {field: None}

    with pytest.raises(InvalidArgument, match=f"a cover's {field} is text, not NoneType"):
        Cover(**wrong)


def test_covers_are_values() -> None:
    """They can be compared and be keys."""
    assert {Cover("ledger", ROOT): 1}[Cover("ledger", ROOT)] == 1
