"""Aggregates served to a coordinator over real connections."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from angzarr_domain.books import (
    CommandBook,
    ContextualCommand,
    Cover,
    EventBook,
    EventPage,
    FactRequest,
    Notification,
    Payload,
    ReplayRequest,
)
from angzarr_domain.exceptions import (
    CorruptHistory,
    HandlerFailed,
    InvalidArgument,
    InvalidEndpoint,
    NotHandled,
    Rejected,
    ServingError,
    UsageError,
)
from angzarr_domain.hosting import Host
from angzarr_domain.wire import METHODS, NOTIFICATION
from examples.bank.messages import CloseAccount, Deposit, Deposited, NoteRefusal, OperationRefused, Withdraw
from tests.hosting.asking import CODEC, ROOT, ask, book, deposits, handle, request
from tests.hosting.ledger import Ledger, Payment
from tests.hosting.test_serving import SERVING, health

HOST = Host([Ledger, Payment])
SERVICE = "io.angzarr.v1.CommandHandlerService"


@pytest.fixture(name="address", scope="module")
def _address() -> Iterator[str]:
    """A host of two domains, for all tests of this module."""
    with HOST.start("127.0.0.1:0") as server:
        yield server.addresses[0]


def test_command_reaches_its_aggregate(address: str) -> None:
    """A ContextualCommand is decided on the history that came with it (C-0497)."""
    events = handle(address, request(Withdraw(amount=4), book(3, 2)))

    assert [page.sequence for page in events.pages] == [2, 3]


@pytest.mark.parametrize(("domain", "reference"), [("ledger", "mine"), ("payment", "paid")])
def test_domains_are_routed_on_one_host(address: str, domain: str, reference: str) -> None:
    """Several components share a host, told apart by domain (C-0498)."""
    (page,) = handle(address, request(Deposit(reference="mine"), domain=domain)).pages

    assert page.event is not None
    assert CODEC.decode(page.event, Deposited).reference == reference


def test_socket_serves_as_well(short_path: Path) -> None:
    """TCP and Unix sockets at once (C-0499)."""
    with HOST.start("127.0.0.1:0", f"{short_path}/a.sock") as server:
        books = [handle(each, request(Deposit(amount=1))).pages for each in server.addresses]

    assert [len(pages) for pages in books] == [1, 1]


def test_health_is_told_by_name(address: str) -> None:
    """The service's full name is known to health (C-0500)."""
    assert [health(address, name) for name in ("", SERVICE)] == [SERVING, SERVING]


def test_services_of_the_application_are_served_and_healthy() -> None:
    """What the application adds is served beside, and health-reported (C-0503)."""

    def answer(data: bytes, _context: grpc.ServicerContext) -> bytes:
        return data

    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(answer)
    own = grpc.method_handlers_generic_handler("shop.v1.Own", {"Echo": method})
    with Host([Ledger], services=[own]).start("127.0.0.1:0") as server:
        state = health(server.addresses[0], "shop.v1.Own")
        with grpc.insecure_channel(server.addresses[0]) as channel:
            call = channel.unary_unary("/shop.v1.Own/Echo", request_serializer=bytes, response_deserializer=bytes)
            echoed = call(b"hello", timeout=20)

    assert (state, echoed) == (health_pb2.HealthCheckResponse.SERVING, b"hello")


def test_nothing_to_host_is_an_error() -> None:
    """No components: a configuration error (C-0504)."""
    with pytest.raises(ServingError):
        Host([])


def test_missing_command_book(address: str) -> None:
    """A request without a command book is INVALID_ARGUMENT."""
    with pytest.raises(InvalidArgument) as caught:
        ask(address, METHODS.handle, ContextualCommand())

    assert caught.value.code == "MISSING_COMMAND_BOOK"


def test_missing_page(address: str) -> None:
    """So is a book without a page."""
    with pytest.raises(InvalidArgument) as caught:
        ask(address, METHODS.handle, ContextualCommand(command=CommandBook(Cover("ledger", ROOT))))

    assert caught.value.code == "MISSING_COMMAND_PAGE"


def test_rejection_reaches_the_coordinator_whole(address: str) -> None:
    """Code, text and details of a refusal survive the way."""
    with pytest.raises(Rejected) as caught:
        handle(address, request(Withdraw(amount=9), book(3)))

    assert (caught.value.code, caught.value.message) == ("INSUFFICIENT_FUNDS", "not enough money")
    assert caught.value.details["balance"] == "3"


def test_unexpected_exception_reaches_the_coordinator_without_its_text(address: str) -> None:
    """Names only."""
    with pytest.raises(HandlerFailed) as caught:
        handle(address, request(CloseAccount(reference="hush")))

    assert "hush" not in caught.value.message


def test_corrupt_history_is_data_loss(address: str) -> None:
    """A stored event that does not decode is reported with its type."""
    events = EventBook(Cover("ledger", ROOT), (EventPage(Payload("/bank.v1.Deposited", b"\xff"), 0),))
    with pytest.raises(CorruptHistory) as caught:
        handle(address, request(Deposit(), events))

    assert caught.value.type_url == "/bank.v1.Deposited"


