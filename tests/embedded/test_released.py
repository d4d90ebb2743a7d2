"""The coordinator for callers of older generations: the same procedure, in their words."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
import pytest

from angzarr_domain import DomainClient, Repository
from angzarr_domain.books import (
    BusinessResponse,
    Cover,
    EventBook,
    MergeStrategy,
    Query,
    SequenceRange,
    SequenceSet,
    Snapshot,
    SyncMode,
    TemporalQuery,
)
from angzarr_domain.client import Protocol
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import Conflict, NotHandled, NotSupported, Rejected, Status
from angzarr_domain.wire import RELEASED
from angzarr_domain.wire.pb import released
from tests.awaited import KINDS
from tests.recorded_bank import Account, Deposit, Deposited, OpenAccount, Withdraw
from tests.recordings import find, recorded

from .asking import COMMAND, ROOT, Logic, page

OLDER = [Protocol.RELEASED, Protocol.INTERIM]


@pytest.fixture(name="served")
def _served() -> Generator[tuple[Coordinator, str], None, None]:
    with Coordinator([Account]) as coordinator, coordinator.start("127.0.0.1:0") as serving:
        yield coordinator, serving.addresses[0]


@pytest.fixture(
    name="client", params=[(p, k) for p in OLDER for k in KINDS], ids=lambda each: f"{each[0].name}-{each[1]}"
)
def _client(request: pytest.FixtureRequest, served: tuple[Coordinator, str]) -> Generator[DomainClient, None, None]:
    protocol, kind = request.param
    with KINDS[kind].connect(served[1], aggregates=[Account], protocol=protocol) as client:
        yield client


@pytest.fixture(name="account")
def _account(client: DomainClient) -> UUID:
    """Opened, and with deposits of 1, 2 and 3."""
    client.command(OpenAccount(owner="ada"), ROOT).send()
    for amount in (1, 2, 3):
        client.command(Deposit(amount=amount), ROOT).with_correlation_id(f"deposit-{amount}").send()
    return ROOT


def sequences(book: EventBook) -> list[int | None]:
    return [each.sequence for each in book.pages]


def test_commands(client: DomainClient, account: UUID) -> None:
    """Stored and answered as ever, with the sequence compared or not."""
    result = client.command(Deposit(amount=4), account).with_sequence(4).send_sync()

    assert result.events == (Deposited(amount=4),)
    assert [each.sequence for each in result.pages] == [4]
    assert result.next_sequence == 5


@pytest.mark.parametrize("strategy", [MergeStrategy.STRICT, MergeStrategy.COMMUTATIVE])
def test_a_conflict(client: DomainClient, account: UUID, strategy: MergeStrategy) -> None:
    """With both numbers, and the events in between."""
    command = client.command(Deposit(amount=4), account).with_sequence(1).with_merge_strategy(strategy)
    with pytest.raises(Conflict) as raised:
        command.send()

    assert (raised.value.expected, raised.value.actual) == (1, 4)
    assert [each.sequence for each in raised.value.events or ()] == [1, 2, 3]


def test_a_conflict_in_the_words_of_the_released_protocol(served: tuple[Coordinator, str]) -> None:
    """FAILED_PRECONDITION, a text that begins as theirs, and no details that would have to be a book."""
    coordinator, address = served
    with coordinator.client() as client:
        client.command(OpenAccount(owner="ada"), ROOT).send()
    stale = find("commands", "stale strict").requests[0]
    request = released.CommandRequest.FromString(stale)
    request.command.cover.root.value = ROOT.bytes
    with grpc.insecure_channel(address) as channel:
        unary: Any = channel.unary_unary
        with pytest.raises(grpc.RpcError) as raised:
            unary(RELEASED.handle_command.path)(request.SerializeToString())

    error: Any = raised.value
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.details().startswith("Sequence mismatch: ")
    assert not [key for key, _ in error.trailing_metadata() if key == "grpc-status-details-bin"]


def test_a_rejection(client: DomainClient, account: UUID) -> None:
    """By its own status: this coordinator repeats none."""
    with pytest.raises(Rejected) as raised:
        client.command(Withdraw(amount=99), account).send()

    assert (raised.value.code, raised.value.status) == ("INSUFFICIENT_FUNDS", Status.FAILED_PRECONDITION)


def test_what_is_not_served_is_told_with_its_code(client: DomainClient) -> None:
    """And is not mistaken for another generation."""
    with pytest.raises(NotHandled):
        client.command("nowhere", ROOT).with_command("x.Y", b"").send()
    with pytest.raises(NotSupported):
        client.command(Deposit(amount=1), ROOT).send_sync(mode=SyncMode.CASCADE)


SELECTED: list[tuple[Any, list[int]]] = [
    (None, [0, 1, 2, 3]),
    (SequenceRange(1), [1, 2, 3]),
    (SequenceRange(1, 2), [1, 2]),
    (SequenceRange(0, 0), [0]),
    (SequenceRange(9), []),
    (SequenceSet((0, 3)), [0, 3]),
    (TemporalQuery(as_of_sequence=1), [0, 1]),
]


@pytest.mark.parametrize(("selection", "expected"), SELECTED)
def test_queries(client: DomainClient, account: UUID, selection: Any, expected: list[int]) -> None:
    """One book, streamed or synchronized: both ends of a range are part of it for the caller, whatever travels."""
    query = Query(Cover("account", account), selection)

    assert sequences(client.query.get_event_book(query)) == expected
    assert [n for book in client.query.get_events(query) for n in sequences(book)] == expected
    assert [sequences(book) for book in client.query.synchronize([query])] == [expected]


def test_workflows_and_roots(client: DomainClient, account: UUID) -> None:
    """By correlation id, and everything there is."""
    (book,) = client.query("account").by_correlation_id("deposit-2").get_events()

    assert sequences(book) == [2]
    assert [found.root for found in client.query.get_aggregate_roots()] == [account]


def test_what_ifs(client: DomainClient, account: UUID) -> None:
    """Now, at a sequence, and at a moment, which is a sequence by the time it is asked for."""
    pages = client.query("account", account).get_pages()
    assert pages[1].created_at is not None
    withdrawal = client.command(Withdraw(amount=3), account)

    assert [each.sequence for each in withdrawal.speculate().pages] == [4]
    with pytest.raises(Rejected):
        withdrawal.speculate(as_of=1)
    with pytest.raises(Rejected):
        withdrawal.speculate(as_of=pages[0].created_at)
    with pytest.raises(Rejected) as before:
        withdrawal.speculate(as_of=pages[1].created_at - timedelta(days=1))
    assert before.value.details == {"missing": "3"}


def test_the_generation_is_not_asked_for_where_the_newest_is_served(served: tuple[Coordinator, str]) -> None:
    """The first answer tells."""
    with DomainClient.connect(served[1]) as client:
        client.query("account", ROOT).get_event_book()

        assert client.connection.speaker.protocol is Protocol.NEWEST


@pytest.mark.parametrize("protocol", OLDER)
def test_repositories(served: tuple[Coordinator, str], protocol: Protocol) -> None:
    """Load, execute, preview and history go the older ways."""
    with DomainClient.connect(served[1], protocol=protocol) as client:
        accounts = Repository(Account, client)
        accounts.execute(ROOT, OpenAccount(owner="ada"))
        accounts.execute(ROOT, Deposit(amount=5))

        assert accounts.load(ROOT).balance == 5
        assert accounts.load(ROOT, as_of=0).balance == 0
        assert accounts.preview(ROOT, Withdraw(amount=9), remote=True).rejection is not None
        assert [step.event for step in accounts.history(ROOT)][1:] == [Deposited(amount=5)]
        assert list(accounts.roots()) == [ROOT]


@pytest.mark.parametrize("protocol", OLDER)
def test_books_have_all_their_pages(protocol: Protocol) -> None:
    """A snapshot stands for none of them there, and a stream is one book."""

    def answer(call: Any) -> BusinessResponse:
        snapshot = Snapshot(call.next_sequence, COMMAND)
        return BusinessResponse(EventBook(pages=(page(),), snapshot=snapshot))

    query = Query(Cover("account", ROOT))
    with Coordinator([Logic(answer)]) as coordinator, coordinator.start("127.0.0.1:0") as serving:
        with DomainClient.connect(serving.addresses[0], protocol=protocol) as client:
            for _ in range(3):
                client.command("account", ROOT).with_command("shop.Add", b"").send()
            whole = client.query.get_event_book(query)
            present = client.query("account", ROOT).as_of_sequence(1).get_event_book()
        with DomainClient.connect(serving.addresses[0]) as newest:
            assert newest.query.get_event_book(query).snapshot is not None
        with grpc.insecure_channel(serving.addresses[0]) as channel:
            stream: Any = channel.unary_stream
            (book,) = stream(RELEASED.get_events.path)(RELEASED.get_events.encode_request(query))

    assert (sequences(whole), whole.snapshot) == ([0, 1, 2], None)
    assert (sequences(present), present.snapshot) == ([0, 1], None)
    assert sequences(RELEASED.get_events.decode_response(book)) == [0, 1, 2]


# What the recorded coordinator takes and this one does not: silently dropped pages, and a sequence left to chance.
STRICTER = {"no pages", "page without header", "merge strategy 4"}


@pytest.mark.parametrize(
    "exchange", [pytest.param(each, id=each.name) for each in recorded("validation") if each.requests]
)
def test_requests_that_make_no_sense_are_refused_as_recorded(served: tuple[Coordinator, str], exchange: Any) -> None:
    """The same status wherever the recorded coordinator refuses."""
    with grpc.insecure_channel(served[1]) as channel:
        unary: Any = channel.unary_unary
        status = "OK"
        try:
            unary(exchange.path)(exchange.requests[0])
        except grpc.RpcError as error:
            failed: Any = error
            status = failed.code().name

    refused = exchange.status != "OK" or exchange.name in STRICTER
    assert (status != "OK") is refused
    if exchange.status != "OK":
        assert status in {exchange.status, "UNIMPLEMENTED"}
