"""Whose fault it was, as the caller reads it: a handler's own mistake never looks like the caller's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from angzarr_domain import Aggregate, DomainClient, Rejected, Repository, aggregate, applies, handles
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import Conflict, DecodeFailed, HandlerFailed, NotHandled, Status
from angzarr_domain.hosting import Host
from tests.ledger import Deposited, Open, Opened, Withdrawn

TOO_MUCH = 2**63


@aggregate(domain="blame")
class Clumsy(Aggregate):
    """Handlers that raise what the framework itself raises, each in another way; `owner` says which."""

    balance: int = 0

    @handles
    def open(self, command: Open) -> Opened | Deposited:
        match command.owner:
            case "an event that cannot be made":
                return Deposited(amount=TOO_MUCH)
            case "a rejection that cannot be made":
                raise Rejected("not a code")
            case "a conflict":
                raise Conflict(3, 5)
            case "a decode failure":
                raise DecodeFailed("/x.Y", command.owner)
            case "an unknown command":
                raise NotHandled(command.owner)
            case _:
                return Opened(owner=command.owner)

    @applies
    def opened(self, event: Opened) -> None:
        if event.owner == "an applier":
            # An applier may make messages, too.
            Withdrawn(amount=TOO_MUCH)

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount


RAISED = {
    "an event that cannot be made": "InvalidArgument",
    "a rejection that cannot be made": "UsageError",
    "a conflict": "Conflict",
    "a decode failure": "DecodeFailed",
    "an unknown command": "NotHandled",
}


@pytest.fixture(name="client", params=["in process", "over a socket", "behind a target"], scope="module")
def _client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainClient]:
    folder: Path = tmp_path_factory.mktemp("blame")
    with Host([Clumsy]).start(f"unix:{folder}/host.sock") as host:
        components, targets = ((), {"blame": host.addresses[0]}) if "target" in request.param else ((Clumsy,), None)
        with Coordinator(components, folder / "blame.db", targets=targets) as coordinator:
            if request.param == "in process":
                with coordinator.client() as client:
                    yield client
            else:
                with (
                    coordinator.start(f"unix:{folder}/coordinator.sock") as server,
                    DomainClient.connect(server.addresses[0]) as client,
                ):
                    yield client


@pytest.mark.parametrize("mistake", RAISED)
def test_what_a_handler_raises_is_the_handlers_fault(client: DomainClient, mistake: str) -> None:
    """Whatever it is, but for a rejection: the caller sent a proper command, and is told whose log to read."""
    with pytest.raises(HandlerFailed) as caught:
        client.command("blame", uuid4()).with_command(Open(owner=mistake)).send_sync()

    error = caught.value
    assert (error.code, error.status) == ("UNHANDLED_HANDLER_ERROR", Status.INTERNAL)
    assert (error.handler, error.exception) == ("Clumsy.open", RAISED[mistake])
    assert mistake not in error.message


def test_what_an_applier_raises_is_the_appliers_fault(client: DomainClient) -> None:
    """At the next command: the event is stored, and folding it fails."""
    root = uuid4()
    client.command("blame", root).with_command(Open(owner="an applier")).send_sync()

    with pytest.raises(HandlerFailed) as caught:
        client.command("blame", root).with_command(Open(owner="ada")).send_sync()

    assert (caught.value.handler, caught.value.exception) == ("Clumsy.opened", "InvalidArgument")


@pytest.mark.parametrize("remote", [False, True])
def test_a_repository_passes_it_on(client: DomainClient, remote: bool) -> None:
    """When executing and when previewing, here and at the coordinator."""
    repository = Repository(Clumsy, client)
    command = Open(owner="an event that cannot be made")

    with pytest.raises(HandlerFailed, match=r"Clumsy\.open raised InvalidArgument"):
        repository.execute(uuid4(), command)
    with pytest.raises(HandlerFailed, match=r"Clumsy\.open raised InvalidArgument"):
        repository.preview(uuid4(), command, remote=remote)


def test_the_log_says_where(client: DomainClient, caplog: pytest.LogCaptureFixture) -> None:
    """In the process that ran the handler, which here is this one: the very line, and nothing of the text."""
    with caplog.at_level(logging.INFO, "angzarr_domain.hosting"), pytest.raises(HandlerFailed):
        client.command("blame", uuid4()).with_command(Open(owner="a decode failure")).send_sync()

    assert "Clumsy.open raised DecodeFailed" in caplog.text
    assert "in open" in caplog.text
    assert "a decode failure" not in caplog.text
