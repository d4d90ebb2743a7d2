"""What a transfer records."""

from __future__ import annotations

import pytest

from angzarr_domain.testing import given
from examples.bank import Transfer, TransferStatus
from examples.bank.messages import (
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

Step = MarkDebited | CompleteTransfer | FailTransfer | MarkRefunded
Event = TransferStarted | TransferDebited | TransferCompleted | TransferFailed | CreditRefused | TransferRefunded

START = StartTransfer(reference="T-1", source="CHK-1001", target="CHK-1002", amount=50)
STARTED = TransferStarted(reference="T-1", source="CHK-1001", target="CHK-1002", amount=50)
DEBITED = TransferDebited()
COMPLETED = TransferCompleted()
FAILED = TransferFailed(code="INSUFFICIENT_FUNDS", message="not enough")
CREDIT_REFUSED = CreditRefused(code="ACCOUNT_FROZEN", message="frozen")
REFUNDED = TransferRefunded(code="ACCOUNT_FROZEN", message="frozen")
FAIL = FailTransfer(code="INSUFFICIENT_FUNDS", message="not enough")
REFUND = MarkRefunded()
CREDIT = Deposit(reference="T-1/credit", amount=50)


def test_starting() -> None:
    """A started transfer is open: no money has moved."""
    given(Transfer).when(START).then(STARTED).then_state(status=TransferStatus.STARTED, amount=50)


def test_a_transfer_starts_once() -> None:
    """Its reference is taken."""
    given(Transfer, STARTED).when(START).rejects("DUPLICATE_REFERENCE")


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_is_more_than_nothing(amount: int) -> None:
    """A negative transfer would take the other's money."""
    given(Transfer).when(StartTransfer(reference="T-1", source="A", target="B", amount=amount)).rejects(
        "AMOUNT_NOT_POSITIVE"
    )


def test_a_transfer_goes_to_another_account() -> None:
    """Source and target differ."""
    given(Transfer).when(StartTransfer(reference="T-1", source="A", target="A", amount=1)).rejects("SAME_ACCOUNT")


def test_the_way_to_completion() -> None:
    """Debited, then completed."""
    given(Transfer, STARTED).when(MarkDebited()).then(DEBITED).when(CompleteTransfer()).then(COMPLETED).then_state(
        status=TransferStatus.COMPLETED
    )


def test_the_source_refuses() -> None:
    """The transfer has failed and says why."""
    given(Transfer, STARTED).when(FAIL).then(FAILED).then_state(
        status=TransferStatus.FAILED, code="INSUFFICIENT_FUNDS", reason="not enough"
    )


def test_the_target_refuses() -> None:
    """The news of it is recorded with its reason, and the money is on its way back."""
    given(Transfer, STARTED, DEBITED).when_refused(
        CREDIT, domain="account", code="ACCOUNT_FROZEN", message="frozen"
    ).then(CREDIT_REFUSED).then_state(status=TransferStatus.RETURNING, code="ACCOUNT_FROZEN", reason="frozen")


@pytest.mark.parametrize("later", [(), (REFUNDED,)], ids=["returning", "refunded"])
def test_the_news_again_does_nothing(later: tuple[Event, ...]) -> None:
    """Whoever lost the answer delivers it again."""
    given(Transfer, STARTED, DEBITED, CREDIT_REFUSED, *later).when_refused(
        CREDIT, domain="account", code="ACCOUNT_FROZEN"
    ).then_nothing()


def test_news_of_another_transfer_is_refused() -> None:
    """The money of this one may have arrived."""
    given(Transfer, STARTED, DEBITED).when_refused(
        Deposit(reference="T-2/credit", amount=50), domain="account", code="ACCOUNT_FROZEN"
    ).rejects("NOT_THIS_TRANSFER")


@pytest.mark.parametrize("history", [[STARTED], [STARTED, DEBITED, COMPLETED]], ids=["started", "completed"])
def test_news_out_of_order_is_refused(history: list[Event]) -> None:
    """Money that was not taken, or has arrived, does not go back."""
    given(Transfer, *history).when_refused(CREDIT, domain="account", code="ACCOUNT_FROZEN").rejects("WRONG_STEP")


def test_the_source_has_its_money_back() -> None:
    """The transfer was refunded and says why."""
    given(Transfer, STARTED, DEBITED, CREDIT_REFUSED).when(REFUND).then(REFUNDED).then_state(
        status=TransferStatus.REFUNDED, code="ACCOUNT_FROZEN", reason="frozen"
    )


@pytest.mark.parametrize(
    ("history", "step"),
    [
        pytest.param([STARTED, DEBITED], MarkDebited(), id="debited"),
        pytest.param([STARTED, DEBITED, COMPLETED], MarkDebited(), id="debited, then completed"),
        pytest.param([STARTED, DEBITED, CREDIT_REFUSED, REFUNDED], MarkDebited(), id="debited, then refunded"),
        pytest.param([STARTED, DEBITED, COMPLETED], CompleteTransfer(), id="completed"),
        pytest.param([STARTED, FAILED], FAIL, id="failed"),
        pytest.param([STARTED, DEBITED, CREDIT_REFUSED, REFUNDED], REFUND, id="refunded"),
    ],
)
def test_recording_a_step_again_does_nothing(history: list[Event], step: Step) -> None:
    """Whoever lost the answer records the step again."""
    given(Transfer, *history).when(step).then_nothing()


@pytest.mark.parametrize(
    ("history", "step"),
    [
        pytest.param([], MarkDebited(), id="debited before it started"),
        pytest.param([STARTED], CompleteTransfer(), id="completed before it was debited"),
        pytest.param([STARTED], REFUND, id="refunded before it was debited"),
        pytest.param([STARTED, DEBITED], REFUND, id="refunded before the target refused"),
        pytest.param([STARTED, DEBITED, CREDIT_REFUSED], CompleteTransfer(), id="completed after the target refused"),
        pytest.param([STARTED, DEBITED], FAIL, id="failed with the money gone"),
        pytest.param([STARTED, DEBITED, COMPLETED], REFUND, id="refunded after it was completed"),
        pytest.param(
            [STARTED, DEBITED, CREDIT_REFUSED, REFUNDED], CompleteTransfer(), id="completed after it was refunded"
        ),
        pytest.param([STARTED, FAILED], MarkDebited(), id="debited after it failed"),
    ],
)
def test_a_step_out_of_order_is_refused(history: list[Event], step: Step) -> None:
    """Each would make or lose money."""
    given(Transfer, *history).when(step).rejects("WRONG_STEP")


@pytest.mark.parametrize(
    ("status", "is_open"),
    [
        (TransferStatus.NEW, False),
        (TransferStatus.STARTED, True),
        (TransferStatus.DEBITED, True),
        (TransferStatus.COMPLETED, False),
        (TransferStatus.FAILED, False),
        (TransferStatus.RETURNING, True),
        (TransferStatus.REFUNDED, False),
    ],
)
def test_what_is_left_to_do(status: TransferStatus, is_open: bool) -> None:
    """A transfer is open until it is completed, failed or refunded."""
    assert Transfer(status=status).is_open is is_open
