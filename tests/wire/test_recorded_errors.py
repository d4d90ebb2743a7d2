"""Every error that the released coordinator was seen to answer with, and what it is to a caller."""

from __future__ import annotations

import grpc
import pytest

from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    InvalidArgument,
    MethodNotServed,
    NotFound,
    Rejected,
    ServerError,
    Status,
    TooLarge,
    UnknownOutcome,
)
from angzarr_domain.wire import RELEASED, from_status, to_status, to_unrepeated_status
from angzarr_domain.wire.pb import released
from tests.recordings import Recorded, everything, find, recorded

NUMBERS = {code.name: code.value[0] for code in grpc.StatusCode}
STORING = {RELEASED.handle_command.path, RELEASED.handle_event.path, RELEASED.handle_compensation.path}
FAILED = [each for each in everything() if each.status != "OK"]

# Those that are not told by their status alone. What came after the events were stored, for all a caller knows, is an
# unknown outcome; a code in the details is the word of business logic, whatever the status.
EXPECTED: dict[str, type[AngzarrError]] = {
    "stale strict": Conflict,
    "stale commutative": Conflict,
    "stale manual": Conflict,
    "future strict": Conflict,
    "explicit divergence at 1": Conflict,
    "stale with a long history, sizes raised": Conflict,
    "stale after a snapshot": Conflict,
    "stale with a long history, default sizes": UnknownOutcome,
    "deadline of 2 s on a stale command": UnknownOutcome,
    "client logic dies in flight": UnknownOutcome,
    "client logic down": UnknownOutcome,
    "reject-UNAVAILABLE": UnknownOutcome,
    "large-reply, fresh": UnknownOutcome,
    "large-reply, with history": UnknownOutcome,
    "6 MB book, default sizes": TooLarge,
    "11 MB book, sizes raised": TooLarge,
    "reject-INVALID_ARGUMENT-details": Rejected,
    "reject-ABORTED-details": Rejected,
}
BY_STATUS: dict[str, type[AngzarrError]] = {
    "FAILED_PRECONDITION": Rejected,
    "INVALID_ARGUMENT": InvalidArgument,
    "NOT_FOUND": NotFound,
    "UNIMPLEMENTED": MethodNotServed,
}


def error_of(exchange: Recorded) -> AngzarrError:
    """What a client of it raises."""
    number, stores = NUMBERS[exchange.status], exchange.path in STORING
    return from_status(number, exchange.message, exchange.details, stores=stores, trailers=exchange.trailers)


@pytest.mark.parametrize("exchange", [pytest.param(each, id=each.id) for each in FAILED])
def test_a_recorded_error_is_the_right_exception(exchange: Recorded) -> None:
    """Its class, and the status it came with; a book over a limit is always RESOURCE_EXHAUSTED."""
    error = error_of(exchange)

    assert type(error) is EXPECTED.get(exchange.name, BY_STATUS.get(exchange.status, ServerError))
    assert error.status is Status[exchange.status] or isinstance(error, TooLarge)


@pytest.mark.parametrize(
    ("name", "expected", "actual", "events"),
    [
        ("stale strict", 0, 4, [0, 1, 2, 3]),
        ("stale commutative", 1, 4, [1, 2, 3]),
        ("stale manual", 1, 4, [1, 2, 3]),
        ("future strict", 99, 4, []),
    ],
)
def test_a_conflict_has_the_events_that_came_with_it(name: str, expected: int, actual: int, events: list[int]) -> None:
    """The details are a bare event book, so nothing needs to be read."""
    error = error_of(find("commands", name))

    assert isinstance(error, Conflict)
    assert (error.expected, error.actual) == (expected, actual)
    assert error.events is not None
    assert [page.sequence for page in error.events] == events


def test_events_that_a_snapshot_stands_for_are_left_to_be_read() -> None:
    """The book starts after its snapshot, later than what the command expected."""
    error = error_of(find("snapshots", "stale after a snapshot"))

    assert isinstance(error, Conflict)
    assert (error.expected, error.actual, error.events) == (1, 5, None)


def test_the_book_says_where_the_stream_is_if_the_text_does_not() -> None:
    """A text with other numbers in it names neither."""
    details = released.EventBook(next_sequence=4).SerializeToString()
    error = from_status(9, "Sequence mismatch: 1, 2, 3", b"\n\x00" + details)

    assert isinstance(error, Conflict)
    assert (error.expected, error.actual) == (None, None)


def test_details_that_are_no_book_still_mean_a_conflict() -> None:
    """Their first byte says so."""
    error = from_status(9, "moved on", b"\n\xff")

    assert isinstance(error, Conflict)
    assert error.events is None


def test_a_path_of_another_generation_is_told_from_one_that_refuses() -> None:
    """UNIMPLEMENTED without a text or code; an empty query where it is served is an invalid argument."""
    served = find("validation", "empty query")

    assert {type(error_of(each)) for each in recorded("services")} == {MethodNotServed}
    assert type(error_of(served)) is InvalidArgument


@pytest.mark.parametrize("status", [Status.FAILED_PRECONDITION, Status.NOT_FOUND, Status.INVALID_ARGUMENT])
def test_a_rejection_that_must_not_be_repeated_arrives_as_it_was(status: Status) -> None:
    """It travels as INVALID_ARGUMENT, since FAILED_PRECONDITION makes older coordinators ask eleven times."""
    error = Rejected("INSUFFICIENT_FUNDS", "not enough", status=status, missing=5)
    sent = to_unrepeated_status(error)

    assert sent.status is not Status.FAILED_PRECONDITION
    arrived = from_status(sent.status, sent.message, sent.details)
    assert isinstance(arrived, Rejected)
    assert (arrived.code, arrived.message, arrived.status, dict(arrived.details)) == (
        "INSUFFICIENT_FUNDS",
        "not enough",
        status,
        {"missing": "5"},
    )
    assert sent.status is (status if status is not Status.FAILED_PRECONDITION else Status.INVALID_ARGUMENT)
    if status is not Status.FAILED_PRECONDITION:
        assert sent == to_status(error)
