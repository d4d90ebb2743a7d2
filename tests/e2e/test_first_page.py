"""The snippets people know from the page about Angzarr's clients run here as they stand.

Only the package's name is another, lost indentation is restored, and sockets lie where the test may write.
`command`, `sync_command` and `query` are what the page leaves to its reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from angzarr_domain import wire
from angzarr_domain.books import (
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    MergeStrategy,
    Query,
    SyncMode,
    compute_root,
)
from angzarr_domain.embedded import Coordinator
from examples.bank import components
from examples.bank.messages import Deposit, OpenAccount

DOMAIN_CLIENT = """
from angzarr_domain import DomainClient
# Connect to coordinator
client = DomainClient.connect("localhost:1310")
# Send a command
response = client.aggregate.handle(command)
# Query events
events = client.query.get_event_book(query)
client.close()
"""

QUERY_CLIENT = """
from angzarr_domain import QueryClient
client = QueryClient.connect("localhost:1310")
events = client.get_event_book(query)
for page in events.pages:
    print(f"Event {page.sequence}: {page.event.type_url}")
client.close()
"""

AGGREGATE_CLIENT = """
from angzarr_domain import AggregateClient
client = AggregateClient.connect("localhost:1310")
# Async execution
response = client.handle(command)
# Sync execution
response = client.handle_sync(sync_command)
client.close()
"""

FROM_ENV = """
from angzarr_domain import DomainClient
# Connect using env var with fallback
client = DomainClient.from_env("ANGZARR_ENDPOINT", "localhost:1310")
"""

SOCKETS = """
from angzarr_domain import DomainClient
# Absolute path - auto-detected
client = DomainClient.connect("/var/run/angzarr.sock")
# Relative path
client = DomainClient.connect("./angzarr.sock")
# URI format
client = DomainClient.connect("unix:///var/run/angzarr.sock")
"""

TCP = "localhost:1310"
ACCOUNT = compute_root("account", "first page")
pytestmark = pytest.mark.once


def command_book(message: Any) -> CommandBook:
    """A command on the account, decided on its current state."""
    page = CommandPage(wire.PayloadCodec().encode(message), 0, MergeStrategy.AGGREGATE_HANDLES)
    return CommandBook(Cover("account", ACCOUNT), (page,))


@pytest.fixture(name="names")
def _names() -> dict[str, Any]:
    """What the page leaves to its reader."""
    deposit = command_book(Deposit(amount=5, reference="sync"))
    return {
        "command": command_book(Deposit(amount=7, reference="async")),
        "sync_command": CommandRequest(deposit, SyncMode.SIMPLE),
        "query": Query(Cover("account", ACCOUNT)),
    }


@pytest.fixture(name="folder")
def _folder(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A coordinator with one open account, on port 1310 and on a socket in the current folder."""
    monkeypatch.chdir(short_path)
    monkeypatch.delenv("ANGZARR_ENDPOINT", raising=False)
    with Coordinator(components) as coordinator, coordinator.start(TCP, f"unix:{short_path}/angzarr.sock"):
        with coordinator.client() as client:
            client.command(OpenAccount(owner="ada", reference="open"), ACCOUNT).send_sync()
        yield short_path


def addresses(folder: Path) -> dict[str, str]:
    """Port 1310, and the three ways to name a socket."""
    socket = f"{folder}/angzarr.sock"
    return {"tcp": TCP, "absolute": socket, "relative": "./angzarr.sock", "uri": f"unix://{socket}"}


FORMS = ["tcp", "absolute", "relative", "uri"]


@pytest.mark.parametrize("form", FORMS)
def test_domain_client(form: str, folder: Path, names: dict[str, Any]) -> None:
    """One object sends commands and reads events (C-0225 to C-0228)."""
    exec(DOMAIN_CLIENT.replace(TCP, addresses(folder)[form]), names)

    assert [page.sequence for page in names["response"].events.pages] == [1]
    assert names["events"].next_sequence == 2


@pytest.mark.parametrize("form", FORMS)
def test_query_client(form: str, folder: Path, names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Pages have a sequence and a typed event (C-0232, C-0233)."""
    exec(QUERY_CLIENT.replace(TCP, addresses(folder)[form]), names)

    assert capsys.readouterr().out == "Event 0: /bank.v1.AccountOpened\n"


@pytest.mark.parametrize("form", FORMS)
def test_aggregate_client(form: str, folder: Path, names: dict[str, Any]) -> None:
    """Commands go with and without waiting for what is downstream; both return stored events."""
    exec(AGGREGATE_CLIENT.replace(TCP, addresses(folder)[form]), names)

    assert [page.sequence for page in names["response"].events.pages] == [2]


@pytest.mark.parametrize("form", FORMS)
def test_from_env(form: str, folder: Path, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable decides where it is set, the default where it is not (C-0327 to C-0330)."""
    if form != "tcp":
        monkeypatch.setenv("ANGZARR_ENDPOINT", addresses(folder)[form])
    exec(FROM_ENV, names)

    with names["client"] as client:
        assert client.query.get_event_book(names["query"]).next_sequence == 1


@pytest.mark.parametrize("part", [0, 1, 2], ids=["absolute", "relative", "uri"])
def test_sockets(part: int, folder: Path, names: dict[str, Any]) -> None:
    """Each way to name a socket leads to it (C-0324, C-0325)."""
    first, *lines = SOCKETS.strip().replace("/var/run/angzarr.sock", f"{folder}/angzarr.sock").splitlines()
    exec("\n".join([first, *lines[2 * part : 2 * part + 2]]), names)

    with names["client"] as client:
        assert client.query.get_event_book(names["query"]).next_sequence == 1
