"""Facts and refusals as the released coordinator handed them to business logic, answered by today's aggregates."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

import grpc
import pytest

from angzarr_domain import Aggregate, Refused, accepts, aggregate, applies, compensates
from angzarr_domain.hosting import Host
from angzarr_domain.messages import frozen, proto
from angzarr_domain.wire import PayloadCodec
from angzarr_domain.wire.pb import released
from tests.recorded_bank import AccountOpened, Deposit
from tests.recordings import find


@frozen(kw_only=True)
class Noted:
    __protobuf_name__: ClassVar[str] = "bank.v1.Noted"

    text: str = proto(1, "string")


@aggregate(domain="account", ignores=[Noted])
class Account(Aggregate):
    """The recorded bank's, as far as it matters here."""

    owner: str = ""

    @accepts
    def noted(self, fact: Noted) -> Noted:
        return fact

    @compensates(Deposit, domain="account")
    def refused(self, refused: Refused[Deposit]) -> Noted:
        return Noted(text=f"{self.owner}: {refused.command.amount} {refused.reason}{refused.code}")

    @applies
    def opened(self, event: AccountOpened) -> None:
        self.owner = event.owner


@pytest.fixture(name="address")
def an_address() -> Iterator[str]:
    with Host([Account]).start("127.0.0.1:0") as serving:
        yield serving.addresses[0]


def answered(address: str, file: str, name: str) -> tuple[bytes, dict[str, Any]]:
    """What a host answers to the recorded bytes, and the recorded call."""
    call = find(file, name).logic_calls[0]
    with grpc.insecure_channel(address) as channel:
        unary: Any = channel.unary_unary
        data: bytes = unary(call["method"])(base64.b64decode(call["request"]), timeout=20)
    return data, call


@pytest.mark.parametrize("name", ["another fact, routed", "routed duplicate"])
def test_a_recorded_fact_is_accepted_as_recorded(address: str, name: str) -> None:
    """The page as it came: header, payload and time."""
    data, call = answered(address, "facts", name)
    ours = released.EventBook.FromString(data)
    theirs = released.FactRequest.FromString(base64.b64decode(call["request"])).facts

    assert list(ours.pages) == list(theirs.pages)
    assert ours.cover == theirs.cover


def test_a_recorded_refusal_is_compensated(address: str) -> None:
    """By the command inside the notification inside the command, after the history that came along."""
    data, call = answered(address, "compensation", "notification of a rejected command")
    ours = released.BusinessResponse.FromString(data).events
    theirs = released.BusinessResponse.FromString(base64.b64decode(call["response"])).events

    [page] = ours.pages
    assert page.header.sequence == theirs.pages[0].header.sequence == 1
    assert Noted(text="ada: 5 INSUFFICIENT_FUNDS") == PayloadCodec().decoder(Noted)(page.event.value)
