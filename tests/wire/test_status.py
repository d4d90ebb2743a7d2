"""Errors on their way over gRPC and back."""

import base64
import inspect
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import UUID

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from angzarr_domain import exceptions
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    ConnectionFailed,
    CorruptHistory,
    DeadlineExceeded,
    DeclarationError,
    DecodeFailed,
    HandlerFailed,
    InvalidArgument,
    InvalidEndpoint,
    MethodNotServed,
    NotFound,
    NotHandled,
    NotSupported,
    Rejected,
    Retry,
    ServerError,
    ServingError,
    StateMutated,
    StateNotEncodable,
    Status,
    StoreError,
    TooLarge,
    UnknownEvent,
    UnknownOutcome,
    UsageError,
)
from angzarr_domain.wire import from_status, to_status
from angzarr_domain.wire.pb import messages as pb

ROOT = UUID(int=7)
#: Classes whose constructors ask for more than a text.
SPECIAL: dict[type[AngzarrError], AngzarrError] = {
    Rejected: Rejected("INSUFFICIENT_FUNDS", "not enough money", status=Status.OUT_OF_RANGE, balance=10, root=ROOT),
    Conflict: Conflict(3, 5),
    UnknownOutcome: UnknownOutcome("Socket closed", correlation_id="c-1"),
    DecodeFailed: DecodeFailed("/bank.v1.Deposit", "3 bytes that are no such message"),
    InvalidArgument: InvalidArgument("too many", field="command.pages", code="TOO_MANY_COMMAND_PAGES", limit=1),
    InvalidEndpoint: InvalidEndpoint("nowhere", "it has no port"),
    NotHandled: NotHandled("no aggregate handles bank.v1.Close", handled=["bank.v1.Open", "bank.v1.Deposit"]),
    NotSupported: NotSupported("named editions"),
    CorruptHistory: CorruptHistory("/bank.v1.Deposited", sequence=4, root=ROOT),
    UnknownEvent: UnknownEvent("Account", "bank.v1.Lost", sequence=4, root=ROOT),
    HandlerFailed: HandlerFailed("Account.withdraw", "KeyError"),
    StateNotEncodable: StateNotEncodable("Account", "owner", "a generator"),
    StateMutated: StateMutated("balance", "Account.withdraw"),
    ConnectionFailed: ConnectionFailed("nobody listens", endpoint="localhost:1310"),
    ServingError: ServingError("in use", address="[::]:1310", code="ADDRESS_IN_USE"),
    StoreError: StoreError("newer", path="bank.db", code="DATA_FILE_NEWER"),
    DeclarationError: DeclarationError("Account", ["two handlers for Deposit"]),
    UsageError: UsageError("closed", code="CLIENT_CLOSED"),
}


def tree(cls: type[AngzarrError] = AngzarrError) -> Iterator[type[AngzarrError]]:
    """Every class of the framework's own tree; users may have added to it."""
    for sub in cls.__subclasses__():
        if sub.__module__ == exceptions.__name__:
            yield sub
            yield from tree(sub)


def every_code() -> Iterator[AngzarrError]:
    for cls in tree():
        for code in cls.codes or ("SOME_RULE",):
            yield cls.of("what happened", code, cls.default_status, {"key": "value"})


@pytest.mark.parametrize("cls", list(tree()), ids=lambda cls: cls.__name__)
def test_an_error_survives_the_way(cls: type[AngzarrError]) -> None:
    """Class, code, status, text and every field arrive as they were raised."""
    error = SPECIAL[cls] if cls in SPECIAL else cls("what happened")
    wire = to_status(error)
    back = from_status(wire.status, wire.message, wire.details)

    assert (type(back), back.code, back.status, back.message, back.details) == (
        cls,
        error.code,
        error.status,
        error.message,
        error.details,
    )


@pytest.mark.parametrize("error", list(every_code()), ids=lambda error: error.code)
def test_each_code_finds_its_class(error: AngzarrError) -> None:
    """The closed set of framework codes: each names one class."""
    wire = to_status(error)

    assert type(from_status(wire.status, wire.message, wire.details)) is type(error)


