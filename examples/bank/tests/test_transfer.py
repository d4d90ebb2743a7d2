"""What a transfer records."""

from __future__ import annotations

import pytest

from angzarr_domain.testing import given
from examples.bank import Transfer, TransferStatus
from examples.bank.messages import (
    CompleteTransfer,
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
Event = TransferStarted | TransferDebited | TransferCompleted | TransferFailed | TransferRefunded

START = StartTransfer(reference="T-1", source="CHK-1001", target="CHK-1002", amount=50)
STARTED = TransferStarted(reference="T-1", source="CHK-1001", target="CHK-1002", amount=50)
DEBITED = TransferDebited()
COMPLETED = TransferCompleted()
FAILED = TransferFailed(code="INSUFFICIENT_FUNDS", message="not enough")
REFUNDED = TransferRefunded(code="ACCOUNT_FROZEN", message="frozen")
FAIL = FailTransfer(code="INSUFFICIENT_FUNDS", message="not enough")
REFUND = MarkRefunded(code="ACCOUNT_FROZEN", message="frozen")


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
    """The transfer was refunded and says why."""
    given(Transfer, STARTED, DEBITED).when(REFUND).then(REFUNDED).then_state(
        status=TransferStatus.REFUNDED, code="ACCOUNT_FROZEN", reason="frozen"
    )


@pytest.mark.parametrize(
    ("history", "step"),
    [
        pytest.param([STARTED, DEBITED], MarkDebited(), id="debited"),
        pytest.param([STARTED, DEBITED, COMPLETED], MarkDebited(), id="debited, then completed"),
        pytest.param([STARTED, DEBITED, REFUNDED], MarkDebited(), id="debited, then refunded"),
        pytest.param([STARTED, DEBITED, COMPLETED], CompleteTransfer(), id="completed"),
        pytest.param([STARTED, FAILED], FAIL, id="failed"),
        pytest.param([STARTED, DEBITED, REFUNDED], REFUND, id="refunded"),
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
        pytest.param([STARTED, DEBITED], FAIL, id="failed with the money gone"),
        pytest.param([STARTED, DEBITED, COMPLETED], REFUND, id="refunded after it was completed"),
        pytest.param([STARTED, DEBITED, REFUNDED], CompleteTransfer(), id="completed after it was refunded"),
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
        (TransferStatus.REFUNDED, False),
    ],
)
def test_what_is_left_to_do(status: TransferStatus, is_open: bool) -> None:
    """A transfer is open until it is completed, failed or refunded."""
    assert Transfer(status=status).is_open is is_open
