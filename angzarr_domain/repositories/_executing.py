"""Load, decide, send; and after a conflict catch up, decide again, send again."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from functools import cached_property
from itertools import count
from typing import Final, Generic, TypeVar
from uuid import UUID, uuid4

import attrs

from angzarr_domain.aggregates import Aggregate, Replayed, replay
from angzarr_domain.books import (
    CommandBook,
    CommandPage,
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    MergeStrategy,
    Message,
    SyncMode,
    check_payload,
)
from angzarr_domain.client import MOST_IN_BETWEEN, Budget, Flow, Sleep, deliver
from angzarr_domain.exceptions import AngzarrError, Conflict

from ._loading import AT_PRESENT, Subject, catch_up, load

A = TypeVar("A", bound=Aggregate)

#: How often a command is sent before its conflict is reported. Sixteen writers that never rest need up to 30 tries
#: each, thirty-two up to 50; after that the time is mostly over anyway.
DEFAULT_ATTEMPTS: Final = 100

_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.5


@attrs.frozen(slots=False, kw_only=True)
class Executed(Generic[A]):
    """What came of it.

    Attributes:
        root: The aggregate.
        pages: The stored events with their sequences; none if the aggregate had nothing to say.
        sequence: The sequence that the command was decided at: that of the first event.
        attempts: How often it was sent; 0 if the function returned None.
        correlation_id: What the events carry.

    """

    root: UUID
    pages: tuple[EventPage, ...] = ()
    sequence: int
    attempts: int
    correlation_id: str
    _before: Replayed[A] = attrs.field(alias="before", repr=False, eq=False)
    _subject: Subject[A] = attrs.field(alias="subject", repr=False, eq=False)

    @cached_property
    def events(self) -> tuple[Message, ...]:
        """The events as messages.

        Raises:
            DecodeFailed: The aggregate's class here does not know one of the types; it is stored all the same.

        """
        return tuple(page.decode() for page in self.pages if page.event is not None)

    @cached_property
    def state(self) -> A:
        """The aggregate after these events, folded here.

        Raises:
            HistoryError: The events do not fold; they are stored all the same.

        """
        following = EventBook(self._subject.cover, self.pages)
        return replay(self._subject.definition, following, self._subject.codec, onto=self._before).state


def ignore(_attempt: int, _conflict: Conflict) -> None:
    """What `on_retry` is unless given."""


@attrs.frozen
class Asked:
    """How an execution is to be carried out.

    Attributes:
        correlation_id: The workflow it belongs to; "" to draw one.
        attempts: How often a command is sent at most.
        on_retry: Told of each conflict before it is decided again.

    """

    correlation_id: str = ""
    attempts: int = DEFAULT_ATTEMPTS
    on_retry: Callable[[int, Conflict], object] = ignore


def execute(
    subject: Subject[A],
    decide: Callable[[A], Message | None],
    asked: Asked,
    budget: Budget,
) -> Flow[Executed[A]]:
    """Send what `decide` makes of the aggregate, at the sequence it was loaded at, until it is not in conflict.

    Each conflict is proof that nothing was stored, so deciding again never doubles a command. See `deliver` on what
    becomes of other failures.
    """
    correlation_id = asked.correlation_id or str(uuid4())
    drawn = not asked.correlation_id
    current = yield from load(subject, AT_PRESENT, budget)
    for attempt in count(1):
        # A copy, so that a function which changes what it is given changes nothing else.
        command = decide(copy.deepcopy(current.state))
        if command is None:
            return _executed(subject, current, attempt - 1, correlation_id, ())
        request = _request(subject, command, current.next_sequence, correlation_id)
        try:
            response = yield from deliver(request, budget, drawn=drawn)
        except Conflict as conflict:
            current = yield from _after(conflict, subject, current, budget)
            if attempt >= asked.attempts:
                raise
            yield from _pause(attempt, conflict, budget)
            asked.on_retry(attempt, conflict)
        else:
            return _executed(subject, current, attempt, correlation_id, _pages(response))
    raise AssertionError("count() never ends")


def _request(subject: Subject[A], command: Message, sequence: int, correlation_id: str) -> CommandRequest:
    payload = check_payload(subject.codec.encode(command))
    page = CommandPage(payload, sequence=sequence, merge_strategy=MergeStrategy.STRICT)
    cover = Cover(subject.definition.domain, subject.root, correlation_id)
    return CommandRequest(CommandBook(cover, (page,)), SyncMode.SIMPLE)


def _after(conflict: Conflict, subject: Subject[A], current: Replayed[A], budget: Budget) -> Flow[Replayed[A]]:
    try:
        current, events = yield from catch_up(subject, current, conflict.actual, MOST_IN_BETWEEN + 1, budget)
    except AngzarrError as error:
        conflict.events_error = str(error)
        raise conflict from error
    conflict.events = events[:MOST_IN_BETWEEN]
    conflict.events_until = events[-2].sequence if len(events) > MOST_IN_BETWEEN else None
    return current


def _pause(attempt: int, conflict: Conflict, budget: Budget) -> Flow[None]:
    # Of random length: writers that met once would otherwise meet again.
    wait = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(attempt - 1, 10)))  # noqa: S311 - no secret hangs on it
    remaining = budget.remaining()
    if remaining is not None and remaining <= wait:
        raise conflict  # the last that is known, and more than "too late" says
    yield from Sleep(wait)


def _pages(response: CommandResponse) -> tuple[EventPage, ...]:
    return () if response.events is None else response.events.pages


def _executed(
    subject: Subject[A], before: Replayed[A], attempts: int, correlation_id: str, pages: tuple[EventPage, ...]
) -> Executed[A]:
    for page in pages:
        page.remember(subject.codec)
    return Executed(
        root=subject.root,
        pages=pages,
        sequence=before.next_sequence,
        attempts=attempts,
        correlation_id=correlation_id,
        before=before,
        subject=subject,
    )