def test_every_class_is_told_apart_by_its_codes() -> None:
    """No two classes claim one code."""
    codes = [code for cls in tree() for code in cls.codes]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("status", [status for status in Status if status], ids=lambda status: status.name)
@given(code=st.from_regex(r"[A-Z][A-Z0-9_]{0,9}", fullmatch=True).filter(lambda c: not exceptions.is_framework_code(c)))
def test_any_other_code_is_a_rejection(status: Status, code: str) -> None:
    """Whatever its status: only business logic invents codes."""
    wire = to_status(Rejected.of("no", code, status, {}))

    assert type(from_status(wire.status, wire.message, wire.details)) is Rejected


def test_the_numbers_are_those_of_grpc() -> None:
    """The integers kept here are gRPC's status codes, all of them."""
    assert {status.name: status.value for status in Status} == {code.name: code.value[0] for code in grpc.StatusCode}


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0]], ids=lambda code: code.name)
@pytest.mark.parametrize("stores", [True, False])
def test_every_status_without_details_is_some_error(code: grpc.StatusCode, stores: bool) -> None:
    """No number is unmapped, and the text says something even where the peer did not."""
    error = from_status(code.value[0], "", None, stores=stores)

    assert (inspect.isabstract(type(error)), error.status, bool(error.message)) == (False, code.value[0], True)


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0]], ids=lambda code: code.name)
def test_what_may_be_stored_is_not_simply_sent_again(code: grpc.StatusCode) -> None:
    """Of no status without details is it known that a command was not carried out, unless it turned it away."""
    later = from_status(code.value[0], "what happened").retry is Retry.LATER

    assert later is (code is grpc.StatusCode.RESOURCE_EXHAUSTED)


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code.value[0]], ids=lambda code: code.name)
def test_what_stores_nothing_is_never_read_back(code: grpc.StatusCode) -> None:
    """There is nothing to find."""
    assert from_status(code.value[0], "what happened", stores=False).retry is not Retry.READ_FIRST


def test_a_status_number_from_the_future_is_unknown() -> None:
    """A number that gRPC does not have yet."""
    assert from_status(99, "new").status == Status.UNKNOWN


def test_the_details_are_a_status_with_an_error_info() -> None:
    """As other languages read them: reason, domain angzarr.io, fields as metadata, the usual type URL (C-0097)."""
    status = pb.Status.FromString(to_status(NotSupported("named editions")).details)
    info = pb.ErrorInfo.FromString(status.details[0].value)

    assert (status.code, status.details[0].type_url, info.reason, info.domain, dict(info.metadata)) == (
        12,
        "type.googleapis.com/google.rpc.ErrorInfo",
        "NOT_SUPPORTED",
        "angzarr.io",
        {"what": "named editions"},
    )


def test_the_text_never_holds_the_code() -> None:
    """The text is for people, the code travels beside it (C-0505)."""
    assert to_status(Rejected("INSUFFICIENT_FUNDS", "not enough money")).message == "not enough money"


def test_a_rejection_without_a_text_travels_without_one() -> None:
    """What stands in for a missing text here is the code, which never travels as one (C-0505)."""
    error = Rejected("ACCOUNT_FROZEN")
    wire = to_status(error)
    back = from_status(wire.status, wire.message, wire.details)

    assert (wire.message, back.message, str(back)) == ("", error.message, str(error))


def test_a_conflict_carries_both_numbers_as_a_message() -> None:
    """Besides the ErrorInfo, for peers that read SequenceMismatchDetails."""
    details = pb.Status.FromString(to_status(Conflict(3, 5)).details).details

    assert (details[1].type_url, pb.SequenceMismatchDetails.FromString(details[1].value)) == (
        "/io.angzarr.v1.SequenceMismatchDetails",
        pb.SequenceMismatchDetails(expected_sequence=3, actual_sequence=5),
    )


@pytest.mark.parametrize("message", ["Sequence mismatch: command expects 3, aggregate at 5", "Sequence conflict: 3, 5"])
def test_a_conflict_is_known_by_its_text(message: str) -> None:
    """From peers that send no ErrorInfo (C-0161); the numbers stand in the text."""
    error = from_status(9, message)

    assert isinstance(error, Conflict)
    assert (error.expected, error.actual) == (3, 5)


