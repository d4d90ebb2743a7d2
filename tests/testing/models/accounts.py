"""The account of tests, each with one seeded bug."""

from __future__ import annotations

import random

import attrs

from angzarr_domain import Context, Rejected, aggregate, applies, handles
from tests.ledger import Account, Deposit, Deposited, Noted, Opened, Withdraw, Withdrawn


def never_overdrawn(account: Account) -> bool:
    return account.balance >= 0


def every_deposit_is_there(account: Account, history: tuple[object, ...]) -> None:
    paid = sum(event.amount for event in history if isinstance(event, Deposited))
    taken = sum(event.amount for event in history if isinstance(event, Withdrawn))
    assert account.balance == paid - taken, "money is lost"


@aggregate(domain="ledger", ignores=[Noted])
class Sound(Account):
    """No bug; amounts are positive."""

    @handles
    def deposit(self, command: Deposit, context: Context) -> tuple[Deposited | Noted, ...]:
        _refuse_nothing(command.amount)
        return (Deposited(amount=command.amount),)

    @handles
    def withdraw(self, command: Withdraw) -> Withdrawn:
        _refuse_nothing(command.amount)
        if command.amount > self.balance:
            raise Rejected("INSUFFICIENT_FUNDS", "not enough money")
        return Withdrawn(amount=command.amount)


@aggregate(domain="ledger", ignores=[Noted])
class Overdraft(Sound):
    """Lets one more go than there is."""

    @handles
    def withdraw(self, command: Withdraw) -> Withdrawn:
        _refuse_nothing(command.amount)
        if command.amount > self.balance + 1:
            raise Rejected("INSUFFICIENT_FUNDS", "not enough money")
        return Withdrawn(amount=command.amount)


@aggregate(domain="ledger", ignores=[Noted])
class Mutating(Sound):
    """Notes in the state, while it decides, what was tried."""

    tries: dict[str, int] = attrs.field(factory=dict[str, int])

    @handles
    def withdraw(self, command: Withdraw) -> Withdrawn:
        _refuse_nothing(command.amount)
        if command.amount > self.balance:
            self.tries["refused"] = self.tries.get("refused", 0) + 1
            raise Rejected("INSUFFICIENT_FUNDS", "not enough money")
        return Withdrawn(amount=command.amount)


@aggregate(domain="ledger", ignores=[Noted])
class Forgetful(Sound):
    """An applier that counts withdrawals and forgets the balance."""

    withdrawals: int = 0

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.withdrawals += 1


@aggregate(domain="ledger", ignores=[Noted])
class Random(Sound):
    """An applier that draws a number."""

    ticket: float = 0.0

    @applies
    def opened(self, event: Opened) -> None:
        self.owner = event.owner
        self.ticket = random.random()


@aggregate(domain="ledger", ignores=[Noted])
class Edgy(Sound):
    """Divides by what is left."""

    @handles
    def withdraw(self, command: Withdraw) -> Withdrawn:
        _refuse_nothing(command.amount)
        if command.amount > self.balance or 100 // (self.balance - command.amount) < 0:
            raise Rejected("INSUFFICIENT_FUNDS", "not enough money")
        return Withdrawn(amount=command.amount)


def _refuse_nothing(amount: int) -> None:
    if not 0 < amount < 1_000_000:
        raise Rejected("AMOUNT_NOT_POSITIVE", "an amount is positive")
