"""Other libraries doing the same work. Each function is called only where its library is installed."""
# mypy: ignore-errors
# pyright: basic
# ruff: noqa: ANN202

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from eventsourcing.application import Application  # pyright: ignore[reportMissingImports] - installed where it runs
from eventsourcing.domain import Aggregate, event  # pyright: ignore[reportMissingImports] - installed where it runs


class Account(Aggregate):
    """As little of an account as a deposit needs."""

    @event("Opened")
    def __init__(self, owner: str) -> None:
        self.owner, self.balance, self.last = owner, 0, ""

    @event("Deposited")
    def deposit(self, reference: str, amount: int) -> None:
        """Put money on it."""
        self.last = reference
        self.balance += amount


def eventsourcing_deposits(path: Path, commands: int) -> Callable[[], object]:
    """Deposits through the eventsourcing library, on its own SQLite store, loading the account for each."""
    application = Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})

    def run():
        account = Account("ada")
        application.save(account)
        for number in range(commands - 1):
            loaded = application.repository.get(account.id)
            loaded.deposit(f"r{number}", 1)
            application.save(loaded)
        return account

    return run
