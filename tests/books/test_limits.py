"""What the protocol allows as names and sizes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from angzarr_domain.books import (
    Payload,
    check_correlation_id,
    check_domain,
    check_payload,
    check_sequence,
    parse_root,
)
from angzarr_domain.exceptions import InvalidArgument

ROOT = UUID(int=7)


@pytest.mark.parametrize("domain", ["a", "_", "order-pm", "a" * 64, "a_1"])
def test_domains(domain: str) -> None:
    """1 to 64 of a-z, 0-9, _ and -, a letter or _ first."""
    assert check_domain(domain) == domain


@pytest.mark.parametrize("domain", ["A", "1a", "-a", "a b", "a" * 65, "a.b", "ä", "a\n"])
def test_other_domains_are_refused(domain: str) -> None:
    """With the field and what is allowed."""
    with pytest.raises(InvalidArgument, match="is no domain: use 1 to 64 of") as caught:
        check_domain(domain)

    assert (caught.value.code, caught.value.field) == ("LIMIT_EXCEEDED", "cover.domain")


def test_no_domain_has_a_code_of_its_own() -> None:
    """It was forgotten, not misspelt."""
    with pytest.raises(InvalidArgument) as caught:
        check_domain("")

    assert caught.value.code == "MISSING_DOMAIN"


@pytest.mark.parametrize("correlation_id", ["", "a" * 128, str(ROOT), "A_z-9"])
def test_correlation_ids(correlation_id: str) -> None:
    """Up to 128 of A-Z, a-z, 0-9, _ and -; empty is none."""
    assert check_correlation_id(correlation_id) == correlation_id


@pytest.mark.parametrize("correlation_id", ["a" * 129, "a b", "ä", "a\n", "a:b"])
def test_other_correlation_ids_are_refused(correlation_id: str) -> None:
    """They travel in metadata, too."""
    with pytest.raises(InvalidArgument) as caught:
        check_correlation_id(correlation_id)

    assert (caught.value.code, caught.value.field) == ("LIMIT_EXCEEDED", "cover.correlation_id")


def test_payloads_up_to_the_limits() -> None:
    """256 characters of type URL, 256 KiB of bytes."""
    payload = Payload("/" + "a" * 255, bytes(256 * 1024))

    assert check_payload(payload) is payload


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (Payload("/" + "a" * 256, b""), "a type URL is up to 256 characters, not 257"),
        (Payload("/x.Y", bytes(256 * 1024 + 1)), "a x.Y of 262145 bytes is over the 262144 that a payload may have"),
    ],
)
def test_larger_payloads_are_refused(payload: Payload, text: str) -> None:
    """The text says how much it is and what to do, never what is in it."""
    with pytest.raises(InvalidArgument, match=text) as caught:
        check_payload(payload)

    assert caught.value.code == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("sequence", [0, 2**32 - 1])
def test_sequences(sequence: int) -> None:
    """32 bits, no sign."""
    assert check_sequence(sequence) == sequence


@pytest.mark.parametrize("sequence", [-1, 2**32])
def test_other_sequences_are_refused(sequence: int) -> None:
    """They cannot be encoded."""
    with pytest.raises(InvalidArgument, match="is no sequence: they count from 0"):
        check_sequence(sequence)


@pytest.mark.parametrize("root", [ROOT, str(ROOT), ROOT.hex, f"urn:uuid:{ROOT}"])
def test_roots_are_read(root: UUID | str) -> None:
    """As a UUID, or as text in any of its usual forms."""
    assert parse_root(root) == ROOT


@pytest.mark.parametrize("root", ["", "account-7", "0" * 31, 7, None])
def test_other_roots_are_refused(root: Any) -> None:
    """With the way to one for a business key."""
    with pytest.raises(InvalidArgument, match=r"is no UUID: for a business key use compute_root") as caught:
        parse_root(root)

    assert (caught.value.code, caught.value.field) == ("PROTO_UUID_INVALID", "cover.root")
