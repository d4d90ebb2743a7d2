"""TLS from both sides, with certificates made here: what is let through, and what each refusal says."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from angzarr_domain.client import DomainClient, Tls
from angzarr_domain.exceptions import ConnectionFailed, Retry, TlsFailed, UsageError
from angzarr_domain.hosting import ServerTls, Serving
from tests.certificates import Authority, Issued
from tests.peers import Peer
from tests.wallet import Put, Wallet

ROOT = UUID(int=7)
#: By address: of the two that localhost stands for, gRPC says nothing of the one that was reached.
HOST = "https://127.0.0.1:0"

OURS, OTHERS, CLIENTS = Authority(), Authority(), Authority()
GOOD = OURS.issue()


def put(client: DomainClient) -> object:
    return client.command(Put(amount=5), ROOT).send_sync(timeout=20)


def ask(client: DomainClient) -> object:
    return client.query("wallet", ROOT).get_event_book(timeout=20)


def stream(client: DomainClient) -> object:
    return list(client.query("wallet", ROOT).get_events(timeout=20))


EVERY_CALL = pytest.mark.parametrize("call", [put, ask, stream], ids=lambda call: call.__name__)


def serving(peer: Peer, issued: Issued = GOOD, client_ca: bytes | None = None) -> Serving:
    tls = ServerTls(certificate=issued.certificate, key=issued.key, client_ca=client_ca)
    return Serving(peer.served(), [HOST], tls=tls)


def own(issued: Issued) -> Tls:
    return Tls(ca=OURS.pem, certificate=issued.certificate, key=issued.key)


@EVERY_CALL
def test_an_authority_of_ones_own(kind: type[DomainClient], peer: Peer, call: Callable[[DomainClient], object]) -> None:
    """Is trusted where the client says so; `.addresses` are dialled as they stand."""
    with (
        serving(peer) as served,
        kind.connect(served.addresses[0], aggregates=[Wallet], tls=Tls(ca=OURS.pem)) as client,
    ):
        assert call(client) is not None


@pytest.mark.parametrize("folders", ["{0}", "/nowhere:{0}"], ids=["one", "one of several"])
def test_a_folder_of_the_systems(
    kind: type[DomainClient], peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: str
) -> None:
    """Is where some systems keep their trusted roots, each in a file that is named by its hash."""
    (tmp_path / "0123abcd.0").write_bytes(OURS.pem)
    (tmp_path / "0123abcd.1").write_text("no certificate")
    (tmp_path / "README").write_text("no certificate either")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", folders.format(tmp_path))

    with serving(peer) as served, kind.connect(served.addresses[0], aggregates=[Wallet]) as client:
        assert put(client) is not None


def test_a_system_that_trusts_nobody(
    kind: type[DomainClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says whose roots count then, which are not the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    with kind.connect("https://127.0.0.1:1"):
        pass

    assert "no trusted roots" in caplog.text
    assert str(tmp_path / "none.pem") in caplog.text


def test_folders_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Are passed over, as OpenSSL does."""

    def refuse(folder: str) -> object:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with monkeypatch.context() as refusing:
        refusing.setattr("os.scandir", refuse)
        DomainClient.connect("https://127.0.0.1:1").close()


def test_authorities_with_comments(kind: type[DomainClient], peer: Peer) -> None:
    """May be named in any alphabet beside their certificates, as in the lists that browsers' makers publish."""
    listed = "# Főtanúsítvány\n".encode() + OTHERS.pem + b"# caf\xe9\n" + OURS.pem
    with (
        serving(peer) as served,
        kind.connect(served.addresses[0], aggregates=[Wallet], tls=Tls(ca=listed)) as client,
    ):
        assert put(client) is not None


