"""What aggregates are told rather than asked: that a command was refused, and what has happened outside.

Where a saga sends the commands between aggregates, its coordinator tells of refusals by itself.
"""

from __future__ import annotations

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    EventBook,
    EventPage,
    EventRequest,
    ExternalDeferredSequence,
    Notification,
    RejectionNotification,
    compute_root,
)
from angzarr_domain.wire import NOTIFICATION, REJECTION_NOTIFICATION, PayloadCodec

from .messages import Deposit, PaymentSettled
from .transfer import Transfer


def notice_of_refusal(transfer: Transfer, credit: Deposit, code: str, reason: str) -> CommandRequest:
    """The news for a transfer that its target refused this deposit, ready to deliver.

    Delivered once, however often it is sent: its provenance is the event that the deposit was sent for.
    """
    cover = Cover("transfer", transfer.root, correlation_id=transfer.reference)
    cause = AngzarrDeferredSequence(cover, transfer.next_sequence - 1, source_component="teller")
    target = Cover("account", compute_root("account", transfer.target), correlation_id=transfer.reference)
    refused = CommandBook(target, (CommandPage(PayloadCodec().encode(credit), deferred=cause),))
    content = REJECTION_NOTIFICATION.pack(RejectionNotification(refused, reason, code))
    news = NOTIFICATION.pack(Notification(cover, content))
    return CommandRequest(CommandBook(cover, (CommandPage(news, deferred=cause),)))


def notice_of_payment(account: str, payment: PaymentSettled) -> EventRequest:
    """The fact that a payment was settled, ready to inject. Recorded once, by the clearing house's reference."""
    header = ExternalDeferredSequence(payment.reference, "clearing house")
    page = EventPage(PayloadCodec().encode(payment), deferred=header)
    cover = Cover("account", compute_root("account", account), correlation_id=payment.reference)
    return EventRequest(EventBook(cover, (page,)))
