"""Telling a transfer that its target has refused the money.

Where a saga sends the commands between aggregates, its coordinator delivers this news by itself.
"""

from __future__ import annotations

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    Notification,
    RejectionNotification,
    compute_root,
)
from angzarr_domain.wire import NOTIFICATION, REJECTION_NOTIFICATION, PayloadCodec

from .messages import Deposit
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
