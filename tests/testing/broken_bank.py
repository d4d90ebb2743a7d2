"""Copies of a small bank account, each with one bug that code reviews miss. `sound` is the one without."""

from __future__ import annotations

import itertools
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from angzarr_domain import Aggregate, Rejected, aggregate, applies, handles
from tests.ledger import Deposit, Deposited, Noted, Open, Opened, Withdraw, Withdrawn

_TICKS: Final[Iterator[int]] = itertools.count()


def declared(make: Callable[[], type[Any]]) -> type[Any]:
    """The class, whatever its declaration is warned of: here the kit has to find the bug."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def sound() -> type[Any]:
    @aggregate(domain="bank", ignores=[Noted], snapshot=100)
    class Account(Aggregate):
        owner: str = ""
        balance: int = 0
        lines: list[int] = attrs.field(factory=list[int])
        number: int = 0

        @handles
        def open(self, command: Open) -> Opened:
            return Opened(owner=command.owner)

        @handles
        def deposit(self, command: Deposit) -> Deposited:
            return Deposited(amount=command.amount)

        @handles
        def withdraw(self, command: Withdraw) -> Withdrawn:
            if command.amount > self.balance:
                raise Rejected("INSUFFICIENT_FUNDS", balance=self.balance)
            return Withdrawn(amount=command.amount)

        @applies
        def opened(self, event: Opened) -> None:
            self.owner = event.owner

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount
            self.lines.append(event.amount)
            self.number = len(self.lines)

        @applies
        def withdrawn(self, event: Withdrawn) -> None:
            self.balance -= event.amount
            self.lines.append(-event.amount)
            self.number = len(self.lines)

    return Account


def lost_update() -> type[Any]:
    """A balance computed from what was read before, not from what is there."""
    base = sound()

    @aggregate(domain="bank", ignores=[Noted], snapshot=100)
    class Account(base):  # type: ignore[misc, valid-type]  # made at run time
        read: int = 0

        @applies
        def opened(self, event: Opened) -> None:
            self.owner = event.owner
            self.read = self.balance

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance = self.read + event.amount

    return Account


def assigning_handler() -> type[Any]:
    """It changes the balance and emits the event that changes it, too."""
    base = sound()

    @aggregate(domain="bank", ignores=[Noted], snapshot=100)
    class Account(base):  # type: ignore[misc, valid-type]  # made at run time
        @handles
        def withdraw(self: Any, command: Withdraw) -> Withdrawn:
            self.balance -= command.amount
            return Withdrawn(amount=command.amount)

    return Account


def appending_handler() -> type[Any]:
    """It changes a list in place, which no assignment shows."""
    base = sound()

    @aggregate(domain="bank", ignores=[Noted], snapshot=100)
    class Account(base):  # type: ignore[misc, valid-type]  # made at run time
        @handles
        def deposit(self, command: Deposit) -> Deposited:
            self.lines.append(command.amount)
            return Deposited(amount=command.amount)

    return Account


def forgotten_applier() -> type[Any]:
    """Money goes out and nobody notices."""

    @aggregate(domain="bank")
    class Account(Aggregate):
        balance: int = 0

        @handles
        def withdraw(self, command: Withdraw) -> Any:
            return Withdrawn(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

    return Account


def ignored_event() -> type[Any]:
    """As above, and listed as one that changes nothing."""

    @aggregate(domain="bank", ignores=[Withdrawn])
    class Account(Aggregate):
        balance: int = 0

        @handles
        def withdraw(self, command: Withdraw) -> Withdrawn:
            return Withdrawn(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

    return Account


def ticking_applier() -> type[Any]:
    """It reads something that goes on."""
    base = sound()

    @aggregate(domain="bank", ignores=[Noted], snapshot=100)
    class Account(base):  # type: ignore[misc, valid-type]  # made at run time
        @applies
        def deposited(self: Any, event: Deposited) -> None:
            self.balance += event.amount
            self.number = next(_TICKS)

    return Account


def drawing_handler() -> type[Any]:
    """It draws an id of its own."""
    base = sound()

    @aggregate(domain="bank", ignores=[Noted], snapshot=100)
    class Account(base):  # type: ignore[misc, valid-type]  # made at run time
        @handles
        def open(self, command: Open) -> Opened:
            return Opened(owner=f"{command.owner} {uuid.uuid4()}")

    return Account


def off_by_one_after_a_snapshot() -> type[Any]:
    """It tells the last line from the others by identity, which no snapshot keeps."""

    @aggregate(domain="bank", snapshot=100)
    class Account(Aggregate):
        balance: int = 0
        lines: list[Deposited] = attrs.field(factory=list[Deposited])
        last: Deposited | None = None
        number: int = 0

        @handles
        def deposit(self, command: Deposit) -> Deposited:
            return Deposited(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            others = [line for line in self.lines if line is not self.last]
            self.number = len(others) + (1 if self.last is None else 2)
            self.balance += event.amount
            self.lines.append(event)
            self.last = event

    return Account


def one_list_in_two_fields() -> type[Any]:
    """Two fields keep the same list, and would come back from a snapshot as two."""

    @aggregate(domain="bank", snapshot=100)
    class Account(Aggregate):
        lines: list[int] = attrs.field(factory=list[int])
        statement: list[int] = attrs.field(factory=list[int])

        @handles
        def deposit(self, command: Deposit) -> Deposited:
            return Deposited(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            self.lines.append(event.amount)
            self.statement = self.lines

    return Account
