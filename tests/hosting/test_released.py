"""Aggregates served to coordinators of older generations, and business logic that speaks one of those."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import grpc
import pytest

from angzarr_domain.books import (
    BusinessResponse,
    CommandBook,
    CommandPage,
    ContextualCommand,
    Cover,
    EventBook,
    EventPage,
    FactRequest,
    Payload,
    ReplayRequest,
)
from angzarr_domain.client import DomainClient, Protocol
from angzarr_domain.exceptions import AngzarrError, InvalidArgument, Rejected, Status
from angzarr_domain.hosting import CommandCall, Host, RemoteLogic, Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Methods, PayloadCodec, from_status
from angzarr_domain.wire.pb import messages as pb
from angzarr_domain.wire.pb import released
from tests.hosting.asking import ask
from tests.recorded_bank import Account, Deposit, Withdraw
from tests.recordings import Recorded, everything, find, recorded
from tests.replaying import Replayer

ROOT = UUID(int=7)
CODEC = PayloadCodec()
OLDER = pytest.mark.parametrize("table", [pytest.param(RELEASED, id="released"), pytest.param(INTERIM, id="interim")])


@pytest.fixture(name="address")
def _address() -> Generator[str, None, None]:
    with Host([Account]).start("127.0.0.1:0") as serving:
        yield serving.addresses[0]


def raw(address: str, path: str, data: bytes) -> Any:
    """The bytes or the error that a call of some other library gets."""
    with grpc.insecure_channel(address) as channel:
        unary: Any = channel.unary_unary
        call = unary(path)
        try:
            return call(data, timeout=20)
        except grpc.RpcError as error:
            return error


def handled() -> list[tuple[Recorded, dict[str, Any]]]:
    """What the coordinator handed to business logic of the bank, and was answered with events for it."""
    return [
        (exchange, call)
        for exchange in everything()
        for call in exchange.logic_calls
        if exchange.file in {"commands", "speculative", "outage", "queries"}
        and exchange.name != "other domain"  # a host answers for its own domains alone
        and call["method"] == RELEASED.handle.path
        and any(name in str(call["request_text"]["command"]) for name in ("OpenAccount", "Deposit", "Withdraw"))
        and call.get("response_text", {}).get("events", {}).get("pages")
    ]


@pytest.mark.parametrize(("exchange", "call"), [pytest.param(*each, id=each[0].id) for each in handled()])
def test_a_recorded_command_is_decided_as_recorded(address: str, exchange: Recorded, call: dict[str, Any]) -> None:
    """The same events at the same explicit sequences, each with a time, and no cover that could lead elsewhere."""
    data = raw(address, call["method"], base64.b64decode(call["request"]))
    assert isinstance(data, bytes), data

    ours = released.BusinessResponse.FromString(data).events
    theirs = released.BusinessResponse.FromString(base64.b64decode(call["response"])).events
    assert [(page.header.sequence, page.event) for page in ours.pages] == [
        (page.header.sequence, page.event) for page in theirs.pages
    ]
    assert all(page.header.HasField("sequence") and page.HasField("created_at") for page in ours.pages)
    assert not any(page.no_commit for page in ours.pages)
    assert not ours.HasField("cover")


def test_a_rejection_is_not_one_that_is_repeated(address: str) -> None:
    """FAILED_PRECONDITION would be asked eleven times. The details hold the code, the status, and the status meant."""
    call = find("commands", "rejected with failed precondition").logic_calls[0]
    error = raw(address, call["method"], base64.b64decode(call["request"]))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert pb.Status.FromString(details).code == Status.INVALID_ARGUMENT
    rejection = from_status(error.code().value[0], error.details(), details)
    assert isinstance(rejection, Rejected)
    assert (rejection.code, rejection.status, rejection.message, dict(rejection.details)) == (
        "INSUFFICIENT_FUNDS",
        Status.FAILED_PRECONDITION,
        "not enough money",
        {"missing": "9888"},
    )


class Sidecar:
    """Passes commands on as the released coordinator does, and what looks like a conflict eleven times."""

    def __init__(self, logic: str) -> None:
        self.logic = logic
        self.calls = 0

    def handler(self) -> grpc.GenericRpcHandler:
        unary: Any = grpc.unary_unary_rpc_method_handler
        method = RELEASED.handle_command
        return grpc.method_handlers_generic_handler(method.service, {method.name: unary(self.handle)})

    def handle(self, data: bytes, context: grpc.ServicerContext) -> bytes:
        asked = released.ContextualCommand(command=released.CommandRequest.FromString(data).command)
        answer: Any = None
        while self.calls < 11:
            self.calls += 1
            answer = raw(self.logic, RELEASED.handle.path, asked.SerializeToString())
            if isinstance(answer, bytes):
                response = released.CommandResponse(events=released.BusinessResponse.FromString(answer).events)
                return response.SerializeToString()
            if answer.code() is not grpc.StatusCode.FAILED_PRECONDITION:
                break
        context.set_trailing_metadata(
            tuple(pair for pair in answer.trailing_metadata() if pair[0] == "grpc-status-details-bin")
        )
        context.abort(answer.code(), answer.details())
        raise AssertionError


def test_a_rejection_reaches_the_caller_as_it_was_raised(address: str) -> None:
    """Through a coordinator that passes it on: same class, code, text, status and fields, after one call."""
    sidecar = Sidecar(address)
    with (
        Serving([], ["127.0.0.1:0"], services=[sidecar.handler()]) as serving,
        DomainClient.connect(serving.addresses[0], protocol=Protocol.RELEASED) as client,
        pytest.raises(Rejected) as raised,
    ):
        client.command(Withdraw(amount=5), ROOT).with_sequence(0).send()

    assert sidecar.calls == 1
    assert (raised.value.code, raised.value.status, raised.value.message, dict(raised.value.details)) == (
        "INSUFFICIENT_FUNDS",
        Status.FAILED_PRECONDITION,
        "not enough money",
        {"missing": "5"},
    )


def test_events_that_have_not_happened_are_not_folded(address: str) -> None:
    """Their places are taken all the same, the first one's too."""
    call = find("commands", "rejected with failed precondition").logic_calls[0]
    request = released.ContextualCommand.FromString(base64.b64decode(call["request"]))
    for page, no_op in zip(request.events.pages, (True, False, True, True), strict=True):
        if no_op:
            page.event.type_url = "type.angzarr.io/angzarr.NoOp"
            page.event.value = b""
    error = raw(address, call["method"], request.SerializeToString())

    # Of the four events only the deposit of 100 has happened.
    rejection = from_status(3, error.details(), dict(error.trailing_metadata())["grpc-status-details-bin"])
    assert rejection.details == {"missing": "9900"}


