"""Business logic behind a connection, as the embedded coordinator calls it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import attrs
import pytest

from angzarr_domain.books import BusinessResponse, ContextualCommand, Cover, EventBook, Payload
from angzarr_domain.client._transports.base import CORRELATION_ID_HEADER
from angzarr_domain.exceptions import (
    ConnectionFailed,
    DeadlineExceeded,
    InvalidEndpoint,
    MethodNotServed,
    NotHandled,
    Rejected,
    SnapshotUnfit,
    UsageError,
)
from angzarr_domain.hosting import CommandCall, Host, RemoteLogic, Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import METHODS
from examples.bank.messages import Deposit, Withdraw
from tests.hosting.asking import ROOT, book, command, deposits, events_of, unfit
from tests.hosting.ledger import Ledger
from tests.hosting.test_aggregates import Given

COVER = Cover("ledger", ROOT)


class Recording:
    """Logic that notes what it is sent."""

    def __init__(self, answer: Callable[[ContextualCommand], BusinessResponse]) -> None:
        self.requests: list[ContextualCommand] = []
        self.calls: list[Call] = []
        self._answer = answer

    def handle(self, request: ContextualCommand, call: Call) -> BusinessResponse:
        self.requests.append(request)
        self.calls.append(call)
        return self._answer(request)

    def serving(self) -> Serving:
        return Serving([Served(METHODS.handle, self.handle)], ["127.0.0.1:0"], grace=0)


def nothing(_request: ContextualCommand) -> BusinessResponse:
    return BusinessResponse(EventBook())


def refuses_snapshots(request: ContextualCommand) -> BusinessResponse:
    if request.events is not None and request.events.snapshot is not None:
        raise SnapshotUnfit("a snapshot of another class")
    return BusinessResponse(EventBook())


@attrs.frozen
class Pieces:
    """A history in books that continue each other."""

    pieces: tuple[EventBook, ...]

    def books(self, *, from_start: bool = False) -> Iterator[EventBook]:
        yield from self.pieces if not from_start else (book(*[1] * 5),)


def remote(server: Serving) -> RemoteLogic:
    return RemoteLogic(["ledger"], server.addresses[0])


def call(history: Given | Pieces | None = None, head: int = 0, timeout: float | None = 20) -> CommandCall:
    return CommandCall(command(Deposit(amount=1)), head, history or Given(), timeout)


def test_decides_as_in_process() -> None:
    """The same class behind a connection gives the same events."""
    asked = CommandCall(command(Withdraw(amount=3)), 2, Given(book(3, 4)))
    with Host([Ledger]).start("127.0.0.1:0") as server:
        logic = remote(server)
        pages = events_of(logic.handle(asked)).pages
        logic.close()

    assert [page.sequence for page in pages] == [2, 3]


def test_answers_for_the_domains_it_was_given() -> None:
    """Nothing is asked for that."""
    assert list(RemoteLogic(["a", "b"], "localhost:1").domains) == ["a", "b"]


def test_endpoint_is_checked_at_once() -> None:
    """Text that is no endpoint is refused before the first command."""
    with pytest.raises(InvalidEndpoint):
        RemoteLogic(["ledger"], "localhost")


def test_books_of_the_history_are_joined() -> None:
    """One book with the snapshot of the first, every page, and the head."""
    pieces = Pieces((book(1, start=2, snapshot=unfit(1)), book(1, 1, start=3)))
    logic = Recording(nothing)
    with logic.serving() as server:
        remote(server).handle(call(pieces, head=5))

    assert logic.requests[0].events == EventBook(COVER, deposits(1, 1, 1, start=2), unfit(1), next_sequence=5)


def test_no_history_is_an_empty_book_with_a_cover() -> None:
    """A new aggregate's logic still learns whose it is."""
    logic = Recording(nothing)
    with logic.serving() as server:
        remote(server).handle(call())

    assert logic.requests[0].events == EventBook(COVER)


def test_snapshot_that_does_not_fit_is_answered_by_the_whole_history() -> None:
    """Sent once more, with all pages and no snapshot."""
    pieces = Pieces((book(1, 1, 1, start=2, snapshot=unfit(1)),))
    logic = Recording(refuses_snapshots)
    with logic.serving() as server:
        remote(server).handle(call(pieces, head=5))

    assert [request.events for request in logic.requests][1:] == [EventBook(COVER, deposits(1, 1, 1, 1, 1))]


def test_snapshot_is_blamed_only_if_one_was_sent() -> None:
    """Without one the answer stands, and nothing is sent again."""

    def refuse(_request: ContextualCommand) -> BusinessResponse:
        raise SnapshotUnfit("confused")

    logic = Recording(refuse)
    with logic.serving() as server, pytest.raises(SnapshotUnfit):
        remote(server).handle(call())

    assert len(logic.requests) == 1


