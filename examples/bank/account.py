"""An account: who owns it, what is on it, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import attrs

from angzarr_domain import Aggregate, Rejected, accepts, aggregate, applies, handles, upcasts

from .messages import (
    AccountClosed,
    AccountFrozen,
    AccountOpened,
    AccountReopened,
    AccountUnfrozen,
    CloseAccount,
    Deposit,
    Deposited,
    FreezeAccount,
    NoteRefusal,
    OpenAccount,
    OperationRefused,
    PaymentSettled,
    Refund,
    Refunded,
    UnfreezeAccount,
    Withdraw,
    Withdrawn,
)
from .messages import account_v0_messages as v0


class AccountStatus(StrEnum):
    """What can be done with an account at the moment."""

    UNKNOWN = "unknown"  # nobody opened it
    OPEN = "open"
    FROZEN = "frozen"  # no money moves, except that a refund comes back
    CLOSED = "closed"


@aggregate(domain="account", snapshot=100)
class Account(Aggregate):
    """A bank account. Amounts are minor units of one currency.

    Every operation has a reference, which the account decides once: an operation that was applied is refused as
    DUPLICATE_REFERENCE when it comes again, and one whose refusal was noted as REFUSED_BEFORE.
    """

    number: str = ""
    owner: str = ""
    balance: int = 0
    status: AccountStatus = AccountStatus.UNKNOWN
    #: Withdrawals that were not refunded: amounts by reference.
    withdrawals: dict[str, int] = attrs.field(factory=dict[str, int])
    #: References of what was applied.
    applied: set[str] = attrs.field(factory=set[str])
    #: What was refused, by reference.
    refused: dict[str, OperationRefused] = attrs.field(factory=dict[str, OperationRefused])

    @handles
    def open(self, command: OpenAccount) -> AccountOpened:
        """A number is given out once, even if its account is closed."""
        self._check_new(command.reference)
        if self.status is not AccountStatus.UNKNOWN:
            raise Rejected("ACCOUNT_EXISTS", "the account was opened before")
        return AccountOpened(reference=command.reference, number=command.number, owner=command.owner)

    @handles
    def deposit(self, command: Deposit) -> Deposited:
        """Pay money in."""
        self._check_new(command.reference)
        self._check_usable()
        self._check_amount(command.amount)
        return Deposited(reference=command.reference, amount=command.amount)

    @handles
    def withdraw(self, command: Withdraw) -> Withdrawn:
        """Take money out, as far as there is any."""
        self._check_new(command.reference)
        self._check_usable()
        self._check_amount(command.amount)
        if command.amount > self.balance:
            raise Rejected("INSUFFICIENT_FUNDS", "there is not enough money on the account", balance=self.balance)
        return Withdrawn(reference=command.reference, amount=command.amount)

    @handles
    def refund(self, command: Refund) -> Iterator[AccountReopened | Refunded]:
        """Give a withdrawal back. Frozen and closed accounts take it too: the money has to go somewhere."""
        self._check_new(command.reference)
        amount = self.withdrawals.get(command.withdrawal)
        if amount is None:
            raise Rejected("NOTHING_TO_REFUND", "there is no such withdrawal, or it was refunded before")
        if self.status is AccountStatus.CLOSED:
            yield AccountReopened(reference=command.reference)
        yield Refunded(reference=command.reference, withdrawal=command.withdrawal, amount=amount)

    @handles
    def freeze(self, command: FreezeAccount) -> AccountFrozen:
        """Stop money from moving."""
        self._check_new(command.reference)
        self._check_usable()
        return AccountFrozen(reference=command.reference)

    @handles
    def unfreeze(self, command: UnfreezeAccount) -> AccountUnfrozen:
        """Let money move again."""
        self._check_new(command.reference)
        if self.status is not AccountStatus.FROZEN:
            raise Rejected("ACCOUNT_NOT_FROZEN", "the account is not frozen")
        return AccountUnfrozen(reference=command.reference)

    @handles
    def close(self, command: CloseAccount) -> AccountClosed:
        """Close the account, once it is empty."""
        self._check_new(command.reference)
        self._check_usable()
        if self.balance != 0:
            raise Rejected("BALANCE_NOT_ZERO", "there is money on the account", balance=self.balance)
        return AccountClosed(reference=command.reference)

    @handles
    def note_refusal(self, command: NoteRefusal) -> OperationRefused | None:
        """Put a refusal on record, so that the same operation is not applied later, when there is money."""
        if command.reference in self.refused:
            return None
        self._check_new(command.reference)
        return OperationRefused(reference=command.reference, code=command.code, message=command.message)

    @accepts
    def settled(self, fact: PaymentSettled) -> Iterator[PaymentSettled | AccountReopened]:
        """Money that the clearing house has for this account; one that nobody opened sends it back."""
        self._check_new(fact.reference)
        self._check_amount(fact.amount)
        if self.status is AccountStatus.UNKNOWN:
            raise Rejected("ACCOUNT_UNKNOWN", "there is no such account")
        yield fact
        if self.status is AccountStatus.CLOSED:
            yield AccountReopened(reference=fact.reference)

    def _check_new(self, reference: str) -> None:
        if not reference:
            raise Rejected("REFERENCE_MISSING", "an operation needs a reference")
        if reference in self.applied:
            raise Rejected("DUPLICATE_REFERENCE", "an operation with this reference was applied before")
        before = self.refused.get(reference)
        if before is not None:
            raise Rejected("REFUSED_BEFORE", before.message, reason=before.code)

    def _check_usable(self) -> None:
        if self.status is AccountStatus.UNKNOWN:
            raise Rejected("ACCOUNT_UNKNOWN", "there is no such account")
        if self.status is AccountStatus.FROZEN:
            raise Rejected("ACCOUNT_FROZEN", "the account is frozen")
        if self.status is AccountStatus.CLOSED:
            raise Rejected("ACCOUNT_CLOSED", "the account is closed")

    def _check_amount(self, amount: int) -> None:
        if amount <= 0:
            raise Rejected("AMOUNT_NOT_POSITIVE", "an amount is more than nothing")

    @applies
    def opened(self, event: AccountOpened) -> None:
        self.applied.add(event.reference)
        self.number = event.number
        self.owner = event.owner
        self.status = AccountStatus.OPEN

    @applies
    def deposited(self, event: Deposited) -> None:
        self.applied.add(event.reference)
        self.balance += event.amount

    @applies
    def payment_settled(self, event: PaymentSettled) -> None:
        self.applied.add(event.reference)
        self.balance += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.applied.add(event.reference)
        self.withdrawals[event.reference] = event.amount
        self.balance -= event.amount

    @applies
    def refunded(self, event: Refunded) -> None:
        self.applied.add(event.reference)
        self.withdrawals.pop(event.withdrawal)
        self.balance += event.amount

    @applies
    def frozen(self, event: AccountFrozen) -> None:
        self.applied.add(event.reference)
        self.status = AccountStatus.FROZEN

    @applies
    def unfrozen(self, event: AccountUnfrozen) -> None:
        self.applied.add(event.reference)
        self.status = AccountStatus.OPEN

    @applies
    def closed(self, event: AccountClosed) -> None:
        self.applied.add(event.reference)
        self.status = AccountStatus.CLOSED

    @applies
    def reopened(self, _event: AccountReopened) -> None:
        self.status = AccountStatus.OPEN

    @applies
    def operation_refused(self, event: OperationRefused) -> None:
        self.refused[event.reference] = event

    @staticmethod
    @upcasts
    def opened_with_deposit(event: v0.AccountOpened) -> tuple[AccountOpened, Deposited]:
        """Opening and first deposit are two events today, each with a reference."""
        return (
            AccountOpened(reference=f"{event.number}/open", number=event.number, owner=event.owner),
            Deposited(reference=f"{event.number}/first", amount=event.deposit),
        )

    @staticmethod
    @upcasts
    def money_deposited(event: v0.MoneyDeposited) -> Deposited:
        """The number of the slip is as good as a reference."""
        return Deposited(reference=f"slip/{event.slip}", amount=event.units * 100 + event.cents)

    @staticmethod
    @upcasts
    def statement_printed(event: v0.StatementPrinted) -> None:
        """Means nothing any more."""