@OLDER
def test_facts_and_replay_are_answered_in_the_callers_generation(address: str, table: Methods) -> None:
    """With the codes of the newest one."""
    fact = EventPage(CODEC.encode(Deposit(amount=3)))
    with pytest.raises(InvalidArgument) as refused:
        ask(address, table.handle_fact, FactRequest(EventBook(Cover("account", ROOT), (fact,))))
    replayed = ask(address, table.replay, ReplayRequest())

    assert refused.value.code == "NO_FACT_HANDLER"
    assert replayed.state is not None
    assert replayed.state.type_name == "angzarr_domain.v1.State"


def test_every_generation_is_reported_healthy(address: str) -> None:
    """By its own full name."""
    from grpc_health.v1 import health_pb2

    for table in (METHODS, RELEASED, INTERIM):
        request = health_pb2.HealthCheckRequest(service=table.handle.service)
        answer = raw(address, "/grpc.health.v1.Health/Check", request.SerializeToString())
        assert health_pb2.HealthCheckResponse.FromString(answer).status == health_pb2.HealthCheckResponse.SERVING


def test_missing_events_are_read_from_a_coordinator_of_its_generation() -> None:
    """The snapshot that came along is not one of this class; the pages before it are in the stream."""
    exchange = find("snapshots", "and one more")
    call = exchange.logic_calls[0]
    replayer = Replayer(recorded("snapshots"))
    with (
        Serving([], ["127.0.0.1:0"], services=[replayer]) as coordinator,
        Host([Account], history=coordinator.addresses[0]).start("127.0.0.1:0") as serving,
    ):
        data = raw(serving.addresses[0], call["method"], base64.b64decode(call["request"]))

    assert isinstance(data, bytes), data
    pages = released.BusinessResponse.FromString(data).events.pages
    assert [page.header.sequence for page in pages] == [4]
    assert replayer.strange == []