def test_files(kind: type[DomainClient], peer: Peer, tmp_path: Path) -> None:
    """Paths are as good as PEM, on both sides."""
    certificate, key = GOOD.written(tmp_path, "server")
    mine, my_key = CLIENTS.issue("me").written(tmp_path, "client")
    (tmp_path / "ours.crt").write_bytes(OURS.pem)
    (tmp_path / "clients.crt").write_bytes(CLIENTS.pem)
    server = ServerTls(certificate=certificate, key=str(key), client_ca=tmp_path / "clients.crt")

    with (
        Serving(peer.served(), [HOST], tls=server) as served,
        kind.connect(
            served.addresses[0],
            aggregates=[Wallet],
            tls=Tls(ca=str(tmp_path / "ours.crt"), certificate=mine, key=my_key),
        ) as client,
    ):
        assert put(client) is not None


def test_files_that_can_be_read_once(kind: type[DomainClient], peer: Peer, tmp_path: Path) -> None:
    """Are enough, such as what a shell makes of `<(fetch-the-key)`."""
    me = CLIENTS.issue("me")
    contents = {"ca": OURS.pem, "certificate": me.certificate, "key": me.key}
    for name, content in contents.items():
        os.mkfifo(tmp_path / name)
        threading.Thread(target=(tmp_path / name).write_bytes, args=(content,), daemon=True).start()
    tls = Tls(ca=tmp_path / "ca", certificate=tmp_path / "certificate", key=tmp_path / "key")

    with (
        serving(peer, client_ca=CLIENTS.pem) as served,
        kind.connect(served.addresses[0], aggregates=[Wallet], tls=tls) as client,
    ):
        assert put(client) is not None


REFUSED: dict[str, tuple[Issued, bytes | None, Tls | None, str, str]] = {
    "no authority known": (GOOD, None, None, "TLS_UNTRUSTED", r"is of no authority that is trusted here: .* Tls\(ca="),
    "another authority": (GOOD, None, Tls(ca=OTHERS.pem), "TLS_UNTRUSTED", "is of no authority that is trusted here"),
    "expired": (OURS.issue(since=-9, until=-2), None, Tls(ca=OURS.pem), "TLS_EXPIRED", "has expired"),
    "of tomorrow": (OURS.issue(since=2, until=9), None, Tls(ca=OURS.pem), "TLS_NOT_YET_VALID", "is not valid yet"),
    "another host's": (
        OURS.issue("bank.example"),
        None,
        Tls(ca=OURS.pem),
        "TLS_WRONG_HOST",
        r"is another host's: .* Tls\(server_name=",
    ),
    "no certificate of the client's": (
        GOOD,
        CLIENTS.pem,
        Tls(ca=OURS.pem),
        "TLS_CLIENT_CERTIFICATE",
        r"asks for a client's certificate: .* Tls\(certificate=",
    ),
    "a certificate of the client's nobody knows": (
        GOOD,
        CLIENTS.pem,
        own(OTHERS.issue("me")),
        "TLS_CLIENT_CERTIFICATE",
        "give one that it trusts",
    ),
}


