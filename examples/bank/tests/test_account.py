"""What an account decides."""

from __future__ import annotations

import pytest

from angzarr_domain.testing import given
from examples.bank import Account, AccountStatus
from examples.bank.messages import (
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
from examples.bank.messages import account_v0_messages as v0

OPENED = AccountOpened(reference="open", number="CHK-1001", owner="Ada")
FROZEN = AccountFrozen(reference="freeze")
CLOSED = AccountClosed(reference="close")

Operation = OpenAccount | Deposit | Withdraw | Refund | FreezeAccount | UnfreezeAccount | CloseAccount

MOVES_MONEY = [
    pytest.param(Deposit(reference="new", amount=5), id="deposit"),
    pytest.param(Withdraw(reference="new", amount=5), id="withdraw"),
]
NEEDS_USABLE = [
    *MOVES_MONEY,
    pytest.param(FreezeAccount(reference="new"), id="freeze"),
    pytest.param(CloseAccount(reference="new"), id="close"),
]
EVERY_OPERATION = [
    *NEEDS_USABLE,
    pytest.param(OpenAccount(reference="new", number="CHK-1001", owner="Ada"), id="open"),
    pytest.param(Refund(reference="new", withdrawal="withdraw"), id="refund"),
    pytest.param(UnfreezeAccount(reference="new"), id="unfreeze"),
]


def test_opening_names_number_and_owner() -> None:
    """An opened account is empty and can be used."""
    given(Account).when(OpenAccount(reference="open", number="CHK-1001", owner="Ada")).then(OPENED).then_state(
        number="CHK-1001", owner="Ada", balance=0, status=AccountStatus.OPEN
    )


@pytest.mark.parametrize("later", [(), (FROZEN,), (CLOSED,)], ids=["open", "frozen", "closed"])
def test_a_number_is_given_out_once(later: tuple[AccountFrozen | AccountClosed, ...]) -> None:
    """Even the number of a closed account is not used again."""
    given(Account, OPENED, *later).when(OpenAccount(reference="again", owner="Ben")).rejects("ACCOUNT_EXISTS")


def test_a_deposit_adds_to_the_balance() -> None:
    """Deposits add up."""
    given(Account, OPENED, Deposited(reference="a", amount=100)).when(Deposit(reference="b", amount=25)).then(
        Deposited(reference="b", amount=25)
    ).then_state(balance=125)


def test_a_withdrawal_may_take_everything() -> None:
    """The whole balance can be withdrawn."""
    given(Account, OPENED, Deposited(reference="a", amount=100)).when(Withdraw(reference="b", amount=100)).then(
        Withdrawn(reference="b", amount=100)
    ).then_state(balance=0)


def test_an_overdraft_is_refused() -> None:
    """Not a cent more than the balance; the refusal says what it is."""
    given(Account, OPENED, Deposited(reference="a", amount=100)).when(Withdraw(reference="b", amount=101)).rejects(
        "INSUFFICIENT_FUNDS", balance=100
    )


@pytest.mark.parametrize("amount", [0, -1])
@pytest.mark.parametrize("command", [Deposit, Withdraw])
def test_an_amount_is_more_than_nothing(command: type[Deposit | Withdraw], amount: int) -> None:
    """A negative deposit would be a withdrawal without a check."""
    given(Account, OPENED).when(command(reference="a", amount=amount)).rejects("AMOUNT_NOT_POSITIVE")


@pytest.mark.parametrize("command", NEEDS_USABLE)
def test_nothing_happens_to_an_account_nobody_opened(command: Operation) -> None:
    """An unknown account takes no money."""
    given(Account).when(command).rejects("ACCOUNT_UNKNOWN")


@pytest.mark.parametrize("command", NEEDS_USABLE)
def test_nothing_happens_to_a_frozen_account(command: Operation) -> None:
    """Neither in nor out."""
    given(Account, OPENED, Deposited(reference="a", amount=100), FROZEN).when(command).rejects("ACCOUNT_FROZEN")


@pytest.mark.parametrize("command", NEEDS_USABLE)
def test_nothing_happens_to_a_closed_account(command: Operation) -> None:
    """Closed is closed."""
    given(Account, OPENED, CLOSED).when(command).rejects("ACCOUNT_CLOSED")


def test_freezing_and_unfreezing() -> None:
    """A frozen account can be used again once it is unfrozen."""
    given(Account, OPENED).when(FreezeAccount(reference="freeze")).then(FROZEN).then_state(
        status=AccountStatus.FROZEN
    ).when(UnfreezeAccount(reference="unfreeze")).then(AccountUnfrozen(reference="unfreeze")).then_state(
        status=AccountStatus.OPEN
    )


def test_only_a_frozen_account_is_unfrozen() -> None:
    """A closed account, say, would otherwise be open again."""
    given(Account, OPENED, CLOSED).when(UnfreezeAccount(reference="unfreeze")).rejects("ACCOUNT_NOT_FROZEN")


def test_closing_an_empty_account() -> None:
    """An account that is empty can be closed."""
    given(Account, OPENED).when(CloseAccount(reference="close")).then(CLOSED).then_state(status=AccountStatus.CLOSED)


def test_an_account_with_money_stays_open() -> None:
    """Closing it would lose the money."""
    given(Account, OPENED, Deposited(reference="a", amount=1)).when(CloseAccount(reference="close")).rejects(
        "BALANCE_NOT_ZERO", balance=1
    )


WITHDRAWN = Withdrawn(reference="withdraw", amount=40)
REFUNDED = Refunded(reference="refund", withdrawal="withdraw", amount=40)


@pytest.mark.parametrize("later", [(), (FROZEN,)], ids=["open", "frozen"])
def test_a_refund_gives_back_what_was_withdrawn(later: tuple[AccountFrozen, ...]) -> None:
    """A frozen account takes it too: the money has to go somewhere."""
    given(Account, OPENED, Deposited(reference="a", amount=100), WITHDRAWN, *later).when(
        Refund(reference="refund", withdrawal="withdraw")
    ).then(REFUNDED).then_state(balance=100)


def test_a_refund_opens_a_closed_account_again() -> None:
    """Money on a closed account would be lost."""
    given(Account, OPENED, Deposited(reference="a", amount=40), WITHDRAWN, CLOSED).when(
        Refund(reference="refund", withdrawal="withdraw")
    ).then(AccountReopened(reference="refund"), REFUNDED).then_state(balance=40, status=AccountStatus.OPEN)


def test_a_withdrawal_is_refunded_once() -> None:
    """A second refund, under whatever reference, would make money."""
    given(Account, OPENED, Deposited(reference="a", amount=100), WITHDRAWN, REFUNDED).when(
        Refund(reference="another", withdrawal="withdraw")
    ).rejects("NOTHING_TO_REFUND")


def test_only_a_withdrawal_is_refunded() -> None:
    """A deposit is not."""
    given(Account, OPENED, Deposited(reference="a", amount=100)).when(Refund(reference="b", withdrawal="a")).rejects(
        "NOTHING_TO_REFUND"
    )


@pytest.mark.parametrize("command", EVERY_OPERATION)
def test_a_reference_is_applied_once(command: Operation) -> None:
    """Whatever it was applied to: the same reference is refused from then on."""
    given(Account, OPENED, Deposited(reference="new", amount=100), WITHDRAWN).when(command).rejects(
        "DUPLICATE_REFERENCE"
    )


@pytest.mark.parametrize("command", EVERY_OPERATION)
def test_a_noted_refusal_stands(command: Operation) -> None:
    """The operation would succeed by now, and is refused all the same."""
    given(
        Account,
        OPENED,
        Deposited(reference="a", amount=100),
        OperationRefused(reference="new", code="INSUFFICIENT_FUNDS", message="not enough"),
    ).when(command).rejects("REFUSED_BEFORE", reason="INSUFFICIENT_FUNDS")


def test_a_refusal_is_noted_once() -> None:
    """Noting it again does nothing; the first reason stands."""
    noted = OperationRefused(reference="a", code="ACCOUNT_UNKNOWN", message="no such account")
    given(Account).when(NoteRefusal(reference="a", code="ACCOUNT_UNKNOWN", message="no such account")).then(
        noted
    ).then_state(status=AccountStatus.UNKNOWN).when(
        NoteRefusal(reference="a", code="ACCOUNT_FROZEN", message="frozen")
    ).then_nothing()


def test_what_was_applied_is_not_noted_as_refused() -> None:
    """Somebody applied it between the refusal and the note."""
    given(Account, OPENED, Deposited(reference="a", amount=100)).when(
        NoteRefusal(reference="a", code="ACCOUNT_FROZEN", message="frozen")
    ).rejects("DUPLICATE_REFERENCE")


def test_a_note_leaves_an_account_to_be_opened() -> None:
    """A deposit refused before the account was opened has left a note; opening goes on as if it had not."""
    given(Account, OperationRefused(reference="early", code="ACCOUNT_UNKNOWN", message="no such account")).when(
        OpenAccount(reference="open", number="CHK-1001", owner="Ada")
    ).then(OPENED)


def test_an_operation_needs_a_reference() -> None:
    """Without one it could be applied twice."""
    given(Account, OPENED).when(Deposit(amount=5)).rejects("REFERENCE_MISSING")


PAYMENT = PaymentSettled(reference="CLR-1", amount=70)


@pytest.mark.parametrize("later", [(), (FROZEN,)], ids=["open", "frozen"])
def test_a_payment_is_taken_as_a_fact(later: tuple[AccountFrozen, ...]) -> None:
    """The clearing house has the money: a frozen account does not turn it away."""
    given(Account, OPENED, *later).when_fact(PAYMENT, external_id="CLR-1").then(PAYMENT).then_state(balance=70)


def test_a_payment_is_taken_once() -> None:
    """By the clearing house's reference, however often it tells."""
    given(Account, OPENED).when_fact(PAYMENT, external_id="CLR-1").then(PAYMENT).when_fact(
        PAYMENT, external_id="CLR-1"
    ).then_nothing().then_state(balance=70)


def test_a_payment_opens_a_closed_account_again() -> None:
    """The fact first, then what it leads to."""
    given(Account, OPENED, CLOSED).when_fact(PAYMENT).then(PAYMENT, AccountReopened(reference="CLR-1")).then_state(
        balance=70, status=AccountStatus.OPEN
    )


def test_a_payment_to_nobody_goes_back() -> None:
    """There is no account that could have it."""
    given(Account).when_fact(PAYMENT).rejects("ACCOUNT_UNKNOWN")


def test_a_deposit_of_the_first_version_counts() -> None:
    """Units and cents are minor units today, and the slip's number is its reference."""
    given(Account, OPENED, v0.MoneyDeposited(slip=7, units=12, cents=5)).then_state(
        balance=1205, applied={"open", "slip/7"}
    )


def test_an_account_opened_with_a_deposit_was_opened_and_paid_into() -> None:
    """One event of the first version is two of today."""
    given(Account, v0.AccountOpened(number="CHK-1001", owner="Ada", deposit=500)).then_state(
        owner="Ada", balance=500, status=AccountStatus.OPEN
    )


def test_a_printed_statement_is_forgotten() -> None:
    """It takes its place in the stream, and changes nothing."""
    given(Account, OPENED, v0.StatementPrinted(slip=8)).then_state(balance=0, applied={"open"})


def test_a_busy_account_has_its_state_kept_every_hundred_events() -> None:
    """Whoever loads it next folds what came after, instead of all of it; and no snapshot before that."""
    deposits = [Deposited(reference=str(number), amount=1) for number in range(98)]
    given(Account, OPENED, *deposits).when(Deposit(reference="a", amount=1)).then_snapshot(balance=99)
    given(Account, OPENED).when(Deposit(reference="a", amount=1)).then_no_snapshot()
