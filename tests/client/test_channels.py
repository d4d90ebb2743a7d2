"""What a channel is told besides where to connect, and how it lives on: over real servers that come and go."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import grpc
import pytest

from angzarr_domain.client import ChannelSettings, DomainClient, RetryPolicy, Tls
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import (
    AngzarrError,
    ConnectionFailed,
    TlsFailed,
    TooLarge,
    UnknownOutcome,
    UsageError,
)
from angzarr_domain.hosting import ServerTls, Serving
from tests.awaited import awaited_client
from tests.certificates import Authority
from tests.client.test_connections import free_port
from tests.faults import Breaking, Cut
from tests.peers import Peer
from tests.wallet import Label, Put, Wallet, WasPut

ROOT = UUID(int=7)
PATIENT = RetryPolicy(attempts=200, min_delay=0.05, max_delay=0.1)


def put(client: DomainClient, metadata: tuple[tuple[str, str], ...] = ()) -> object:
    return client.command(Put(amount=5), ROOT).send_sync(timeout=20, metadata=metadata)


def ask(client: DomainClient) -> object:
    return client.query("wallet", ROOT).get_event_book(timeout=20)


# --- who is calling ---


def test_a_token(kind: type[DomainClient], peer: Peer, short_path: Path) -> None:
    """Goes along with each call over a socket, which nobody on the way can read."""
    with (
        Serving(peer.served(), [f"{short_path}/c.sock"]),
        kind.connect(f"{short_path}/c.sock", token="abc.def", metadata=[("tenant", "a")]) as client,
    ):
        put(client)

    assert (peer.metadata[0]["authorization"], peer.metadata[0]["tenant"]) == ("Bearer abc.def", "a")


def test_a_token_that_changes(kind: type[DomainClient], peer: Peer) -> None:
    """A function is asked before each call; over TLS the token is protected, too."""
    ours = Authority()
    issued = ours.issue()
    tokens = iter(["first", "second"])
    with (
        Serving(
            peer.served(), ["https://127.0.0.1:0"], tls=ServerTls(certificate=issued.certificate, key=issued.key)
        ) as served,
        kind.connect(served.addresses[0], tls=Tls(ca=ours.pem), token=lambda: next(tokens)) as client,
    ):
        put(client)
        put(client)

    assert [each["authorization"] for each in peer.metadata] == ["Bearer first", "Bearer second"]


def test_a_token_of_the_call(kind: type[DomainClient], peer: Peer, endpoint: str) -> None:
    """Counts before the client's."""
    with kind.connect(endpoint, token="abc", token_in_plaintext=True) as client:
        put(client, metadata=(("authorization", "Bearer mine"),))

    assert peer.metadata[0]["authorization"] == "Bearer mine"


def test_a_token_that_everybody_could_read() -> None:
    """Is refused before anything is sent."""
    with pytest.raises(UsageError, match="can be read on the way: use https://, a socket, or allow it") as caught:
        DomainClient.connect("localhost:1310", token="abc")

    assert caught.value.field == "token"


def test_an_authorization_that_everybody_could_read(kind: type[DomainClient], peer: Peer, endpoint: str) -> None:
    """Is refused as a token is, whoever brings it, and allowed by the same word."""
    mine = [("tenant", "a"), ("authorization", "Bearer mine")]
    refused = pytest.raises(UsageError, match=r"can be read on the way: .* allow it by token_in_plaintext=True")

    with refused as caught:
        kind.connect(endpoint, metadata=mine)
    with kind.connect(endpoint) as client, refused:
        put(client, metadata=(("authorization", "Bearer mine"),))
    with kind.connect(endpoint) as client, refused:
        put(client.with_options(metadata=mine))
    with kind.connect(endpoint, metadata=mine, token_in_plaintext=True) as client:
        put(client)

    assert caught.value.field == "metadata"
    assert [each["authorization"] for each in peer.metadata] == ["Bearer mine"]


def secret_token() -> str:
    return "se cret"


@pytest.mark.parametrize("token", ["", "se cret", "se\ncret", "sécret", secret_token])
def test_a_token_that_is_none(kind: type[DomainClient], token: str | Callable[[], str]) -> None:
    """Is refused without being shown."""
    with (
        pytest.raises(UsageError, match="no bearer token") as caught,
        kind.connect("unix:/nobody.sock", token=token) as client,
    ):
        ask(client)

    assert "cret" not in str(caught.value)


# --- settings ---


def test_gzip(kind: type[DomainClient], endpoint: str, peer: Peer) -> None:
    """What is sent is compressed: the text cannot be found on the wire, and arrives all the same."""
    text = "a" * 5_000
    breaking = Breaking(endpoint, Cut.BEFORE, marker=text[:1_000].encode())
    with breaking, kind.connect(breaking.address, aggregates=[Wallet], channel=ChannelSettings(gzip=True)) as client:
        client.command("wallet", ROOT).with_command(Label(text=text)).send_sync(timeout=20)

    assert (len(peer.commands), breaking.cuts) == (1, [Cut.BEFORE])


