"""Flows: generators that do no I/O, carried out by a driver."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol, TypeVar
from uuid import UUID

import pytest

from angzarr_domain.books import Cover, EventBook, EventPage, Payload, Query
from angzarr_domain.client import (
    Budget,
    Call,
    CallOptions,
    DomainClient,
    Drain,
    Flow,
    RecordingTransport,
    Sleep,
    Step,
    ThreadedTransport,
    Transport,
    arun,
    read_range,
    run,
)
from angzarr_domain.exceptions import DeadlineExceeded, ServerError, TooLarge, UsageError
from angzarr_domain.wire import METHODS

R = TypeVar("R")

ROOT = UUID(int=7)
QUERY = Query(Cover("wallet", ROOT))


class Drive(Protocol):
    """Carries out a flow."""

    def __call__(self, flow: Flow[R], transport: Transport, /) -> R: ...


def awaiting(flow: Flow[R], transport: Transport) -> R:
    """Same as `run`, in an event loop."""
    return asyncio.run(arun(flow, ThreadedTransport(transport)))


@pytest.fixture(name="drive", params=[run, awaiting], ids=["run", "arun"])
def _drive(request: pytest.FixtureRequest) -> Drive:
    """Both drivers."""
    driver: Drive = request.param
    return driver


def _interrupted(_call: int) -> object:
    raise KeyboardInterrupt


def page(sequence: int) -> EventPage:
    return EventPage(Payload("/a.B", b""), sequence)


def ask() -> Step[EventBook]:
    return Call(METHODS.get_event_book, QUERY, CallOptions())


def test_a_step_gives_its_result(drive: Drive) -> None:
    """What a call answers is what the flow gets, and what the flow returns is what run returns."""

    def flow() -> Flow[int]:
        book = yield from ask()
        return book.next_sequence

    assert drive(flow(), RecordingTransport([EventBook(next_sequence=4)])) == 4


def test_errors_are_raised_in_the_flow(drive: Drive) -> None:
    """A flow decides what an error means."""

    def flow() -> Flow[str]:
        try:
            yield from ask()
        except ServerError as error:
            return error.message
        return "no error"

    assert drive(flow(), RecordingTransport([ServerError("away")])) == "away"


def test_errors_that_a_flow_does_not_want(drive: Drive) -> None:
    """They reach the caller."""

    def flow() -> Flow[None]:
        yield from ask()

    with pytest.raises(ServerError):
        drive(flow(), RecordingTransport([ServerError("away")]))


def test_a_flow_that_asks_nothing(drive: Drive) -> None:
    """Is a flow all the same."""

    def flow() -> Flow[int]:
        for _ in ():
            yield from ask()
        return 1

    assert drive(flow(), RecordingTransport()) == 1


def test_a_flow_is_closed(drive: Drive) -> None:
    """Its own `finally` runs when it is interrupted."""
    seen: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield from ask()
        finally:
            seen.append("closed")

    def interrupt() -> Iterator[object]:
        yield from map(_interrupted, [0])

    with pytest.raises(KeyboardInterrupt):
        drive(flow(), RecordingTransport(interrupt()))
    assert seen == ["closed"]


def test_draining(drive: Drive) -> None:
    """Each answer goes to the sink as it arrives."""
    seen: list[EventBook] = []
    books = [EventBook(pages=(page(0),)), EventBook(pages=(page(1),))]

    def flow() -> Flow[None]:
        yield from Drain(METHODS.get_events, QUERY, seen.append, CallOptions())

    drive(flow(), RecordingTransport([books]))
    assert seen == books


def test_a_sink_that_fails(drive: Drive) -> None:
    """Ends the call, and its error is raised in the flow."""
    ended: list[str] = []

    def answers() -> Iterator[EventBook]:
        try:
            yield EventBook()
        finally:
            ended.append("call")

    def fail(_book: EventBook) -> None:
        raise ZeroDivisionError

    def flow() -> Flow[str]:
        try:
            yield from Drain(METHODS.get_events, QUERY, fail, CallOptions())
        except ZeroDivisionError:
            return f"after {ended}"
        return "no error"

    assert drive(flow(), RecordingTransport([answers()])) == "after ['call']"


def test_sleeping(drive: Drive) -> None:
    """Is a step like any other."""

    def flow() -> Flow[str]:
        yield from Sleep(0)
        return "awake"

    assert drive(flow(), RecordingTransport()) == "awake"


def test_unknown_steps(drive: Drive) -> None:
    """A driver says what it cannot do."""

    class Dance(Step[None]):
        pass

    def flow() -> Flow[None]:
        yield from Dance()

    with pytest.raises(TypeError, match="Dance is no step"):
        drive(flow(), RecordingTransport())


def test_a_range_that_is_too_large(drive: Drive) -> None:
    """Is halved until it fits."""
    half = EventBook(pages=(page(0), page(1)))
    transport = RecordingTransport([TooLarge("much"), TooLarge("much"), half])

    book = drive(read_range("wallet", ROOT, 0, 9, Budget()), transport)

    assert [(call.request.selection.lower, call.request.selection.upper) for call in transport.calls] == [
        (0, 9),
        (0, 4),
        (0, 2),
    ]
    assert book.pages == half.pages


def test_a_page_that_is_too_large(drive: Drive) -> None:
    """Cannot be halved: the error stands."""
    with pytest.raises(TooLarge):
        drive(read_range("wallet", ROOT, 3, 3, Budget()), RecordingTransport([TooLarge("much")]))


def test_an_empty_half(drive: Drive) -> None:
    """Is not the end of the stream: the other half is read too."""
    transport = RecordingTransport([TooLarge("much"), EventBook(), EventBook(pages=(page(7),))])

    book = drive(read_range("wallet", ROOT, 0, 9, Budget()), transport)

    assert [each.sequence for each in book.pages] == [7]


def test_a_peer_that_ignores_the_range(drive: Drive) -> None:
    """What was not asked for is left out."""
    transport = RecordingTransport([EventBook(pages=tuple(page(n) for n in range(9)), next_sequence=9)])

    book = drive(read_range("wallet", ROOT, 3, 5, Budget()), transport)

    assert ([each.sequence for each in book.pages], book.next_sequence) == ([3, 4, 5], 6)


def test_a_budget_that_is_used_up(drive: Drive) -> None:
    """The next call is not made."""
    transport = RecordingTransport()

    with pytest.raises(DeadlineExceeded, match="timeout="):
        drive(read_range("wallet", ROOT, 3, 5, Budget(expires=0.0)), transport)
    assert transport.calls == []


def test_recording_remembers() -> None:
    """What was asked, and with which options."""
    transport = RecordingTransport([EventBook()])
    with DomainClient.for_transport(transport) as client:
        client.query("wallet", ROOT).get_event_book(timeout=None, metadata=[("tenant", "a")])

    (call,) = transport.calls
    assert (call.method, call.request) == (METHODS.get_event_book, QUERY)
    assert call.options == CallOptions(None, (("tenant", "a"),))
    assert transport.closed


def test_recording_in_front_of_another() -> None:
    """The other one answers."""
    behind = RecordingTransport([EventBook(next_sequence=2), [EventBook()], [EventBook()]])
    transport = RecordingTransport(behind=behind)

    assert transport.unary(METHODS.get_event_book, QUERY, CallOptions()).next_sequence == 2
    assert list(transport.stream(METHODS.get_events, QUERY, CallOptions())) == [EventBook()]
    assert list(transport.bidi(METHODS.synchronize, [QUERY], CallOptions())) == [EventBook()]
    transport.close()
    assert behind.closed
    assert len(transport.calls) == len(behind.calls) == 3


def test_recording_beyond_its_script() -> None:
    """A call that nobody scripted is an error, not an empty answer."""
    with pytest.raises(UsageError, match="call 1 \\(GetEventBook\\) has no answer"):
        RecordingTransport().unary(METHODS.get_event_book, QUERY, CallOptions())
