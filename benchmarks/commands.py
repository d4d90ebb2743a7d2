"""What a durable command costs beside a bare SQLite commit: python -m benchmarks.commands.

The peer, `pip install eventsourcing`, is measured where it is installed.
"""

from __future__ import annotations

import importlib.util
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from angzarr_domain import DomainClient
from angzarr_domain.books import compute_root
from angzarr_domain.embedded import Coordinator
from benchmarks.ratios import compare
from examples.bank import components
from examples.bank.messages import Deposit, OpenAccount

COMMANDS = 100
_references = count()


def bare_commits(path: Path) -> Callable[[], object]:
    """The floor: a row of the same size, one durable commit for each."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE events (stream TEXT, sequence INTEGER, payload BLOB, PRIMARY KEY (stream, sequence))"
    )

    def run() -> object:
        for _ in range(COMMANDS):
            connection.execute("INSERT INTO events VALUES ('a', ?, ?)", (next(_references), b"x" * 30))
        return connection

    return run


def deposits(client: DomainClient) -> Callable[[], object]:
    """Deposits, each answered once its event is on disk, on an account that stays short."""

    def run() -> object:
        root = compute_root("account", f"bench {next(_references)}")
        client.command(OpenAccount(reference="open", number="1", owner="ada"), root).send_sync()
        for _ in range(COMMANDS - 1):
            client.command(Deposit(reference=f"r{next(_references)}", amount=1), root).send_sync()
        return root

    return run


def main() -> None:
    """Bare commits, our coordinator in process, over a Unix socket and over TCP, and the peer."""
    with tempfile.TemporaryDirectory(prefix="az-") as name, ExitStack() as stack:
        folder = Path(name)
        coordinator = stack.enter_context(Coordinator(components, folder / "ours.db"))
        served = stack.enter_context(coordinator.start(f"unix:{folder}/c.sock", "localhost:0"))
        clients = [coordinator.client(), *map(DomainClient.connect, served.addresses)]
        for client in clients:
            stack.enter_context(client)
        names = ["in process", "over a Unix socket", "over TCP"]
        ways = {"a bare commit": bare_commits(folder / "floor.db")}
        ways |= {f"a deposit, {where}": deposits(client) for where, client in zip(names, clients, strict=False)}
        if importlib.util.find_spec("eventsourcing"):
            from benchmarks.peers import eventsourcing_deposits

            ways["a deposit, eventsourcing in process"] = eventsourcing_deposits(folder / "peer.db", COMMANDS)
        compare(f"{COMMANDS} commands on one stream; time of one, ratio to a commit", ways, rounds=7, per=COMMANDS)


if __name__ == "__main__":
    main()