def test_the_largest_answer(kind: type[DomainClient], endpoint: str, peer: Peer) -> None:
    """Is what the client says; of a command whose answer is larger nobody knows what became of it."""
    peer.record(ROOT, *(WasPut(amount=n) for n in range(500)))
    with kind.connect(endpoint, channel=ChannelSettings(max_receive=2_000)) as client, pytest.raises(TooLarge):
        ask(client)
    with kind.connect(endpoint, channel=ChannelSettings(max_receive=10)) as client, pytest.raises(UnknownOutcome):
        put(client)


def test_the_largest_request(kind: type[DomainClient], endpoint: str, peer: Peer) -> None:
    """Is what the client says; what is larger is not sent."""
    with kind.connect(endpoint, channel=ChannelSettings(max_send=10)) as client, pytest.raises(TooLarge):
        put(client)

    assert peer.commands == []


def test_options_of_grpc(kind: type[DomainClient], endpoint: str) -> None:
    """By name, for whatever has no setting of its own."""
    settings = ChannelSettings(options={"grpc.max_send_message_length": 10})

    with kind.connect(endpoint, channel=settings) as client, pytest.raises(TooLarge):
        put(client)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ChannelSettings(connect_timeout=0), "connect_timeout"),
        (lambda: ChannelSettings(keepalive=-1), "keepalive"),
        (lambda: ChannelSettings(keepalive_timeout=float("inf")), "keepalive_timeout"),
        (lambda: ChannelSettings(max_receive=0), "max_receive"),
        (lambda: ChannelSettings(max_send=2**31), "max_send"),
    ],
)
def test_settings_that_make_no_sense(make: Callable[[], object], field: str) -> None:
    """Are refused by name."""
    with pytest.raises(UsageError) as caught:
        make()

    assert caught.value.field == field


@contextmanager
def silence() -> Generator[str, None, None]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_connecting_takes_too_long(kind: type[DomainClient]) -> None:
    """The connection is given up, not only the call: nothing was sent, and the error says so (C-0336)."""
    settings = ChannelSettings(connect_timeout=0.2)
    with silence() as endpoint, kind.connect(endpoint, channel=settings) as client, pytest.raises(ConnectionFailed):
        put(client)


class Severed(Breaking):
    """Passes everything on until it is told to swallow it; no end learns that the other one is gone."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.silent = threading.Event()

    def _next_cut(self, frame: bytes) -> Cut | None:
        if self.silent.is_set():
            threading.Event().wait(20)
        return super()._next_cut(frame)


def test_a_connection_that_died_in_silence(kind: type[DomainClient], endpoint: str) -> None:
    """Is noticed by probing it, long before the call's own time is up (C-0337)."""
    settings = ChannelSettings(keepalive=0.2, keepalive_timeout=0.2)
    with Severed(endpoint) as severed, kind.connect(severed.address, channel=settings) as client:
        ask(client)
        severed.silent.set()

        with pytest.raises(ConnectionFailed, match="died in silence"):
            ask(client)


# --- servers that come and go ---


@pytest.mark.parametrize("where", ["127.0.0.1:{port}", "unix:{path}/c.sock"])
def test_a_server_that_comes_back(kind: type[DomainClient], peer: Peer, short_path: Path, where: str) -> None:
    """The same client goes on with it, and one that tries again notices nothing (C-0340)."""
    address = where.format(port=free_port(), path=short_path)
    with kind.connect(address, aggregates=[Wallet], retry=PATIENT) as client:
        with Serving(peer.served(), [address]):
            put(client)
        with pytest.raises(ConnectionFailed):
            put(client.with_options(retry=None))

        def later() -> None:
            with Serving(peer.served(), [address]):
                answered.wait(20)

        answered = threading.Event()
        comeback = threading.Timer(0.3, later)
        comeback.start()
        put(client)
        answered.set()
        comeback.join()

    assert len(peer.streams[ROOT]) == 2


def test_waiting_for_a_server(kind: type[DomainClient], peer: Peer, short_path: Path) -> None:
    """Returns when somebody answers."""
    address = f"unix:{short_path}/c.sock"
    ready = threading.Event()

    def later() -> None:
        with Serving(peer.served(), [address]):
            ready.wait(20)

    serving = threading.Timer(0.3, later)
    serving.start()
    with kind.connect(address) as client:
        client.wait_until_ready(timeout=20)
        ask(client)
    ready.set()
    serving.join()


