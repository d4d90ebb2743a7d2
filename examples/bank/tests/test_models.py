"""What holds of accounts and transfers whatever happens to them: sequences that nobody thought of."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from angzarr_domain.books import Message
from angzarr_domain.testing.models import check_aggregate
from examples.bank import Account, Transfer
from examples.bank.messages import (
    AccountOpened,
    CreditRefused,
    Deposit,
    Deposited,
    FailTransfer,
    OpenAccount,
    PaymentSettled,
    Refunded,
    StartTransfer,
    TransferCompleted,
    TransferDebited,
    TransferFailed,
    TransferRefunded,
    TransferStarted,
    Withdrawn,
)

#: Few, so that they meet again.
REFERENCES = st.sampled_from("abcdefghijkl")


def money_is_conserved(account: Account, events: Sequence[Message]) -> bool:
    """The balance is what came in less what went out."""
    came = sum(event.amount for event in events if isinstance(event, Deposited | PaymentSettled | Refunded))
    went = sum(event.amount for event in events if isinstance(event, Withdrawn))
    return account.balance == came - went


def nothing_is_overdrawn(account: Account) -> bool:
    """No account lends."""
    return account.balance >= 0


def the_money_ends_in_one_place(_transfer: Transfer, events: Sequence[Message]) -> bool:
    """A transfer that is over stays so, and money on its way back never arrives."""
    ends = [event for event in events if isinstance(event, TransferCompleted | TransferFailed | TransferRefunded)]
    returned = any(isinstance(event, CreditRefused) for event in events)
    return len(ends) <= 1 and not (returned and any(isinstance(event, TransferCompleted) for event in ends))


def test_an_account_conserves_money() -> None:
    """Commands and payments in any order neither make money nor lose it."""
    check_aggregate(
        Account,
        invariants=[money_is_conserved, nothing_is_overdrawn],
        fields={
            "reference": REFERENCES,
            "withdrawal": st.just("x") | st.sampled_from("ab"),
            "amount": st.integers(0, 9),
        },
        start=[
            AccountOpened(reference="open", number="CHK-1001", owner="Ada"),
            Deposited(reference="y", amount=4),
            Withdrawn(reference="x", amount=4),
        ],
        allow_unaccepted=[OpenAccount],
        max_examples=150,
        steps=12,
    )


def test_a_transfer_ends_once() -> None:
    """Once the source has paid, the target has the money or the source has it back, whatever is recorded when."""
    check_aggregate(
        Transfer,
        invariants=[the_money_ends_in_one_place],
        commands={Deposit: st.just(Deposit(reference="T-1/credit", amount=5))},
        start=[TransferStarted(reference="T-1", source="A", target="B", amount=5), TransferDebited()],
        allow_unaccepted=[StartTransfer, FailTransfer],
        max_examples=150,
        steps=8,
    )
