"""The error tree: what each error says, keeps and refuses. How errors travel is tested with wire."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from angzarr_domain import exceptions
from angzarr_domain.books import EventPage, Payload
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    ConnectionFailed,
    CorruptHistory,
    DeadlineExceeded,
    DeclarationError,
    DecodeFailed,
    GenerationError,
    HandlerFailed,
    InvalidArgument,
    InvalidEndpoint,
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
    StreamBusy,
    TlsFailed,
    TooLarge,
    UnknownEvent,
    UnknownOutcome,
    UsageError,
    detail_text,
    is_framework_code,
    restore,
)

ROOT = UUID(int=7)
CLASSES = [cls for name in exceptions.__all__ if isinstance(cls := getattr(exceptions, name), type)]
ERRORS: list[type[AngzarrError]] = [cls for cls in CLASSES if issubclass(cls, AngzarrError)]
SPECIAL: dict[type[AngzarrError], Callable[[], AngzarrError]] = {
    AngzarrError: lambda: AngzarrError("text", code="ANY"),
    Conflict: lambda: Conflict(3, 5),
    CorruptHistory: lambda: CorruptHistory("/x.Y", sequence=4, root=ROOT),
    DeclarationError: lambda: DeclarationError("Account", ["one", "two"]),
    DecodeFailed: lambda: DecodeFailed("/x.Y", "its bytes are not readable"),
    GenerationError: lambda: GenerationError(["one"]),
    HandlerFailed: lambda: HandlerFailed("Account.open", "KeyError"),
    InvalidArgument: lambda: InvalidArgument("text", field="cover", limit=3),
    InvalidEndpoint: lambda: InvalidEndpoint("nowhere", "it has no port"),
    NotHandled: lambda: NotHandled("no handler", handled=["b.B", "a.A"]),
    StateNotEncodable: lambda: StateNotEncodable("Account", "owner", "a generator"),
    StateMutated: lambda: StateMutated("balance", "Account.open"),
    Rejected: lambda: Rejected("NO_FUNDS", "not enough", status=Status.NOT_FOUND, balance=3, root=ROOT, frozen=True),
    UnknownEvent: lambda: UnknownEvent("Account", "bank.v1.Lost", sequence=4, root=ROOT),
    UnknownOutcome: lambda: UnknownOutcome("Socket closed", correlation_id="c-1"),
}
SAMPLES = [SPECIAL[cls]() if cls in SPECIAL else cls("text") for cls in ERRORS]


def _pickled(error: AngzarrError) -> AngzarrError:
    again: AngzarrError = pickle.loads(pickle.dumps(error))
    return again


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("carry", [_pickled, copy.copy, copy.deepcopy])
def test_every_error_can_be_copied(error: AngzarrError, carry: Callable[[AngzarrError], AngzarrError]) -> None:
    """By pickle and copy, with everything it knows, although constructors differ."""
    again = carry(error)

    assert type(again) is type(error)
    assert (str(again), repr(again)) == (str(error), repr(error))
    assert {**vars(again), "details": dict(again.details)} == {**vars(error), "details": dict(error.details)}


def test_the_tree_is_drawn_completely() -> None:
    """The picture in the docstring names every class, and no other."""
    drawn = [line.replace("|--", "").replace("`--", "").replace("|", "").split() for line in _picture()]

    assert sorted(words[0] for words in drawn) == sorted(cls.__name__ for cls in ERRORS)


def _picture() -> list[str]:
    lines = (exceptions.__doc__ or "").splitlines()
    return [line for line in lines if line.startswith("    ")]


def test_every_error_is_caught_by_one_base() -> None:
    """And by nothing that is not ours."""
    bases = {base for cls in ERRORS for base in cls.__mro__} - set(ERRORS)

    assert bases == {Exception, BaseException, object}


def test_details_do_not_change() -> None:
    """What an error says is fixed when it is made."""
    details: Any = Conflict(3, 5).details

    with pytest.raises(TypeError):
        details["expected"] = "4"


# --- rejections ---


def test_a_rejection_has_what_it_was_given() -> None:
    """Code, message, status and details, as text."""
    rejection = Rejected("NO_FUNDS", "not enough", status=Status.NOT_FOUND, balance=3, root=ROOT, frozen=False)

    assert (rejection.code, rejection.message, rejection.status) == ("NO_FUNDS", "not enough", Status.NOT_FOUND)
    assert dict(rejection.details) == {"balance": "3", "root": str(ROOT), "frozen": "false"}


def test_a_rejection_is_a_failed_precondition_unless_it_says_otherwise() -> None:
    """The status that callers know rejections by."""
    assert Rejected("NO_FUNDS").status is Status.FAILED_PRECONDITION


@pytest.mark.parametrize(
    ("rejection", "text"),
    [(Rejected("NO_FUNDS", "not enough"), "NO_FUNDS: not enough"), (Rejected("NO_FUNDS"), "NO_FUNDS")],
)
def test_a_rejection_reads_well(rejection: Rejected, text: str) -> None:
    """Code first."""
    assert str(rejection) == text


@pytest.mark.parametrize("code", ["", "lower", "With Space", "1ST", "KEBAB-CASE"])
def test_a_code_is_screaming_snake_case(code: str) -> None:
    """Texts may change, codes do not; so a code looks like none."""
    with pytest.raises(UsageError, match="SCREAMING_SNAKE_CASE"):
        Rejected(code)


@pytest.mark.parametrize(
    "code", ["SEQUENCE_MISMATCH", "NO_HANDLER_REGISTERED", "UNHANDLED_HANDLER_ERROR", "STREAM_BUSY"]
)
def test_the_frameworks_codes_are_refused(code: str) -> None:
    """A caller would read them as something else than a rejection."""
    with pytest.raises(UsageError, match=f"the code {code} is the framework's own: choose another"):
        Rejected(code)


NEVER = ["OK", "CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "ABORTED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE"]


@pytest.mark.parametrize("status", [*NEVER, "DATA_LOSS"])
def test_a_status_that_means_a_failure_is_refused(status: str) -> None:
    """Callers and machines between take it for one of transport or server."""
    with pytest.raises(UsageError, match=f"status {status} would not be read as a rejection: use one of INVALID_ARG"):
        Rejected("NO_FUNDS", status=Status[status])


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), (3, "3"), (True, "true"), (False, "false"), (ROOT, str(ROOT)), (Status.OK, "0")]
)
def test_a_detail_becomes_text_in_one_way(value: str | int | UUID, text: str) -> None:
    """So that a test and a remote caller see the same."""
    assert detail_text(value) == text


@pytest.mark.parametrize("value", [1.5, None, b"x", ["x"]])
def test_a_detail_of_another_kind_is_refused(value: Any) -> None:
    """There would be two ways to write it."""
    with pytest.raises(UsageError, match="a detail is str, int, bool or UUID, not"):
        Rejected("NO_FUNDS", detail=value)


# --- fields ---


FIELDS: list[tuple[AngzarrError, dict[str, object]]] = [
    (Conflict(3, 5), {"expected": 3, "actual": 5, "events": None}),
    (CorruptHistory("/x.Y", sequence=4, root=ROOT), {"type_url": "/x.Y", "sequence": 4, "root": ROOT}),
    (CorruptHistory("/x.Y", sequence=None, root=None), {"type_url": "/x.Y", "sequence": None, "root": None}),
    (DeclarationError("Account", ["one"]), {"issues": ("one",)}),
    (DecodeFailed("/x.Y", "why"), {"type_url": "/x.Y", "field": "", "code": "ANY_DECODE_FAILED"}),
    (HandlerFailed("A.b", "KeyError"), {"handler": "A.b", "exception": "KeyError", "sequence": None, "root": None}),
    (HandlerFailed("A.b", "KeyError", sequence=4, root=ROOT), {"exception": "KeyError", "sequence": 4, "root": ROOT}),
    (HandlerFailed("A.b", answer="answered with int"), {"handler": "A.b", "exception": ""}),
    (InvalidArgument("text", field="cover.root"), {"field": "cover.root"}),
    (InvalidEndpoint("x", "why"), {"endpoint": "x", "field": "endpoint"}),
    (NotHandled("text", handled=["b", "a"]), {"handled": ("a", "b")}),
    (NotHandled("text"), {"handled": ()}),
    (NotSupported("named editions"), {"what": "named editions"}),
    (ServingError("text", address="[::]:1"), {"address": "[::]:1", "code": "ADDRESS_UNUSABLE"}),
    (StoreError("text", path="x.db", code="DATA_FILE_NEWER"), {"path": "x.db", "code": "DATA_FILE_NEWER"}),
    (ConnectionFailed("text", endpoint="h:1"), {"endpoint": "h:1"}),
    (UnknownOutcome("why", correlation_id="c"), {"correlation_id": "c"}),
    (UsageError("text", field="ids"), {"field": "ids"}),
]


@pytest.mark.parametrize(("error", "fields"), FIELDS, ids=lambda value: type(value).__name__)
def test_fields_are_read_back(error: AngzarrError, fields: dict[str, object]) -> None:
    """Code decides on fields, never on texts."""
    assert {name: getattr(error, name) for name in fields} == fields


@pytest.mark.parametrize(("error", "fields"), FIELDS, ids=lambda value: type(value).__name__)
def test_fields_survive_a_restore(error: AngzarrError, fields: dict[str, object]) -> None:
    """An error read back from a peer has the same class and fields as the one raised there."""
    again = restore(error.code, error.status, error.message, error.details)
    travelling = fields.keys() - {"issues"}

    assert type(again) is type(error)
    assert {name: getattr(again, name) for name in travelling} == {name: fields[name] for name in travelling}


def test_a_peer_that_says_less_leaves_fields_empty() -> None:
    """Nothing is made up, and nothing raises."""
    error = restore("SEQUENCE_MISMATCH", 9, "Sequence mismatch", {"expected": "three"})

    assert isinstance(error, Conflict)
    assert (error.expected, error.actual) == (None, None)


def test_a_peers_root_that_is_none_is_left_empty() -> None:
    """Reading a field of an error never raises another."""
    error = restore("PERSISTED_EVENT_CORRUPT", 15, "corrupt", {"root": "nobody", "sequence": "9" * 5_000})

    assert isinstance(error, CorruptHistory)
    assert (error.root, error.sequence) == (None, None)


def test_any_other_code_is_a_rejection() -> None:
    """Whatever its status; what a peer sends is not judged again."""
    error = restore("no funds", 13, "not enough", {"balance": "3"})

    assert isinstance(error, Rejected)
    assert (error.code, error.status, dict(error.details)) == ("no funds", Status.INTERNAL, {"balance": "3"})


def test_a_users_subclass_adds_no_framework_code() -> None:
    """The set of codes is closed."""

    class Custom(AngzarrError):
        codes = ("CUSTOM",)

    assert not is_framework_code(Custom("text").code)


# --- what may be done then ---


RETRY: list[tuple[AngzarrError, Retry]] = [
    (ConnectionFailed("nobody listens"), Retry.LATER),
    (TlsFailed("expired", code="TLS_EXPIRED"), Retry.NEVER),
    (DeadlineExceeded("too late"), Retry.LATER),
    (StreamBusy("many writers"), Retry.LATER),
    (ServerError("slow down", status=Status.RESOURCE_EXHAUSTED), Retry.LATER),
    (ServerError("merge it by hand", status=Status.ABORTED), Retry.NEVER),
    (ServerError("broken", status=Status.INTERNAL), Retry.NEVER),
    (NotFound("no such thing"), Retry.NEVER),
    (Conflict(3, 5), Retry.AFTER_RELOAD),
    (Rejected("NO_FUNDS"), Retry.AFTER_RELOAD),
    (Rejected("BAD_AMOUNT", status=Status.INVALID_ARGUMENT), Retry.NEVER),
    (UnknownOutcome("lost"), Retry.READ_FIRST),
    (InvalidArgument("no root"), Retry.NEVER),
    (TooLarge("ask for ranges"), Retry.NEVER),
    (StoreError("stopping", code="STORE_CLOSED"), Retry.LATER),
    (StoreError("of another program", code="DATA_FILE_FOREIGN"), Retry.NEVER),
]


@pytest.mark.parametrize(("error", "retry"), RETRY, ids=lambda value: getattr(value, "code", None))
def test_whether_the_same_may_be_sent_again(error: AngzarrError, retry: Retry) -> None:
    """Is data, of the class or its status (C-0361)."""
    assert error.retry is retry


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_whether_the_same_may_be_sent_again_survives(error: AngzarrError) -> None:
    """The way to a peer and back, since it follows from class, code and status."""
    assert restore(error.code, error.status, error.message, error.details).retry is error.retry


def test_how_long_to_wait_is_copied() -> None:
    """What the peer asked for goes along in a pickle (C-0362)."""
    error = StreamBusy("many writers")
    error.retry_after = 2.5

    assert _pickled(error).retry_after == 2.5
    assert StreamBusy("many writers").retry_after is None


PREDICATES = ("is_not_found", "is_precondition_failed", "is_invalid_argument", "is_connection_error")
TABLE: list[tuple[AngzarrError, str]] = [
    (ConnectionFailed("nobody listens"), "is_connection_error"),
    (TlsFailed("expired"), "is_connection_error"),
    (UsageError("closed", code="CLIENT_CLOSED"), "is_connection_error is_invalid_argument"),
    (NotFound("no such thing"), "is_not_found"),
    (Rejected("NO_ACCOUNT", status=Status.NOT_FOUND), "is_not_found"),
    (Rejected("NO_FUNDS"), "is_precondition_failed"),
    (Conflict(3, 5), "is_precondition_failed"),
    (InvalidArgument("no root"), "is_invalid_argument"),
    (InvalidEndpoint("x", "why"), "is_invalid_argument"),
    (ServerError("broken", status=Status.INTERNAL), ""),
    (ServerError("no", status=Status.PERMISSION_DENIED), ""),
    (DeadlineExceeded("too late"), ""),
]


@pytest.mark.parametrize(("error", "true"), TABLE, ids=lambda value: getattr(value, "code", None))
def test_predicates(error: AngzarrError, true: str) -> None:
    """Each holds for just these (C-0131, C-0346 to C-0348, C-0357 to C-0360)."""
    assert [name for name in PREDICATES if getattr(error, name)] == [
        name for name in PREDICATES if name in true.split()
    ]


# --- texts ---


def test_a_conflict_names_what_got_in_between() -> None:
    """By sequence and type, never by content."""
    conflict = Conflict(3, 5)
    conflict.events = (EventPage(Payload("/x.Deposited", b"secret"), 3), EventPage(sequence=4))

    assert str(conflict) == (
        "Sequence mismatch: the command expects 3, the stream is at 5; in between: 3 x.Deposited, 4 (no event)"
    )


@pytest.mark.parametrize(
    ("conflict", "says"),
    [
        (Conflict(3, 150), "; in between are 147 sequences, of which the first 100 were read: nothing"),
        (Conflict.of("text", "SEQUENCE_MISMATCH", Status.FAILED_PRECONDITION, {}), "up to sequence 102: nothing"),
    ],
)
def test_a_conflict_says_how_far_it_looked(conflict: Conflict, says: str) -> None:
    """Where more got in between than is read, what was read is not said to be all."""
    conflict.events = ()
    conflict.events_until = 102

    assert str(conflict).endswith(says)
    assert pickle.loads(pickle.dumps(conflict)).events_until == 102


def test_a_conflict_says_why_it_cannot_name_them() -> None:
    """A failed reading does not hide the conflict."""
    conflict = Conflict(3, 5)
    conflict.events_error = "no connection"

    assert str(conflict).endswith("; the events in between could not be read: no connection")


def test_an_unknown_outcome_says_how_to_find_out() -> None:
    """By the id that the lost send carried."""
    error = UnknownOutcome("Socket closed", correlation_id="c-1")

    assert str(error) == (
        "outcome unknown (Socket closed); the command may or may not have been stored: "
        "query by correlation id c-1 to find out"
    )


def test_what_is_not_handled_lists_what_is() -> None:
    """So that a misspelt name shows."""
    assert str(NotHandled("no handler for Opne", handled=["Open", "Close"])) == (
        "no handler for Opne; handled here: Close, Open"
    )


def test_a_long_list_is_cut_and_counted() -> None:
    """What is listed has to fit beside everything else that travels; `handled` has the names that fit."""
    error = NotHandled("no handler for Opne", handled=[f"bank.v1.Command{n:04}" for n in range(1_000)])
    left_out = 1_000 - len(error.handled)

    assert str(error).startswith("no handler for Opne; handled here: bank.v1.Command0000, bank.v1.Command0001, ")
    assert str(error).endswith(f", ... and {left_out} more")
    assert (len(str(error)) < 1_100, error.handled[0]) == (True, "bank.v1.Command0000")


def test_an_error_reads_well() -> None:
    """In a debugger."""
    assert repr(Rejected("NO_FUNDS", "not enough", balance=3)) == "Rejected('NO_FUNDS', 'not enough', balance='3')"
