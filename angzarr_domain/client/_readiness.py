"""Waiting for a server, as a step before the call: an option of the call would hide why there is no connection."""

from __future__ import annotations

from typing import Final

from angzarr_domain.exceptions import AngzarrError, ConnectionFailed, DeadlineExceeded, Retry, UsageError
from angzarr_domain.wire import Kind, Method

from ._budget import Budget
from ._steps import Call, Flow, Sleep

_NOT_SERVING: Final = b"\x08\x02"
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.5


def _bytes(data: bytes) -> bytes:
    return data


# Asked about the server as a whole, by an empty request. Whatever answers, and be it that it knows no such method, is
# there.
_CHECK: Final = Method("grpc.health.v1.Health", "Check", Kind.UNARY, _bytes, _bytes, _bytes, _bytes)


def wait_until_ready(budget: Budget) -> Flow[None]:
    """Ask until somebody answers who is neither starting nor stopping.

    Raises:
        ConnectionFailed: Nobody did in time; it is the last reason.
        TlsFailed: Waiting will not help.
        UsageError: The client was closed meanwhile, or has no token to show.

    """
    pause = _FIRST_PAUSE
    failure: AngzarrError = ConnectionFailed("no server answered in time")
    while True:
        found = yield from _failure(budget)
        if found is None:
            return
        if not isinstance(found, DeadlineExceeded):
            failure = found  # more than that the time is up
        remaining = budget.remaining()
        if remaining is not None and remaining <= pause:
            raise failure
        yield from Sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _failure(budget: Budget) -> Flow[AngzarrError | None]:
    """Why the server is not ready; None if it is."""
    try:
        answer = yield from Call(_CHECK, b"", budget.options())
    except (ConnectionFailed, DeadlineExceeded) as error:
        if error.retry is not Retry.LATER:
            raise
        return error
    except UsageError:
        raise  # nobody was asked: the client was closed meanwhile, for one
    except AngzarrError:
        return None
    if answer == _NOT_SERVING:
        return ConnectionFailed("the server answers, but says that it is not serving: it is starting or stopping")
    return None
