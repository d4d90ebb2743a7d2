"""What a failed call becomes: the one way from gRPC's errors to ours, whichever of its two interfaces raised them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

import grpc

from angzarr_domain.exceptions import AngzarrError, ConnectionFailed, Status, UnknownOutcome, UsageError
from angzarr_domain.wire import METHODS, Method, from_status

from ._unreachable import unreachable
from .base import CORRELATION_ID_HEADER, CallOptions

R = TypeVar("R")

_DETAILS: Final = "grpc-status-details-bin"

# After these, a lost answer leaves open whether something was stored.
_STORING: Final = frozenset(
    method.name for method in (METHODS.handle_command, METHODS.handle_event, METHODS.handle_compensation)
)


class _Failed(Protocol):
    """What gRPC raises: an RpcError that tells how its call ended."""

    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> Iterable[tuple[str, str | bytes]] | None: ...


def error_of(method: Method[Any, Any], options: CallOptions, raised: Any, endpoint: str) -> AngzarrError:
    """The error that a call's end stands for."""
    failed: _Failed = raised
    number: int = failed.code().value[0]
    text = failed.details() or ""
    trailers = tuple(failed.trailing_metadata() or ())
    found = dict(trailers).get(_DETAILS)
    details = found if isinstance(found, bytes) else None
    error = from_status(number, text, details, stores=method.name in _STORING, trailers=trailers)
    wait = error.retry_after
    if isinstance(error, ConnectionFailed) and details is None:
        error = unreachable(text, endpoint)
    error = _traceable(error, text, options)
    error.retry_after = wait
    return error


def ended_here(method: Method[Any, Any], options: CallOptions) -> AngzarrError:
    """The error of a call that was under way when its own client was closed."""
    text = "the client was closed meanwhile"
    return _traceable(from_status(Status.CANCELLED, text, stores=method.name in _STORING), text, options)


def closed(endpoint: str) -> UsageError:
    """The error of a call on a closed client."""
    where = f" to {endpoint}" if endpoint else ""
    return UsageError(f"this client{where} is closed: connect another one", code="CLIENT_CLOSED")


def decode(method: Method[Any, R], answer: bytes, options: CallOptions) -> R:
    """The one answer of a call."""
    try:
        return method.decode_response(answer)
    except AngzarrError as error:
        if method.name not in _STORING:
            raise
        reason = f"it came, but is not readable: {error.message}"
        raise UnknownOutcome(reason, correlation_id=_correlation_id(options)) from error


def _traceable(error: AngzarrError, text: str, options: CallOptions) -> AngzarrError:
    if isinstance(error, UnknownOutcome) and not error.correlation_id:
        return UnknownOutcome(text, status=error.status, correlation_id=_correlation_id(options))
    return error


def _correlation_id(options: CallOptions) -> str:
    sent: Mapping[str, str | bytes] = MappingProxyType(dict(options.metadata))
    found = sent.get(CORRELATION_ID_HEADER, "")
    return found if isinstance(found, str) else ""
