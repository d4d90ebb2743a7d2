"""Endpoints behind TLS, named on the command line: whom to trust there, and who calls."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from angzarr_domain.books import Cover
from angzarr_domain.cli import main
from angzarr_domain.embedded import Coordinator
from angzarr_domain.hosting import Host, ServerTls
from tests.certificates import Authority
from tests.cli.test_dev import WALLET, coordinating, put
from tests.histories.recorded import HISTORIES, read
from tests.ledger import Account
from tests.wallet import Wallet

OURS, CLIENTS = Authority(), Authority()


@pytest.fixture(name="ca")
def _ca(tmp_path: Path) -> str:
    (tmp_path / "ca.pem").write_bytes(OURS.pem)
    return str(tmp_path / "ca.pem")


@pytest.fixture(name="endpoint")
def _endpoint(request: pytest.FixtureRequest) -> Generator[str]:
    """Of a coordinator behind TLS, which asks for a certificate if the test says so."""
    issued = OURS.issue(*getattr(request, "param", {}).get("names", ()))
    asks = CLIENTS.pem if getattr(request, "param", {}).get("mutual") else None
    tls = ServerTls(certificate=issued.certificate, key=issued.key, client_ca=asks)
    with Coordinator([Account]) as coordinator, coordinator.start("https://127.0.0.1:0", tls=tls) as serving:
        for root, pages in HISTORIES.items():
            coordinator.restore(Cover("ledger", root), pages)
        yield serving.addresses[0]


def test_a_coordinator_of_an_own_authority_is_exported(endpoint: str, ca: str, tmp_path: Path) -> None:
    """With --ca, and a token beside it that nobody asks for here."""
    (tmp_path / "token").write_text("abc\n")
    out = tmp_path / "a.jsonl"

    assert main(["export", endpoint, "--ca", ca, "--token-file", str(tmp_path / "token"), "--out", str(out)]) == 0
    assert len(read(out)) == len(HISTORIES)


@pytest.mark.parametrize("endpoint", [{"mutual": True, "names": ["else.where"]}], indirect=True)
def test_one_that_asks_who_calls_is_shown_a_certificate(endpoint: str, ca: str, tmp_path: Path) -> None:
    """With --certificate and --key; --server-name is whom to expect there."""
    certificate, key = CLIENTS.issue("me").written(tmp_path, "me")
    me = ["--certificate", str(certificate), "--key", str(key), "--server-name", "else.where"]

    assert main(["export", endpoint, "--ca", ca, *me, "--out", str(tmp_path / "a.jsonl")]) == 0


@pytest.mark.parametrize(
    ("endpoint", "trusting", "said"),
    [
        pytest.param({}, False, "by --ca FILE", id="of nobody trusted"),
        pytest.param({"names": ["else.where"]}, True, "by --server-name NAME", id="another host"),
        pytest.param({"mutual": True}, True, "by --certificate FILE --key FILE", id="asks who calls"),
    ],
    indirect=["endpoint"],
)
def test_what_is_missing_is_named_as_an_option(
    endpoint: str, said: str, ca: str, capsys: pytest.CaptureFixture[str], *, trusting: bool
) -> None:
    """Rather than as the argument of a function that nobody called."""
    assert main(["export", endpoint, *(["--ca", ca] if trusting else []), "--out", "-"]) == 1
    printed = capsys.readouterr().err
    assert said in printed
    assert "Tls(" not in printed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(["localhost:1", "--ca", "{ca}"], "--ca", id="not https"),
        pytest.param(["--data", "none.db", "--ca", "{ca}"], "--ca", id="no endpoint"),
        pytest.param(["https://localhost:1", "--certificate", "{ca}"], "give --key as well", id="no key"),
        pytest.param(["https://localhost:1", "--key", "{ca}"], "give --certificate as well", id="no certificate"),
        pytest.param(["https://localhost:1", "--ca", "none.pem"], "cannot be read", id="no file"),
        pytest.param(["https://localhost:1", "--token-file", "none"], "none cannot be read", id="no token"),
        pytest.param(["localhost:1", "--token-file", "{ca}"], "use https://", id="a token in plaintext"),
    ],
)
def test_what_makes_no_sense_is_refused(
    given: list[str], said: str, ca: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, in terms of the options."""
    assert main(["export", *(each.replace("{ca}", ca) for each in given), "--out", "-"]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert "token_in_plaintext" not in printed


@pytest.mark.parametrize("command", ["dev", "host"])
def test_serving_behind_tls_wants_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An https:// address needs a certificate, and the message says by which options."""
    assert main([command, WALLET, "--serve", "https://127.0.0.1:0"]) == 2
    assert "give --tls-certificate FILE --tls-key FILE" in capsys.readouterr().err


@pytest.mark.process
def test_dev_asks_business_logic_behind_tls(ca: str) -> None:
    """A --target that is https://, of the authority of --ca."""
    issued = OURS.issue()
    tls = ServerTls(certificate=issued.certificate, key=issued.key)
    with (
        Host([Wallet]).start("https://127.0.0.1:0", tls=tls) as hosting,
        coordinating("--target", f"wallet={hosting.addresses[0]}", "--ca", ca, "--serve", "localhost:0") as (_, served),
    ):
        assert put(served[0]) == 1


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(["dev", "--target", "wallet=localhost:1"], id="dev"),
        pytest.param(["host", WALLET], id="host without history"),
        pytest.param(["host", WALLET, "--history", "localhost:1"], id="host"),
    ],
)
def test_an_authority_for_nobody_is_refused(given: list[str], ca: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No endpoint there is https://."""
    assert main([*given, "--ca", ca, "--serve", "localhost:0"]) == 2
    assert "--ca" in capsys.readouterr().err
