"""What users write and type checkers understand, without a plugin of ours. Never run; the test beside it checks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type
from uuid import UUID

import attrs
from google.protobuf import wrappers_pb2
from hypothesis import strategies as st

from angzarr_domain import (
    Aggregate,
    AggregateClient,
    AngzarrError,
    AsyncAggregateClient,
    AsyncDomainClient,
    AsyncQueryClient,
    AsyncRepository,
    AsyncSpeculativeClient,
    Context,
    DomainClient,
    Escalation,
    QueryClient,
    Refused,
    Rejected,
    Repository,
    SpeculativeClient,
    Undo,
    accepts,
    aggregate,
    applies,
    compensates,
    describe,
    handles,
    undoes,
    upcasts,
)
from angzarr_domain.aggregates import (
    AggregateDefinition,
    Catalogue,
    Compensation,
    Replayed,
    SnapshotPolicy,
    accept,
    compensate,
    decide,
    definition_of,
    replay,
    state_checked,
    undo,
)
from angzarr_domain.books import (
    AggregateRoot,
    CommandBook,
    CommandResponse,
    Cover,
    Destinations,
    EventBook,
    EventPage,
    Message,
    ProcessManagerRequest,
    ProcessManagerResponse,
    Projection,
    SagaRequest,
    SagaResponse,
    SequenceRange,
)
from angzarr_domain.client import (
    AsyncCommandBuilder,
    AsyncQueryBuilder,
    AsyncReadyCommand,
    CommandBuilder,
    CommandResult,
    QueryBuilder,
    ReadyCommand,
    decode_event,
    decode_events,
    events_from_response,
)
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import StateMutated
from angzarr_domain.hosting import Host
from angzarr_domain.repositories import HistoryStep
from angzarr_domain.testing import (
    ANY,
    Given,
    Outcome,
    ScenarioContext,
    given,
    given_recorded,
    make_command_book,
    make_cover,
    make_event_book,
    make_event_page,
    uuid_for,
    uuid_obj_for,
    uuid_str_for,
)
from angzarr_domain.testing.models import Coverage, Explored, check_aggregate, command, commands, explore
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Account, Deposit, Deposited, Open, Opened, Withdraw, Withdrawn
from tests.library.loan_commands import AsyncLoanCommands, LoanCommands
from tests.library.loan_messages import Condition

ROOT = UUID(int=7)


# --- the author ---


@aggregate(domain="shop")
class Shop(Aggregate):
    """Every shape that a declaration may have."""

    name: str = ""
    stock: dict[str, int] = attrs.field(factory=dict[str, int])
    limit: int = attrs.field(default=0, validator=attrs.validators.ge(0))

    @handles
    def open(self, command: Open) -> Opened:
        if self.exists:
            raise Rejected("SHOP_EXISTS", "it is open already", root=self.root, limit=self.limit)
        return Opened(owner=command.owner)

    @handles
    def restock(self, command: Deposit, context: Context) -> Iterator[Deposited]:
        assert_type(context.now(), datetime)
        assert_type(context.new_id(), UUID)
        yield Deposited(amount=command.amount)

    @handles(Withdraw)
    def sell(self, command: Withdraw) -> Withdrawn | None:
        return Withdrawn(amount=command.amount) if command.amount else None

    @handles(wrappers_pb2.Int32Value)
    def compiled(self, command: wrappers_pb2.Int32Value, context: Context) -> list[wrappers_pb2.StringValue]:
        return [wrappers_pb2.StringValue(value=f"{command.value} of {context.root}")]

    @applies
    def opened(self, event: Opened) -> None:
        self.name = event.owner

    @applies(wrappers_pb2.StringValue)
    def noted(self, event: wrappers_pb2.StringValue) -> None:
        self.name = event.value


def author() -> None:
    """State is built by its fields, handlers are called like methods."""
    shop = Shop(name="corner", limit=3)
    assert_type(shop, Shop)
    assert_type(shop.open(Open(owner="ada")), Opened)
    assert_type(shop.sell(Withdraw(amount=1)), Withdrawn | None)
    assert_type(shop.restock(Deposit(amount=1), Context()), Iterator[Deposited])
    assert_type(shop.opened(Opened(owner="ada")), None)
    assert_type((shop.root, shop.exists, shop.next_sequence), tuple[UUID, bool, int])
    assert_type(definition_of(Shop), AggregateDefinition[Shop])
    assert_type(attrs.asdict(shop), dict[str, Any])


def catalogue() -> None:
    """What a class declares, as values."""
    described = describe(Shop)
    assert_type(described, Catalogue)
    assert_type((described.text(), described.mermaid(), described.data()), tuple[str, str, dict[str, Any]])
    assert_type(described.commands[0].rejections.codes, tuple[str, ...])
    assert_type([finding.code for finding in described.findings], list[str])
    with state_checked():
        assert_type(StateMutated("total", "Shop.open").field, str)


def core() -> None:
    """The two functions that own the meaning keep the class."""
    replayed = replay(definition_of(Shop), EventBook(), PayloadCodec())
    assert_type(replayed, Replayed[Shop])
    assert_type(replayed.state, Shop)
    assert_type(decide(definition_of(Shop), replayed, Open()).rejection, Rejected | None)


@aggregate(
    domain="stall",
    ignores=[Opened],
    aliases={"shop.v0.Deposited": Deposited},
    unknown="strict",
    snapshot=SnapshotPolicy(slower_than=timedelta(milliseconds=20)),
    version=2,
    state=Deposited,
)
class Stall(Aggregate):
    """Everything that can happen beside a command."""

    stock: int = 0

    @accepts
    def told(self, fact: Deposited, context: Context) -> Deposited:
        return Deposited(amount=fact.amount or context.next_sequence)

    @accepts(Opened)
    def heard(self, fact: Opened) -> Iterator[Opened | Deposited]:
        yield fact

    @compensates(Withdraw)
    def refused(self, refused: Refused[Withdraw]) -> Deposited | Escalation | None:
        assert_type(refused.command, Withdraw)
        assert_type((refused.code, refused.reason, refused.domain, refused.root), tuple[str, str, str, UUID | None])
        return Escalation(refused.reason, forward=refused.notification)

    @compensates(Deposit, domain="bank")
    def refused_by_bank(self, refused: Refused[Deposit], context: Context) -> tuple[Deposited, ...]:
        return (Deposited(amount=refused.command.amount),)

    @undoes(Deposit)
    def undone(self, undo: Undo[Deposit]) -> Deposited | None:
        assert_type(undo.command, type[Deposit])
        assert_type(undo.sequences, tuple[int, ...])
        return undo.pages[0].decode(Deposited) if undo.pages else None

    @staticmethod
    @upcasts
    def of_before(event: Withdrawn) -> Deposited:
        return Deposited(amount=-event.amount)

    @upcasts(Withdraw)
    @staticmethod
    def of_long_before(event: Withdraw) -> tuple[Withdrawn, Deposited] | None:
        return None

    @applies
    def stocked(self, event: Deposited) -> None:
        self.stock += event.amount


def pure_occasions(codec: PayloadCodec, stall: Stall) -> None:
    """Marked methods keep their types, and so do the functions beside `decide`."""
    assert_type(stall.told(Deposited(amount=1), Context()), Deposited)
    assert_type(Stall.of_before(Withdrawn(amount=1)), Deposited)
    assert_type(Stall.of_long_before(Withdraw(amount=1)), tuple[Withdrawn, Deposited] | None)
    definition = definition_of(Stall)
    replayed = replay(definition, None, codec)
    assert_type(accept(definition, replayed, [Deposited(amount=1)]), tuple[tuple[Message, ...], ...])
    assert_type(compensate(definition, replayed, Refused(Withdraw(amount=1), code="NO")), Compensation)
    assert_type(undo(definition, replayed, Undo(Deposit, (1, 2))), tuple[Message, ...])


# --- the caller ---


def caller(client: DomainClient) -> None:
    """Builders, plain calls and typed answers."""
    assert_type(client.command("account", ROOT), CommandBuilder)
    assert_type(client.command(Deposit(amount=5), ROOT), ReadyCommand)
    assert_type(client.command("account", ROOT).with_command(Deposit(amount=5)), ReadyCommand)
    result = client.command(Withdraw(amount=9), str(ROOT)).with_sequence(3).send_sync()
    assert_type(result, CommandResult)
    assert_type(result.events, tuple[Message, ...])
    assert_type(client.command(Withdraw(amount=9)).speculate(), CommandResult)
    assert_type(client.query, QueryClient)
    assert_type(client.query("account", ROOT), QueryBuilder)
    assert_type(client.query("account", ROOT).range(0, 10).get_event_book(), EventBook)
    assert_type(client.aggregate, AggregateClient)
    for page in client.query("account", ROOT).get_event_book().pages:
        assert_type(page.decode(Deposited), Deposited)
        assert_type(page.decode(), Message)
    assert_type(SequenceRange(0, 10).upper, int | None)


def generated_commands(client: DomainClient, awaited: AsyncDomainClient) -> None:
    """Methods know their fields, and what comes after them is as for any command."""
    loans = LoanCommands(client, ROOT)
    assert_type(loans.borrow(self_="ada", until=datetime(2026, 5, 4, tzinfo=UTC)), ReadyCommand)
    assert_type(loans.return_(condition=Condition.WORN, marks={"ink": 2}, notes=("torn",)), ReadyCommand)
    assert_type(loans.exists().with_sequence(3).send_sync(), CommandResult)
    assert_type(LoanCommands(client).borrow().speculate(), CommandResult)
    assert_type(AsyncLoanCommands(awaited, str(ROOT)).borrow(until=None), AsyncReadyCommand)


def what_ifs(client: DomainClient, events: EventBook) -> None:
    """Requests are values, and so are the answers; what they hold decodes."""
    assert_type(client.speculative, SpeculativeClient)
    assert_type(SpeculativeClient.connect("localhost:1310"), SpeculativeClient)
    assert_type(client.speculative.projector(events), Projection)
    assert_type(client.speculative.projector(events).decode(Deposited), Deposited)
    assert_type(client.speculative.saga(events), SagaResponse)
    for book in client.speculative.saga(SagaRequest(events)).commands:
        assert_type(book, CommandBook)
        assert_type([page.decode(Deposit) for page in book.pages], list[Deposit])
    assert_type(client.speculative.process_manager(ProcessManagerRequest(events)), ProcessManagerResponse)


def decoding(response: CommandResponse) -> None:
    """By the class that is asked for."""
    pages = events_from_response(response)
    assert_type(pages, tuple[EventPage, ...])
    assert_type(decode_event(pages[0], Deposited), Deposited | None)
    assert_type(decode_events(pages, Deposited), tuple[Deposited, ...])


def reacting(command: CommandBook) -> None:
    """What a saga sends is stamped."""
    outputs = Destinations.declared("payment", ["shipping"])
    assert_type(outputs, Destinations)
    assert_type(outputs.stamp_command(command, Cover("order", ROOT), 3), CommandBook)


def connecting() -> None:
    """Each way gives the class that was asked."""
    with DomainClient.connect("localhost:1310", types=[Deposited], aggregates=[Account]) as client:
        assert_type(client, DomainClient)
    assert_type(AggregateClient.connect("localhost:1310"), AggregateClient)
    assert_type(QueryClient.from_env("ANGZARR_ENDPOINT", "localhost:1310"), QueryClient)


def model(client: DomainClient) -> None:
    """A repository keeps the class of its aggregate."""
    repo = Repository(Account, client)
    assert_type(repo, Repository[Account])
    assert_type(repo.load(ROOT), Account)
    assert_type(repo.load(str(ROOT), as_of=7).balance, int)
    assert_type(repo.load(ROOT, as_of=datetime.now(UTC)), Account)
    done = repo.execute(ROOT, Withdraw(amount=9))
    assert_type(done.state, Account)
    assert_type(repo.execute(ROOT, lambda account: Withdraw(amount=account.balance)).attempts, int)
    seen = repo.preview(ROOT, Withdraw(amount=9))
    assert_type(seen.state, Account)
    assert_type(seen.rejection, Rejected | None)
    for step in repo.history(ROOT):
        assert_type(step.state, Account)
    assert_type(repo.exists(ROOT), bool)
    assert_type(repo.roots(), Iterator[UUID])


async def async_caller(client: AsyncDomainClient) -> None:
    """The same names, awaited."""
    assert_type(client.command("account", ROOT), AsyncCommandBuilder)
    assert_type(client.command(Deposit(amount=5), ROOT), AsyncReadyCommand)
    assert_type(client.command("account", ROOT).with_command(Deposit(amount=5)), AsyncReadyCommand)
    result = await client.command(Withdraw(amount=9), str(ROOT)).with_sequence(3).send_sync()
    assert_type(result, CommandResult)
    assert_type(await client.command(Withdraw(amount=9)).speculate(), CommandResult)
    assert_type(client.query, AsyncQueryClient)
    assert_type(client.query("account", ROOT).range(0, 10), AsyncQueryBuilder)
    assert_type(await client.query("account", ROOT).get_event_book(), EventBook)
    async for book in client.query("account", ROOT).get_events():
        assert_type(book, EventBook)
    assert_type(client.aggregate, AsyncAggregateClient)
    assert_type(client.speculative, AsyncSpeculativeClient)
    assert_type(await client.speculative.saga(EventBook()), SagaResponse)
    async with aclosing(client.query.get_aggregate_roots()) as roots:
        assert_type(await anext(roots), AggregateRoot)


async def async_connecting() -> None:
    """Each way gives the class that was asked."""
    async with AsyncDomainClient.connect("localhost:1310", types=[Deposited], aggregates=[Account]) as client:
        assert_type(client, AsyncDomainClient)
    assert_type(AsyncAggregateClient.connect("localhost:1310"), AsyncAggregateClient)
    assert_type(AsyncQueryClient.from_env("ANGZARR_ENDPOINT", "localhost:1310"), AsyncQueryClient)


async def async_model(client: AsyncDomainClient) -> None:
    """An asynchronous repository keeps the class of its aggregate."""
    repo = AsyncRepository(Account, client)
    assert_type(repo, AsyncRepository[Account])
    assert_type(await repo.load(ROOT), Account)
    done = await repo.execute(ROOT, lambda account: Withdraw(amount=account.balance))
    assert_type(done.state, Account)
    assert_type((await repo.preview(ROOT, Withdraw(amount=9))).state, Account)
    async for step in repo.history(ROOT):
        assert_type(step, HistoryStep[Account])
        assert_type(step.state, Account)
    assert_type(await repo.history(ROOT).blame("balance"), HistoryStep[Account] | None)
    assert_type(await repo.exists(ROOT), bool)
    async for root in repo.roots():
        assert_type(root, UUID)


def catching(client: DomainClient) -> CommandResponse | str:
    """A refusal is the very class that handlers raise."""
    try:
        client.command(Withdraw(amount=9), ROOT).send_sync()
    except Rejected as rejection:
        return rejection.details["balance"]
    except AngzarrError as error:
        return error.code
    return ""


# --- the tester and the operator ---


def tester() -> None:
    """Scenarios keep the class."""
    start = given(Account, Opened(owner="ada"), Deposited(amount=10), now=datetime.now(UTC))
    assert_type(start, Given[Account])
    assert_type(start.when(Withdraw(amount=11)), Outcome[Account])
    assert_type(start.when(Withdraw(amount=11)).rejects("INSUFFICIENT_FUNDS", balance=10).state, Account)
    assert_type(start.when(Withdraw(amount=1)).then(Withdrawn(amount=1)).then_state(balance=9), Outcome[Account])
    assert_type(start.commands(Withdraw(amount=1)), Given[Account])
    assert_type(given_recorded(Account, "ledger.jsonl", root=ROOT), Given[Account])
    told = start.when_fact(Deposited(amount=1), external_id="a").then(Deposited(amount=ANY)).then_no_snapshot()
    assert_type(told, Outcome[Account])
    assert_type(told.when_refused(Withdraw(amount=1), code="X").escalates(Escalation(ANY)), Outcome[Account])
    assert_type(told.when_undone(Withdraw, sequences=(0,)).then_snapshot(balance=9).state, Account)
    assert_type(told.escalation, Escalation | None)


def tester_of_models() -> None:
    """Invariants are functions of the very class, in whichever of the two shapes."""
    deposits = st.integers(1, 9).map(lambda amount: Deposit(amount=amount))
    found = check_aggregate(
        Account,
        invariants=[lambda account: account.balance >= 0, lambda account, history: len(history) >= account.balance],
        commands={Deposit: deposits},
        fields={"amount": st.integers(1, 9)},
        start=[Opened(owner="ada")],
    )
    assert_type(found, Coverage)
    assert_type(explore(Account, [Deposit(amount=1), Withdraw(amount=1)], depth=4), Explored)
    assert_type(commands(Account), st.SearchStrategy[Message])
    assert_type(command(Withdraw, fields={"amount": st.just(1)}), st.SearchStrategy[Withdraw])


def tester_of_envelopes() -> None:
    """Identities in three forms, and envelopes of any of them."""
    assert_type((uuid_for("ada"), uuid_str_for("ada"), uuid_obj_for("ada")), tuple[bytes, str, UUID])
    cover = make_cover("account", uuid_for("ada"))
    assert_type(cover, Cover)
    assert_type(make_event_book(cover, [make_event_page(0, Deposited(amount=1))]), EventBook)
    assert_type(make_command_book(cover, Deposit(amount=1)), CommandBook)
    assert_type(ScenarioContext().event_book(), EventBook)


def operator() -> None:
    """Hosts and coordinators take decorated classes."""
    assert_type(Host([Account, Shop]), Host)
    with Coordinator([Account, Shop], "bank.db") as coordinator:
        assert_type(coordinator.client(), DomainClient)
        assert_type(coordinator.async_client(), AsyncDomainClient)