def test_head_is_what_the_coordinator_says(address: str) -> None:
    """next_sequence is taken from the book, not counted from its pages."""
    events = EventBook(Cover("ledger", ROOT), deposits(1, 2), next_sequence=9)
    (page,) = handle(address, request(Deposit(), events)).pages

    assert page.sequence == 9


def test_head_follows_the_pages_where_the_coordinator_says_nothing(address: str) -> None:
    """A coordinator that leaves next_sequence out is understood."""
    events = EventBook(Cover("ledger", ROOT), deposits(1, 2), next_sequence=0)
    (page,) = handle(address, request(Deposit(), events)).pages

    assert page.sequence == 2


def test_clock_is_the_hosts() -> None:
    """Handlers read the clock the host was given."""
    noon = datetime(2024, 2, 29, 12, tzinfo=UTC)
    with Host([Ledger], clock=lambda: noon).start("127.0.0.1:0") as server:
        (page,) = handle(server.addresses[0], request(NoteRefusal())).pages

    assert page.event is not None
    assert (CODEC.decode(page.event, OperationRefused).message, page.created_at) == (noon.isoformat(), noon)


def test_rejection_notice_is_left_to_the_framework(address: str) -> None:
    """Neither events nor an error."""
    response = ask(address, METHODS.handle, request(NOTIFICATION.pack(Notification())))

    assert response.result is None


def test_fact_nobody_declared_is_refused(address: str) -> None:
    """One undeclared fact refuses the whole request (C-0492)."""
    facts = EventBook(Cover("ledger", ROOT), (EventPage(), EventPage(CODEC.encode(Deposited()))))
    with pytest.raises(InvalidArgument) as caught:
        ask(address, METHODS.handle_fact, FactRequest(facts))

    assert (caught.value.code, caught.value.details["type_url"]) == ("NO_FACT_HANDLER", "/bank.v1.Deposited")


def test_no_facts_are_no_facts(address: str) -> None:
    """Without a book of facts the answer is an empty one."""
    assert ask(address, METHODS.handle_fact, FactRequest()) == EventBook()


def test_pages_without_a_fact_pass_unchanged(address: str) -> None:
    """There is nothing to accept in them."""
    facts = EventBook(Cover("ledger", ROOT), (EventPage(created_at_ns=5),), next_sequence=0)

    assert ask(address, METHODS.handle_fact, FactRequest(facts)) == facts


def test_facts_for_an_unknown_domain(address: str) -> None:
    """The domain decides who is asked; nobody is an error."""
    with pytest.raises(NotHandled) as caught:
        ask(address, METHODS.handle_fact, FactRequest(EventBook(Cover("nowhere", ROOT))))

    assert caught.value.handled == ("ledger", "payment")


def test_replay_of_events_of_several_aggregates(address: str) -> None:
    """It does not show which is meant: UNIMPLEMENTED with a code, so that coordinators compare strictly."""
    with pytest.raises(NotHandled) as caught:
        ask(address, METHODS.replay, ReplayRequest(events=deposits(1)))

    assert caught.value.code == "NO_HANDLER_REGISTERED"


def test_two_hosts_do_not_see_each_other() -> None:
    """There is no registry behind them."""
    with Host([Payment]).start("127.0.0.1:0") as server, pytest.raises(NotHandled) as caught:
        handle(server.addresses[0], request(Deposit()))

    assert caught.value.handled == ("payment",)


def test_serve_stops_on_its_event() -> None:
    """A host blocks while it serves, and off the main thread an event ends it."""
    stop, served = threading.Event(), list[str]()

    def announced(addresses: tuple[str, ...]) -> None:
        served.extend(addresses)
        stop.set()

    thread = threading.Thread(
        target=HOST.serve, args=("127.0.0.1:0",), kwargs={"stop": stop, "announce": announced}, daemon=True
    )
    thread.start()
    thread.join(20)

    assert (thread.is_alive(), len(served)) == (False, 1)


def test_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address the sidecar's settings decide (C-0499)."""
    monkeypatch.setenv("ANGZARR_BIND_ADDRESS", "127.0.0.1:0")
    with HOST.start() as server:
        assert server.addresses[0].startswith("127.0.0.1:")


def test_socket_comes_from_the_environment(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRANSPORT_TYPE=uds serves the sidecar's socket (C-0499)."""
    monkeypatch.setenv("TRANSPORT_TYPE", "uds")
    monkeypatch.setenv("UDS_BASE_PATH", str(short_path))
    with Host([Ledger]).start() as server:
        assert server.addresses == (f"unix:{short_path}/business-ledger.sock",)


def test_endpoint_of_the_history_is_checked_at_once() -> None:
    """Not when the first snapshot does not fit."""
    with pytest.raises(InvalidEndpoint):
        Host([Ledger], history="localhost")


def test_class_without_decorator_is_refused() -> None:
    """A host knows only decorated classes."""
    with pytest.raises(UsageError):
        Host([object])  # type: ignore[list-item] # what a caller gets wrong
