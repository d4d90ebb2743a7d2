"""Old events brought up to today's types for a coordinator that asks for it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain.books import EventPage, ExternalDeferredSequence, Message, Payload, UpcastRequest, UpcastResponse
from angzarr_domain.exceptions import CorruptHistory, HandlerFailed
from angzarr_domain.hosting import Host
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Methods, PayloadCodec
from angzarr_domain.wire.pb import released
from tests.aggregates.test_evolution import Account, Blinked, DepositedV1, DepositedV2, Moved
from tests.hosting.asking import ask
from tests.ledger import Deposited, Noted, Opened

ROOT = UUID(int=7)
CODEC = PayloadCodec()
EVERY = pytest.mark.parametrize("table", [METHODS, RELEASED, INTERIM], ids=["newest", "released", "interim"])


@pytest.fixture(name="address", scope="module")
def _address() -> Generator[str, None, None]:
    with Host([Account]).start("127.0.0.1:0") as serving:
        yield serving.addresses[0]


def page(event: Message, sequence: int = 0) -> EventPage:
    return EventPage(CODEC.encode(event), sequence, created_at_ns=1_700_000_000_123_456_789)


def upcast(address: str, *pages: EventPage, domain: str = "ledger", table: Methods = METHODS) -> tuple[EventPage, ...]:
    response: UpcastResponse = ask(address, table.upcast, UpcastRequest(domain, pages))
    return response.events


@EVERY
def test_old_events_become_todays(address: str, table: Methods) -> None:
    """C-0136: through the whole chain; in order, with headers and times as they were, and others untouched."""
    pages = (page(Opened(owner="ada")), page(DepositedV1(units="2"), 1), page(Noted(text="x"), 2))

    found = upcast(address, *pages, table=table)

    assert [CODEC.decode(each.event or Payload("", b""), kind) for each, kind in zip(found, KINDS, strict=True)] == [
        Opened(owner="ada"),
        Deposited(amount=200),
        Noted(text="x"),
    ]
    assert [(each.sequence, each.created_at_ns) for each in found] == [
        (s, page(Blinked()).created_at_ns) for s in range(3)
    ]


KINDS: tuple[type[Any], ...] = (Opened, Deposited, Noted)


def test_another_domain_passes_unchanged(address: str) -> None:
    """Events of one name in another domain are other events."""
    pages = (page(DepositedV1(units="2")),)

    assert upcast(address, *pages, domain="other") == pages


@pytest.mark.parametrize("event", [Moved(amount=5, fee=1), Blinked()], ids=["several", "none"])
def test_what_does_not_stay_one_event_passes_unchanged(address: str, event: Message) -> None:
    """The answer has as many pages as were asked about; the fold does the rest."""
    pages = (page(event), page(DepositedV2(units=1), 1))

    assert [each.event for each in upcast(address, *pages)] == [
        CODEC.encode(event),
        CODEC.encode(Deposited(amount=100)),
    ]


def test_pages_without_an_event_or_a_sequence_pass(address: str) -> None:
    """Gaps stay gaps, and a fact keeps what it has instead of a sequence."""
    fact = EventPage(CODEC.encode(DepositedV2(units=1)), deferred=ExternalDeferredSequence("bank-17"))

    gap, upcasted = upcast(address, EventPage(None, 4), fact)

    assert gap == EventPage(None, 4)
    assert upcasted == attrs.evolve(fact, event=CODEC.encode(Deposited(amount=100)))


def test_an_alias_is_renamed_and_keeps_its_bytes(address: str) -> None:
    """Its shape is today's already."""
    stored = attrs.evolve(CODEC.encode(Opened(owner="ada")), type_url="type.googleapis.com/tests.old.Opening")

    (found,) = upcast(address, EventPage(stored, 0))

    assert found.event == CODEC.encode(Opened(owner="ada"))


def test_an_old_event_that_does_not_decode(address: str) -> None:
    """Named by type and place, rather than handed on as if it were fine."""
    with pytest.raises(CorruptHistory) as caught:
        upcast(address, page(Noted(text="x")), EventPage(Payload("/tests.ledger.DepositedV2", b"\xff"), 1))

    assert (caught.value.type_url, caught.value.sequence) == ("/tests.ledger.DepositedV2", 1)


def test_an_upcast_that_raises(address: str) -> None:
    """An error of the host's, which says which upcast it was."""
    with pytest.raises(HandlerFailed) as caught:
        upcast(address, page(DepositedV1(units="x")))

    assert caught.value.handler == "Account.first"


def test_what_never_happened_loses_its_event(address: str) -> None:
    """A page that is not committed keeps its place only: what an answer says has happened."""
    held = released.EventPage(no_commit=True)
    held.header.sequence = 3
    held.event.type_url, held.event.value = "/tests.ledger.DepositedV2", b"\x08\x01"
    request = RELEASED.upcast.decode_request(released.UpcastRequest(domain="ledger", events=[held]).SerializeToString())

    (found,) = upcast(address, *request.events)

    assert found == EventPage(None, 3)
