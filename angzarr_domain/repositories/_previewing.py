"""What a command would lead to, decided here or by the coordinator. Nothing is stored."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import attrs

from angzarr_domain.aggregates import Aggregate, Change, Context, Replayed, advance, changes, decide
from angzarr_domain.books import (
    CommandBook,
    CommandPage,
    Cover,
    EventBook,
    MergeStrategy,
    Message,
    SpeculateRequest,
    TemporalQuery,
    check_payload,
)
from angzarr_domain.client import Budget, Flow, speculate
from angzarr_domain.exceptions import Rejected

from ._loading import Subject, load

A = TypeVar("A", bound=Aggregate)


@attrs.frozen(kw_only=True)
class Preview(Generic[A]):
    """The answer to a what-if.

    Attributes:
        events: What would be stored; nothing after a rejection.
        before: The aggregate it was decided on.
        state: The aggregate after the events.
        rejection: The aggregate's refusal; None if it would accept.

    """

    events: tuple[Message, ...] = ()
    before: A
    state: A
    rejection: Rejected | None = None

    @property
    def diff(self) -> tuple[Change, ...]:
        """The fields that would differ."""
        return changes(self.before, self.state)


def preview(subject: Subject[A], command: Message, point: TemporalQuery, budget: Budget) -> Flow[Preview[A]]:
    """Decide here, with the class at hand, on the aggregate as of this point."""
    before = yield from load(subject, point, budget)
    context = Context(cover=subject.cover, next_sequence=before.next_sequence, had_history=before.had_history)
    # On a copy: whatever a handler does to lists and dicts, `before` stays what was recorded.
    decision = decide(subject.definition, copy.deepcopy(before), command, context)
    if decision.rejection is not None:
        return _refused(before, decision.rejection)
    after = advance(subject.definition, before, decision.events)
    return Preview(events=decision.events, before=before.state, state=after.state)


def preview_remotely(subject: Subject[A], command: Message, point: TemporalQuery, budget: Budget) -> Flow[Preview[A]]:
    """Let the coordinator decide, on the state that is loaded here for comparison."""
    before = yield from load(subject, point, budget)
    page = CommandPage(
        check_payload(subject.codec.encode(command)), sequence=0, merge_strategy=MergeStrategy.AGGREGATE_HANDLES
    )
    book = CommandBook(Cover(subject.definition.domain, subject.root), (page,))
    request = SpeculateRequest(book, _same_point(before, point))
    try:
        response = yield from speculate(request, budget, subject.codec)
    except Rejected as rejection:
        return _refused(before, rejection)
    pages = () if response.events is None else response.events.pages
    fold = subject.fold(onto=before)
    fold.feed(EventBook(subject.cover, pages))
    events = tuple(page.decode() for page in pages if page.event is not None)
    return Preview(events=events, before=before.state, state=fold.result().state)


def _same_point(before: Replayed[A], point: TemporalQuery) -> TemporalQuery:
    # "Now" has passed since it was loaded; the sequence that was loaded means the same state for both.
    if before.next_sequence > 0:
        return TemporalQuery(as_of_sequence=before.next_sequence - 1)
    return point


def _refused(before: Replayed[A], rejection: Rejected) -> Preview[A]:
    return Preview(before=before.state, state=before.state, rejection=rejection)
