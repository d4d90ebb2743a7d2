"""Requests of the tests of hosting, and how they are asked over real connections."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

from angzarr_domain.books import (
    BusinessResponse,
    CommandBook,
    CommandPage,
    ContextualCommand,
    Cover,
    EventBook,
    EventPage,
    Message,
    Payload,
    Snapshot,
)
from angzarr_domain.client._endpoints import parse_endpoint
from angzarr_domain.client._transports.base import CallOptions
from angzarr_domain.client._transports.grpc import GrpcTransport, open_channel
from angzarr_domain.wire import METHODS, Method, PayloadCodec
from examples.bank.messages import Deposited

Q = TypeVar("Q")
R = TypeVar("R")

ROOT = UUID(int=7)
CODEC = PayloadCodec()
OPTIONS = CallOptions(timeout=20)


@contextmanager
def connected(address: str) -> Generator[GrpcTransport]:
    """A connection to a server."""
    transport = GrpcTransport(open_channel(parse_endpoint(address)), endpoint=address)
    try:
        yield transport
    finally:
        transport.close()


def ask(address: str, method: Method[Q, R], request: Q) -> R:
    """One call on a connection of its own."""
    with connected(address) as transport:
        return transport.unary(method, request, OPTIONS)


def handle(address: str, request: ContextualCommand) -> EventBook:
    """The events a hosted aggregate answers with."""
    return events_of(ask(address, METHODS.handle, request))


def events_of(response: BusinessResponse) -> EventBook:
    """The events in an answer."""
    assert isinstance(response.result, EventBook)
    return response.result


def command(message: Message | Payload | None, domain: str = "ledger", cover: Cover | None = None) -> CommandBook:
    """A command book for one root."""
    payload = message if message is None or isinstance(message, Payload) else CODEC.encode(message)
    return CommandBook(cover or Cover(domain, ROOT), (CommandPage(payload),))


def request(
    message: Message | Payload | None, events: EventBook | None = None, domain: str = "ledger"
) -> ContextualCommand:
    """What a coordinator sends."""
    return ContextualCommand(events, command(message, domain))


def deposits(*amounts: int, start: int = 0) -> tuple[EventPage, ...]:
    """Stored pages."""
    return tuple(
        EventPage(CODEC.encode(Deposited(amount=amount)), sequence) for sequence, amount in enumerate(amounts, start)
    )


def book(*amounts: int, start: int = 0, snapshot: Snapshot | None = None) -> EventBook:
    """A history of deposits."""
    return EventBook(Cover("ledger", ROOT), deposits(*amounts, start=start), snapshot)


def unfit(sequence: int) -> Snapshot:
    """A snapshot that no class loads."""
    return Snapshot(sequence, Payload("/somebody.elses.State", b"?"))
