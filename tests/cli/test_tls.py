"""TLS from the shell: `dev` and `host` with certificates, in processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from angzarr_domain.client import DomainClient, Tls
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import TlsFailed
from angzarr_domain.hosting import Host, RemoteLogic, ServerTls
from tests.certificates import Authority
from tests.cli.test_dev import MINE, WALLET, coordinating, failing
from tests.wallet import Put, Wallet

pytestmark = pytest.mark.process

OURS, CLIENTS = Authority(), Authority()


def put(address: str, tls: Tls) -> int:
    with DomainClient.connect(address, aggregates=[Wallet], tls=tls) as client:
        return client.command(Put(amount=1), MINE).send_sync(timeout=20).next_sequence


def test_dev_lets_in_whom_it_knows(tmp_path: Path) -> None:
    """It prints an https:// address, and takes commands of clients with a certificate of the named authority."""
    certificate, key = OURS.issue().written(tmp_path, "server")
    (tmp_path / "clients.crt").write_bytes(CLIENTS.pem)
    mine = CLIENTS.issue("me")
    given = ["--tls-certificate", str(certificate), "--tls-key", str(key), "--tls-client-ca", f"{tmp_path}/clients.crt"]

    with coordinating(WALLET, "--serve", "https://127.0.0.1:0", *given) as (_, [address]):
        assert address.startswith("https://127.0.0.1:")
        assert put(address, Tls(ca=OURS.pem, certificate=mine.certificate, key=mine.key)) == 1
        with pytest.raises(TlsFailed):
            put(address, Tls(ca=OURS.pem))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--serve", "https://localhost:0"], "asks for TLS"),
        (["--tls-certificate", "gone.crt"], "give --tls-key as well"),
        (["--tls-key", "gone.key"], "give --tls-certificate as well"),
        (["--serve", "https://localhost:0", "--tls-certificate", "no.crt", "--tls-key", "no.key"], "cannot be read"),
    ],
)
def test_what_is_missing_is_named(given: list[str], says: str) -> None:
    """In a line, and with the status of arguments that make no sense."""
    done = failing(WALLET, *given)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_business_logic_behind_tls() -> None:
    """A coordinator asks a host that lets in whom it knows, and a host reads history from such a coordinator."""
    issued, mine = OURS.issue(), CLIENTS.issue("me")
    server = ServerTls(certificate=issued.certificate, key=issued.key, client_ca=CLIENTS.pem)
    ours = Tls(ca=OURS.pem, certificate=mine.certificate, key=mine.key)

    host = Host([Wallet], history="https://127.0.0.1:9", history_tls=ours)
    with host.start("https://127.0.0.1:0", tls=server) as hosting:
        logic = RemoteLogic(["wallet"], hosting.addresses[0], tls=ours)
        with Coordinator([logic]) as coordinator, coordinator.start("https://127.0.0.1:0", tls=server) as served:
            assert put(served.addresses[0], ours) == 1