def test_a_conflict_is_known_by_its_details() -> None:
    """From peers that send SequenceMismatchDetails alone."""
    mismatch = pb.SequenceMismatchDetails(expected_sequence=3, actual_sequence=5)
    packed = pb.Any(type_url="/io.angzarr.v1.SequenceMismatchDetails", value=mismatch.SerializeToString())
    error = from_status(9, "stale", pb.Status(code=9, details=[packed]).SerializeToString())

    assert isinstance(error, Conflict)
    assert (error.expected, error.actual) == (3, 5)


def test_a_conflict_is_known_by_a_bare_book() -> None:
    """The released protocol puts the current book where the details belong."""
    book = pb.EventBook(cover=pb.Cover(domain="account"), next_sequence=5)

    assert isinstance(from_status(9, "stale", book.SerializeToString()), Conflict)


def test_a_text_with_more_numbers_says_nothing_about_them() -> None:
    """Nobody knows which of three numbers is the expected one."""
    error = from_status(9, "Sequence mismatch: 3, 5, try 7")

    assert isinstance(error, Conflict)
    assert (error.expected, error.actual) == (None, None)


def test_any_other_failed_precondition_is_a_rejection() -> None:
    """A refusal by logic that names no code."""
    error = from_status(9, "the account is frozen")

    assert (type(error), error.code, error.message) == (Rejected, "REJECTED", "the account is frozen")


@pytest.mark.parametrize("details", [b"\x08\xff", b"\xff\xff\xff", b"text", b""])
def test_details_of_another_convention_do_no_harm(details: bytes) -> None:
    """The status itself still says what happened."""
    assert isinstance(from_status(3, "no root", details), InvalidArgument)


def test_a_broken_error_info_does_no_harm() -> None:
    """Bytes that are no ErrorInfo under its name."""
    packed = pb.Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff")
    details = pb.Status(code=3, details=[packed]).SerializeToString()

    assert isinstance(from_status(3, "no root", details), InvalidArgument)


def test_an_error_with_half_a_character_gets_through() -> None:
    """Reporting an error must not fail for the error's text."""
    wire = to_status(Rejected("NO", "half \ud800", text="half \ud800"))

    assert from_status(wire.status, wire.message, wire.details).details == {"text": "half ?"}


@pytest.mark.parametrize(
    ("status", "message", "stored", "read"),
    [
        (14, "failed to connect to all addresses; last error: refused", ConnectionFailed, ConnectionFailed),
        (14, "errors resolving nowhere:80", ConnectionFailed, ConnectionFailed),
        (14, "DNS resolution failed for nowhere:80", ConnectionFailed, ConnectionFailed),
        (14, "Socket closed", UnknownOutcome, ConnectionFailed),
        (14, "tcp connect error", UnknownOutcome, ConnectionFailed),
        (4, "Deadline Exceeded", UnknownOutcome, DeadlineExceeded),
        (1, "cancelled", UnknownOutcome, ServerError),
        (2, "transport error", UnknownOutcome, ConnectionFailed),
        (2, "Stream removed", UnknownOutcome, ConnectionFailed),
        (2, "Socket closed", UnknownOutcome, ConnectionFailed),
        (13, "Received RST_STREAM with error code 1", UnknownOutcome, ConnectionFailed),
        (13, "Failed to persist events", ServerError, ServerError),
        (8, "CLIENT: Received message larger than max (5 vs. 4)", UnknownOutcome, TooLarge),
        (8, "SERVER: Received message larger than max (5 vs. 4)", TooLarge, TooLarge),
        (8, "received metadata size exceeds hard limit", UnknownOutcome, TooLarge),
        (8, "come back later", ServerError, ServerError),
        (11, "Error, decoded message length too large", UnknownOutcome, TooLarge),
        (12, "Method not found!", MethodNotServed, MethodNotServed),
        (5, "no such thing", NotFound, NotFound),
    ],
)
def test_a_lost_answer_is_unknown_only_where_something_may_be_stored(
    status: int, message: str, stored: type[AngzarrError], read: type[AngzarrError]
) -> None:
    """What was never sent is a plain connection error; what may have been carried out is not called failed."""
    found = (type(from_status(status, message)), type(from_status(status, message, stores=False)))

    assert found == (stored, read)


