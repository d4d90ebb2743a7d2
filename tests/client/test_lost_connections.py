"""Connections that cannot be made, are lost, or come back."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from angzarr_domain.books import CommandResponse
from angzarr_domain.client import ChannelSettings, DomainClient, RetryPolicy
from angzarr_domain.exceptions import AngzarrError, ConnectionFailed, UnknownOutcome
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import METHODS
from tests.peers import Peer
from tests.wallet import Put

ROOT = UUID(int=7)
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADER, _PING, _ACK = 9, 6, 1


@pytest.fixture(name="listening")
def _listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def place(listening: socket.socket) -> str:
    return f"127.0.0.1:{listening.getsockname()[1]}"


def test_connecting_takes_too_long(kind: type[DomainClient], listening: socket.socket) -> None:
    """The time for connecting ends it, long before that of the call (C-0336)."""
    settings = ChannelSettings(connect_timeout=0.3)

    with kind.connect(place(listening), channel=settings) as client, pytest.raises(ConnectionFailed):
        client.query("wallet", ROOT).get_event_book(timeout=60)


class Relay(threading.Thread):
    """Passes one connection on to a server, until told to cut it, and notices when the client probes it."""

    def __init__(self, listening: socket.socket, upstream: str) -> None:
        super().__init__(daemon=True)
        self.pinged = threading.Event()
        self._ending = threading.Event()
        self._listening = listening
        self._upstream = upstream.rpartition(":")
        self._unread = b""
        self.start()

    def cut(self) -> None:
        """Both sides find their connection closed."""
        self._ending.set()
        self.join(30)

    def run(self) -> None:
        """Same as `Thread.run`."""
        while not select.select([self._listening], [], [], 0.02)[0]:
            if self._ending.is_set():
                return
        client, _ = self._listening.accept()
        host, _, port = self._upstream
        with client, socket.create_connection((host, int(port))) as server:
            other = {client: server, server: client}
            while not self._ending.is_set():
                for source in select.select([client, server], [], [], 0.02)[0]:
                    data = source.recv(65_536)
                    if not data:
                        return
                    other[source].sendall(data)
                    if source is client:
                        self._read(data)

    def _read(self, data: bytes) -> None:
        data = (self._unread + data).removeprefix(_PREFACE)
        while len(data) >= _HEADER and len(data) >= (size := _HEADER + int.from_bytes(data[:3], "big")):
            if data[3] == _PING and not data[4] & _ACK:
                self.pinged.set()
            data = data[size:]
        self._unread = data


@pytest.fixture(name="relay")
def _relay(listening: socket.socket, endpoint: str) -> Iterator[Relay]:
    relay = Relay(listening, endpoint)
    yield relay
    relay.cut()


def test_an_idle_connection_is_probed(kind: type[DomainClient], relay: Relay, listening: socket.socket) -> None:
    """So that a dead one is noticed, and firewalls keep a living one (C-0337)."""
    with kind.connect(place(listening), channel=ChannelSettings(keepalive=0.2)) as client:
        client.query("wallet", ROOT).get_event_book()
        relay.pinged.clear()

        assert relay.pinged.wait(30)
        assert client.query("wallet", ROOT).get_event_book() is not None


CALLS: dict[str, tuple[Callable[[DomainClient], object], type[AngzarrError]]] = {
    "query": (lambda client: client.query("wallet", ROOT).get_event_book(), ConnectionFailed),
    "command": (lambda client: client.command(Put(amount=1), ROOT).send(), UnknownOutcome),
}


@pytest.mark.parametrize(("call", "error"), CALLS.values(), ids=CALLS)
def test_lost_in_mid_call(
    kind: type[DomainClient],
    listening: socket.socket,
    call: Callable[[DomainClient], object],
    error: type[AngzarrError],
) -> None:
    """A query has lost its connection, an error of transport (C-0342, C-0339); of a command nobody knows."""
    relays: list[Relay] = []

    def cut(_request: object, _call: Call) -> CommandResponse:
        relays[0].cut()
        return CommandResponse()

    served = [Served(METHODS.handle_command, cut), Served[Any, Any](METHODS.get_event_book, cut)]
    with Serving(served, ["127.0.0.1:0"]) as serving:
        relays.append(Relay(listening, serving.addresses[0]))
        with kind.connect(place(listening)) as client, pytest.raises(error) as caught:
            call(client)

    assert caught.value.is_connection_error is (error is ConnectionFailed)


def test_a_server_that_comes_back(kind: type[DomainClient], peer: Peer) -> None:
    """A new client of the same place works, and so does the old one; the failure of one is not the other's (C-0340)."""
    with Serving(peer.served(), ["127.0.0.1:0"]) as first:
        where = first.addresses[0]
        old = kind.connect(where)
        assert old.query("wallet", ROOT).get_pages() == ()
    with old:
        with pytest.raises(ConnectionFailed):
            old.query("wallet", ROOT).get_pages()
        with Serving(peer.served(), [where]), kind.connect(where) as new:
            assert new.query("wallet", ROOT).get_pages() == ()
            assert _sooner_or_later(old) == ()


def _sooner_or_later(client: DomainClient) -> object:
    # gRPC dials again after a pause.
    return RetryPolicy(attempts=100, min_delay=0.1, max_delay=0.2).execute(client.query("wallet", ROOT).get_pages)
