"""The business that the recordings are about: messages of package bank.v1, and an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from angzarr_domain import Aggregate, Rejected, aggregate, applies, handles
from angzarr_domain.messages import frozen, proto


@frozen(kw_only=True)
class OpenAccount:
    __protobuf_name__: ClassVar[str] = "bank.v1.OpenAccount"
    __angzarr_domain__: ClassVar[str] = "account"

    owner: str = proto(1, "string")


@frozen(kw_only=True)
class Deposit:
    __protobuf_name__: ClassVar[str] = "bank.v1.Deposit"
    __angzarr_domain__: ClassVar[str] = "account"

    amount: int = proto(1, "int64")


@frozen(kw_only=True)
class Withdraw:
    __protobuf_name__: ClassVar[str] = "bank.v1.Withdraw"
    __angzarr_domain__: ClassVar[str] = "account"

    amount: int = proto(1, "int64")


@frozen(kw_only=True)
class AccountOpened:
    __protobuf_name__: ClassVar[str] = "bank.v1.AccountOpened"

    owner: str = proto(1, "string")


@frozen(kw_only=True)
class Deposited:
    __protobuf_name__: ClassVar[str] = "bank.v1.Deposited"

    amount: int = proto(1, "int64")


@frozen(kw_only=True)
class Withdrawn:
    __protobuf_name__: ClassVar[str] = "bank.v1.Withdrawn"

    amount: int = proto(1, "int64")


@aggregate(domain="account")
class Account(Aggregate):
    """As the recorded client logic decides."""

    owner: str = ""
    balance: int = 0

    @handles
    def open(self, command: OpenAccount) -> AccountOpened:
        if self.exists:
            raise Rejected("ACCOUNT_EXISTS", "the account is already open")
        return AccountOpened(owner=command.owner)

    @handles
    def deposit(self, command: Deposit) -> Iterator[Deposited]:
        yield Deposited(amount=command.amount)

    @handles
    def withdraw(self, command: Withdraw) -> Withdrawn:
        if command.amount > self.balance:
            raise Rejected("INSUFFICIENT_FUNDS", "not enough money", missing=command.amount - self.balance)
        return Withdrawn(amount=command.amount)

    @applies
    def opened(self, event: AccountOpened) -> None:
        self.owner = event.owner

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount
