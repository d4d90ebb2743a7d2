"""Servers that end a TLS connection without a word: whether that is a matter of TLS, or one that may pass."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from angzarr_domain.client import DomainClient, RetryPolicy, Tls
from angzarr_domain.client._endpoints import parse_endpoint
from angzarr_domain.client._transports._diagnosis import SecondLook
from angzarr_domain.client._transports._unreachable import unreachable
from angzarr_domain.exceptions import ConnectionFailed, Retry, TlsFailed
from angzarr_domain.hosting import ServerTls, Serving
from tests.certificates import Authority, Issued
from tests.peers import Peer
from tests.wallet import Put, Wallet

OURS, CLIENTS = Authority(), Authority()
GOOD, NAMED, ME = OURS.issue(), OURS.issue("bank.example"), CLIENTS.issue("me")

Answer = Callable[[socket.socket], object]


class Door:
    """Takes connections; the first is for the first of `answers` and so on, the last takes all that follow."""

    def __init__(self, *answers: Answer) -> None:
        self.came = 0
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.endpoint = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self._take, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            answer = self._answers[min(self.came, len(self._answers) - 1)]
            self.came += 1
            with connection, contextlib.suppress(OSError):
                answer(connection)


@contextmanager
def door(*answers: Answer) -> Generator[Door, None, None]:
    opened = Door(*answers)
    try:
        yield opened
    finally:
        opened.close()


def close(_: socket.socket) -> None:
    """Say nothing."""


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close_at_hello(connection: socket.socket) -> None:
    connection.recv(65536)


def reset_at_hello(connection: socket.socket) -> None:
    connection.recv(65536)
    reset(connection)


class Shaking:
    """Agrees on TLS as OpenSSL does, says `word`, and hangs up."""

    def __init__(
        self, folder: Path, issued: Issued = GOOD, *, asks: bool = False, newest: bool = True, word: bytes = b""
    ) -> None:
        self.names: list[str | None] = []
        self._word = word
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*issued.written(folder, "server"))
        self._context.set_alpn_protocols(["h2"])
        self._context.sni_callback = lambda _connection, name, _context: self.names.append(name)
        if not newest:
            self._context.maximum_version = ssl.TLSVersion.TLSv1_2
        if asks:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(cadata=CLIENTS.pem.decode())

    def __call__(self, connection: socket.socket) -> None:
        with self._context.wrap_socket(connection, server_side=True) as shaken:
            shaken.sendall(self._word)


def own() -> Tls:
    return Tls(ca=OURS.pem, certificate=ME.certificate, key=ME.key)


def ask(client: DomainClient) -> object:
    return client.query("wallet", UUID(int=7)).get_event_book(timeout=20)


@pytest.mark.parametrize("answer", [close, reset, close_at_hello, reset_at_hello], ids=lambda each: each.__name__)
def test_hanging_up(kind: type[DomainClient], answer: Answer) -> None:
    """As servers do that start or stop, and what stands before them: nothing was sent, and it may pass."""
    with (
        door(answer) as at,
        kind.connect(at.endpoint, aggregates=[Wallet]) as client,
        pytest.raises(ConnectionFailed, match="hung up before any call") as caught,
    ):
        client.command(Put(amount=5), UUID(int=7)).send_sync(timeout=20)

    assert (type(caught.value), caught.value.retry) == (ConnectionFailed, Retry.LATER)


def test_hanging_up_after_the_handshake(kind: type[DomainClient], tmp_path: Path) -> None:
    """Of a server that asked for no certificate, it says nothing about certificates: it may pass."""
    with (
        door(Shaking(tmp_path, newest=False)) as at,
        kind.connect(at.endpoint, tls=Tls(ca=OURS.pem)) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        ask(client)

    assert (type(caught.value), caught.value.retry) == (ConnectionFailed, Retry.LATER)


def test_coming_back(kind: type[DomainClient], peer: Peer) -> None:
    """A policy calls again what met a server that was starting."""
    servings: list[Serving] = []

    def start(_attempt: int, _error: object) -> None:
        if not servings:
            at.close()
            tls = ServerTls(certificate=GOOD.certificate, key=GOOD.key)
            servings.append(Serving(peer.served(), [at.endpoint], tls=tls))
            servings[0].start()

    policy = RetryPolicy(min_delay=0.1, max_delay=0.2, on_retry=start)
    try:
        with door(reset) as at, kind.connect(at.endpoint, tls=Tls(ca=OURS.pem), retry=policy) as client:
            assert ask(client) is not None
    finally:
        for serving in servings:
            serving.stop()
    assert servings


@pytest.mark.parametrize("newest", [True, False], ids=["TLS 1.3", "TLS 1.2"])
def test_asking_for_a_certificate(kind: type[DomainClient], tmp_path: Path, *, newest: bool) -> None:
    """Servers of other makes say so by an alert, at different moments."""
    with (
        door(Shaking(tmp_path, asks=True, newest=newest)) as at,
        kind.connect(at.endpoint, tls=Tls(ca=OURS.pem)) as client,
        pytest.raises(TlsFailed) as caught,
    ):
        ask(client)

    assert (caught.value.code, caught.value.endpoint) == ("TLS_CLIENT_CERTIFICATE", at.endpoint)


def test_a_certificate_that_is_trusted(kind: type[DomainClient], tmp_path: Path) -> None:
    """Is shown at the second look as well: who hung up once for another reason is not said to want another one."""
    with (
        door(reset_at_hello, Shaking(tmp_path, asks=True, word=b"h")) as at,
        kind.connect(at.endpoint, tls=own()) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        ask(client)

    assert (type(caught.value), at.came) == (ConnectionFailed, 2)


def test_a_name_in_place_of_the_host(kind: type[DomainClient], tmp_path: Path) -> None:
    """Is what the second look asks for too: what is behind a tunnel goes by names."""
    server = Shaking(tmp_path, NAMED, asks=True)
    with (
        door(server) as at,
        kind.connect(at.endpoint, tls=Tls(ca=OURS.pem, server_name="bank.example")) as client,
        pytest.raises(TlsFailed),
    ):
        ask(client)

    assert len(server.names) > 1
    assert set(server.names) == {"bank.example"}


@pytest.mark.parametrize("name", ["bank..example", ".example", "b" * 64])
def test_a_name_that_is_none(kind: type[DomainClient], name: str) -> None:
    """Cannot be asked for: that the server hung up is all there is to say."""
    with (
        door(close) as at,
        kind.connect(at.endpoint, tls=Tls(ca=OURS.pem, server_name=name)) as client,
        pytest.raises(ConnectionFailed, match="hung up before any call"),
    ):
        ask(client)


def test_no_files_left_for_a_second_look(kind: type[DomainClient], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is there one then: what gRPC said is what is raised."""

    def refuse(_: str) -> int:
        raise OSError(24, "Too many open files")

    with door(close) as at, kind.connect(at.endpoint, tls=own()) as client:
        monkeypatch.setattr("os.memfd_create", refuse)
        with pytest.raises(ConnectionFailed, match="hung up before any call"):
            ask(client)


def test_no_time_for_a_second_look() -> None:
    """There is none: the call's deadline binds it as well."""
    with door(close) as at:
        look = SecondLook.at(parse_endpoint(at.endpoint))
        error = unreachable(
            f"failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:{at.port}: Socket closed",
            at.endpoint,
        )

        assert look is not None
        assert look.explained(error, time.monotonic()) is error
        assert at.came == 0


@pytest.mark.parametrize("text", ["localhost:1310", "unix:/c.sock"])
def test_no_second_look_at_plaintext(text: str) -> None:
    """What is not TLS asks for no certificate."""
    assert SecondLook.at(parse_endpoint(text)) is None