def test_waiting_in_vain(kind: type[DomainClient]) -> None:
    """Ends with the reason, not with the time."""
    with (
        kind.connect(f"127.0.0.1:{free_port()}") as client,
        pytest.raises(ConnectionFailed, match="connection refused"),
    ):
        client.wait_until_ready(timeout=0.3)


def test_waiting_with_a_client_that_is_closed_meanwhile(kind: type[DomainClient]) -> None:
    """Nobody has answered then."""
    client = kind.connect(f"127.0.0.1:{free_port()}")
    closing = threading.Timer(0.2, client.close)
    closing.start()

    with pytest.raises(UsageError) as caught:
        client.wait_until_ready(timeout=20)
    assert caught.value.code == "CLIENT_CLOSED"
    closing.join()


def test_waiting_with_a_token_that_is_none(kind: type[DomainClient]) -> None:
    """It was not even asked for."""
    with (
        kind.connect(f"127.0.0.1:{free_port()}", token=lambda: "no token", token_in_plaintext=True) as client,
        pytest.raises(UsageError, match="no bearer token"),
    ):
        client.wait_until_ready(timeout=20)


def test_waiting_for_what_will_not_come(kind: type[DomainClient], peer: Peer) -> None:
    """A certificate that nobody trusts gets no better."""
    issued = Authority().issue()
    tls = ServerTls(certificate=issued.certificate, key=issued.key)
    with (
        Serving(peer.served(), ["https://127.0.0.1:0"], tls=tls) as served,
        kind.connect(served.addresses[0]) as client,
        pytest.raises(TlsFailed),
    ):
        client.wait_until_ready(timeout=None)


def test_waiting_for_one_that_is_stopping(kind: type[DomainClient], peer: Peer) -> None:
    """It answers, and says that it does not serve."""
    serving = Serving(peer.served(), ["127.0.0.1:0"])
    with serving as served, kind.connect(served.addresses[0]) as client:
        serving._standard.stopping()  # pyright: ignore[reportPrivateUsage] - just this moment of a stop

        with pytest.raises(ConnectionFailed, match="is starting or stopping"):
            client.wait_until_ready(timeout=0.3)


def test_servers_that_know_no_health(kind: type[DomainClient]) -> None:
    """Are there, and so is a coordinator in this process."""
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    with kind.connect(f"127.0.0.1:{port}") as client:
        client.wait_until_ready(timeout=20)
    server.stop(None).wait()
    with Coordinator([Wallet]) as coordinator, coordinator.client() as here, awaited_client(coordinator) as there:
        here.wait_until_ready()
        there.wait_until_ready()


# --- processes and threads ---


FORKING = """
import os, sys, warnings
warnings.simplefilter("error")
from uuid import UUID
from angzarr_domain import DomainClient
from angzarr_domain.exceptions import UsageError

client = DomainClient.connect(sys.argv[1])
assert client.query("wallet", UUID(int=7)).get_pages() == ()
child = os.fork()
if child == 0:
    try:
        client.query("wallet", UUID(int=7)).get_pages()
    except UsageError as error:
        client.close()
        print(error.code, flush=True)
        os._exit(0)
    os._exit(1)
_, status = os.waitpid(child, 0)
assert client.query("wallet", UUID(int=7)).get_pages() == ()
client.close()
print(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.process
def test_a_fork(endpoint: str) -> None:
    """In the child its parent's client says that it stayed behind, rather than hang; the parent's goes on."""
    root = str(Path(__file__).parents[2])
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{FORKING}", endpoint],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.stdout.split() == ["CLIENT_FORKED", "0"], ran.stderr


def test_many_threads(endpoint: str, peer: Peer) -> None:
    """One client and all its calls, from many threads at a time, while others are made anew."""
    failures: list[AngzarrError] = []
    started = threading.Barrier(16)

    def work(number: int) -> None:
        started.wait(20)
        try:
            for n in range(10):
                client.command(Put(amount=n), UUID(int=number)).send_sync(timeout=30)
                list(client.query("wallet", UUID(int=number)).get_events(timeout=30))
        except AngzarrError as error:
            failures.append(error)

    with DomainClient.connect(endpoint, aggregates=[Wallet]) as client:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failures == []
    assert [len(peer.streams[UUID(int=number)]) for number in range(16)] == [10] * 16


def test_a_client_may_be_closed_by_another_thread(endpoint: str, peer: Peer) -> None:
    """A call under way ends, and says what may have become of it."""
    peer.delay = 30
    outcome: list[AngzarrError] = []

    def work() -> None:
        try:
            put(client)
        except AngzarrError as error:
            outcome.append(error)

    client = DomainClient.connect(endpoint)
    worker = threading.Thread(target=work)
    worker.start()
    while not peer.commands:
        time.sleep(0.01)
    client.close()
    worker.join(20)
    peer.release.set()

    assert [type(error) for error in outcome] == [UnknownOutcome]
