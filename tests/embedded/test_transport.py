# pyright: reportPrivateUsage=false
from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from angzarr_domain.books import AggregateRoot, BusinessResponse, CommandRequest, Cover, EventBook, Query, ReplayRequest
from angzarr_domain.client import CallOptions
from angzarr_domain.embedded._callers import Caller
from angzarr_domain.embedded._queries import Queries
from angzarr_domain.embedded._servicers import answers
from angzarr_domain.embedded._store.memory import MemoryStore
from angzarr_domain.embedded._transport import InProcessTransport
from angzarr_domain.exceptions import AngzarrError, HandlerFailed, MethodNotServed, UsageError
from angzarr_domain.hosting import CommandCall
from angzarr_domain.hosting._rpc import Served
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, PayloadCodec

from .asking import ROOT, Logic, filled, page, pipeline, request

OPTIONS = CallOptions()
QUESTION = Query(Cover("account", ROOT))


def transport(logic: Logic | None = None) -> InProcessTransport:
    piped = pipeline(logic or Logic.of(page()), filled(1_000))
    return InProcessTransport(answers(piped, Queries(piped.store)))


def test_every_method_of_a_coordinator_is_served() -> None:
    """In every generation; and those of business logic are not: that is another service."""
    piped = pipeline(Logic.of())
    served = {entry.method.path for entry in answers(piped, Queries(piped.store))}
    expected = {
        method.path
        for methods in (METHODS, RELEASED, INTERIM)
        for method in set(methods) - {methods.handle, methods.handle_fact, methods.replay, methods.upcast}
    }
    assert served == expected


def test_a_method_that_is_not_served() -> None:
    """The same error as from a server."""
    with pytest.raises(MethodNotServed, match="CommandHandlerService/Replay"):
        transport().unary(METHODS.replay, ReplayRequest(), OPTIONS)


def test_answers_share_nothing() -> None:
    """A codec that one client's page remembers is not seen by another client."""
    asked = transport()
    asked.unary(METHODS.get_event_book, QUESTION, OPTIONS).remember(PayloadCodec())
    with pytest.raises(UsageError, match="came from no client"):
        asked.unary(METHODS.get_event_book, QUESTION, OPTIONS).pages[0].decode()


def test_a_decision_shares_nothing_with_the_logic() -> None:
    """The pages of an answer are not those that business logic made."""
    own = page()
    answer = transport(Logic.of(own)).unary(METHODS.handle_command, request(), OPTIONS)
    assert answer.events is not None
    assert answer.events.pages[0] is not own


def test_an_unexpected_exception_is_named_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """UNHANDLED_HANDLER_ERROR, frames in the log, and the text nowhere: it may hold a payload."""

    def explode(call: CommandCall) -> BusinessResponse:
        raise ValueError(call.cover.correlation_id)

    with caplog.at_level(logging.INFO), pytest.raises(HandlerFailed, match="ValueError") as refused:
        transport(Logic(explode)).unary(METHODS.handle_command, request(), OPTIONS)
    assert "explode" in caplog.text
    assert "workflow-1" not in str(refused.value) + caplog.text
    assert (refused.value.__cause__, refused.value.__suppress_context__) == (None, True)


def test_errors_of_a_stream_arrive_where_it_is_read() -> None:
    """After what came before them."""

    def roots(_request: None, _caller: Caller) -> Iterator[AggregateRoot]:
        yield AggregateRoot("account", ROOT)
        raise AngzarrError("no more", code="SERVER_ERROR")

    reading = InProcessTransport((Served(METHODS.get_aggregate_roots, roots),)).stream(
        METHODS.get_aggregate_roots, None, OPTIONS
    )
    assert next(reading) == AggregateRoot("account", ROOT)
    with pytest.raises(AngzarrError) as refused:
        next(reading)
    assert refused.value.code == "SERVER_ERROR"


def test_a_stream_can_be_left_early() -> None:
    """Nothing is held by one that nobody reads on."""
    reading = transport().stream(METHODS.get_events, QUESTION, OPTIONS)
    first = next(reading)
    assert isinstance(first, EventBook)
    assert isinstance(reading, Iterator)
    del reading


def test_after_the_end_every_call_is_refused() -> None:
    """CLIENT_CLOSED, when the call is made and not only when its answer is read."""
    ended = transport()
    ended.close()
    ended.close()
    calls = (
        lambda: ended.unary(METHODS.handle_command, CommandRequest(), OPTIONS),
        lambda: ended.stream(METHODS.get_events, QUESTION, OPTIONS),
        lambda: ended.bidi(METHODS.synchronize, [QUESTION], OPTIONS),
    )
    for call in calls:
        with pytest.raises(UsageError) as refused:
            call()
        assert refused.value.code == "CLIENT_CLOSED"


def test_the_owner_lives_as_long_as_it_is_needed() -> None:
    """The transport keeps it until it is closed."""
    owner = MemoryStore()
    kept = InProcessTransport((), owner)
    assert kept._owner is owner
    kept.close()
    assert kept._owner is None
