"""What commands look like before they are sent: no server is needed for any of this."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from uuid import UUID

import attrs
import pytest

from angzarr_domain.books import CommandBook, CommandPage, Cover, MergeStrategy, Payload
from angzarr_domain.client import DomainClient, ReadyCommand, RecordingTransport
from angzarr_domain.exceptions import InvalidArgument, UsageError
from tests.wallet import Label, Put, Take, Wallet

ROOT = UUID(int=7)


@pytest.fixture(name="client")
def _client() -> DomainClient:
    client = DomainClient.for_transport(RecordingTransport())
    client.close()  # building needs no connection
    return client


def page_of(command: ReadyCommand) -> CommandPage:
    (page,) = command.build().pages
    return page


def test_a_whole_command(client: DomainClient) -> None:
    """Cover and one page with sequence, strategy and payload (C-0303), values kept through the chain (C-0311).

    The domain and root are where it starts (C-0317); id and sequence stay as they were given (C-0306, C-0307).
    """
    builder = client.command("wallet", ROOT).with_correlation_id("order-7").with_sequence(3)

    book = builder.with_command(Put(amount=5)).build()

    page = CommandPage(Payload("/tests.wallet.Put", b"\x08\x05"), sequence=3, merge_strategy=MergeStrategy.STRICT)
    assert book == CommandBook(Cover("wallet", ROOT, "order-7"), (page,))


def test_without_an_expected_sequence(client: DomainClient) -> None:
    """The aggregate decides on current state; both are written all the same (C-0308)."""
    page = page_of(client.command("wallet", ROOT).with_command(Put(amount=5)))

    assert (page.sequence, page.merge_strategy) == (0, MergeStrategy.AGGREGATE_HANDLES)


def test_an_expected_sequence_of_0(client: DomainClient) -> None:
    """0 is a sequence like any other: the aggregate must be new."""
    page = page_of(client.command("wallet", ROOT).with_sequence(0).with_command(Put(amount=5)))

    assert (page.sequence, page.merge_strategy) == (0, MergeStrategy.STRICT)


def test_a_class_in_place_of_a_command(client: DomainClient) -> None:
    """It takes a message: easily forgotten where one has no fields."""
    builder = client.command("wallet", ROOT)

    sends: tuple[Callable[[], object], ...] = (
        lambda: client.command(cast("Put", Put)),
        lambda: builder.with_command(cast("Put", Put)),
        lambda: builder.with_command("Put", cast("Put", Put)),
    )
    for send in sends:
        with pytest.raises(UsageError, match=r"Put is a class and no message: write Put\(\.\.\.\)"):
            send()


@pytest.mark.parametrize("strategy", [MergeStrategy.COMMUTATIVE, MergeStrategy.MANUAL, MergeStrategy.STRICT])
def test_a_merge_strategy(client: DomainClient, strategy: MergeStrategy) -> None:
    """A given strategy wins over what the sequence implies (C-0315, C-0316)."""
    command = client.command(Put(amount=5), ROOT).with_sequence(4).with_merge_strategy(strategy)

    assert (page_of(command).sequence, page_of(command).merge_strategy) == (4, strategy)


def test_a_root_is_drawn_once(client: DomainClient) -> None:
    """A command for a new aggregate (C-0318) keeps the root it got, however often it is changed or built (C-0304)."""
    command = client.command(Put(amount=5))

    changed = command.with_sequence(1).with_correlation_id("x").with_command(Take(amount=1))

    assert {cover.root for cover in (command.build().cover, changed.build().cover) if cover} == {command.root}


def test_commands_share_no_root(client: DomainClient) -> None:
    """Two commands from one starting point are two aggregates (C-0312)."""
    builder = client.command("wallet")

    assert builder.with_command(Put(amount=1)).root != builder.with_command(Put(amount=1)).root


def test_a_root_as_text(client: DomainClient) -> None:
    """A root may be text, in any form of a UUID."""
    assert client.command("wallet", str(ROOT)).root == client.command("wallet", ROOT.hex).root == ROOT


def test_a_correlation_id_is_drawn_each_time(client: DomainClient) -> None:
    """Each send is a workflow of its own unless told otherwise (C-0305), with a UUID as its id."""
    command = client.command(Put(amount=5), ROOT)
    drawn = {book.cover.correlation_id for book in (command.build(), command.build()) if book.cover}

    assert len(drawn) == len({UUID(each) for each in drawn}) == 2


def test_setters_change_nothing(client: DomainClient) -> None:
    """Each gives a new value."""
    command = client.command(Put(amount=5), ROOT)
    before = attrs.astuple(command, recurse=False)

    command.with_sequence(1).with_correlation_id("x").with_merge_strategy(MergeStrategy.MANUAL)

    assert attrs.astuple(command, recurse=False) == before


def test_a_builder_cannot_be_sent(client: DomainClient) -> None:
    """There is nothing to send before `with_command`."""
    assert not hasattr(client.command("wallet", ROOT), "send")


@pytest.mark.parametrize(
    ("type_name", "type_url"),
    [
        ("tests.wallet.Put", "/tests.wallet.Put"),
        ("CreateOrder", "/CreateOrder"),
        ("type.googleapis.com/tests.wallet.Put", "type.googleapis.com/tests.wallet.Put"),
    ],
)
def test_a_type_and_a_message(client: DomainClient, type_name: str, type_url: str) -> None:
    """A name becomes a type URL, a type URL stays as it is."""
    page = page_of(client.command("wallet", ROOT).with_command(type_name, Put(amount=5)))

    assert page.command == Payload(type_url, b"\x08\x05")


def test_a_type_and_bytes(client: DomainClient) -> None:
    """Bytes travel as they are, even empty ones."""
    page = page_of(client.command("wallet", ROOT).with_command("a.B", b""))

    assert page.command == Payload("/a.B", b"")


NONSENSE: dict[str, tuple[Callable[[DomainClient], object], str, str]] = {
    "no domain": (lambda c: c.command(""), "MISSING_DOMAIN", "cover.domain"),
    "domain": (lambda c: c.command("Wallet"), "LIMIT_EXCEEDED", "cover.domain"),
    "long domain": (lambda c: c.command("w" * 65), "LIMIT_EXCEEDED", "cover.domain"),
    "root": (lambda c: c.command("wallet", "ada"), "PROTO_UUID_INVALID", "cover.root"),
    "domain unknown": (lambda c: c.command(Label(text="x")), "MISSING_DOMAIN", "domain"),
    "sequence": (lambda c: c.command("wallet").with_sequence(-1), "INVALID_ARGUMENT", "sequence"),
    "correlation id": (
        lambda c: c.command("wallet").with_correlation_id("a b"),
        "LIMIT_EXCEEDED",
        "cover.correlation_id",
    ),
    "long correlation id": (
        lambda c: c.command("wallet").with_correlation_id("a" * 129),
        "LIMIT_EXCEEDED",
        "cover.correlation_id",
    ),
    "no type": (lambda c: c.command("wallet").with_command("", b""), "COMMAND_TYPE_URL_MISSING", "type_url"),
    "no payload": (
        lambda c: c.command("wallet").with_command("a.B", cast("bytes", None)),  # as untyped code may
        "COMMAND_PAYLOAD_MISSING",
        "payload",
    ),
    "large payload": (
        lambda c: c.command("wallet").with_command("a.B", bytes(256 * 1024 + 1)),
        "LIMIT_EXCEEDED",
        "pages[0].command",
    ),
    "long type URL": (
        lambda c: c.command("wallet").with_command("a" * 256, b""),
        "LIMIT_EXCEEDED",
        "pages[0].command",
    ),
}


@pytest.mark.parametrize(("attempt", "code", "field"), NONSENSE.values(), ids=NONSENSE)
def test_what_makes_no_sense(
    client: DomainClient, attempt: Callable[[DomainClient], object], code: str, field: str
) -> None:
    """Each is an invalid argument, where it is said, not when it is sent (C-0309, C-0310, C-0344)."""
    with pytest.raises(InvalidArgument) as caught:
        attempt(client)

    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_largest_payload(client: DomainClient) -> None:
    """256 KiB still travel."""
    payload = page_of(client.command("wallet").with_command("a.B", bytes(256 * 1024))).command

    assert payload is not None
    assert len(payload.value) == 256 * 1024


def test_the_domain_of_a_message(client: DomainClient) -> None:
    """Comes from its own .proto."""
    assert client.command(Put(amount=1)).domain == "wallet"


def test_the_domain_by_an_aggregate() -> None:
    """Else from the aggregates that the client was told of."""
    with DomainClient.for_transport(RecordingTransport(), aggregates=[Wallet]) as client:
        assert client.command(Label(text="x")).domain == "wallet"


class _Ledger:
    """Has the same attribute as a decorated class, and handles a wallet's command too."""

    @attrs.frozen
    class Definition:
        domain: str = "ledger"
        handlers: dict[str, object] = attrs.field(factory=lambda: {"tests.wallet.Put": object()})
        message_types: tuple[type[Put], ...] = (Put,)

    __angzarr_definition__ = Definition()


def test_two_candidates_for_a_domain() -> None:
    """An error that names both; the first argument decides."""
    with DomainClient.for_transport(RecordingTransport(), aggregates=[Wallet, _Ledger]) as client:
        with pytest.raises(InvalidArgument, match="several: ledger, wallet"):
            client.command(Put(amount=1))

        assert client.command("ledger", ROOT).with_command(Put(amount=1)).domain == "ledger"


def test_an_undecorated_aggregate() -> None:
    """The client is told of decorated classes only; the definition is not inherited."""

    class Purse(Wallet):
        pass

    with pytest.raises(UsageError, match="Purse is not decorated"):
        DomainClient.for_transport(RecordingTransport(), aggregates=[Purse])
