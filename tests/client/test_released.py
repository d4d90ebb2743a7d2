"""The client against what the released coordinator was recorded to answer."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain import books
from angzarr_domain.books import CommandRequest, EventBook, Query, SpeculateRequest
from angzarr_domain.client import DomainClient, Protocol
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    InvalidArgument,
    MethodNotServed,
    NotStored,
    Rejected,
    ServerError,
    Status,
    UnknownOutcome,
)
from angzarr_domain.hosting import Serving
from angzarr_domain.wire import RELEASED
from tests.awaited import KINDS
from tests.recordings import Recorded, find, recorded
from tests.replaying import READ, Replayer

BORN = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def replayed(*exchanges: Recorded, kind: type[DomainClient] = DomainClient) -> Generator[Any, None, None]:
    """A client of a server that replays these, and the server."""
    replayer = Replayer(exchanges)
    with Serving([], ["127.0.0.1:0"], services=[replayer]) as serving, kind.connect(serving.addresses[0]) as client:
        yield client, replayer
    assert replayer.strange == []


def root_of(number: int) -> UUID:
    return UUID(f"5eed0000-0000-4000-8000-{number:012x}")


BOTH = pytest.mark.parametrize("kind", [pytest.param(KINDS[name], id=name) for name in KINDS])

SENT = [
    each
    for file in ("commands", "replies", "snapshots", "editions", "outage", "upcasting")
    for each in recorded(file)
    if each.path == RELEASED.handle_command.path and each.responses
]
# Answered with events that are not in the stream that was asked for.
LOST = {
    "no-sequence, with history": "NOT_STORED",
    "old-sequence, with history": "NOT_STORED",
    "other-root, fresh": "STORED_ELSEWHERE",
    "other-root, with history": "STORED_ELSEWHERE",
}


def command_of(exchange: Recorded) -> CommandRequest:
    return RELEASED.handle_command.decode_request(exchange.requests[0])


@BOTH
@pytest.mark.parametrize("exchange", [pytest.param(each, id=each.id) for each in SENT])
def test_a_recorded_command_is_sent_byte_for_byte(kind: type[DomainClient], exchange: Recorded) -> None:
    """And its answer is what was recorded, unless the events are not in the stream."""
    with replayed(exchange, *recorded(exchange.file), kind=kind) as (client, replayer):
        lost = LOST.get(exchange.name)
        if lost is None:
            response = client.aggregate.handle_sync(command_of(exchange))
            assert response == RELEASED.handle_command.decode_response(exchange.responses[0])
        else:
            with pytest.raises(NotStored) as raised:
                client.aggregate.handle_sync(command_of(exchange))
            assert raised.value.code == lost
        assert (exchange.path, exchange.requests) in replayer.asked


def test_a_builder_sends_what_was_recorded() -> None:
    """The first command of the recordings, from the words of a caller to the bytes on the wire."""
    opened = find("commands", "open")
    with replayed(opened) as (client, replayer):
        ready = client.command("account", root_of(1)).with_sequence(0).with_correlation_id("corr-1")
        result = ready.with_command("bank.v1.OpenAccount", b"\n\x03ada").send()

        assert [request for path, request in replayer.asked if path == opened.path] == [opened.requests]
        assert [page.sequence for page in result.pages] == [0]
        assert result.next_sequence == 1


def test_the_generation_is_found_out_once() -> None:
    """A call that the peer does not know did nothing there; one empty query tells what it speaks."""
    opened = find("commands", "open")
    with replayed(*recorded("commands")) as (client, replayer):
        client.aggregate.handle_sync(command_of(opened))
        client.aggregate.handle_sync(command_of(opened))

        assert client.connection.speaker.protocol is Protocol.RELEASED
        assert [path for path, _ in replayer.asked] == [READ, opened.path, opened.path]


def test_a_generation_chosen_by_name_is_not_asked_for() -> None:
    """No probe; and a wrong choice is an error that says so."""
    opened = find("commands", "open")
    replayer = Replayer(recorded("commands"))
    with Serving([], ["127.0.0.1:0"], services=[replayer]) as serving:
        with DomainClient.connect(serving.addresses[0], protocol=Protocol.RELEASED) as client:
            client.aggregate.handle_sync(command_of(opened))
        assert [path for path, _ in replayer.asked] == [opened.path]
        for wrong in (Protocol.NEWEST, Protocol.INTERIM):
            with DomainClient.connect(serving.addresses[0], protocol=wrong) as client, pytest.raises(MethodNotServed):
                client.aggregate.handle_sync(command_of(opened))


@BOTH
def test_a_peer_that_speaks_none_of_them_is_told(kind: type[DomainClient]) -> None:
    """And it is not remembered."""
    with Serving([], ["127.0.0.1:0"]) as serving, kind.connect(serving.addresses[0]) as client:
        for _ in range(2):
            with pytest.raises(MethodNotServed):
                client.query("account", root_of(1)).get_event_book()
        assert client.connection.speaker.protocol is Protocol.AUTO


# The class and the code; the status is the recorded one.
FAILED: dict[str, tuple[type[AngzarrError], str]] = {
    "stale strict": (Conflict, "SEQUENCE_MISMATCH"),
    "stale commutative": (Conflict, "SEQUENCE_MISMATCH"),
    "stale manual": (Conflict, "SEQUENCE_MISMATCH"),
    "future strict": (Conflict, "SEQUENCE_MISMATCH"),
    "rejected with failed precondition": (Rejected, "REJECTED"),
    "rejected with invalid argument": (InvalidArgument, "INVALID_ARGUMENT"),
    "reject-FAILED_PRECONDITION-details": (Rejected, "INSUFFICIENT_FUNDS"),
    "reject-INVALID_ARGUMENT-details": (Rejected, "INSUFFICIENT_FUNDS"),
    "reject-ABORTED-details": (Rejected, "INSUFFICIENT_FUNDS"),
    "reject-ALREADY_EXISTS": (Rejected, "REJECTED"),
    "reject-NOT_FOUND": (Rejected, "REJECTED"),
    "reject-OUT_OF_RANGE": (Rejected, "REJECTED"),
    "reject-PERMISSION_DENIED": (ServerError, "SERVER_ERROR"),
    "reject-RESOURCE_EXHAUSTED": (ServerError, "SERVER_ERROR"),
    "reject-UNAVAILABLE": (UnknownOutcome, "UNKNOWN_OUTCOME"),
    "reject-INTERNAL": (UnknownOutcome, "UNKNOWN_OUTCOME"),
    "reject-DATA_LOSS": (ServerError, "SERVER_ERROR"),
    "reject-UNIMPLEMENTED": (MethodNotServed, "METHOD_NOT_SERVED"),
    "reject-UNKNOWN": (ServerError, "SERVER_ERROR"),
    "raises": (ServerError, "SERVER_ERROR"),
    "unknown command type": (InvalidArgument, "INVALID_ARGUMENT"),
}
# What these say besides the recorded text.
AROUND = {
    "reject-UNAVAILABLE": "outcome unknown ({}); the command may or may not have been stored",
    "reject-INTERNAL": "outcome unknown ({}); the command may or may not have been stored",
    "reject-UNIMPLEMENTED": "this peer is another service, or speaks another generation of the protocol: {}",
}


@BOTH
@pytest.mark.parametrize("name", FAILED)
def test_a_recorded_refusal_is_the_right_exception(kind: type[DomainClient], name: str) -> None:
    """Business logic may refuse by any status; what is internal may have come after the events were stored.

    The status is the recorded one, and the text says what was recorded.
    """
    exchange = find("commands", name)
    cls, code = FAILED[name]
    with replayed(*recorded("commands"), kind=kind) as (client, _), pytest.raises(AngzarrError) as raised:
        client.aggregate.handle_sync(command_of(exchange))

    assert (type(raised.value), raised.value.code) == (cls, code)
    assert raised.value.status is Status[exchange.status]
    assert raised.value.message.startswith(AROUND.get(name, "{}").format(exchange.message))


@pytest.mark.parametrize("name", ["duplicate, fresh", "cover-without-root, with history"])
def test_what_could_not_be_persisted_is_known(name: str) -> None:
    """The one internal error that says that nothing was stored."""
    with replayed(*recorded("replies")) as (client, _), pytest.raises(ServerError, match="Failed to persist"):
        client.aggregate.handle_sync(command_of(find("replies", name)))


def test_a_conflict_needs_no_further_call() -> None:
    """The events in between came with it."""
    stale = find("commands", "stale commutative")
    with replayed(*recorded("commands")) as (client, replayer):
        with pytest.raises(Conflict) as raised:
            client.aggregate.handle_sync(command_of(stale))

        assert (raised.value.expected, raised.value.actual) == (1, 4)
        assert [page.sequence for page in raised.value.events or ()] == [1, 2, 3]
        assert replayer.asked[-1] == (stale.path, stale.requests)


def test_a_conflict_after_a_snapshot_reads_what_is_missing() -> None:
    """The trailer starts after the snapshot."""
    stale = find("snapshots", "stale after a snapshot")
    with replayed(*recorded("snapshots")) as (client, _), pytest.raises(Conflict) as raised:
        client.aggregate.handle_sync(command_of(stale))

    assert [page.sequence for page in raised.value.events or ()] == [1, 2, 3, 4]


def test_an_event_that_claims_a_taken_place_is_told_with_its_sequence() -> None:
    """The coordinator said OK, and dropped it."""
    exchange = find("replies", "old-sequence, with history")
    with replayed(*recorded("replies")) as (client, _), pytest.raises(NotStored, match="0 was taken") as raised:
        client.aggregate.handle_sync(command_of(exchange))

    assert raised.value.sequences == (0,)


def test_an_answer_to_a_command_without_a_sequence_is_read_back() -> None:
    """Nothing was compared, so only the stream can say whether the events are in it."""
    exchange = find("commands", "aggregate handles, sequence 0")
    with replayed(*recorded("commands")) as (client, replayer):
        client.aggregate.handle_sync(command_of(exchange))
        query = RELEASED.get_event_book.decode_request(replayer.asked[-1][1][0])

    assert query.selection == books.SequenceSet((3,))


QUERIED = [each for each in recorded("queries") if each.path == READ]
# Asked in other words, since those mean something else there.
REWORDED = {"by correlation id with root", "edition by name"}


@BOTH
@pytest.mark.parametrize("exchange", [pytest.param(each, id=each.name) for each in QUERIED])
def test_a_recorded_query_is_asked_byte_for_byte(kind: type[DomainClient], exchange: Recorded) -> None:
    """And its book is the recorded one."""
    query = RELEASED.get_event_book.decode_request(exchange.requests[0])
    with replayed(*recorded("queries"), kind=kind) as (client, replayer):
        book = client.query.get_event_book(query)
        asked = (exchange.path, exchange.requests) in replayer.asked

    assert asked is (exchange.name not in REWORDED)
    if asked:
        assert book == RELEASED.get_event_book.decode_response(exchange.responses[0])


def test_a_query_by_root_is_never_answered_with_another_root() -> None:
    """A correlation id would win over the root there."""
    exchange = find("queries", "by correlation id with root")
    query = RELEASED.get_event_book.decode_request(exchange.requests[0])
    assert query.cover is not None
    with replayed(*recorded("queries")) as (client, _):
        book: EventBook = client.query.get_event_book(query)

    assert book.cover is not None
    assert book.cover.root == query.cover.root
    theirs = RELEASED.get_event_book.decode_response(exchange.responses[0])
    assert theirs.cover is not None
    assert theirs.cover.root != query.cover.root


def streamed(client: Any, query: Query) -> list[int | None]:
    return [page.sequence for found in client.query.get_events(query) for page in found.pages]


SELECTIONS: list[tuple[Any, list[int]]] = [
    (None, [0, 1, 2, 3, 4, 5]),
    (books.SequenceRange(2, 4), [2, 3, 4]),
    (books.SequenceRange(4), [4, 5]),
    (books.SequenceRange(9), []),
    (books.SequenceSet((1, 3, 77)), [1, 3]),
    (books.TemporalQuery(as_of_sequence=2), [0, 1, 2]),
    (books.TemporalQuery(as_of_sequence=books.NOW), [0, 1, 2, 3, 4, 5]),
    (books.TemporalQuery(as_of_time_ns=books.to_nanoseconds(BORN + timedelta(seconds=2))), [0, 1, 2]),
]


@BOTH
@pytest.mark.parametrize(("selection", "sequences"), SELECTIONS)
def test_streams_are_what_was_selected(kind: type[DomainClient], selection: Any, sequences: list[int]) -> None:
    """GetEvents looks at no selection there, so books are read by ranges instead."""
    full = find("queries", "full")
    cover = RELEASED.get_event_book.decode_request(full.requests[0]).cover
    with replayed(*recorded("queries"), kind=kind) as (client, replayer):
        assert streamed(client, Query(cover, selection)) == sequences
        assert {path for path, _ in replayer.asked} == {READ}


@BOTH
def test_books_of_a_workflow_are_streamed_and_picked_out_of(kind: type[DomainClient]) -> None:
    """By correlation id there is no other way; what was selected is picked out here."""
    exchange = find("queries", "stream by correlation id")
    query = RELEASED.get_events.decode_request(exchange.requests[0])
    with replayed(*recorded("queries"), kind=kind) as (client, _):
        everything = list(client.query.get_events(query))
        part = list(client.query.get_events(attrs.evolve(query, selection=books.SequenceRange(1, 2))))

    assert everything == [RELEASED.get_events.decode_response(data) for data in exchange.responses]
    assert [[page.sequence for page in book.pages] for book in part] == [
        [page.sequence for page in book.pages if page.sequence in (1, 2)] for book in everything
    ]


@BOTH
@pytest.mark.parametrize("name", ["synchronize: two roots", "synchronize: range 2..4", "synchronize: no query"])
def test_synchronize_means_the_same_range(kind: type[DomainClient], name: str) -> None:
    """The upper end is not part of it there, so one more is asked for."""
    exchange = find("queries", name)
    theirs = [RELEASED.synchronize.decode_request(data) for data in exchange.requests]
    ours = [_inclusive(query) for query in theirs]
    with replayed(*recorded("queries"), kind=kind) as (client, replayer):
        found = list(client.query.synchronize(ours))
        assert replayer.asked[-1] == (exchange.path, exchange.requests)

    assert found == [RELEASED.synchronize.decode_response(data) for data in exchange.responses]


def _inclusive(query: Query) -> Query:
    if isinstance(query.selection, books.SequenceRange) and query.selection.upper is not None:
        return attrs.evolve(query, selection=books.SequenceRange(query.selection.lower, query.selection.upper - 1))
    return query


@BOTH
def test_roots_are_those_that_were_recorded(kind: type[DomainClient]) -> None:
    """As the first call of a client, too."""
    exchange = find("queries", "roots")
    with replayed(exchange, kind=kind) as (client, _):
        roots = list(client.query.get_aggregate_roots())

    assert roots == [RELEASED.get_aggregate_roots.decode_response(data) for data in exchange.responses]


ASKED_IF = [each for each in recorded("speculative") if each.path.endswith("HandleSyncSpeculative")]


@BOTH
@pytest.mark.parametrize("exchange", [pytest.param(each, id=each.name) for each in ASKED_IF])
def test_a_recorded_what_if_is_asked_and_answered(kind: type[DomainClient], exchange: Recorded) -> None:
    """A sequence is asked for as it is; no point is now; a moment is a sequence by then."""
    request = RELEASED.handle_sync_speculative.decode_request(exchange.requests[0])
    with replayed(*recorded("speculative"), kind=kind) as (client, _):
        if exchange.name in {"as of now", "without a point"}:
            request = attrs.evolve(request, command=_deposit(request))
            response = client.aggregate.handle_sync_speculative(request)
            assert response.events.pages
        elif exchange.status == "OK":
            response = client.aggregate.handle_sync_speculative(request)
            assert response == RELEASED.handle_sync_speculative.decode_response(exchange.responses[0])
        else:
            with pytest.raises(Rejected):
                client.aggregate.handle_sync_speculative(request)


def _deposit(request: SpeculateRequest) -> books.CommandBook | None:
    now = find("speculative", "as of sequence 4294967295")
    return RELEASED.handle_sync_speculative.decode_request(now.requests[0]).command
