"""decode(encode(value)) == value, for every request and answer of the method table."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from angzarr_domain import books
from angzarr_domain.wire import COMPENSATE, METHODS, NOTIFICATION, REJECTION_NOTIFICATION
from tests.strategies import (
    NAMES,
    SEQUENCES,
    command_books,
    covers,
    event_books,
    event_pages,
    notifications,
    payloads,
    points,
    projections,
    queries,
    snapshots,
)


def _tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


command_requests = st.builds(
    books.CommandRequest,
    command=st.none() | command_books(),
    sync_mode=st.sampled_from(books.SyncMode),
    cascade_error_mode=st.sampled_from(books.CascadeErrorMode),
)
reaction_errors = st.builds(
    books.CascadeReactionError,
    component=NAMES,
    target=st.none() | covers(),
    command_type=NAMES,
    code=st.integers(0, 16),
    message=NAMES,
)
command_responses = st.builds(
    books.CommandResponse,
    events=st.none() | event_books(),
    projections=_tuples(projections()),
    reaction_errors=_tuples(reaction_errors),
)
event_requests = st.builds(
    books.EventRequest,
    events=st.none() | event_books(),
    sync_mode=st.sampled_from(books.SyncMode),
    skip_handler=st.booleans(),
)
fact_responses = st.builds(
    books.FactInjectionResponse,
    events=st.none() | event_books(),
    already_processed=st.booleans(),
    projections=_tuples(projections()),
)
speculate_requests = st.builds(
    books.SpeculateRequest, command=st.none() | command_books(), point_in_time=st.none() | points()
)
contextual_commands = st.builds(
    books.ContextualCommand, events=st.none() | event_books(), command=st.none() | command_books()
)
fact_requests = st.builds(books.FactRequest, facts=st.none() | event_books(), prior_events=st.none() | event_books())
upcast_requests = st.builds(books.UpcastRequest, domain=NAMES, events=_tuples(event_pages()))
upcast_responses = st.builds(books.UpcastResponse, events=_tuples(event_pages()))
replay_requests = st.builds(books.ReplayRequest, base_snapshot=st.none() | snapshots(), events=_tuples(event_pages()))
replay_responses = st.builds(books.ReplayResponse, state=st.none() | payloads())
revocations = st.builds(
    books.RevocationResponse,
    emit_system_revocation=st.booleans(),
    send_to_dead_letter_queue=st.booleans(),
    escalate=st.booleans(),
    abort=st.booleans(),
    reason=NAMES,
)
business_responses = st.builds(books.BusinessResponse, result=st.none() | event_books() | revocations | notifications())
saga_requests = st.builds(
    books.SagaRequest,
    source=st.none() | event_books(),
    sync_mode=st.sampled_from(books.SyncMode),
    cascade_error_mode=st.sampled_from(books.CascadeErrorMode),
)
saga_responses = st.builds(books.SagaResponse, commands=_tuples(command_books()), events=_tuples(event_books()))
process_manager_requests = st.builds(
    books.ProcessManagerRequest, trigger=st.none() | event_books(), process_state=st.none() | event_books()
)
process_manager_responses = st.builds(
    books.ProcessManagerResponse,
    process_events=_tuples(event_books()),
    commands=_tuples(command_books()),
    facts=_tuples(event_books()),
    notification=st.none() | notifications(),
)
aggregate_roots = st.builds(books.AggregateRoot, domain=NAMES, root=st.none() | st.uuids())
rejections = st.builds(
    books.RejectionNotification,
    rejected_command=st.none() | command_books(),
    rejection_reason=NAMES,
    code=NAMES,
)
compensations = st.builds(books.Compensate, sequences=_tuples(SEQUENCES), reason=NAMES, command_type=NAMES)

VALUES: dict[str, tuple[st.SearchStrategy[Any], st.SearchStrategy[Any]]] = {
    "Handle": (contextual_commands, business_responses),
    "HandleFact": (fact_requests, event_books()),
    "Replay": (replay_requests, replay_responses),
    "Upcast": (upcast_requests, upcast_responses),
    "HandleCommand": (command_requests, command_responses),
    "HandleEvent": (event_requests, fact_responses),
    "HandleSyncSpeculative": (speculate_requests, command_responses),
    "HandleCompensation": (command_requests, business_responses),
    "GetEventBook": (queries(), event_books()),
    "GetEvents": (queries(), event_books()),
    "Synchronize": (queries(), event_books()),
    "GetAggregateRoots": (st.none(), aggregate_roots),
    "ProjectorCoordinatorService/HandleSpeculative": (event_books(), projections()),
    "ExecuteSpeculative": (saga_requests, saga_responses),
    "ProcessManagerCoordinatorService/HandleSpeculative": (process_manager_requests, process_manager_responses),
}


def _values(method: Any) -> tuple[st.SearchStrategy[Any], st.SearchStrategy[Any]]:
    """By its name; by service and name where two services have a method of that name."""
    return VALUES.get(method.name) or VALUES[method.path.rpartition(".")[2]]


_quickly = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("method", tuple(METHODS), ids=repr)
@_quickly
@given(data=st.data())
def test_a_request_survives_its_encoding(method: Any, data: st.DataObject) -> None:
    """Nothing is lost on the way: nanoseconds, bytes, absence and zero included."""
    request = data.draw(_values(method)[0])

    assert request == method.decode_request(method.encode_request(request))


VALUED = [method for method in METHODS if method is not METHODS.read_history]


@pytest.mark.parametrize("method", VALUED, ids=repr)
@_quickly
@given(data=st.data())
def test_a_response_survives_its_encoding(method: Any, data: st.DataObject) -> None:
    """Nothing is lost on the way back either."""
    response = data.draw(_values(method)[1])

    assert response == method.decode_response(method.encode_response(response))


@_quickly
@given(event_books())
def test_a_book_read_for_a_fold_says_the_same_as_its_value(book: books.EventBook) -> None:
    """What a fold reads of a book is the same whether its pages became values or stayed as they came."""
    encoded = METHODS.get_events.encode_response(book)
    unread = METHODS.read_history.decode_response(encoded)
    value = METHODS.get_events.decode_response(encoded)

    assert (unread.cover, unread.snapshot, unread.page_count) == (value.cover, value.snapshot, value.page_count)
    assert list(unread.payloads()) == list(value.payloads())
    assert [unread.sequence_at(index) for index in range(unread.page_count)] == [page.sequence for page in value.pages]
    assert unread.next_sequence == books.next_sequence(value.pages, value.snapshot)


@_quickly
@given(notifications())
def test_a_notification_survives_as_a_payload(value: books.Notification) -> None:
    """A signal travels as a command's payload, of type /io.angzarr.v1.Notification (C-0474)."""
    payload = NOTIFICATION.pack(value)

    assert ("/io.angzarr.v1.Notification", value) == (payload.type_url, NOTIFICATION.unpack(payload))


@_quickly
@given(rejections)
def test_a_rejection_survives_as_a_payload(value: books.RejectionNotification) -> None:
    """What a notification of a refused command holds."""
    assert value == REJECTION_NOTIFICATION.unpack(REJECTION_NOTIFICATION.pack(value))


@_quickly
@given(compensations)
def test_a_compensation_survives_as_a_payload(value: books.Compensate) -> None:
    """What a notification of an undone command holds."""
    assert value == COMPENSATE.unpack(COMPENSATE.pack(value))
