"""Where the commands of sagas and process managers may go, and what they carry there."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    Destinations,
    ExternalDeferredSequence,
    MergeStrategy,
    Payload,
    SyncMode,
)
from angzarr_domain.exceptions import InvalidArgument
from angzarr_domain.wire import METHODS

SOURCE = Cover("order", UUID(bytes=bytes(range(16))), "corr-1")
TARGET = Cover("inventory", UUID(bytes=bytes(range(16, 32))), "corr-1")
COMMAND = Payload("/example.Foo", b"\x01\x02\x03\x04")
OUTPUTS = Destinations(("inventory", "payment"))


@pytest.mark.parametrize("domain", ["inventory", "payment"])
def test_a_declared_domain(domain: str) -> None:
    """Commands may go there (C-0132)."""
    assert OUTPUTS.has_domain(domain)


@pytest.mark.parametrize("domain", ["order", "inventor", ""])
def test_an_undeclared_domain(domain: str) -> None:
    """Commands may not go there; no domain is never declared (C-0133)."""
    assert not OUTPUTS.has_domain(domain)


def test_the_domains() -> None:
    """All of them, in the order of the declaration: the one, then the others (C-0134)."""
    declared = Destinations.declared("payment", ["shipping", "inventory"])

    assert declared.domains == ("payment", "shipping", "inventory")


@pytest.mark.parametrize(
    ("declared", "domains"),
    [
        (Destinations.declared(), ()),
        (Destinations.declared("payment"), ("payment",)),
        (Destinations.declared(output_domains=["a", "b"]), ("a", "b")),
        (Destinations.declared("a", ["b", "a", ""]), ("a", "b")),
    ],
)
def test_what_is_declared(declared: Destinations, domains: tuple[str, ...]) -> None:
    """Whatever is missing or said twice, each domain is there once (C-0135)."""
    assert declared.domains == domains


@pytest.mark.parametrize(
    ("index", "size", "digest"),
    [
        (0, 108, "10b1ce23a470f107662591a7da41830c724fdc0c9562824130f09b0a12f011f5"),
        (1, 110, "a028d427e91c0e03b63b50dabe7c5184417ed7aaf558d62dfdb9baed1e3affd0"),
    ],
)
def test_a_stamped_command_has_the_locked_encoding(index: int, size: int, digest: str) -> None:
    """Every implementation stamps these very bytes, whatever sequence was there (C-0182, C-0183)."""
    command = CommandBook(TARGET, (CommandPage(COMMAND, sequence=9),))

    stamped = OUTPUTS.stamp_command(command, SOURCE, 3, index)

    # A request of nothing but a book is that book, behind a tag and a length of one byte each.
    encoded = METHODS.handle_command.encode_request(CommandRequest(stamped))[2:]
    assert (len(encoded), hashlib.sha256(encoded).hexdigest()) == (size, digest)


def test_every_page_is_stamped() -> None:
    """In place of what it said itself; mode, strategy and payload stay."""
    pages = (
        CommandPage(COMMAND, 9, MergeStrategy.STRICT, sync_mode=SyncMode.SIMPLE),
        CommandPage(COMMAND, deferred=ExternalDeferredSequence("x")),
        CommandPage(COMMAND),
    )

    stamped = OUTPUTS.stamp_command(CommandBook(TARGET, pages), SOURCE, 3)

    cause = AngzarrDeferredSequence(SOURCE, 3)
    assert stamped == CommandBook(
        TARGET,
        (
            CommandPage(COMMAND, None, MergeStrategy.STRICT, cause, SyncMode.SIMPLE),
            CommandPage(COMMAND, deferred=cause),
            CommandPage(COMMAND, deferred=cause),
        ),
    )


@pytest.mark.parametrize(("cover", "domain"), [(SOURCE, "order"), (None, ""), (Cover(), "")])
def test_a_command_for_nowhere(cover: Cover | None, domain: str) -> None:
    """Is refused by name, and left as it is."""
    command = CommandBook(cover, (CommandPage(COMMAND, 9),))

    with pytest.raises(InvalidArgument, match="one of inventory, payment") as caught:
        OUTPUTS.stamp_command(command, SOURCE, 3)

    assert (caught.value.code, caught.value.details["domain"]) == ("UNDECLARED_OUTPUT_DOMAIN", domain)
    assert command.pages[0].sequence == 9
