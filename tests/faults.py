"""What goes wrong between a client and a coordinator: real sockets that break, and servers that answer oddly.

`Breaking` stands in front of a coordinator and passes everything on, until a command comes that it is to break the
connection for. `Fronting` answers in the coordinator's place: with what it answered, but late, torn or spoiled.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any, Protocol, Self

import attrs
import grpc

from angzarr_domain.books import BusinessResponse
from angzarr_domain.hosting import AggregateLogic, CommandCall
from tests.wallet import Wallet

_PREFACE = 24
_HEADER = 9
_DATA = 0
#: What the requests are known by that connections break for: commands and what-ifs have it, queries do not.
A_COMMAND = b"/tests.wallet."


class Cut(Enum):
    """When a connection breaks, as the coordinator sees it."""

    BEFORE = "the command never arrived"
    DURING = "it arrived, and the caller is gone before it is decided"
    AFTER = "it was carried out, and its answer is lost"


class Watched(Protocol):
    """Whatever decides on commands, and may be watched and made to wait meanwhile."""

    asked: threading.Event
    go_on: threading.Event


class Deliberate(AggregateLogic):
    """Business logic that lets others see when it is asked, and wait until the caller is gone."""

    def __init__(self) -> None:
        super().__init__([Wallet])
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def handle(self, call: CommandCall) -> BusinessResponse:
        self.asked.set()
        self.go_on.wait(10)
        return super().handle(call)


class Breaking:
    """A TCP proxy that breaks the connections of the next commands, one for each of `cuts`.

    Attributes:
        address: Where it listens.
        cuts: How; those that happened are gone from it.

    """

    def __init__(self, target: str, *cuts: Cut, logic: Watched | None = None, marker: bytes = A_COMMAND) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._marker = marker
        self._logic = logic
        self._turn = threading.Lock()
        self.cuts = list(cuts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            link = _Link(client, server)
            threading.Thread(target=link.quietly, args=(self._upwards, link), daemon=True).start()
            threading.Thread(target=link.quietly, args=(self._downwards, link), daemon=True).start()

    def _next_cut(self, frame: bytes) -> Cut | None:
        with self._turn:
            wanted = bool(self.cuts) and frame[3] == _DATA and self._marker in frame
            return self.cuts.pop(0) if wanted else None

    def _upwards(self, link: _Link) -> None:
        link.server.sendall(_exactly(link.client, _PREFACE))
        for frame in _frames(link.client):
            cut = self._next_cut(frame)
            if cut is Cut.BEFORE:
                return
            link.lost_answer = link.lost_answer or cut is Cut.AFTER
            if cut is Cut.DURING and self._logic is not None:
                self._logic.asked.clear()
                self._logic.go_on.clear()
            link.server.sendall(frame)
            if cut is Cut.DURING:
                self._leave_in_the_middle()
                return

    def _leave_in_the_middle(self) -> None:
        if self._logic is not None:
            self._logic.asked.wait(10)
            # Long enough for the coordinator to notice that the caller has gone.
            threading.Timer(0.3, self._logic.go_on.set).start()

    def _downwards(self, link: _Link) -> None:
        for frame in _frames(link.server):
            if link.lost_answer and frame[3] == _DATA:
                return
            link.client.sendall(frame)


@attrs.define
class _Link:
    """One connection through the proxy; when one direction ends, both do."""

    client: socket.socket
    server: socket.socket
    lost_answer: bool = False

    def quietly(self, pump: Callable[[_Link], None], link: _Link) -> None:
        with contextlib.suppress(OSError, EOFError):
            pump(link)
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _frames(source: socket.socket) -> Iterator[bytes]:
    while True:
        header = _exactly(source, _HEADER)
        yield header + _exactly(source, int.from_bytes(header[:3]))


def _exactly(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = source.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


@attrs.define
class Oddity:
    """How answers are spoiled on their way back; the coordinator has done its part by then.

    Attributes:
        times: How many of the answers.
        only: The method's name, if not all of them.
        late: Seconds it is held back.
        garbage: Comes in its place.
        then: A status that follows what was answered, in its place where that is one message.
        trailers: What comes along with that status.
        pieces: How many of the messages of a stream come first.

    """

    times: int = 1
    only: str = ""
    late: float = 0
    garbage: bytes | None = None
    then: grpc.StatusCode | None = None
    trailers: tuple[tuple[str, str | bytes], ...] = ()
    pieces: int = 1


class Fronting:
    """A gRPC server that asks a coordinator and answers in its place. Knows no messages, only their bytes."""

    def __init__(self, target: str, oddity: Oddity) -> None:
        self._oddity = oddity
        self._channel = grpc.insecure_channel(target)
        self._ask: Callable[..., Callable[..., Iterator[bytes]]] = self._channel.stream_stream
        self._server = grpc.server(
            ThreadPoolExecutor(8),
            handlers=[_AnyMethod(self._handler)],
            options=[("grpc.max_metadata_size", 1 << 24), ("grpc.absolute_max_metadata_size", 1 << 24)],
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(0).wait()
        self._channel.close()

    def spoil(self, oddity: Oddity) -> None:
        """From now on, answers are spoiled like this."""
        self._oddity = oddity

    def _handler(self, path: str) -> grpc.RpcMethodHandler[bytes, bytes]:
        name = path.rpartition("/")[2]

        def answers(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
            self.asked.append(name)
            # Everything is many to many: on the wire there is no difference.
            behind: Iterator[bytes] = self._ask(path)(requests, timeout=context.time_remaining())
            try:
                yield from self._spoiled(name, behind, context)
            except grpc.RpcError as error:
                failed: Any = error
                context.set_trailing_metadata(tuple(failed.trailing_metadata() or ()))
                context.abort(failed.code(), failed.details())

        return grpc.stream_stream_rpc_method_handler(answers)

    def _spoiled(self, name: str, behind: Iterator[bytes], context: Any) -> Iterator[bytes]:
        odd = self._oddity
        if odd.times <= 0 or (odd.only and odd.only != name):
            yield from behind
            return
        odd.times -= 1
        first = next(behind, None)
        time.sleep(odd.late)
        if odd.garbage is not None:
            yield odd.garbage
            return
        if odd.then is not None:
            if name == "GetEvents" and first is not None and odd.pieces:
                yield first
            for _ in behind:
                pass
            context.set_trailing_metadata(odd.trailers)
            context.abort(odd.then, "spoiled on its way")
        if first is not None:
            yield first
        yield from behind


class _AnyMethod(grpc.GenericRpcHandler):
    def __init__(self, handler: Callable[[str], grpc.RpcMethodHandler[bytes, bytes]]) -> None:
        self._handler = handler

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        return self._handler(handler_call_details.method)
