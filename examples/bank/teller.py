"""Carries out operations, each once, however often it is told to and whenever it is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

import attrs

from angzarr_domain import DomainClient, Rejected, Repository
from angzarr_domain.books import compute_root
from angzarr_domain.client import ReadyCommand
from angzarr_domain.exceptions import StreamBusy, UnknownOutcome

from .messages import (
    CloseAccount,
    Deposit,
    FreezeAccount,
    NoteRefusal,
    OpenAccount,
    PaymentSettled,
    Refund,
    TransferCommands,
    UnfreezeAccount,
    Withdraw,
)
from .notices import notice_of_payment, notice_of_refusal
from .operations import Kind, Operation
from .transfer import Transfer, TransferStatus

R = TypeVar("R")
AccountCommand = OpenAccount | Deposit | Withdraw | Refund | FreezeAccount | UnfreezeAccount | CloseAccount

#: How often something is sent whose answer gets lost. Its reference, or its step, keeps it from being applied twice.
TRIES: Final = 3


@attrs.frozen
class Outcome:
    """What became of an operation.

    Attributes:
        code: Why it was refused; "" if it was applied.
        message: The same for people.
        before: It was decided before, in an earlier run or on an earlier line.

    """

    code: str = ""
    message: str = ""
    before: bool = False

    @property
    def applied(self) -> bool:
        """Whether it was applied, now or before."""
        return not self.code


class Teller:
    """Carries out operations through a client."""

    def __init__(self, client: DomainClient) -> None:
        self._client = client
        self._transfers = Repository(Transfer, client)

    def carry_out(self, operation: Operation) -> Outcome:
        """Apply an operation, unless it was decided before.

        Raises:
            AngzarrError: The coordinator cannot be asked. Carry it out again later.

        """
        reference = operation.reference
        command: AccountCommand | PaymentSettled
        match operation.kind:
            case Kind.TRANSFER:
                return self._transfer(operation)
            case Kind.OPEN:
                command = OpenAccount(reference=reference, number=operation.account, owner=operation.owner)
            case Kind.DEPOSIT:
                command = Deposit(reference=reference, amount=operation.amount)
            case Kind.WITHDRAW:
                command = Withdraw(reference=reference, amount=operation.amount)
            case Kind.SETTLE:
                command = PaymentSettled(reference=reference, amount=operation.amount)
            case Kind.FREEZE:
                command = FreezeAccount(reference=reference)
            case Kind.UNFREEZE:
                command = UnfreezeAccount(reference=reference)
            case Kind.CLOSE:
                command = CloseAccount(reference=reference)
        return self._decide(operation.account, command)

    def finish_open_transfers(self) -> int:
        """Finish what a killed program left half done; how many transfers that were."""
        transfers = [self._transfers.load(root) for root in self._transfers.roots()]
        unfinished = [transfer for transfer in transfers if transfer.is_open]
        for transfer in unfinished:
            self._finish(transfer.root)
        return len(unfinished)

    def _transfer(self, operation: Operation) -> Outcome:
        root = compute_root("transfer", operation.reference)
        start = TransferCommands(self._client, root).start_transfer(
            reference=operation.reference, source=operation.account, target=operation.to, amount=operation.amount
        )
        before = False
        try:
            self._send(start)
        except Rejected as rejected:
            if rejected.code != "DUPLICATE_REFERENCE":
                return Outcome(rejected.code, rejected.message)
            before = True
        transfer = self._finish(root)
        return Outcome(transfer.code, transfer.reason, before)

    def _finish(self, root: UUID) -> Transfer:
        transfer = self._transfers.load(root)
        while transfer.is_open:
            self._take_next_step(transfer)
            transfer = self._transfers.load(root)
        return transfer

    def _take_next_step(self, transfer: Transfer) -> None:
        """Do what comes next with the accounts, and have it recorded. Doing it twice is as good as once."""
        steps = TransferCommands(self._client, transfer.root)
        if transfer.status is TransferStatus.STARTED:
            paid = self._decide(transfer.source, Withdraw(reference=transfer.debit, amount=transfer.amount))
            if paid.applied:
                self._send(steps.mark_debited())
            else:
                self._send(steps.fail_transfer(code=paid.code, message=f"{transfer.source}: {paid.message}"))
        elif transfer.status is TransferStatus.DEBITED:
            credit = Deposit(reference=transfer.credit, amount=transfer.amount)
            received = self._decide(transfer.target, credit)
            if received.applied:
                self._send(steps.complete_transfer())
            else:
                reason = f"{transfer.target}: {received.message}"
                news = notice_of_refusal(transfer, credit, received.code, reason)
                _surely(lambda: self._client.aggregate.handle_compensation(news))
        else:
            refund = Refund(reference=f"{transfer.reference}/refund", withdrawal=transfer.debit)
            self._apply(transfer.source, refund)
            self._send(steps.mark_refunded())

    def _decide(self, account: str, command: AccountCommand | PaymentSettled) -> Outcome:
        """Have the account decide. A refusal is noted there: later, with more money, it would be no refusal."""
        try:
            return self._apply(account, command)
        except Rejected as rejected:
            if rejected.code == "REFUSED_BEFORE":
                return Outcome(rejected.details["reason"], rejected.message, before=True)
            note = NoteRefusal(reference=command.reference, code=rejected.code, message=rejected.message)
            noted = self._apply(account, note)
            # Another program may have got it applied between the two.
            return noted if noted.before else Outcome(rejected.code, rejected.message)

    def _apply(self, account: str, command: AccountCommand | NoteRefusal | PaymentSettled) -> Outcome:
        try:
            if isinstance(command, PaymentSettled):
                told = notice_of_payment(account, command)
                return Outcome(before=_surely(lambda: self._client.aggregate.handle_event(told)).already_processed)
            self._send(self._client.command(command, compute_root("account", account)))
        except Rejected as rejected:
            if rejected.code != "DUPLICATE_REFERENCE":
                raise
            return Outcome(before=True)
        return Outcome()

    def _send(self, command: ReadyCommand) -> None:
        _surely(command.send_sync)


def _surely(call: Callable[[], R]) -> R:
    """Make a call that may be made twice, and make it again if nobody knows what became of it.

    Raises:
        Rejected: The aggregate refused.

    """
    for _ in range(TRIES - 1):
        try:
            return call()
        except (UnknownOutcome, StreamBusy):
            continue
    return call()
