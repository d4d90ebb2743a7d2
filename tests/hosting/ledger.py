"""An aggregate that answers in every way a handler can, for the tests of hosting."""

from __future__ import annotations

from collections.abc import Iterator

from angzarr_domain.aggregates import Aggregate, Context, aggregate, applies, handles
from angzarr_domain.exceptions import Rejected
from examples.bank.messages import (
    AccountOpened,
    CloseAccount,
    Deposit,
    Deposited,
    NoteRefusal,
    OpenAccount,
    OperationRefused,
    Refund,
    Withdraw,
    Withdrawn,
)


@aggregate(domain="ledger", ignores=[OperationRefused, AccountOpened])
class Ledger(Aggregate):
    """A balance."""

    balance: int = 0

    @handles
    def deposit(self, command: Deposit) -> Deposited:
        return Deposited(reference=command.reference, amount=command.amount)

    @handles
    def withdraw(self, command: Withdraw) -> Iterator[Withdrawn]:
        """Two events; refused when the second half is not covered, after the first was yielded."""
        yield Withdrawn(amount=command.amount // 2)
        if command.amount > self.balance:
            raise Rejected("INSUFFICIENT_FUNDS", "not enough money", balance=self.balance)
        yield Withdrawn(amount=command.amount - command.amount // 2)

    @handles
    def open(self, command: OpenAccount) -> None:
        """Nothing to record."""

    @handles
    def note(self, command: NoteRefusal, context: Context) -> OperationRefused:
        """What the handler is told, as an event."""
        facts = f"{context.next_sequence} {context.had_history} {context.root} {context.correlation_id}"
        return OperationRefused(reference=str(self.balance), code=facts, message=context.now().isoformat())

    @handles
    def close(self, command: CloseAccount) -> None:
        """Break as code breaks: with the payload in the exception's text."""
        raise ValueError(f"cannot close {command.reference}")

    @handles
    def refund(self, command: Refund) -> AccountOpened:
        """An event that no bytes can hold."""
        return AccountOpened(owner=command.withdrawal, number="\ud800")

    @applies
    def deposited(self, event: Deposited) -> None:
        if event.reference == "poison":
            raise KeyError(event.reference)
        self.balance += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount


@aggregate(domain="payment")
class Payment(Aggregate):
    """Another domain that takes deposits: the same command type there is no duplicate."""

    @handles
    def deposit(self, command: Deposit) -> Deposited:
        return Deposited(reference="paid", amount=command.amount)

    @applies
    def deposited(self, event: Deposited) -> None:
        """Nothing to keep."""