@contextmanager
def older_logic(
    table: Methods, answer: Callable[[ContextualCommand], BusinessResponse]
) -> Generator[RemoteLogic, None, None]:
    """Business logic that speaks one older generation only."""

    def handle(request: ContextualCommand, _call: Call) -> BusinessResponse:
        return answer(request)

    with Serving([Served(table.handle, handle)], ["127.0.0.1:0"]) as serving:
        logic = RemoteLogic(["account"], serving.addresses[0])
        try:
            yield logic
        finally:
            logic.close()


class Pages:
    """A history that is at hand."""

    def __init__(self, *pages: EventPage) -> None:
        self.pages = pages

    def books(self, *, from_start: bool = False) -> Any:
        del from_start
        yield EventBook(Cover("account", ROOT), self.pages)


def call_of(*pages: EventPage) -> CommandCall:
    book = CommandBook(Cover("account", ROOT), (CommandPage(CODEC.encode(Deposit(amount=1))),))
    return CommandCall(book, len(pages), Pages(*pages), 20)


@OLDER
def test_logic_of_an_older_generation_is_found_out_and_remembered(table: Methods) -> None:
    """The path it does not know did nothing there."""
    asked: list[ContextualCommand] = []

    def answer(request: ContextualCommand) -> BusinessResponse:
        asked.append(request)
        return BusinessResponse(EventBook(pages=(EventPage(Payload("type.googleapis.com/x.Y", b""), 0),)))

    with older_logic(table, answer) as logic:
        for _ in range(2):
            response = logic.handle(call_of())
            assert isinstance(response.result, EventBook)
            assert [page.sequence for page in response.result.pages] == [0]
    assert len(asked) == 2


def answering(*pages: EventPage) -> Callable[[ContextualCommand], BusinessResponse]:
    return lambda _request: BusinessResponse(EventBook(pages=pages))


def test_pages_that_older_logic_repeats_are_dropped() -> None:
    """Some of it answers with the history it was given and what is new; what differs is kept, and refused later."""
    first = EventPage(Payload("/x.Y", b"\x08\x01"), 0, 5)
    other = EventPage(Payload("type.googleapis.com/x.Y", b"\x08\x02"), 0)
    echo = EventPage(Payload("type.googleapis.com/x.Y", b"\x08\x01"), 0)
    new = EventPage(Payload("type.googleapis.com/x.Y", b"\x08\x01"), 1)

    with older_logic(RELEASED, answering(echo, new)) as logic:
        response = logic.handle(call_of(first))
        assert isinstance(response.result, EventBook)
        assert response.result.pages == (new,)
    with older_logic(RELEASED, answering(other, new)) as logic:
        response = logic.handle(call_of(first))
        assert isinstance(response.result, EventBook)
        assert response.result.pages == (other, new)


def test_a_rejection_of_older_logic_is_one() -> None:
    """By its code, as the newest one's."""

    def refuse(_request: ContextualCommand) -> BusinessResponse:
        raise Rejected("NO", "no", status=Status.NOT_FOUND)

    with older_logic(RELEASED, refuse) as logic, pytest.raises(Rejected) as raised:
        logic.handle(call_of())

    assert (raised.value.code, raised.value.status) == ("NO", Status.NOT_FOUND)


def test_what_speaks_no_generation_is_told() -> None:
    """As the newest one's path would be."""
    with Serving([], ["127.0.0.1:0"]) as serving:
        logic = RemoteLogic(["account"], serving.addresses[0])
        try:
            with pytest.raises(AngzarrError) as raised:
                logic.handle(call_of())
        finally:
            logic.close()

    assert raised.value.code == "METHOD_NOT_SERVED"
