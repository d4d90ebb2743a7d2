"""Errors as gRPC statuses, and statuses as errors. gRPC itself is not needed: its status numbers are integers.

An error travels as its status, its text, and a serialized google.rpc.Status in the trailer
`grpc-status-details-bin`, whose ErrorInfo has the error's code as reason and its fields as metadata. Peers that
send no ErrorInfo are read by their status and by the few texts that are fixed. Long texts and details are cut, so
that every peer can read them (`_fitting.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import attrs
from google.protobuf.message import DecodeError

from angzarr_domain.books import EventBook, type_name_of_url
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidArgument,
    MethodNotServed,
    NotFound,
    Rejected,
    ServerError,
    Status,
    TooLarge,
    UnknownOutcome,
    restore,
)

from ._fitting import fitting_code, fitting_details, fitting_text
from ._hints import Trailers, wait_in_details, wait_in_trailers, write_wait
from ._mending import read_bare_book
from .pb import messages as pb

#: The ErrorInfo's domain.
ERROR_DOMAIN: Final = "angzarr.io"

#: The code of a rejection whose sender gave none.
UNNAMED_REJECTION: Final = "REJECTED"

_ERROR_INFO: Final = pb.ErrorInfo.DESCRIPTOR.full_name
_STANDARD_PREFIX: Final = "type.googleapis.com/"
_MISMATCH: Final = pb.SequenceMismatchDetails.DESCRIPTOR.full_name
_CONFLICT_TEXTS: Final = ("Sequence mismatch", "Sequence conflict")
_NOT_SENT_TEXTS: Final = ("failed to connect to all addresses", "errors resolving", "DNS resolution failed")
# The request never reached a handler: it was over the server's limit, or over our own.
_REFUSED_SIZE_TEXTS: Final = ("SERVER: Received message larger", "CLIENT: Sent message larger")
_SIZE_TEXTS: Final = ("message larger than max", "message length too large", "metadata size exceeds")
_TORN_TEXTS: Final = ("transport error", "RST_STREAM", "Stream removed", "Socket closed")
# The released protocol puts a bare event book where google.rpc.Status belongs; its field 1 is a message (0x0A),
# that of google.rpc.Status a number (0x08).
_BARE_BOOK: Final = b"\x0a"
# Among the fields of an error whose status is another than the one it travels as; no field of its own has a dash.
_OWN_STATUS: Final = "own-status"


@attrs.frozen
class WireStatus:
    """What a server ends a call with; `details` is the value of the trailer `grpc-status-details-bin`."""

    status: Status
    message: str
    details: bytes


def to_unrepeated_status(error: AngzarrError) -> WireStatus:
    """Same as `to_status`, for coordinators that take every FAILED_PRECONDITION for a conflict, and call again.

    Those of the older generations ask business logic eleven times. So INVALID_ARGUMENT travels, which they pass on at
    once, and the error's own status beside its code, so that `from_status` gives the very same error.
    """
    if error.status != Status.FAILED_PRECONDITION:
        return to_status(error)
    travelling = type(error).of(
        error.message, error.code, Status.INVALID_ARGUMENT, {**error.details, _OWN_STATUS: error.status.name}
    )
    travelling.retry_after = error.retry_after
    return to_status(travelling)


def to_conflict_in_words(error: AngzarrError) -> WireStatus:
    """Same as `to_status`, for callers of the older generations, who take the details of a conflict for a book.

    Its text is what they all read; where theirs find it late, their coordinator sends no details either.
    """
    status = to_status(error)
    return attrs.evolve(status, details=b"") if isinstance(error, Conflict) else status


def to_status(error: AngzarrError) -> WireStatus:
    """The status, text and details an error travels as, at most 8 KiB in all.

    The text is for people and never holds the code (C-0505); an error whose only text is its code travels without one.
    """
    message = fitting_text("" if error.message == error.code else _encodable(error.message))
    status = pb.Status(code=error.status, message=message)
    fields = fitting_details({_encodable(name): _encodable(value) for name, value in error.details.items()})
    info = pb.ErrorInfo(reason=fitting_code(_encodable(error.code)), domain=ERROR_DOMAIN, metadata=fields)
    # Details that others know, too, have the usual prefix, unlike every other type URL of the protocol.
    status.details.add(type_url=_STANDARD_PREFIX + _ERROR_INFO, value=info.SerializeToString(deterministic=True))
    if error.retry_after is not None:
        name, value = write_wait(error.retry_after)
        status.details.add(type_url=_STANDARD_PREFIX + name, value=value)
    if isinstance(error, Conflict) and error.expected is not None and error.actual is not None:
        mismatch = pb.SequenceMismatchDetails(expected_sequence=error.expected, actual_sequence=error.actual)
        status.details.add(type_url="/" + _MISMATCH, value=mismatch.SerializeToString(deterministic=True))
    return WireStatus(error.status, message, status.SerializeToString(deterministic=True))


def _encodable(text: str) -> str:
    # An error must get through whatever text it holds; protobuf refuses lone surrogates.
    return text.encode("utf-8", "replace").decode()


def from_status(
    status: int, message: str, details: bytes | None = None, *, stores: bool = True, trailers: Trailers = ()
) -> AngzarrError:
    """The error that a call's status stands for.

    A code in the ErrorInfo decides first: the framework's own give their class, any other is a `Rejected`. Then
    the details and texts that mean a conflict, then the status number.

    Args:
        status: The gRPC status number, not 0.
        message: The status' text.
        details: The value of the trailer `grpc-status-details-bin`, if there was one.
        stores: Whether the call may have stored something: then a lost answer is an `UnknownOutcome`, not a
            failed connection or a passed deadline.
        trailers: All metadata after the answer, where peers and proxies say when to try again.

    """
    reported = _reported(details or b"")
    error = _error(status, message, reported, stores=stores)
    error.retry_after = wait_in_trailers(trailers) if reported.retry_after is None else reported.retry_after
    return error


def _error(status: int, message: str, reported: _Reported, *, stores: bool) -> AngzarrError:
    known = Status(status) if 0 < status <= max(Status) else Status.UNKNOWN
    if reported.code:
        fields = dict(reported.fields)
        own = Status.__members__.get(fields.pop(_OWN_STATUS, ""), known)
        return restore(reported.code, own, message or reported.code, fields)
    text = message or f"the peer answered {known.name} and said no more"
    if known != Status.FAILED_PRECONDITION:
        return _BY_STATUS[known](known, text, stores)
    if reported.conflict or text.startswith(_CONFLICT_TEXTS):
        conflict = Conflict.of(text, Conflict.codes[0], known, reported.fields or _numbers(text))
        return conflict if reported.book is None else _with_events(conflict, reported.book)
    return Rejected.of(text, UNNAMED_REJECTION, known, {})


@attrs.frozen
class _Reported:
    """What the details say."""

    code: str = ""
    fields: Mapping[str, str] = attrs.field(factory=dict[str, str])
    conflict: bool = False
    book: EventBook | None = None
    retry_after: float | None = None


def _reported(data: bytes) -> _Reported:
    try:
        if data.startswith(_BARE_BOOK):
            return _Reported(conflict=True, book=read_bare_book(data))
        packed = {type_name_of_url(each.type_url): each.value for each in pb.Status.FromString(data).details}
        retry_after = wait_in_details(packed)
        if _ERROR_INFO in packed:
            info = pb.ErrorInfo.FromString(packed[_ERROR_INFO])
            return _Reported(info.reason, dict(info.metadata), retry_after=retry_after)
        if _MISMATCH in packed:
            found = pb.SequenceMismatchDetails.FromString(packed[_MISMATCH])
            fields = {"expected": str(found.expected_sequence), "actual": str(found.actual_sequence)}
            return _Reported(fields=fields, conflict=True, retry_after=retry_after)
    except (DecodeError, UnicodeDecodeError, AngzarrError):
        if data.startswith(_BARE_BOOK):
            return _Reported(conflict=True)
        return _Reported()  # a trailer of some other convention: the status itself still says what happened
    return _Reported(retry_after=retry_after)


def _with_events(conflict: Conflict, book: EventBook) -> Conflict:
    """The conflict with the head that the book names, and the events in between if all of them are in it."""
    expected = conflict.expected
    if conflict.actual is None and expected is not None:
        fields = {"expected": str(expected), "actual": str(book.next_sequence)}
        conflict = Conflict.of(conflict.message, conflict.code, conflict.status, fields)
    first = 0 if book.snapshot is None else book.snapshot.sequence + 1
    if expected is not None and expected >= first:
        conflict.events = tuple(page for page in book.pages if page.sequence is not None and page.sequence >= expected)
    return conflict


def _numbers(text: str) -> dict[str, str]:
    # These texts name the expected sequence first; with more or fewer numbers nobody knows which is which.
    match re.findall(r"\b\d+\b", text):
        case [expected, actual]:
            return {"expected": expected, "actual": actual}
        case _:
            return {}


def _plain(status: Status, text: str, _stores: bool) -> AngzarrError:
    return ServerError.of(text, ServerError.codes[0], status, {})


def _missing(_status: Status, text: str, _stores: bool) -> AngzarrError:
    return NotFound(text)


def _invalid(_status: Status, text: str, _stores: bool) -> AngzarrError:
    return InvalidArgument(text)


def _not_served(_status: Status, text: str, _stores: bool) -> AngzarrError:
    return MethodNotServed(f"this peer is another service, or speaks another generation of the protocol: {text}")


def _late(_status: Status, text: str, stores: bool) -> AngzarrError:
    return UnknownOutcome(text, status=Status.DEADLINE_EXCEEDED) if stores else DeadlineExceeded(text)


def _cancelled(status: Status, text: str, stores: bool) -> AngzarrError:
    return UnknownOutcome(text, status=status) if stores else _plain(status, text, stores)


def _unreachable(status: Status, text: str, stores: bool) -> AngzarrError:
    not_sent = text.startswith(_NOT_SENT_TEXTS)
    return UnknownOutcome(text, status=status) if stores and not not_sent else ConnectionFailed(text)


def _limited(status: Status, text: str, stores: bool) -> AngzarrError:
    if any(part in text for part in _REFUSED_SIZE_TEXTS):
        return TooLarge(text)
    if not any(part in text for part in _SIZE_TEXTS):
        return _plain(status, text, stores)
    # What came back was over a limit of this side: the call itself was carried out.
    return UnknownOutcome(text, status=status) if stores else TooLarge(text)


def _torn(status: Status, text: str, stores: bool) -> AngzarrError:
    if any(part in text for part in _TORN_TEXTS):
        return UnknownOutcome(text, status=status) if stores else ConnectionFailed(text)
    return _plain(status, text, stores)


# FAILED_PRECONDITION has its own rules above.
_BY_STATUS: Final[Mapping[Status, Callable[[Status, str, bool], AngzarrError]]] = MappingProxyType(
    dict.fromkeys(Status, _plain)
    | {
        Status.CANCELLED: _cancelled,
        Status.UNKNOWN: _torn,
        Status.INVALID_ARGUMENT: _invalid,
        Status.DEADLINE_EXCEEDED: _late,
        Status.NOT_FOUND: _missing,
        Status.RESOURCE_EXHAUSTED: _limited,
        Status.OUT_OF_RANGE: _limited,
        Status.UNIMPLEMENTED: _not_served,
        Status.INTERNAL: _torn,
        Status.UNAVAILABLE: _unreachable,
    }
)
