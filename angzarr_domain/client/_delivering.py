"""Sending a command until it is known what became of it, and never so that it could be stored twice.

1. What was not sent, or refused without being looked at, is sent again.
2. When an answer is lost, the command may have been stored, or may yet be. From then on it is read back:
   a. STRICT at n stores nothing unless the stream is at n. While page n is not there, it is safe to send it again.
   b. Pages with the correlation id that was drawn for this one send are its answer.
   c. In any other case the outcome is unknown: that nothing is found is no proof that nothing will be.
"""

from __future__ import annotations

import attrs

from angzarr_domain.books import (
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    MergeStrategy,
    Query,
    next_sequence,
)
from angzarr_domain.exceptions import AngzarrError, Conflict, Rejected, Retry, ServerError, UnknownOutcome
from angzarr_domain.wire import METHODS

from ._budget import Budget
from ._reading import correlation_id_of, read_range
from ._retrying import Attempts
from ._steps import Call, Drain, Flow


@attrs.frozen
class Delivery:
    """One command on its way.

    Attributes:
        drawn: Whether its correlation id was drawn for it alone, so that what carries it is what it led to.

    """

    request: CommandRequest
    budget: Budget
    drawn: bool

    def once(self) -> Flow[CommandResponse]:
        """Send it."""
        options = self.budget.options(correlation_id_of(self.request.command))
        return (yield from Call(METHODS.handle_command, self.request, options, self.drawn))

    def made_for(self) -> int | None:
        """The sequence at which alone it can be stored; None if it can be at any.

        Released coordinators do not compare the head of a timeline that says where it diverges.
        """
        edition = self.cover().edition
        pages = () if self.request.command is None or (edition and edition.divergences) else self.request.command.pages
        if len(pages) != 1 or pages[0].merge_strategy is not MergeStrategy.STRICT or pages[0].deferred is not None:
            return None
        return pages[0].sequence

    def is_taken(self, sequence: int) -> Flow[bool]:
        """Whether the stream has this page."""
        cover = self.cover()
        if cover.root is None:
            return True
        book = yield from read_range(cover.domain, cover.root, sequence, sequence, self.budget, edition=cover.edition)
        return bool(book.pages)

    def stored(self) -> Flow[CommandResponse | None]:
        """The answer, if what is stored proves one."""
        cover = self.cover()
        if not self.drawn or not cover.correlation_id:
            return None
        pages: list[EventPage] = []

        def take(book: EventBook) -> None:
            found = book.cover or Cover()
            if (found.domain, found.root) == (cover.domain, cover.root):
                pages.extend(book.pages)

        # Without the root, beside which peers read correlation ids differently.
        query = Query(attrs.evolve(cover, root=None, ext=None))
        yield from Drain(METHODS.get_events, query, take, self.budget.options(cover.correlation_id))
        if not pages:
            return None
        return CommandResponse(EventBook(cover, tuple(pages), next_sequence=next_sequence(pages)))

    def cover(self) -> Cover:
        """Where it goes."""
        return (self.request.command and self.request.command.cover) or Cover()


def deliver(request: CommandRequest, budget: Budget, *, drawn: bool) -> Flow[CommandResponse]:
    """Send a command, as often as the budget's policy allows and safety permits.

    Raises:
        Conflict: Before any answer was lost: nothing was stored.
        UnknownOutcome: An answer was lost, and reading back proved nothing.
        AngzarrError: Whatever else the coordinator answers.

    """
    delivery = Delivery(request, budget, drawn)
    attempts = Attempts(budget)
    while True:
        try:
            return (yield from delivery.once())
        except AngzarrError as error:
            lost = _lost(error, delivery)
            if lost is not None and budget.retry is not None:
                return (yield from _find_out(lost, delivery, attempts))
            if error.retry is not Retry.LATER:
                raise
            yield from attempts.pause(error)


def _lost(error: AngzarrError, delivery: Delivery) -> UnknownOutcome | None:
    """The error as one that leaves open what became of the command, if it does."""
    if isinstance(error, UnknownOutcome):
        return error
    if isinstance(error, ServerError) and error.retry is Retry.LATER:
        # Most likely it was turned away, but only statuses with a code of ours say that nothing was stored.
        return UnknownOutcome(error.message, status=error.status, correlation_id=delivery.cover().correlation_id)
    return None


def _find_out(lost: UnknownOutcome, delivery: Delivery, attempts: Attempts) -> Flow[CommandResponse]:
    sequence = delivery.made_for()
    if sequence is None and not delivery.drawn:
        raise lost  # nothing could be proved, ever
    while True:
        yield from attempts.pause(lost)
        try:
            # In this order: what lands in between is found by the second look.
            free = sequence is not None and not (yield from delivery.is_taken(sequence))
            answer = None if free else (yield from delivery.stored())
        except AngzarrError as error:
            if error.retry is not Retry.LATER:
                raise lost from error
            continue
        if answer is not None:
            return answer
        if free:
            answer = yield from _again(delivery, lost)
            if answer is not None:
                return answer
        elif sequence is not None:
            raise lost  # somebody's events are there, and nothing says whose


def _again(delivery: Delivery, lost: UnknownOutcome) -> Flow[CommandResponse | None]:
    """Send it again; None if that tells no more than was known."""
    try:
        return (yield from delivery.once())
    except Conflict:
        return None  # with others, or with its own first copy
    except Rejected as error:
        raise error from lost  # the aggregate decided, at the one sequence where either copy could be stored
    except AngzarrError as error:
        if error.retry is Retry.LATER or _lost(error, delivery) is not None:
            return None
        raise lost from error  # it was said of this copy only; the first may yet be stored
