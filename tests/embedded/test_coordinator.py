from __future__ import annotations

import gc
import logging
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from angzarr_domain import DomainClient, Repository
from angzarr_domain.books import (
    NOW,
    BusinessResponse,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    EventBook,
    EventRequest,
    MergeStrategy,
    Payload,
    Query,
    SpeculateRequest,
    SyncMode,
    TemporalQuery,
)
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    DecodeFailed,
    HandlerFailed,
    InvalidArgument,
    InvalidEndpoint,
    NotHandled,
    NotSupported,
    Rejected,
    ServingError,
    StoreError,
    UsageError,
)
from angzarr_domain.hosting import CommandCall, Host
from angzarr_domain.wire import METHODS
from examples.bank.messages import CloseAccount
from examples.bank.messages import Deposit as BankDeposit
from tests.hosting.ledger import Ledger, Payment
from tests.hosting.test_serving import SERVING, health
from tests.ledger import Account, Deposit, Deposited, Open, Withdraw, Withdrawn
from tests.wallet import Put, Wallet

from .asking import Logic, page

ROOT = UUID(int=7)


@pytest.fixture(name="data", params=["memory", "sqlite"])
def _data(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return None if request.param == "memory" else tmp_path / "ledger.db"


@pytest.fixture(name="coordinator")
def _coordinator(data: Path | None) -> Iterator[Coordinator]:
    with Coordinator([Account, Wallet], data) as coordinator:
        yield coordinator


@pytest.fixture(name="client", params=["in process", "grpc"])
def _client(request: pytest.FixtureRequest, coordinator: Coordinator) -> Iterator[DomainClient]:
    """The same client with and without a socket."""
    with ExitStack() as stack:
        if request.param == "in process":
            yield stack.enter_context(coordinator.client())
            return
        serving = stack.enter_context(coordinator.start("localhost:0"))
        yield stack.enter_context(DomainClient.connect(serving.addresses[0], aggregates=[Account, Wallet]))


class TestCommandsAndQueries:
    def test_a_command_is_stored_and_read_back(self, client: DomainClient) -> None:
        """Accepted at 0, and the history has it (C-0191, C-0207, C-0225 to C-0228)."""
        result = client.command("ledger", ROOT).with_command(Open(owner="ada")).with_sequence(0).send_sync()
        book = client.query("ledger", ROOT).get_event_book()
        assert [each.sequence for each in result.pages] == [0]
        assert book.pages == result.pages
        assert Repository(Account, client).load(ROOT).owner == "ada"

    def test_the_domain_of_its_own_commands_is_known(self, client: DomainClient) -> None:
        """So a command needs no domain."""
        client.command(Deposit(amount=5), ROOT).send_sync()
        page = client.query("ledger", ROOT).get_event_book().pages[0]
        assert page.decode() == Deposited(amount=5)

    def test_a_stale_command_shows_what_got_in_between(self, client: DomainClient) -> None:
        """Refused because the aggregate moved on (C-0194); resent at the next sequence it is accepted (C-0196)."""
        for _ in range(3):
            client.command(Deposit(amount=5), ROOT).with_correlation_id("").send_sync()
        before = client.query("ledger", ROOT).get_event_book().next_sequence
        with pytest.raises(Conflict) as refused:
            client.command(Deposit(amount=5), ROOT).with_sequence(before - 2).send_sync()
        assert refused.value.events is not None
        assert [each.sequence for each in refused.value.events] == [before - 2, before - 1]
        client.command(Deposit(amount=5), ROOT).with_sequence(before).send_sync()

    def test_events_are_found_by_their_correlation_id(self, client: DomainClient) -> None:
        """Of every aggregate (C-0193, C-0241)."""
        roots = [uuid4(), uuid4()]
        for root in roots:
            client.command(Deposit(amount=5), root).with_correlation_id("workflow-1").send_sync()
        books = list(client.query("ledger").by_correlation_id("workflow-1").get_events())
        assert [(book.cover.root, book.cover.correlation_id) for book in books if book.cover] == [
            (root, "workflow-1") for root in roots
        ]

    def test_a_what_if_stores_nothing(self, client: DomainClient) -> None:
        """Now or at a past point (C-0266, C-0267)."""
        client.command(Deposit(amount=5), ROOT).send_sync()
        client.command(Withdraw(amount=5), ROOT).send_sync()
        book = CommandBook(Cover("ledger", ROOT), (CommandPage(Payload("/tests.ledger.Withdraw", b"\x08\x05")),))
        then = client.aggregate.handle_sync_speculative(SpeculateRequest(book, TemporalQuery(1)))
        assert then.events is not None
        assert [each.decode() for each in then.events.pages] == [Withdrawn(amount=5)]
        with pytest.raises(Rejected):
            client.aggregate.handle_sync_speculative(SpeculateRequest(book, TemporalQuery(NOW)))
        assert len(client.query("ledger", ROOT).get_event_book().pages) == 3

    def test_roots_and_synchronized_queries(self, client: DomainClient) -> None:
        """Every aggregate, and a book for each of many queries."""
        roots = sorted([uuid4(), uuid4()])
        for root in roots:
            client.command(Open(owner="ada"), root).send_sync()
        assert [each.root for each in client.query.get_aggregate_roots()] == roots
        queries = [Query(Cover("ledger", root)) for root in roots]
        assert [len(book.pages) for book in client.query.synchronize(queries)] == [1, 1]

    def test_a_handler_that_breaks_stores_nothing(self, client: DomainClient) -> None:
        """UNHANDLED_HANDLER_ERROR, without the payload; other commands go on."""
        with Coordinator([Ledger]) as other, other.client() as broken:
            with pytest.raises(HandlerFailed) as refused:
                broken.command("ledger", ROOT).with_command(CloseAccount(reference="secret")).send_sync()
            assert broken.query("ledger", ROOT).get_event_book().pages == ()
        assert "secret" not in str(refused.value)
        client.command(Deposit(amount=5), ROOT).send_sync()


def command(payload: Payload, **fields: Any) -> CommandRequest:
    cover = fields.pop("cover", Cover("ledger", ROOT))
    mode = fields.pop("mode", SyncMode.ASYNC)
    fields = {"merge_strategy": MergeStrategy.AGGREGATE_HANDLES} | fields
    return CommandRequest(CommandBook(cover, (CommandPage(payload, **fields),)), mode)


ADD = Payload("/tests.ledger.Deposit", b"\x08\x05")

FAILING: dict[str, tuple[type[AngzarrError], Callable[[DomainClient], object]]] = {
    "rejection": (Rejected, lambda client: client.command(Withdraw(amount=9), ROOT).send_sync()),
    "conflict": (Conflict, lambda client: client.command(Deposit(amount=9), ROOT).with_sequence(4).send_sync()),
    "unknown domain": (NotHandled, lambda client: client.command("wallet", ROOT).with_command(Open()).send_sync()),
    "unknown type": (NotHandled, lambda client: client.command("ledger", ROOT).with_command("x.Y", b"").send_sync()),
    "unreadable": (
        DecodeFailed,
        lambda client: client.command("ledger", ROOT).with_command("tests.ledger.Deposit", b"\xff").send_sync(),
    ),
    "no sequence": (
        InvalidArgument,
        lambda client: client.aggregate.handle_sync(command(ADD, merge_strategy=MergeStrategy.STRICT)),
    ),
    "no root": (InvalidArgument, lambda client: client.aggregate.handle_sync(command(ADD, cover=Cover("ledger")))),
    "cascade": (NotSupported, lambda client: client.aggregate.handle_sync(command(ADD, mode=SyncMode.CASCADE))),
    "facts": (InvalidArgument, lambda client: client.aggregate.handle_event(EventRequest(EventBook()))),
    "no point": (
        InvalidArgument,
        lambda client: client.query.get_event_book(Query(Cover("ledger", ROOT), TemporalQuery())),
    ),
    "no cover": (InvalidArgument, lambda client: list(client.query.get_events(Query()))),
    "synchronized": (InvalidArgument, lambda client: list(client.query.synchronize([Query()]))),
}


@pytest.mark.parametrize("name", FAILING)
def test_errors_are_the_same_with_and_without_a_socket(name: str) -> None:
    """Class, code, status, text and fields: in-process callers and remote ones see the very same."""
    kind, call = FAILING[name]
    errors: list[AngzarrError] = []
    with Coordinator([Account]) as coordinator, coordinator.start("localhost:0") as serving:
        for client in (
            coordinator.client(),
            DomainClient.connect(serving.addresses[0], aggregates=[Account]),
        ):
            with client, pytest.raises(kind) as refused:
                call(client)
            errors.append(refused.value)
    near, far = ((type(each), each.code, each.status, each.message, dict(each.details)) for each in errors)
    assert near == far
    assert errors[0].__cause__ is None


class TestManyAtOnce:
    @pytest.mark.parametrize(
        "count", [pytest.param(1, id="one root", marks=pytest.mark.once), pytest.param(32, id="32 roots")]
    )
    def test_32_threads_of_50_commands(self, client: DomainClient, count: int) -> None:
        """All are answered, and every one is stored once."""
        roots = [uuid4() for _ in range(count)]

        def work(number: int) -> None:
            for command in range(50):
                correlation = f"{number}-{command}"
                client.command(Put(amount=1), roots[number % count]).with_correlation_id(correlation).send_sync()

        with ThreadPoolExecutor(32) as threads:
            list(threads.map(work, range(32)))
        repository = Repository(Wallet, client)
        loaded = [repository.load(root) for root in roots]
        assert sum(each.balance for each in loaded) == 1_600
        assert {each.next_sequence for each in loaded} == {1_600 // count}
        found = [client.query("wallet").by_correlation_id(f"{n}-49").get_event_book() for n in range(32)]
        assert [len(book.pages) for book in found] == [1] * 32

    def test_of_writers_at_one_sequence_exactly_one_lands(self, client: DomainClient) -> None:
        """The others see a conflict (C-0195)."""

        def write(_number: int) -> bool:
            try:
                client.command(Open(owner="ada"), ROOT).with_sequence(0).send_sync()
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            landed = list(threads.map(write, range(8)))
        assert landed.count(True) == 1
        assert len(client.query("ledger", ROOT).get_event_book().pages) == 1

    def test_commands_in_waiting_keep_nobody_from_asking(self) -> None:
        """Queries have threads of their own, and so have streams."""
        release = threading.Event()

        def hang(_call: CommandCall) -> BusinessResponse:
            release.wait(30)
            return BusinessResponse()

        with (
            Coordinator([Logic(hang)]) as coordinator,
            coordinator.start("localhost:0") as serving,
            DomainClient.connect(serving.addresses[0]) as client,
            ThreadPoolExecutor(40) as threads,
        ):
            add = Payload("/shop.Add", b"")
            waiting = [
                threads.submit(client.aggregate.handle_sync, command(add, cover=Cover("account", uuid4())))
                for _ in range(40)
            ]
            assert client.query("account", ROOT).get_event_book().pages == ()
            assert [book.pages for book in client.query("account", ROOT).get_events()] == [()]
            release.set()
            assert [each.exception() for each in waiting] == [None] * 40


class TestBusinessLogicElsewhere:
    def test_a_target_decides(self) -> None:
        """The same class hosted elsewhere, beside one in process."""
        with (
            Host([Ledger]).start("localhost:0") as host,
            Coordinator([Payment], targets={"ledger": host.addresses[0]}) as coordinator,
            coordinator.client() as client,
        ):
            for domain in ("ledger", "payment"):
                client.command(domain, ROOT).with_command(BankDeposit(reference="a", amount=5)).send_sync()
            kept = [client.query(domain, ROOT).get_event_book().pages for domain in ("ledger", "payment")]
        assert coordinator.domains == ("payment", "ledger")
        assert [[each.sequence for each in pages] for pages in kept] == [[0], [0]]

    def test_a_target_that_is_down(self) -> None:
        """A connection error, nothing stored, and queries go on (C-0205)."""
        with Coordinator(targets={"ledger": "localhost:1"}) as coordinator, coordinator.client() as client:
            with pytest.raises(ConnectionFailed):
                client.command("ledger", ROOT).with_command(Open(owner="ada")).send_sync()
            assert client.query("ledger", ROOT).get_event_book().pages == ()

    def test_logic_of_ones_own_making(self) -> None:
        """Anything that answers as BusinessLogic does."""
        logic = Logic.of(page())
        with Coordinator([logic]) as coordinator, coordinator.client() as client:
            client.aggregate.handle_sync(command(Payload("/shop.Add", b""), cover=Cover("account", ROOT)))
            assert len(client.query("account", ROOT).get_event_book().pages) == 1


class TestMaking:
    @pytest.mark.parametrize(
        ("make", "kind"),
        [
            pytest.param(lambda: Coordinator([]), ServingError, id="nothing"),
            pytest.param(lambda: Coordinator([Ledger, Logic.of(), Logic.of()]), UsageError, id="a domain twice"),
            pytest.param(
                lambda: Coordinator([Account], targets={"ledger": "localhost:1"}), UsageError, id="here and elsewhere"
            ),
            pytest.param(lambda: Coordinator(targets={"ledger": "nowhere"}), InvalidEndpoint, id="no endpoint"),
            pytest.param(lambda: Coordinator(targets={"Ledger": "localhost:1"}), InvalidArgument, id="no domain"),
            pytest.param(lambda: Coordinator([int]), UsageError, id="no aggregate"),
            pytest.param(
                lambda: Coordinator(Account),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the slip
                UsageError,
                id="no list",
            ),
            pytest.param(lambda: Coordinator([Account], ""), UsageError, id="an empty path"),
            pytest.param(lambda: Coordinator([Account], ":memory:"), UsageError, id="a name of SQLite's"),
            pytest.param(lambda: Coordinator([Account], "/nowhere/a.db"), StoreError, id="no folder"),
        ],
    )
    def test_what_cannot_be_is_refused(self, make: Callable[[], Coordinator], kind: type[AngzarrError]) -> None:
        """At once, and with nothing left open."""
        with pytest.raises(kind):
            make()

    def test_a_failed_start_leaves_the_file_free(self, tmp_path: Path) -> None:
        """Whoever mends the mistake can go on."""
        with pytest.raises(UsageError):
            Coordinator([Account], tmp_path / "a.db", targets={"ledger": "localhost:1"})
        Coordinator([Account], tmp_path / "a.db").close()

    def test_memory_is_said_out_loud(self, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
        """A warning in the log, and in the repr; a file needs none."""
        with caplog.at_level(logging.WARNING), Coordinator([Account]) as coordinator:
            assert "memory only" in caplog.text
            assert repr(coordinator) == "<Coordinator of ledger: events in memory only>"
        caplog.clear()
        with caplog.at_level(logging.WARNING), Coordinator([Account], tmp_path / "a.db") as coordinator:
            assert caplog.text == ""
            assert "a.db" in repr(coordinator)

    def test_the_clock_stamps_events(self) -> None:
        """A test can say what time it is."""
        moment = datetime(2030, 1, 2, tzinfo=UTC)
        made = Coordinator([Account, Logic.of(page())], clock=lambda: moment)
        with made as coordinator, coordinator.client() as client:
            client.command(Deposit(amount=5), ROOT).send_sync()
            client.aggregate.handle_sync(command(Payload("/shop.Add", b""), cover=Cover("account", ROOT)))
            books = [client.query(domain, ROOT).get_event_book() for domain in ("ledger", "account")]
        assert {each.created_at for book in books for each in book.pages} == {moment}


class TestDeadlines:
    def test_a_program_that_holds_the_file(self, tmp_path: Path) -> None:
        """The caller's time bounds the wait for it, and nothing is stored once that is over."""
        path = tmp_path / "a.db"
        with Coordinator([Account], path) as coordinator, coordinator.client() as client:
            shell = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            shell.execute("BEGIN IMMEDIATE")
            late = threading.Timer(2, lambda: shell.execute("ROLLBACK"))
            late.start()
            with pytest.raises(StoreError, match="nothing was stored"):
                client.command(Deposit(amount=1), ROOT).send_sync(timeout=0.2)
            held = late.is_alive()
            late.cancel()
            late.join()
            shell.close()
            assert held
            assert client.query("ledger", ROOT).get_pages() == ()


class TestServing:
    def test_on_tcp_and_sockets_at_once(self, coordinator: Coordinator, short_path: Path) -> None:
        """One store behind all of them."""
        with coordinator.start("localhost:0", f"{short_path}/a.sock", f"unix:{short_path}/b.sock") as serving:
            for number, address in enumerate(serving.addresses):
                with DomainClient.connect(address, aggregates=[Account]) as client:
                    client.command(Deposit(amount=1), ROOT).send_sync()
                    assert Repository(Account, client).load(ROOT).balance == number + 1

    def test_health_and_reflection(self, coordinator: Coordinator) -> None:
        """Both services are told by name."""
        names = ["", METHODS.handle_command.service, METHODS.get_event_book.service]
        with coordinator.start("localhost:0") as serving, grpc.insecure_channel(serving.addresses[0]) as channel:
            answers = [health(serving.addresses[0], name) for name in names]
            listed = set(ProtoReflectionDescriptorDatabase(channel).get_services())
        assert answers == [SERVING] * 3
        assert listed >= set(names[1:])

    def test_a_second_coordinator_on_the_address(self, coordinator: Coordinator) -> None:
        """Refused by name; the first goes on undisturbed."""
        with coordinator.start("localhost:0") as serving, Coordinator([Account]) as second:
            with pytest.raises(ServingError, match=serving.addresses[0]):
                second.start(serving.addresses[0]).start()
            with DomainClient.connect(serving.addresses[0], aggregates=[Account]) as client:
                client.command(Deposit(amount=1), ROOT).send_sync()

    def test_the_coordinator_outlives_its_server(self, coordinator: Coordinator) -> None:
        """Stopping to serve closes nothing."""
        with coordinator.start("localhost:0"):
            pass
        with coordinator.client() as client:
            client.command(Deposit(amount=1), ROOT).send_sync()

    def test_serve_blocks_until_it_is_stopped(self, data: Path | None) -> None:
        """And closes the coordinator then."""
        stop, told = threading.Event(), threading.Event()
        addresses: list[str] = []

        def announce(found: tuple[str, ...]) -> None:
            addresses.extend(found)
            told.set()

        coordinator = Coordinator([Account], data)
        serving = threading.Thread(target=lambda: coordinator.serve("localhost:0", stop=stop, announce=announce))
        serving.start()
        assert told.wait(20)
        with DomainClient.connect(addresses[0], aggregates=[Account]) as client:
            client.command(Deposit(amount=1), ROOT).send_sync()
        stop.set()
        serving.join(20)
        assert not serving.is_alive()
        with pytest.raises(UsageError, match="closed"):
            coordinator.client()


class TestClosing:
    def test_everything_is_refused_afterwards(self, coordinator: Coordinator) -> None:
        """By clients that are still open, too; closing again is harmless."""
        with coordinator.client() as client:
            coordinator.close()
            coordinator.close()
            with pytest.raises(StoreError) as refused:
                client.command(Deposit(amount=1), ROOT).send_sync()
            assert refused.value.code == "STORE_CLOSED"
        with pytest.raises(UsageError, match="closed"):
            coordinator.start("localhost:0")

    def test_a_server_that_was_made_before(self, coordinator: Coordinator) -> None:
        """Serves nothing any more: every call would only learn that the coordinator is closed."""
        serving = coordinator.start("localhost:0")
        coordinator.close()
        with pytest.raises(UsageError, match="once it was stopped"):
            serving.start()

    def test_a_closed_client_leaves_the_coordinator_open(self, coordinator: Coordinator) -> None:
        """Each client is its own."""
        first, second = coordinator.client(), coordinator.client()
        first.close()
        with pytest.raises(UsageError) as refused:
            first.command(Deposit(amount=1), ROOT).send_sync()
        assert refused.value.code == "CLIENT_CLOSED"
        second.command(Deposit(amount=1), ROOT).send_sync()
        second.close()

    def test_a_handler_that_outlives_it_stores_nothing(self, tmp_path: Path) -> None:
        """A decision made after the end is refused, and the file can be opened by another coordinator."""
        path, begun, release = tmp_path / "a.db", threading.Event(), threading.Event()

        def late(_call: CommandCall) -> BusinessResponse:
            begun.set()
            release.wait(30)
            return BusinessResponse(EventBook(pages=(page(),)))

        coordinator = Coordinator([Logic(late)], path)
        client = coordinator.client()
        request = command(Payload("/shop.Add", b""), cover=Cover("account", ROOT))
        with ThreadPoolExecutor(1) as threads, client:
            sending = threads.submit(client.aggregate.handle_sync, request)
            assert begun.wait(20)
            coordinator.close()
            with Coordinator([Logic.of()], path) as after, after.client() as reading:
                release.set()
                assert isinstance(sending.exception(20), StoreError)
                assert reading.query("account", ROOT).get_event_book().pages == ()

    def test_a_caller_who_left_before_the_decision_stores_nothing(self) -> None:
        """Over gRPC: the deadline passes while business logic still thinks."""
        decided = threading.Event()

        def slow(_call: CommandCall) -> BusinessResponse:
            time.sleep(0.5)
            decided.set()
            return BusinessResponse(EventBook(pages=(page(),)))

        with (
            Coordinator([Logic(slow)]) as coordinator,
            coordinator.start("localhost:0") as serving,
            DomainClient.connect(serving.addresses[0]) as client,
        ):
            with pytest.raises(AngzarrError):
                client.aggregate.handle_sync(
                    command(Payload("/shop.Add", b""), cover=Cover("account", ROOT)), timeout=0.2
                )
            assert decided.wait(20)
            time.sleep(0.2)
            assert client.query("account", ROOT).get_event_book().pages == ()

    def test_a_deadline_holds_in_process_too(self, coordinator: Coordinator) -> None:
        """What has no time left is not even begun."""
        with coordinator.client(timeout=1e-9) as client, pytest.raises(DeadlineExceeded):
            client.command(Deposit(amount=1), ROOT).send_sync()

    def test_one_dropped_unclosed_is_told_of(self) -> None:
        """A ResourceWarning that says what to do."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            dropped: Coordinator | None = Coordinator([Account])
            del dropped
            gc.collect()
        assert [each.category for each in caught] == [ResourceWarning]
        assert "dropped unclosed" in str(caught[0].message)

    def test_a_client_keeps_its_coordinator(self, tmp_path: Path) -> None:
        """`Coordinator([...], path).client()` is enough for as long as the client is used."""
        client = Coordinator([Account], tmp_path / "a.db").client()
        gc.collect()
        client.command(Deposit(amount=1), ROOT).send_sync()
        with pytest.warns(ResourceWarning, match="Coordinator"):
            client.close()

    def test_one_that_was_dropped_lets_go_of_its_file(self, tmp_path: Path) -> None:
        """What nobody can use any more keeps neither the connections nor the lock."""
        with pytest.warns(ResourceWarning, match="dropped unclosed"):
            Coordinator([Account], tmp_path / "a.db")
        gc.collect()

        with Coordinator([Account], tmp_path / "a.db") as another:
            assert another.domains == ("ledger",)