@pytest.mark.parametrize("call", [put, stream], ids=lambda call: call.__name__)
@pytest.mark.parametrize(("issued", "clients", "tls", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_refusals(  # noqa: PLR0917 - as many as the cases have columns
    kind: type[DomainClient],
    peer: Peer,
    issued: Issued,
    clients: bytes | None,
    tls: Tls | None,
    code: str,
    says: str,
    call: Callable[[DomainClient], object],
) -> None:
    """Each names what is wrong and what to mend; nothing was sent, and the same will not help."""
    with (
        serving(peer, issued, clients) as served,
        kind.connect(served.addresses[0], aggregates=[Wallet], tls=tls) as client,
        pytest.raises(TlsFailed, match=says) as caught,
    ):
        call(client)

    assert (caught.value.code, caught.value.endpoint) == (code, served.addresses[0])
    assert (caught.value.retry, caught.value.is_connection_error) == (Retry.NEVER, True)
    assert peer.commands == []


def test_a_certificate_of_the_clients(kind: type[DomainClient], peer: Peer) -> None:
    """One that the server's authorities signed is let in (mTLS)."""
    with (
        serving(peer, client_ca=CLIENTS.pem) as served,
        kind.connect(served.addresses[0], aggregates=[Wallet], tls=own(CLIENTS.issue("me"))) as client,
    ):
        assert put(client) is not None


def test_a_name_in_place_of_the_host(kind: type[DomainClient], peer: Peer) -> None:
    """Behind a tunnel the certificate is another host's, and the client says whose."""
    with (
        serving(peer, OURS.issue("bank.example")) as served,
        kind.connect(
            served.addresses[0], aggregates=[Wallet], tls=Tls(ca=OURS.pem, server_name="bank.example")
        ) as client,
    ):
        assert put(client) is not None


def test_tls_to_a_server_that_has_none(kind: type[DomainClient], peer: Peer) -> None:
    """It was reached, and does not speak TLS."""
    with (
        Serving(peer.served(), ["127.0.0.1:0"]) as served,
        kind.connect(f"https://{served.addresses[0]}", aggregates=[Wallet]) as client,
        pytest.raises(TlsFailed, match="does not speak TLS: is it meant to be http://") as caught,
    ):
        put(client)

    assert caught.value.code == "TLS_FAILED"


def test_none_to_a_server_that_has_tls(kind: type[DomainClient], peer: Peer) -> None:
    """Something hung up, and what that may mean."""
    with serving(peer) as served:
        plain = served.addresses[0].removeprefix("https://")
        with (
            kind.connect(plain, aggregates=[Wallet]) as client,
            pytest.raises(ConnectionFailed, match=r"hung up .* does it want https://") as caught,
        ):
            put(client)

    assert type(caught.value) is ConnectionFailed


def test_tls_of_another_kind(kind: type[DomainClient], tmp_path: Path) -> None:
    """A server that has TLS but not HTTP/2 is no gRPC server, which trying again does not mend."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*GOOD.written(tmp_path, "server"))

    def shake() -> None:
        with listener.accept()[0] as connection, context.wrap_socket(connection, server_side=True) as shaken:
            shaken.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=shake, daemon=True).start()
        with (
            kind.connect(f"https://127.0.0.1:{listener.getsockname()[1]}", tls=Tls(ca=OURS.pem)) as client,
            pytest.raises(TlsFailed, match="does not speak HTTP/2") as caught,
        ):
            ask(client)

    assert caught.value.code == "TLS_FAILED"


def test_a_renewed_certificate(kind: type[DomainClient], peer: Peer, tmp_path: Path) -> None:
    """Is served to new connections without a restart; half of one is not."""
    certificate, key = OURS.issue(since=-9, until=-2).written(tmp_path, "server")
    tls = ServerTls(certificate=certificate, key=key)

    def attempt() -> object:
        with kind.connect(served.addresses[0], aggregates=[Wallet], tls=Tls(ca=OURS.pem)) as client:
            return put(client)

    with Serving(peer.served(), [HOST], tls=tls) as served:
        with pytest.raises(TlsFailed, match="expired"):
            attempt()
        certificate.write_bytes(GOOD.certificate)
        with pytest.raises(TlsFailed, match="expired"):
            attempt()
        key.write_bytes(GOOD.key)

        assert attempt() is not None


def test_renewed_authorities_of_clients(kind: type[DomainClient], peer: Peer, tmp_path: Path) -> None:
    """Count at the next connection, without a restart; until they are readable, those before do."""
    trusted = tmp_path / "clients.pem"
    trusted.write_bytes(CLIENTS.pem)
    tls = ServerTls(certificate=GOOD.certificate, key=GOOD.key, client_ca=trusted)
    before, after = own(CLIENTS.issue("me")), own(OTHERS.issue("me"))

    def attempt(client_tls: Tls) -> object:
        with kind.connect(served.addresses[0], aggregates=[Wallet], tls=client_tls) as client:
            return put(client)

    with Serving(peer.served(), [HOST], tls=tls) as served:
        assert attempt(before) is not None
        trusted.write_bytes(b"-----BEGIN")
        assert attempt(before) is not None
        trusted.write_bytes(OTHERS.pem)

        assert attempt(after) is not None
        with pytest.raises(TlsFailed, match="asks for a client's certificate"):
            attempt(before)


UNUSABLE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no such file": (lambda folder: Tls(ca=folder / "gone.pem").authorities(), "ca", r"gone.pem' cannot be read: No"),
    "a folder": (lambda folder: Tls(ca=folder).authorities(), "ca", "cannot be read: Is a directory"),
    "no certificate": (lambda _: Tls(ca=b"hello").authorities(), "ca", "holds no readable certificate"),
    "not even text": (lambda _: Tls(ca=b"\xff\xfe").authorities(), "ca", "holds no readable certificate"),
    "a key alone": (lambda _: Tls(key=GOOD.key), "certificate", "give the certificate as well"),
    "a certificate alone": (lambda _: Tls(certificate=GOOD.certificate), "key", "give the key as well"),
    "no pair": (lambda _: own(Issued(GOOD.certificate, OURS.issue().key)).identity(), "certificate", "are no pair"),
    "a passphrase": (
        lambda _: own(Issued(GOOD.certificate, b"-----BEGIN ENCRYPTED PRIVATE KEY-----")).identity(),
        "key",
        "one without a passphrase",
    ),
    "a server's pair": (
        lambda _: ServerTls(certificate=GOOD.certificate, key=OURS.issue().key).credentials(),
        "certificate",
        "are no pair",
    ),
    "a server's clients": (
        lambda _: ServerTls(certificate=GOOD.certificate, key=GOOD.key, client_ca=b"x").credentials(),
        "client_ca",
        "holds no readable certificate",
    ),
}


@pytest.mark.parametrize(("use", "field", "says"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used(use: Callable[[Path], object], field: str, says: str, tmp_path: Path) -> None:
    """Is named before anything is dialled or served; gRPC would only say that it cannot."""
    with pytest.raises(UsageError, match=says) as caught:
        use(tmp_path)

    assert caught.value.field == field


SENSELESS: dict[str, tuple[Callable[[], Any], str]] = {
    "TLS for plaintext": (lambda: DomainClient.connect("localhost:1310", tls=Tls()), "tls is for https://"),
    "TLS for a socket": (lambda: DomainClient.connect("unix:/c.sock", tls=Tls()), "tls is for https://"),
    "serving https:// without TLS": (lambda: Serving([], [HOST]), "asks for TLS: give tls=ServerTls"),
    "TLS that is not served": (
        lambda: Serving([], ["localhost:0"], tls=ServerTls(certificate=GOOD.certificate, key=GOOD.key)),
        "write https://host:port",
    ),
}


@pytest.mark.parametrize(("use", "says"), SENSELESS.values(), ids=SENSELESS)
def test_tls_that_would_protect_nothing(use: Callable[[], Any], says: str) -> None:
    """Is refused, and so is https:// without it: plaintext is never sent where TLS was meant."""
    with pytest.raises(UsageError, match=says) as caught:
        use()

    assert caught.value.field == "tls"


def test_keys_are_not_shown() -> None:
    """A repr ends up in logs: it says where things come from, and of PEM only that it is some."""
    client = Tls(ca=OURS.pem, certificate=GOOD.certificate, key=GOOD.key)
    server = ServerTls(certificate="server.pem", key=GOOD.key, client_ca=OURS.pem)

    assert repr(client) == "Tls(ca=bytes, certificate=bytes, key=bytes, server_name='')"
    assert repr(server) == "ServerTls(certificate='server.pem', key=bytes, client_ca=bytes)"
