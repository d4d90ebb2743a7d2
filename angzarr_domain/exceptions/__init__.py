"""Everything that can go wrong, as types with fields.

    AngzarrError
    |-- Rejected                  the aggregate refused the command: your business rule, your code
    |-- Conflict                  the stream moved on: expected, actual, the events in between
    |-- StreamBusy                too many writers at once; nothing stored, send again
    |-- UnknownOutcome            the command may have been stored; says what to read to find out
    |-- NotStored                 an older coordinator said yes, and yet the events are not in the stream
    |-- InvalidArgument           what was sent makes no sense; `field` names the part
    |   |-- DecodeFailed          bytes that are not the message their type names
    |   `-- InvalidEndpoint       text that is no endpoint
    |-- NotHandled                no handler for a command type or domain; lists what is handled
    |-- NotSupported              a part of the protocol this peer has not built
    |-- MethodNotServed           the peer does not know the method: another service or generation
    |-- TooLarge                  an answer over the size limit; names the ranges to ask for instead
    |-- HistoryError              recorded history cannot be folded
    |   |-- CorruptHistory        a stored event does not decode: type, sequence, root
    |   |-- UnknownEvent          a stored event is of a type that the aggregate refuses not to know
    |   `-- IncompleteHistory     pages are missing before the first one, or nothing came at all
    |       `-- SnapshotUnfit     ... because a snapshot stands for them that does not fit
    |-- HandlerFailed             a handler raised something unexpected
    |   `-- StateMutated          ... or changed the state it only decides on: field, handler
    |-- StateNotEncodable         no snapshot can hold the state exactly: field
    |-- InvalidReply              business logic answered with a book that cannot be stored
    |-- ConnectionFailed          not connected, so nothing was sent; or lost while asking what stores nothing
    |   `-- TlsFailed             ... because TLS could not be agreed; `code` names what is wrong
    |-- DeadlineExceeded          no answer in time to something that stores nothing
    |-- ServerError               any other status a server answered with
    |   `-- NotFound              ... which is NOT_FOUND: the peer does not have what was asked for
    |-- ServingError              an address or socket that cannot be served
    |-- StoreError                a data file that cannot be used, or a stream that is there already
    |-- RecordingError            a file of recorded streams that cannot be used: path and line
    |-- DeclarationError          an aggregate is declared wrongly; every issue at once
    |-- GenerationError           no messages can be generated from a .proto; every issue at once
    `-- UsageError                a call that cannot mean anything: mend the calling code

What a field says is kept in `details`, as text, because that is what travels: an error read back from a
coordinator has the same class, code, status and fields as the one raised there.

What may be done then is data, too: `error.retry` says whether the same may be sent again, `error.retry_after` how long
the peer asked to wait.
"""

from __future__ import annotations

from ._base import AngzarrError, Retry, Status, UsageError, detail_text, listed
from ._commands import Conflict, NotStored, Rejected, StreamBusy, UnknownOutcome
from ._declaring import DeclarationError, DeclarationWarning, Finding, GenerationError, Issue
from ._histories import (
    CorruptHistory,
    HandlerFailed,
    HistoryError,
    IncompleteHistory,
    InvalidReply,
    SnapshotUnfit,
    StateMutated,
    StateNotEncodable,
    UnknownEvent,
)
from ._recordings import RecordingError
from ._requests import (
    DecodeFailed,
    InvalidArgument,
    InvalidEndpoint,
    MethodNotServed,
    NotHandled,
    NotSupported,
    TooLarge,
)
from ._restoring import is_framework_code, restore
from ._serving import ConnectionFailed, DeadlineExceeded, NotFound, ServerError, ServingError, StoreError, TlsFailed

__all__ = [
    "AngzarrError",
    "Conflict",
    "ConnectionFailed",
    "CorruptHistory",
    "DeadlineExceeded",
    "DeclarationError",
    "DeclarationWarning",
    "DecodeFailed",
    "Finding",
    "GenerationError",
    "HandlerFailed",
    "HistoryError",
    "IncompleteHistory",
    "InvalidArgument",
    "InvalidEndpoint",
    "InvalidReply",
    "Issue",
    "MethodNotServed",
    "NotFound",
    "NotHandled",
    "NotStored",
    "NotSupported",
    "RecordingError",
    "Rejected",
    "Retry",
    "ServerError",
    "ServingError",
    "SnapshotUnfit",
    "StateMutated",
    "StateNotEncodable",
    "Status",
    "StoreError",
    "StreamBusy",
    "TlsFailed",
    "TooLarge",
    "UnknownEvent",
    "UnknownOutcome",
    "UsageError",
    "detail_text",
    "is_framework_code",
    "listed",
    "restore",
]

# Errors are known by where they are imported from: in tracebacks, in logs, and when they are pickled.
for _name in __all__:
    globals()[_name].__module__ = __name__