def test_command_bytes_are_untouched() -> None:
    """It needs none of the types: payloads pass as they are, even unreadable ones."""
    logic = Recording(nothing)
    odd = command(Payload("odd//prefix/x.Y", b"\xff\x00"))
    with logic.serving() as server:
        remote(server).handle(CommandCall(odd, 0, Given()))

    assert logic.requests[0].command == odd


def test_rejection_comes_through() -> None:
    """Code and details of the logic's refusal are those of the coordinator's answer."""
    asked = CommandCall(command(Withdraw(amount=9)), 1, Given(book(3)))
    with Host([Ledger]).start("127.0.0.1:0") as server, pytest.raises(Rejected) as caught:
        remote(server).handle(asked)

    assert (caught.value.code, caught.value.details["balance"]) == ("INSUFFICIENT_FUNDS", "3")


def test_unknown_command_comes_through() -> None:
    """So is its list of what it handles."""
    asked = CommandCall(command(Payload("/x.Y", b"")), 0, Given())
    with Host([Ledger]).start("127.0.0.1:0") as server, pytest.raises(NotHandled) as caught:
        remote(server).handle(asked)

    assert "bank.v1.Deposit" in caught.value.handled


def test_server_of_something_else_is_told_apart() -> None:
    """UNIMPLEMENTED without a code is a peer that does not serve business logic."""
    with Serving([], ["127.0.0.1:0"]) as server, pytest.raises(MethodNotServed):
        remote(server).handle(call())


def test_callers_remaining_time_goes_along() -> None:
    """The logic is not given longer than the caller waits."""
    logic, remaining = Recording(nothing), list[float | None]()

    def look(request: ContextualCommand, context: Call) -> BusinessResponse:
        remaining.append(context.remaining())
        return logic.handle(request, context)

    with Serving([Served(METHODS.handle, look)], ["127.0.0.1:0"]) as server:
        remote(server).handle(call(timeout=17))

    assert [seconds is not None and 0 < seconds < 20 for seconds in remaining] == [True]


def test_correlation_id_goes_along() -> None:
    """As metadata, where it is there."""
    logic = Recording(nothing)
    asked = CommandCall(command(Deposit(), cover=Cover("ledger", ROOT, "corr")), 0, Given())
    with logic.serving() as server:
        remote(server).handle(asked)
        remote(server).handle(call())

    assert [dict(each.metadata).get(CORRELATION_ID_HEADER) for each in logic.calls] == ["corr", None]


def test_logic_that_is_down_stored_nothing(short_path: Path) -> None:
    """A plain connection error that names the target."""
    target = f"{short_path}/logic.sock"
    with pytest.raises(ConnectionFailed, match="nothing was stored") as caught:
        RemoteLogic(["ledger"], target).handle(call())

    assert caught.value.endpoint == target


def test_logic_lost_in_mid_call_stored_nothing() -> None:
    """Events are stored only after it has answered, so the outcome is known."""
    entered, opened, errors = threading.Event(), threading.Event(), list[ConnectionFailed]()

    def hang(_request: ContextualCommand) -> BusinessResponse:
        entered.set()
        opened.wait(20)
        return BusinessResponse()

    def asking(logic: RemoteLogic) -> None:
        with pytest.raises(ConnectionFailed) as caught:
            logic.handle(call())
        errors.append(caught.value)

    with Recording(hang).serving() as server:
        thread = threading.Thread(target=asking, args=(remote(server),))
        thread.start()
        assert entered.wait(20)
        server.stop(0)
        thread.join(20)
        opened.set()

    assert ["nothing was stored" in error.message for error in errors] == [True]


def test_logic_that_is_too_slow_stored_nothing() -> None:
    """A passed deadline is one, not an unknown outcome."""
    opened = threading.Event()

    def hang(_request: ContextualCommand) -> BusinessResponse:
        opened.wait(20)
        return BusinessResponse()

    with Recording(hang).serving() as server:
        with pytest.raises(DeadlineExceeded, match="nothing was stored"):
            remote(server).handle(call(timeout=0.2))
        opened.set()


def test_closed_logic_is_not_called() -> None:
    """After close it is a mistake to call it; closing again is none."""
    logic = RemoteLogic(["ledger"], "localhost:1")
    logic.close()
    logic.close()
    with pytest.raises(UsageError) as caught:
        logic.handle(call())

    assert caught.value.code == "CLIENT_CLOSED"


def test_empty_book_is_addressed_as_the_command() -> None:
    """A book without a cover of its own gets the command's, without its `ext`."""
    logic, root = Recording(nothing), UUID(int=9)
    cover = Cover("ledger", root, "corr", ext=Payload("/x.Y", b""))
    with logic.serving() as server:
        remote(server).handle(CommandCall(command(Deposit(), cover=cover), 0, Given()))

    assert logic.requests[0].events == EventBook(Cover("ledger", root, "corr"))
