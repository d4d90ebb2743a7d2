"""Connecting and closing: real ports, real sockets, and places where nobody listens."""

from __future__ import annotations

import gc
import socket
import subprocess
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest

from angzarr_domain.client import AggregateClient, DomainClient, QueryClient, RecordingTransport, SpeculativeClient
from angzarr_domain.exceptions import (
    AngzarrError,
    ConnectionFailed,
    InvalidEndpoint,
    MethodNotServed,
    ServerError,
    UnknownOutcome,
    UsageError,
)
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import generic_handlers
from tests.peers import Peer
from tests.wallet import Put, WasPut

ROOT = UUID(int=7)


def put(client: DomainClient) -> object:
    return client.command(Put(amount=5), ROOT).send_sync(timeout=10)


def ask(client: DomainClient) -> object:
    return client.query("wallet", ROOT).get_event_book(timeout=10)


def stream(client: DomainClient) -> object:
    return list(client.query("wallet", ROOT).get_events(timeout=10))


EVERY_CALL = pytest.mark.parametrize("call", [put, ask, stream], ids=lambda call: call.__name__)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("form", ["{0}/c.sock", "unix:{0}/c.sock", "unix://{0}/c.sock", "./c.sock", "unix:c.sock"])
def test_sockets(
    kind: type[DomainClient], peer: Peer, short_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Every form of a path reaches the same socket, with an authority that any HTTP/2 server accepts."""
    monkeypatch.chdir(short_path)

    with Serving(peer.served(), [f"unix:{short_path}/c.sock"]), kind.connect(form.format(short_path)) as client:
        assert client.command(Put(amount=5), ROOT).send_sync().decode(WasPut) == (WasPut(amount=5),)


def test_a_socket_with_an_odd_name(
    kind: type[DomainClient], peer: Peer, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GRPC reads addresses as URIs; a path is a path all the same."""
    path = short_path / "a b%20#?é.sock"
    server = grpc.server(ThreadPoolExecutor(1), handlers=[*generic_handlers(peer.served())])
    monkeypatch.chdir(short_path)
    server.add_insecure_port("unix:a%20b%2520%23%3F%C3%A9.sock")
    server.start()

    with kind.connect(str(path)) as client:
        assert path.exists()
        assert client.query("wallet", ROOT).get_pages() == ()
    server.stop(None).wait()


class Authority(grpc.GenericRpcHandler):
    """Answers every call with an error that names the authority it was sent to."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        def behaviour(_data: bytes, context: grpc.ServicerContext) -> bytes:
            call: Any = context  # what was asked for is nowhere public
            context.abort(grpc.StatusCode.NOT_FOUND, call._rpc_event.call_details.host.decode())

        return grpc.unary_unary_rpc_method_handler(behaviour)


def test_the_authority_of_a_socket(kind: type[DomainClient], short_path: Path) -> None:
    """Is localhost: servers in Rust refuse the percent-encoded path that gRPC would send."""
    server = grpc.server(ThreadPoolExecutor(1), handlers=[Authority()])
    server.add_insecure_port(f"unix:{short_path}/c.sock")
    server.start()

    with kind.connect(f"{short_path}/c.sock") as client, pytest.raises(ServerError, match=r"^localhost$"):
        ask(client)
    server.stop(None).wait()


@EVERY_CALL
def test_no_socket_file(kind: type[DomainClient], short_path: Path, call: Callable[[DomainClient], object]) -> None:
    """The path is named, and what to do (C-0326)."""
    endpoint = f"{short_path}/gone.sock"

    with (
        kind.connect(endpoint) as client,
        pytest.raises(ConnectionFailed, match=f"no socket file {endpoint}: start the coordinator") as caught,
    ):
        call(client)

    assert caught.value.endpoint == endpoint


@EVERY_CALL
def test_a_dead_socket(kind: type[DomainClient], short_path: Path, call: Callable[[DomainClient], object]) -> None:
    """A socket file whose server is gone is told from one that is not there."""
    endpoint = f"{short_path}/dead.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(endpoint)

    with kind.connect(endpoint) as client, pytest.raises(ConnectionFailed, match="connection refused"):
        call(client)


@EVERY_CALL
def test_a_closed_port(kind: type[DomainClient], call: Callable[[DomainClient], object]) -> None:
    """Nobody listens there; nothing was sent, not even of a command (C-0323, C-0205, C-0245)."""
    endpoint = f"127.0.0.1:{free_port()}"

    with (
        kind.connect(endpoint) as client,
        pytest.raises(ConnectionFailed, match=f"refused, nothing listens at {endpoint}"),
    ):
        call(client)


@EVERY_CALL
def test_a_host_that_does_not_resolve(kind: type[DomainClient], call: Callable[[DomainClient], object]) -> None:
    """Names the host and DNS (C-0322)."""
    with (
        kind.connect("no-such-host.invalid:1310") as client,
        pytest.raises(ConnectionFailed, match=r"no-such-host.invalid:1310 cannot be resolved \(DNS\)"),
    ):
        call(client)


def test_a_server_that_comes_late(kind: type[DomainClient], peer: Peer, short_path: Path) -> None:
    """The same client works as soon as somebody serves."""
    endpoint = f"unix:{short_path}/c.sock"
    with kind.connect(endpoint) as client:
        with pytest.raises(ConnectionFailed):
            ask(client)

        with Serving(peer.served(), [endpoint]):
            for _ in range(200):
                try:
                    ask(client)
                    break
                except ConnectionFailed:
                    time.sleep(0.05)
            assert ask(client) is not None


@pytest.mark.parametrize(("call", "error"), [(put, UnknownOutcome), (ask, AngzarrError)], ids=["command", "query"])
def test_a_server_lost_in_mid_call(
    kind: type[DomainClient], call: Callable[[DomainClient], object], error: type[AngzarrError]
) -> None:
    """A command that was sent may have been stored; a query simply failed (C-0339)."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:

        def hang_up() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                # The server's side of the HTTP/2 handshake, then the request, then silence.
                connection.sendall(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
                time.sleep(0.3)

        done = thread.submit(hang_up)
        with kind.connect(f"127.0.0.1:{listener.getsockname()[1]}") as client, pytest.raises(error) as caught:
            call(client)
        done.result()

    assert isinstance(caught.value, UnknownOutcome) is (call is put)


def test_another_kind_of_service(kind: type[DomainClient], short_path: Path) -> None:
    """A peer that does not serve the method is told from one that refuses."""
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_insecure_port(f"unix:{short_path}/c.sock")
    server.start()

    with kind.connect(f"unix:{short_path}/c.sock") as client, pytest.raises(MethodNotServed):
        put(client)
    server.stop(None).wait()


def test_text_that_is_no_endpoint() -> None:
    """Is refused by `connect` itself."""
    with pytest.raises(InvalidEndpoint):
        DomainClient.connect("localhost")


@pytest.mark.parametrize("kind", [DomainClient, QueryClient, AggregateClient, SpeculativeClient])
def test_each_client_connects_on_its_own(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, kind: type[DomainClient]
) -> None:
    """By endpoint, by environment, by channel (C-0230, C-0332 to C-0335)."""
    monkeypatch.setenv("WHERE", endpoint)

    with grpc.insecure_channel(endpoint) as channel:
        for client in (kind.connect(endpoint), kind.from_env("WHERE", "x:1"), kind.from_channel(channel)):
            with client:
                assert isinstance(client, kind)


def test_a_shared_channel(endpoint: str) -> None:
    """Several clients share a channel, and closing one leaves it open (C-0330, C-0331)."""
    with grpc.insecure_channel(endpoint) as channel:
        with DomainClient.from_channel(channel) as first:
            put(first)
        second = DomainClient.from_channel(channel)

        assert ask(second) is not None


@EVERY_CALL
def test_a_closed_client(kind: type[DomainClient], endpoint: str, call: Callable[[DomainClient], object]) -> None:
    """Every later call fails, and says why (C-0229); closing again is harmless."""
    client = kind.connect(endpoint)
    ask(client)
    client.close()
    client.close()

    with pytest.raises(UsageError, match="closed") as caught:
        call(client)

    assert caught.value.code == "CLIENT_CLOSED"


def test_closing_while_a_command_is_under_way(kind: type[DomainClient], endpoint: str, peer: Peer) -> None:
    """Ends it, and nobody knows whether it was stored."""
    peer.delay = 30
    with ThreadPoolExecutor(1) as thread:
        client = kind.connect(endpoint)
        sending = thread.submit(put, client)
        while not peer.commands:
            time.sleep(0.01)
        client.close()

        with pytest.raises(UnknownOutcome, match="client was closed meanwhile") as caught:
            sending.result(20)
        peer.release.set()

    assert caught.value.correlation_id == peer.metadata[0]["x-correlation-id"]


def test_closing_while_a_stream_is_read(kind: type[DomainClient], endpoint: str, peer: Peer) -> None:
    """Ends it: what is missing is never taken for the end."""
    peer.record(ROOT, *(WasPut(amount=n) for n in range(10_000)))
    client = kind.connect(endpoint)
    books = client.query("wallet", ROOT).get_events()
    next(books)
    client.close()

    with pytest.raises(ServerError, match="client was closed meanwhile"):
        list(books)


@EVERY_CALL
def test_a_channel_closed_by_its_owner(endpoint: str, call: Callable[[DomainClient], object]) -> None:
    """Is the same error."""
    channel = grpc.insecure_channel(endpoint)
    client = DomainClient.from_channel(channel)
    channel.close()

    with pytest.raises(UsageError) as caught:
        call(client)

    assert caught.value.code == "CLIENT_CLOSED"


def test_closing_a_half_closes_the_whole(kind: type[DomainClient], endpoint: str) -> None:
    """The parts of a client share its connection."""
    client = kind.connect(endpoint)
    client.query.close()

    with pytest.raises(UsageError):
        put(client)


def test_a_client_dropped_unclosed() -> None:
    """Warns, as open files do."""
    client = DomainClient.for_transport(RecordingTransport())

    with pytest.warns(ResourceWarning, match="dropped unclosed"):
        del client


def test_a_client_of_a_channel_may_be_dropped(endpoint: str) -> None:
    """It has nothing to close."""
    with warnings.catch_warnings(), grpc.insecure_channel(endpoint) as channel:
        warnings.simplefilter("error")
        assert DomainClient.from_channel(channel) is not None
        gc.collect()


def test_leaving_a_stream_early(client: DomainClient, peer: Peer) -> None:
    """Ends the call, and the client goes on."""
    peer.record(ROOT, *(WasPut(amount=n) for n in range(10)))
    books = client.query("wallet", ROOT).get_events()

    assert len(next(books).pages) == 3
    del books
    assert len(client.query("wallet", ROOT).get_pages()) == 10


@pytest.fixture(name="certificate", scope="session")
def _certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A key and a certificate of localhost, which nobody trusts."""
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", "key", "-out", "cert"], cwd=folder, check=True, capture_output=True)
    return (folder / "key").read_bytes(), (folder / "cert").read_bytes()


def test_tls(kind: type[DomainClient], peer: Peer, certificate: tuple[bytes, bytes]) -> None:
    """https:// is TLS: trusted by the credentials given, refused by the system's roots, never plaintext (C-0321)."""
    server = grpc.server(ThreadPoolExecutor(1), handlers=[*generic_handlers(peer.served())])
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([certificate]))
    server.start()
    trusted = grpc.ssl_channel_credentials(certificate[1])

    with kind.connect(f"https://localhost:{port}", credentials=trusted) as client:
        put(client)
    with kind.connect(f"https://localhost:{port}") as client, pytest.raises(ConnectionFailed, match="TLS"):
        put(client)
    server.stop(None).wait()


def test_credentials_for_plaintext(kind: type[DomainClient]) -> None:
    """They would protect nothing, so they are refused."""
    with pytest.raises(UsageError, match="https://"):
        kind.connect("localhost:1310", credentials=grpc.ssl_channel_credentials())


def test_aggregates_teach_types(client: DomainClient, peer: Peer) -> None:
    """A client told of an aggregate decodes its events."""
    peer.record(ROOT, WasPut(amount=3))

    assert [page.decode() for page in client.query("wallet", ROOT).get_pages()] == [WasPut(amount=3)]
