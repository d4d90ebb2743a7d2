"""A transfer: money on its way from one account to another, step by step."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from angzarr_domain import Aggregate, Refused, Rejected, aggregate, applies, compensates, handles

from .messages import (
    CompleteTransfer,
    CreditRefused,
    Deposit,
    FailTransfer,
    MarkDebited,
    MarkRefunded,
    StartTransfer,
    TransferCompleted,
    TransferDebited,
    TransferFailed,
    TransferRefunded,
    TransferStarted,
)


class TransferStatus(StrEnum):
    """How far a transfer has come."""

    NEW = "new"
    STARTED = "started"
    DEBITED = "debited"
    COMPLETED = "completed"
    FAILED = "failed"  # the source refused: no money moved
    RETURNING = "returning"  # the target refused: the money has to go back
    REFUNDED = "refunded"  # and the source has it back


#: The status that each step starts from.
_BEFORE: Final = {
    TransferStatus.DEBITED: TransferStatus.STARTED,
    TransferStatus.FAILED: TransferStatus.STARTED,
    TransferStatus.COMPLETED: TransferStatus.DEBITED,
    TransferStatus.RETURNING: TransferStatus.DEBITED,
    TransferStatus.REFUNDED: TransferStatus.RETURNING,
}


@aggregate(domain="transfer")
class Transfer(Aggregate):
    """A transfer between two accounts. It moves no money itself: it records what the two accounts decided.

    Whoever carries it out may be killed at any moment. The record then says where to go on, and recording a step
    again does nothing.
    """

    reference: str = ""
    source: str = ""
    target: str = ""
    amount: int = 0
    status: TransferStatus = TransferStatus.NEW
    #: Why it failed or was refunded.
    code: str = ""
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do."""
        return self.status in {TransferStatus.STARTED, TransferStatus.DEBITED, TransferStatus.RETURNING}

    @property
    def debit(self) -> str:
        """What the source knows its withdrawal by."""
        return f"{self.reference}/debit"

    @property
    def credit(self) -> str:
        """What the target knows its deposit by."""
        return f"{self.reference}/credit"

    @handles
    def start(self, command: StartTransfer) -> TransferStarted:
        """Begin. No money has moved yet."""
        if self.exists:
            raise Rejected("DUPLICATE_REFERENCE", "a transfer with this reference was started before")
        if command.amount <= 0:
            raise Rejected("AMOUNT_NOT_POSITIVE", "an amount is more than nothing")
        if command.source == command.target:
            raise Rejected("SAME_ACCOUNT", "a transfer goes to another account")
        return TransferStarted(
            reference=command.reference, source=command.source, target=command.target, amount=command.amount
        )

    @handles
    def mark_debited(self, _command: MarkDebited) -> TransferDebited | None:
        """The source has paid."""
        return TransferDebited() if self._comes_next(TransferStatus.DEBITED) else None

    @handles
    def complete(self, _command: CompleteTransfer) -> TransferCompleted | None:
        """The target has the money."""
        return TransferCompleted() if self._comes_next(TransferStatus.COMPLETED) else None

    @handles
    def fail(self, command: FailTransfer) -> TransferFailed | None:
        """The source has refused."""
        if not self._comes_next(TransferStatus.FAILED):
            return None
        return TransferFailed(code=command.code, message=command.message)

    @compensates(Deposit, domain="account")
    def credit_refused(self, refused: Refused[Deposit]) -> CreditRefused | None:
        """The target has refused: nobody has the money, so it goes back."""
        if refused.command.reference != self.credit:
            raise Rejected("NOT_THIS_TRANSFER", "the refused deposit is of another transfer")
        if not self._comes_next(TransferStatus.RETURNING):
            return None
        return CreditRefused(code=refused.code, message=refused.reason)

    @handles
    def mark_refunded(self, _command: MarkRefunded) -> TransferRefunded | None:
        """The source has its money back."""
        if not self._comes_next(TransferStatus.REFUNDED):
            return None
        return TransferRefunded(code=self.code, message=self.reason)

    def _comes_next(self, step: TransferStatus) -> bool:
        """Whether the step is to be taken now; False if it was taken before."""
        if self.status is _BEFORE[step]:
            return True
        past: TransferStatus | None = self.status
        while past is not None:
            if past is step:
                return False
            past = _BEFORE.get(past)
        raise Rejected("WRONG_STEP", f"a transfer that is {self.status} cannot become {step}")

    @applies
    def started(self, event: TransferStarted) -> None:
        self.reference = event.reference
        self.source = event.source
        self.target = event.target
        self.amount = event.amount
        self.status = TransferStatus.STARTED

    @applies
    def debited(self, _event: TransferDebited) -> None:
        self.status = TransferStatus.DEBITED

    @applies
    def completed(self, _event: TransferCompleted) -> None:
        self.status = TransferStatus.COMPLETED

    @applies
    def failed(self, event: TransferFailed) -> None:
        self.status = TransferStatus.FAILED
        self.code, self.reason = event.code, event.message

    @applies
    def returning(self, event: CreditRefused) -> None:
        self.status = TransferStatus.RETURNING
        self.code, self.reason = event.code, event.message

    @applies
    def refunded(self, event: TransferRefunded) -> None:
        self.status = TransferStatus.REFUNDED
        self.code, self.reason = event.code, event.message
