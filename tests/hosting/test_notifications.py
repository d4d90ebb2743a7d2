"""What a hosted aggregate answers when something it caused was refused, or is to be undone."""

import pytest

from angzarr_domain.books import (
    BusinessResponse,
    Compensate,
    Notification,
    Payload,
    RejectionNotification,
)
from angzarr_domain.exceptions import InvalidArgument, NotHandled, Status
from angzarr_domain.hosting import AggregateLogic, CommandCall
from angzarr_domain.wire import COMPENSATE, NOTIFICATION, REJECTION_NOTIFICATION
from tests.hosting.asking import command
from tests.hosting.ledger import Ledger
from tests.hosting.test_aggregates import Given

LOGIC = AggregateLogic([Ledger])
URL = "/io.angzarr.v1.Notification"


def notified(payload: Payload, domain: str = "ledger") -> BusinessResponse:
    return LOGIC.handle(CommandCall(command(payload, domain), 0, Given()))


def about(content: Payload | None) -> Payload:
    return NOTIFICATION.pack(Notification(payload=content))


def test_rejection_is_left_to_the_framework() -> None:
    """No compensator matches: an empty response, no error (C-0041, C-0084)."""
    content = REJECTION_NOTIFICATION.pack(RejectionNotification(command(None), "no stock", "OUT_OF_STOCK"))

    assert notified(about(content)) == BusinessResponse()


def test_empty_notification_reads_as_a_rejection() -> None:
    """Without content it is a rejection that says nothing."""
    assert notified(about(None)) == BusinessResponse()


@pytest.mark.parametrize("prefix", ["", "/", "type.googleapis.com/"])
def test_any_prefix_is_a_notification(prefix: str) -> None:
    """The full name decides, whatever stands before it."""
    assert notified(Payload(f"{prefix}io.angzarr.v1.Notification", b"")) == BusinessResponse()


def test_name_that_only_ends_alike_is_a_command() -> None:
    """A user's type that ends in "Notification" is not taken for the framework's."""
    with pytest.raises(NotHandled) as caught:
        notified(Payload("/shop.v1.Notification", b""))

    assert caught.value.code == "NO_HANDLER_REGISTERED"


def test_undo_without_handler_is_never_dropped() -> None:
    """A Compensate that nothing undoes is UNIMPLEMENTED and names the command type."""
    with pytest.raises(NotHandled) as caught:
        notified(about(COMPENSATE.pack(Compensate((3,), "cancelled", "bank.v1.Deposit"))))

    assert (caught.value.code, caught.value.status) == ("NO_UNDO_HANDLER", Status.UNIMPLEMENTED)
    assert caught.value.details["command_type"] == "bank.v1.Deposit"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(Payload(URL, b"\xff"), "NOTIFICATION_DECODE_FAILED", id="notification"),
        pytest.param(
            about(Payload("/io.angzarr.v1.RejectionNotification", b"\xff")),
            "REJECTION_NOTIFICATION_DECODE_FAILED",
            id="rejection",
        ),
        pytest.param(about(Payload("/io.angzarr.v1.Compensate", b"\xff")), "COMPENSATE_DECODE_FAILED", id="compensate"),
        pytest.param(about(Payload("/shop.v1.Shipped", b"")), "UNKNOWN_NOTIFICATION_PAYLOAD", id="unknown"),
    ],
)
def test_unreadable_parts_have_codes_of_their_own(payload: Payload, code: str) -> None:
    """Each part that makes no sense is INVALID_ARGUMENT under its own code."""
    with pytest.raises(InvalidArgument) as caught:
        notified(payload)

    assert (caught.value.code, caught.value.status) == (code, Status.INVALID_ARGUMENT)


def test_notification_for_an_unknown_domain_is_not_handled() -> None:
    """A domain nobody answers for comes first."""
    with pytest.raises(NotHandled) as caught:
        notified(about(None), "nowhere")

    assert caught.value.code == "NO_HANDLER_REGISTERED"