#: What gRPC peers read of trailers unless told otherwise; more may end in RESOURCE_EXHAUSTED.
STOCK_LIMIT = 8 * 1024


def size(error: AngzarrError) -> int:
    """Bytes that an error takes at the most: the text in percent encoding, the details in base64, 32 for each entry."""
    wire = to_status(error)
    entries = {
        "grpc-status": str(wire.status),
        "grpc-message": quote(wire.message),
        "grpc-status-details-bin": base64.b64encode(wire.details).decode(),
        "content-type": "application/grpc+proto",
    }
    return sum(len(name) + len(value) + 32 for name, value in entries.items())


def detailed(details: dict[str, Any], message: str = "no") -> Rejected:
    return Rejected("NO", message, **details)


LONG = [
    pytest.param(Rejected("NO", "\N{EURO SIGN}" * 9_000), id="text beyond ASCII"),
    pytest.param(InvalidArgument("x" * 90_000, field="y" * 90_000), id="text and field"),
    pytest.param(NotHandled("no", handled=[f"bank.v1.Command{n}" for n in range(9_000)]), id="names"),
    pytest.param(detailed({f"detail_{n}": n for n in range(9_000)}), id="many details"),
    pytest.param(detailed({"key" * 9_000: "value"}), id="the name of a detail"),
    pytest.param(Conflict.of("x" * 90_000, "SEQUENCE_MISMATCH", Status.FAILED_PRECONDITION, {}), id="a conflict"),
    pytest.param(detailed({f"d{n}": "\N{EURO SIGN}" * 900 for n in range(9)}, "%" * 9_000), id="all of it"),
    pytest.param(Rejected("NO" * 9_000, "no"), id="code"),
]


@pytest.mark.parametrize("error", LONG)
def test_an_error_of_any_length_fits_through_a_peers_limit(error: AngzarrError) -> None:
    """A peer that takes no more would see neither class nor code, only that something was too large."""
    error.retry_after = 1.5
    assert size(error) <= STOCK_LIMIT


@pytest.mark.parametrize("error", LONG[:-1])
def test_an_error_that_was_cut_is_of_the_same_class_and_code(error: AngzarrError) -> None:
    """What programs decide on is never cut away."""
    wire = to_status(error)
    back = from_status(wire.status, wire.message, wire.details)

    assert (type(back), back.code, back.status) == (type(error), error.code, error.status)


def test_a_text_that_was_cut_says_so() -> None:
    """It keeps its beginning."""
    message = to_status(Rejected("NO", "begin" + "x" * 90_000)).message

    assert (message[:5], message[-9:]) == ("begin", "... (cut)")


def test_details_that_were_left_out_are_counted() -> None:
    """Nothing goes missing silently."""
    wire = to_status(detailed({f"detail_{n}": "x" * 100 for n in range(100)}))
    details = from_status(wire.status, wire.message, wire.details).details

    assert details["..."] == f"{100 - (len(details) - 1)} more details did not fit"


def test_usual_errors_are_not_cut() -> None:
    """An error of a few hundred characters and a dozen details arrives as it is."""
    error = detailed({f"detail_{n}": "y" * 100 for n in range(12)}, "x" * 1_000)
    wire = to_status(error)

    assert from_status(wire.status, wire.message, wire.details).details == error.details
    assert wire.message == error.message


@pytest.mark.parametrize("number", ["-1", "4294967296", "9" * 5_000, "three", ""])
def test_a_peers_impossible_sequence_says_nothing(number: str) -> None:
    """The error itself gets through, and can be sent on."""
    wire = to_status(Conflict.of("stale", "SEQUENCE_MISMATCH", Status.FAILED_PRECONDITION, {"expected": number}))
    back = from_status(wire.status, wire.message, wire.details)

    assert isinstance(back, Conflict)
    assert (back.expected, back.actual) == (None, None)


def test_an_error_without_a_text_says_its_code() -> None:
    """From peers that send an ErrorInfo and no text."""
    details = to_status(NotSupported("x")).details

    assert str(from_status(12, "", details)) == "NOT_SUPPORTED"
