"""Functions of frozen values behind gRPC: codecs, errors, streams, threads."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from angzarr_domain.books import Cover, EventBook, EventPage, FactRequest, Query
from angzarr_domain.client._transports.base import CallOptions
from angzarr_domain.client._transports.grpc import GrpcTransport
from angzarr_domain.exceptions import (
    AngzarrError,
    DecodeFailed,
    HandlerFailed,
    InvalidArgument,
    MethodNotServed,
    Rejected,
    Status,
)
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import METHODS, from_status
from tests.hosting.asking import OPTIONS, ask, connected

SECRET = "hush"
ONE, MANY, BOTH = METHODS.get_event_book, METHODS.get_events, METHODS.synchronize
QUESTION = Query(Cover("ledger"))

Serve = Callable[..., GrpcTransport]


@pytest.fixture(name="serve")
def _serve() -> Iterator[Serve]:
    """A connection to a server of what is given."""
    with ExitStack() as stack:

        def serve(*served: Served[Any, Any]) -> GrpcTransport:
            server = stack.enter_context(Serving(served, ["127.0.0.1:0"], workers=1, grace=0))
            return stack.enter_context(connected(server.addresses[0]))

        yield serve


def echo(query: Query, _call: Call) -> EventBook:
    return EventBook(query.cover)


def refuse(_query: Query, _call: Call) -> EventBook:
    raise Rejected("NO_STOCK", "sold out: 3 €", left=0)


def broken(_query: Query, _call: Call) -> EventBook:
    raise ValueError(SECRET)


def two_then_refuse(query: Query, _call: Call) -> Iterator[EventBook]:
    yield EventBook(query.cover)
    yield EventBook(query.cover)
    raise Rejected("NO_STOCK")


def one_then_broken(query: Query, _call: Call) -> Iterator[EventBook]:
    yield EventBook(query.cover)
    raise ValueError(SECRET)


def echo_all(queries: Iterator[Query], _call: Call) -> Iterator[EventBook]:
    for query in queries:
        yield EventBook(query.cover)


def test_one_answer(serve: Serve) -> None:
    """Request and response cross as the table encodes them."""
    assert serve(Served(ONE, echo)).unary(ONE, QUESTION, OPTIONS) == EventBook(QUESTION.cover)


def test_many_answers(serve: Serve) -> None:
    """A function may answer with an iterator."""
    answers = serve(Served(MANY, lambda query, _: iter([EventBook(query.cover)] * 3))).stream(MANY, QUESTION, OPTIONS)

    assert list(answers) == [EventBook(QUESTION.cover)] * 3


def test_many_requests(serve: Serve) -> None:
    """A function may take an iterator as well."""
    queries = [Query(Cover(name)) for name in "abc"]
    answers = serve(Served(BOTH, echo_all)).bidi(BOTH, queries, OPTIONS)

    assert list(answers) == [EventBook(query.cover) for query in queries]


def test_error_travels_whole(serve: Serve) -> None:
    """Class, code, status, text and details reach the caller."""
    with pytest.raises(Rejected) as caught:
        serve(Served(ONE, refuse)).unary(ONE, QUESTION, OPTIONS)

    error = caught.value
    assert (error.code, error.status, error.message) == ("NO_STOCK", Status.FAILED_PRECONDITION, "sold out: 3 €")
    assert dict(error.details) == {"left": "0"}


def test_error_in_mid_stream_follows_the_answers_before_it(serve: Serve) -> None:
    """What was yielded arrives, then the error."""
    answers = serve(Served(MANY, two_then_refuse)).stream(MANY, QUESTION, OPTIONS)
    received = [next(answers), next(answers)]
    with pytest.raises(Rejected):
        next(answers)

    assert received == [EventBook(QUESTION.cover)] * 2


def test_bytes_that_are_no_request_are_the_callers_fault() -> None:
    """An undecodable request is INVALID_ARGUMENT with its code, not a bare INTERNAL."""
    with Serving([Served(ONE, echo)], ["127.0.0.1:0"]) as server, grpc.insecure_channel(server.addresses[0]) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(ONE.path, request_serializer=bytes, response_deserializer=bytes)(b"\xff", timeout=20)
        error = raised(caught.value)

    assert (type(error), error.code) == (DecodeFailed, "ANY_DECODE_FAILED")


def raised(error: Any) -> AngzarrError:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    return from_status(error.code().value[0], error.details(), details)


def test_answer_that_does_not_fit_the_protocol_is_an_error(serve: Serve) -> None:
    """An unencodable answer is reported, and what is wrong with it."""
    with pytest.raises(InvalidArgument):
        serve(Served(ONE, lambda query, _: EventBook(query.cover, (EventPage(sequence=-1),)))).unary(
            ONE, QUESTION, OPTIONS
        )


@pytest.mark.parametrize(
    "served",
    [pytest.param(Served(MANY, broken), id="at once"), pytest.param(Served(MANY, one_then_broken), id="later")],
)
def test_unexpected_exception_shows_nothing_of_its_text(
    serve: Serve, served: Served[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The caller learns the exception's class, the log has the frames, and neither has its text."""
    answers = serve(served).stream(MANY, QUESTION, OPTIONS)
    with caplog.at_level(logging.INFO), pytest.raises(HandlerFailed) as caught:
        list(answers)

    assert (caught.value.status, "ValueError" in caught.value.message) == (Status.INTERNAL, True)
    assert "test_rpc.py" in caplog.text
    assert SECRET not in caplog.text + caught.value.message


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
@pytest.mark.parametrize("later", [False, True], ids=["one answer", "in mid-stream"])
def test_exceptions_that_end_programs_end_the_call_alone(
    serve: Serve, kind: type[BaseException], later: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """They are no `Exception`, and gRPC would leave the caller waiting until its deadline."""

    def leave(_query: Query, _call: Call) -> EventBook:
        raise kind(SECRET)

    def leave_later(query: Query, call: Call) -> Iterator[EventBook]:
        yield EventBook(query.cover)
        yield leave(query, call)

    transport = serve(Served(ONE, leave), Served(MANY, leave_later))
    with pytest.raises(HandlerFailed, match=kind.__name__):
        list(transport.stream(MANY, QUESTION, OPTIONS)) if later else transport.unary(ONE, QUESTION, OPTIONS)

    assert "test_rpc.py" in caplog.text
    assert SECRET not in caplog.text


def test_method_that_is_not_served(serve: Serve) -> None:
    """Other methods of the service are UNIMPLEMENTED without a code, which reads as "not served"."""
    with pytest.raises(MethodNotServed):
        list(serve(Served(ONE, echo)).stream(MANY, QUESTION, OPTIONS))


def test_call_knows_how_long_the_caller_waits(serve: Serve) -> None:
    """Seconds until the deadline."""
    seen: list[float | None] = []

    def look(query: Query, call: Call) -> EventBook:
        seen.append(call.remaining())
        return EventBook(query.cover)

    serve(Served(ONE, look)).unary(ONE, QUESTION, CallOptions(timeout=25))

    assert [remaining is not None and 0 < remaining < 28 for remaining in seen] == [True]


def test_call_without_deadline_has_no_remaining_time(serve: Serve) -> None:
    """None is no bound."""
    seen: list[float | None] = []

    def look(query: Query, call: Call) -> EventBook:
        seen.append(call.remaining())
        return EventBook(query.cover)

    serve(Served(ONE, look)).unary(ONE, QUESTION, CallOptions(timeout=None))

    assert seen == [None]


def test_call_has_the_metadata(serve: Serve) -> None:
    """Pairs sent along are readable."""
    seen: list[Any] = []

    def look(query: Query, call: Call) -> EventBook:
        seen.extend(call.metadata)
        return EventBook(query.cover)

    serve(Served(ONE, look)).unary(ONE, QUESTION, CallOptions(20, (("x-correlation-id", "corr"),)))

    assert ("x-correlation-id", "corr") in seen


def test_call_is_inactive_once_the_caller_has_gone(serve: Serve) -> None:
    """Looked at before something irrevocable is done."""
    gone, seen = threading.Event(), list[bool]()
    looked = threading.Event()

    def look(query: Query, call: Call) -> EventBook:
        seen.append(call.is_active())
        gone.wait(20)
        while call.is_active():
            gone.wait(0.01)
        seen.append(call.is_active())
        looked.set()
        return EventBook(query.cover)

    with pytest.raises(AngzarrError):
        serve(Served(ONE, look)).unary(ONE, QUESTION, CallOptions(timeout=0.3))
    gone.set()

    assert (looked.wait(20), seen) == (True, [True, False])


def test_caller_that_goes_away_while_sending_is_no_failure(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """An abandoned stream is not logged as a broken function."""
    done = threading.Event()

    def all_of(queries: Iterator[Query], _call: Call) -> Iterator[EventBook]:
        try:
            for query in queries:
                yield EventBook(query.cover)
        finally:
            done.set()

    def never_ending() -> Iterator[Query]:
        yield QUESTION
        done.wait(20)

    answers = serve(Served(BOTH, all_of)).bidi(BOTH, never_ending(), OPTIONS)
    next(answers)
    answers.close()  # type: ignore[attr-defined] # a generator

    assert (done.wait(20), caplog.text) == (True, "")


def test_pool_of_its_own_answers_while_the_workers_are_busy(serve: Serve) -> None:
    """Queries go on while commands occupy every worker of the server."""
    entered, opened = threading.Event(), threading.Event()

    def slow(query: Query, _call: Call) -> Iterator[EventBook]:
        entered.set()
        opened.wait(20)
        yield EventBook(query.cover)

    with ThreadPoolExecutor(1) as pool:
        transport = serve(Served(MANY, slow), Served(ONE, echo, pool))
        busy = threading.Thread(target=lambda: list(transport.stream(MANY, QUESTION, OPTIONS)))
        busy.start()
        assert entered.wait(20)
        answer = transport.unary(ONE, QUESTION, OPTIONS)
        opened.set()
        busy.join(20)

    assert answer == EventBook(QUESTION.cover)


def test_one_service_per_name_in_the_table() -> None:
    """Methods of several services are served side by side."""
    served: list[Served[Any, Any]] = [
        Served(ONE, echo),
        Served(METHODS.handle_fact, lambda _, __: EventBook(Cover("fact"))),
    ]
    with Serving(served, ["127.0.0.1:0"]) as server:
        answers = [
            ask(server.addresses[0], ONE, QUESTION).cover,
            ask(server.addresses[0], METHODS.handle_fact, FactRequest()).cover,
        ]

    assert answers == [QUESTION.cover, Cover("fact")]
