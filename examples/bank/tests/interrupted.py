"""The program on a data file, killed without warning at a chosen command.

    python -m examples.bank.tests.interrupted FILE DATA SOCKET POINT

POINT is a number (killed when that many commands were answered) or the full name of a command type (killed when the
first of that type was answered). Ends with status 0 if the file comes to its end before that.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from angzarr_domain import DomainClient
from angzarr_domain.books import CommandRequest, EventRequest, Payload
from angzarr_domain.client import CallOptions, GrpcTransport, Transport, open_channel, parse_endpoint
from angzarr_domain.embedded import Coordinator
from angzarr_domain.wire import Method
from examples.bank import components
from examples.bank.operations import read_operations
from examples.bank.program import run

Q = TypeVar("Q")
R = TypeVar("R")


class InterruptedTransport:
    """Makes real calls, and does something after each command was answered, before the caller hears of it."""

    def __init__(self, inner: Transport, after_command: Callable[[int, str], None]) -> None:
        self._inner = inner
        self._after_command = after_command
        self._commands = 0

    def unary(self, method: Method[Q, R], request: Q, options: CallOptions) -> R:
        """As `Transport`."""
        try:
            return self._inner.unary(method, request, options)
        finally:
            sent = _sent(request)
            if sent is not None:
                self._commands += 1
                self._after_command(self._commands, sent.type_name)

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> Iterator[R]:
        """As `Transport`."""
        return self._inner.stream(method, request, options)

    def bidi(self, method: Method[Q, R], requests: Iterable[Q], options: CallOptions) -> Iterator[R]:
        """As `Transport`."""
        return self._inner.bidi(method, requests, options)

    def close(self) -> None:
        """As `Transport`."""
        self._inner.close()


def _sent(request: object) -> Payload | None:
    """What a call has stored: a command, a notification or a fact; None if it only reads."""
    if isinstance(request, CommandRequest) and request.command:
        return request.command.pages[0].command
    if isinstance(request, EventRequest) and request.events:
        return request.events.pages[0].event
    return None


def interrupted_client(socket: str, after_command: Callable[[int, str], None]) -> DomainClient:
    """A client of the coordinator at this socket."""
    transport = GrpcTransport(open_channel(parse_endpoint(socket)), endpoint=socket)
    return DomainClient.for_transport(InterruptedTransport(transport, after_command), aggregates=components)


def main(file: Path, data: Path, socket: str, point: str) -> None:
    """Run, unless killed."""

    def kill(number: int, type_name: str) -> None:
        if point in {str(number), type_name}:
            os.kill(os.getpid(), signal.SIGKILL)

    with (
        Coordinator(components, data) as coordinator,
        coordinator.start(socket),
        interrupted_client(socket, kill) as client,
    ):
        run(read_operations(file), client)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
