"""A small domain for tests: one account, in messages as the generator writes them."""

from __future__ import annotations

from typing import ClassVar

import attrs

from angzarr_domain import Aggregate, Context, Rejected, aggregate, applies, handles
from angzarr_domain.messages import proto


@attrs.frozen(kw_only=True)
class Open:
    __protobuf_name__: ClassVar[str] = "tests.ledger.Open"

    owner: str = proto(1, "string")


@attrs.frozen(kw_only=True)
class Deposit:
    __protobuf_name__: ClassVar[str] = "tests.ledger.Deposit"

    amount: int = proto(1, "int64")


@attrs.frozen(kw_only=True)
class Withdraw:
    __protobuf_name__: ClassVar[str] = "tests.ledger.Withdraw"

    amount: int = proto(1, "int64")


@attrs.frozen(kw_only=True)
class Opened:
    __protobuf_name__: ClassVar[str] = "tests.ledger.Opened"

    owner: str = proto(1, "string")


@attrs.frozen(kw_only=True)
class Deposited:
    __protobuf_name__: ClassVar[str] = "tests.ledger.Deposited"

    amount: int = proto(1, "int64")


@attrs.frozen(kw_only=True)
class Withdrawn:
    __protobuf_name__: ClassVar[str] = "tests.ledger.Withdrawn"

    amount: int = proto(1, "int64")


@attrs.frozen(kw_only=True)
class Noted:
    __protobuf_name__: ClassVar[str] = "tests.ledger.Noted"

    text: str = proto(1, "string")


@aggregate(domain="ledger", ignores=[Noted])
class Account(Aggregate):
    """Amounts are minor units of one currency."""

    owner: str = ""
    balance: int = 0

    @handles
    def open(self, command: Open) -> Opened:
        if self.exists:
            raise Rejected("ACCOUNT_EXISTS", "the account is already open", root=self.root)
        return Opened(owner=command.owner)

    @handles
    def deposit(self, command: Deposit, context: Context) -> tuple[Deposited | Noted, ...]:
        note = Noted(text=f"by {context.correlation_id}") if context.correlation_id else None
        return (Deposited(amount=command.amount), *(() if note is None else (note,)))

    @handles
    def withdraw(self, command: Withdraw) -> Withdrawn | None:
        if command.amount > self.balance:
            raise Rejected("INSUFFICIENT_FUNDS", "not enough money", balance=self.balance)
        return Withdrawn(amount=command.amount) if command.amount else None

    @property
    def is_empty(self) -> bool:
        return self.balance == 0

    @applies
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount
