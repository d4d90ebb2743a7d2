"""Commands to coordinators of an older generation, whose answers are not yet the truth.

A refusal may hide a conflict; an internal error may come after the events are stored. `_older_proving.py` has what an
OK is worth.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import attrs

from angzarr_domain.books import (
    BusinessResponse,
    CommandRequest,
    CommandResponse,
    EventPage,
    MergeStrategy,
    Query,
    SequenceRange,
)
from angzarr_domain.exceptions import (
    AngzarrError,
    Conflict,
    Rejected,
    ServerError,
    Status,
    UnknownOutcome,
)
from angzarr_domain.wire import Methods

from ._budget import Budget
from ._older_proving import Sent, checked, pages_by_id
from ._steps import Call, Flow

#: Seconds kept of a caller's time, to look after a deadline what has become of the command.
_TO_LOOK: Final = 2.0

# The one internal error that says that nothing was stored.
_NOT_PERSISTED: Final = "Failed to persist events"
# These come from business logic alone: the coordinator has no use for them.
_REFUSALS: Final = frozenset({Status.NOT_FOUND, Status.ALREADY_EXISTS, Status.OUT_OF_RANGE})
_UNNAMED: Final = "REJECTED"
# In gRPC's text where a trailer was over the limit.
_TRAILER: Final = "metadata size"
_STORING: Final = frozenset({"handle_command", "handle_event", "handle_compensation"})


@contextmanager
def meant(name: str, budget: Budget) -> Generator[None, None, None]:
    """Raise what a bare status means when an older coordinator answers with it.

    Business logic refuses by any status. What is internal may have come after the events were stored, from the bus or
    from projectors.
    """
    try:
        yield
    except ServerError as error:
        if name not in {*_STORING, "handle_sync_speculative"}:
            raise
        if error.status in _REFUSALS:
            raise Rejected.of(error.message, _UNNAMED, error.status, {}) from error
        if name in _STORING and error.status is Status.INTERNAL and not error.message.startswith(_NOT_PERSISTED):
            raise UnknownOutcome(error.message, status=error.status, correlation_id=budget.correlation_id) from error
        raise


def notify_once(request: CommandRequest, methods: Methods, budget: Budget) -> Flow[BusinessResponse]:
    """Deliver a notification.

    Raises:
        UnknownOutcome: With no further attempt: nobody there looks whether it came before.

    """
    try:
        with meant("handle_compensation", budget):
            return (yield from Call(methods.handle_compensation, request, budget.options()))
    except UnknownOutcome as error:
        error.retry_after = math.inf
        raise


def send_and_check(
    request: CommandRequest, methods: Methods, budget: Budget, *, drawn: bool = False
) -> Flow[CommandResponse]:
    """Send a command once, and tell what has really happened.

    Raises:
        Conflict: Also where a deadline, a trailer over the limit or ABORTED hides it.
        NotStored: It was answered with events that are not in the stream.
        UnknownOutcome: Whether they are could not be found out.

    """
    sent = Sent(request, methods, budget, drawn)
    sending = budget.keeping(_TO_LOOK) if sent.provable and sent.compared else budget
    try:
        with meant("handle_command", budget):
            response = yield from Call(methods.handle_command, request, sending.options())
    except (UnknownOutcome, ServerError) as error:
        conflict = yield from _conflict_behind(error, sent)
        if conflict is not None:
            raise conflict from error
        raise
    return (yield from checked(response, sent))


def _conflict_behind(error: UnknownOutcome | ServerError, sent: Sent) -> Flow[Conflict | None]:
    """The conflict that another status stands for, where the stream proves it."""
    expected = sent.expected
    if expected is None or sent.cover.root is None or not _may_hide_one(error, sent):
        return None
    try:
        later = yield from _later(sent, expected)
        if isinstance(error, UnknownOutcome) and later and (yield from pages_by_id(sent)):
            return None  # what has moved the stream on is this very command's
    except AngzarrError:
        return None  # the command's own error says more than why looking failed
    if not later:
        return None
    conflict = Conflict(expected, (later[-1].sequence or 0) + 1)
    conflict.events = later
    return conflict


def _may_hide_one(error: UnknownOutcome | ServerError, sent: Sent) -> bool:
    """Whether a stream that has moved on would prove a conflict.

    They try a stale command eleven times, for about ten seconds, and then put the whole history into a trailer. While
    such an answer is out, only the id that was drawn for it tells whether it was stored.
    """
    if isinstance(error, ServerError):
        # The answer to a command that was overtaken after its sequence was compared.
        return error.status is Status.ABORTED and sent.strategy is MergeStrategy.MANUAL
    if not sent.provable:
        return False
    if error.status is Status.RESOURCE_EXHAUSTED:
        return _TRAILER in error.message  # a message over the limit is an OK
    # Out of time, COMMUTATIVE may still be decided, and stored where the stream is by then.
    return error.status is Status.DEADLINE_EXCEEDED and sent.compared


def _later(sent: Sent, expected: int) -> Flow[tuple[EventPage, ...]]:
    """The pages that are where the command would have been stored, or after that."""
    # A range of a named timeline leaves out what it shares with the main one.
    selection = SequenceRange(expected) if sent.cover.edition is None else None
    query = Query(attrs.evolve(sent.cover, correlation_id=""), selection)
    book = yield from Call(sent.methods.get_event_book, query, sent.budget.options())
    return tuple(page for page in book.pages if (page.sequence or 0) >= expected)
