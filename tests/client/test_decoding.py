"""Events as messages: which type URL names which type, and what bytes give."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from angzarr_domain.books import (
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    Message,
    Payload,
    PayloadReference,
    PayloadStorageType,
)
from angzarr_domain.client import DomainClient, decode_event, decode_events, events_from_response
from angzarr_domain.exceptions import DecodeFailed
from angzarr_domain.wire import METHODS, PayloadCodec
from tests.peers import BORN
from tests.wallet import Put, WasLabelled, WasPut, WasTaken

ROOT = UUID(int=7)
CODEC = PayloadCodec()
FIVE = b"\x08\x05"


def page(type_url: str, value: bytes = FIVE) -> EventPage:
    return EventPage(Payload(type_url, value), 0)


def received(sent: EventPage) -> EventPage:
    """The page as a client reads it from the wire."""
    method = METHODS.get_event_book
    return method.decode_response(method.encode_response(EventBook(pages=(sent,)))).pages[0]


PREFIXES = ["/", "type.googleapis.com/", "type.angzarr.io/", "example.com/types/", ""]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_means_nothing(prefix: str) -> None:
    """The type is what comes after the last "/", whichever prefix there is, or none (C-0365, C-0372)."""
    assert decode_event(page(f"{prefix}tests.wallet.WasPut"), WasPut) == WasPut(amount=5)


OTHERS = [
    "/tests.wallet.WasTaken",  # another type of the package (C-0366)
    "/WasPut",  # the package is part of the name (C-0367, C-0373)
    "/v2.tests.wallet.WasPut",
    "/tests.wallet.v2.WasPut",
    "/tests.wallet.WasPutAway",
    "/tests.wallet.wasput",
    "/tests.wallet.WasPut/more",
    "",
]


@pytest.mark.parametrize("type_url", OTHERS)
def test_names_are_compared_exactly(type_url: str) -> None:
    """Another name is another type: None, and no error (C-0366, C-0367, C-0373)."""
    assert decode_event(page(type_url), WasPut) is None


def test_all_fields_are_read() -> None:
    """Good bytes give the message with its fields (C-0374, C-0379)."""
    assert decode_event(page("/tests.wallet.WasLabelled", b"\x0a\x04rent"), WasLabelled) == WasLabelled(text="rent")


def test_no_bytes_are_defaults() -> None:
    """Empty bytes are a message whose fields have their defaults, and no error (C-0375, C-0378)."""
    assert decode_event(page("/tests.wallet.WasPut", b""), WasPut) == WasPut()


def test_bytes_that_cannot_be_read() -> None:
    """Fail, and are not taken for an event of another type (C-0376)."""
    with pytest.raises(DecodeFailed, match="not a readable message of this type") as caught:
        decode_event(page("/tests.wallet.WasPut", b"\x08"), WasPut)

    assert (caught.value.code, caught.value.type_url) == ("ANY_DECODE_FAILED", "/tests.wallet.WasPut")


def test_a_page_without_an_event() -> None:
    """Holds nothing of any type: None, and no error (C-0377)."""
    assert decode_event(EventPage(sequence=4), WasPut) is None


def test_a_page_says_where_it_belongs() -> None:
    """Its sequence, 0 like any other (C-0368)."""
    assert [received(EventPage(sequence=n)).sequence for n in (0, 5)] == [0, 5]


def test_a_page_says_when_it_was_created() -> None:
    """In UTC, and to the nanosecond (C-0369)."""
    found = received(EventPage(created_at_ns=BORN + 1))

    assert (found.created_at, found.created_at_ns) == (datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), BORN + 1)


def test_a_page_holds_its_event_as_it_came() -> None:
    """Type URL and bytes (C-0370)."""
    found = received(page("type.googleapis.com/tests.wallet.WasPut"))

    assert (found.event, found.external) == (Payload("type.googleapis.com/tests.wallet.WasPut", FIVE), None)


def test_a_page_may_refer_to_its_event() -> None:
    """One kept elsewhere is a reference to it, and nothing to decode (C-0371)."""
    reference = PayloadReference(PayloadStorageType.S3, "s3://events/1", b"\x01" * 32, 300_000, BORN)

    found = received(EventPage(sequence=0, external=reference))

    assert (found.event, found.external, decode_event(found, WasPut)) == (None, reference, None)


def test_the_events_of_a_response(client: DomainClient) -> None:
    """Are its pages, in order (C-0380)."""
    book = client.command(Put(amount=5), ROOT).build()

    pages = events_from_response(client.aggregate.handle(book))

    assert [page.decode() for page in pages] == [WasPut(amount=5)]


@pytest.mark.parametrize("response", [CommandResponse(), CommandResponse(EventBook(Cover("wallet", ROOT)))])
def test_a_response_without_events(response: CommandResponse) -> None:
    """Has none, whether there is an empty book in it or no book (C-0381)."""
    assert events_from_response(response) == ()


EVENTS: list[Message] = [WasPut(amount=1), WasTaken(amount=2), WasLabelled(text="x"), WasPut(amount=3)]
MIXED = tuple(EventPage(CODEC.encode(event), n) for n, event in enumerate(EVENTS))


def test_many_of_one_type() -> None:
    """All of them, in order (C-0382)."""
    pages = tuple(EventPage(CODEC.encode(WasPut(amount=n)), n) for n in range(20))

    assert decode_events(pages, WasPut) == tuple(WasPut(amount=n) for n in range(20))


def test_many_of_several_types() -> None:
    """Each as its own type, in order (C-0383)."""
    assert decode_events(MIXED, WasPut, WasTaken, WasLabelled) == tuple(EVENTS)


def test_only_those_of_a_type() -> None:
    """Others are passed over, and so are pages without an event (C-0384)."""
    assert decode_events((*MIXED, EventPage()), WasPut) == (WasPut(amount=1), WasPut(amount=3))


def test_one_of_many_that_cannot_be_read() -> None:
    """Fails them all: leaving it out would be telling a different history (C-0376)."""
    with pytest.raises(DecodeFailed):
        decode_events((*MIXED, page("/tests.wallet.WasPut", b"\x08")), WasPut)


def test_the_prefix_that_is_written() -> None:
    """Is "/" and nothing else (C-0474)."""
    assert CODEC.encode(WasPut(amount=5)) == Payload("/tests.wallet.WasPut", FIVE)
