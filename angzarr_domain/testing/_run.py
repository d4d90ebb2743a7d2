"""Something that happens on a given history, answered by the functions that production uses."""

from __future__ import annotations

import copy
from typing import Any, Generic, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.aggregates import (
    Aggregate,
    AggregateDefinition,
    Context,
    Replayed,
    advance,
    definition_of,
    replay,
)
from angzarr_domain.books import Cover, EventBook, EventPage, Message
from angzarr_domain.exceptions import HandlerFailed
from angzarr_domain.wire import PayloadCodec

from ._context import Clock, Ids, Options
from ._occasions import Answer, Commanded, Known, Occasion, Told
from ._past import Past, pages_of

A = TypeVar("A", bound=Aggregate)
CODEC = PayloadCodec()
_NOTHING = Answer()


@attrs.frozen
class Executed:
    """A command that a scenario executed, and the events it led to."""

    command: Message
    sequences: tuple[int, ...]


@attrs.frozen
class Run(Generic[A]):
    """A history, and what came of something that happened on it; if nothing did, `after` is `before`.

    Attributes:
        history: The events before it.
        touched: The aggregate that the handler saw, as it left it.
        seen: The message that the handler saw, as it left it.
        drawn: The ids that the handler asked for.
        again: What the handler answered the second time; HandlerFailed if it failed then.
        executed: The commands so far that were accepted.

    """

    cls: type[A]
    history: tuple[Past, ...]
    options: Options
    before: Replayed[A]
    after: Replayed[A]
    occasion: Occasion | None = None
    decision: Answer = _NOTHING
    touched: A | None = None
    seen: Any = None
    drawn: tuple[UUID, ...] = ()
    again: Answer | HandlerFailed = _NOTHING
    executed: tuple[Executed, ...] = ()
    #: External ids of the facts that were recorded before.
    known_ids: frozenset[str] = frozenset()

    @property
    def is_known_fact(self) -> bool:
        """Whether this is a fact that was recorded before, so that nobody is asked."""
        return isinstance(self.occasion, Told) and self.occasion.external_id in self.known_ids

    @property
    def definition(self) -> AggregateDefinition[A]:
        """The aggregate's definition."""
        return definition_of(self.cls)

    @property
    def handler(self) -> str:
        """Who answered; "" if nobody is there to."""
        return "" if self.occasion is None else self.occasion.handler(self.definition)

    @property
    def whole(self) -> tuple[Past, ...]:
        """The history with the events that came of it."""
        return self.history + self.decision.events


def encoded(message: Message) -> Message:
    """The message as it comes back from storage."""
    return CODEC.decode(CODEC.encode(message), type(message))


def book_of(cls: type[Any], history: tuple[Past, ...], root: UUID) -> EventBook:
    """The history as a coordinator gives it."""
    pages: tuple[EventPage, ...] = pages_of(history)
    return EventBook(Cover(definition_of(cls).domain, root), pages)


def replayed(cls: type[A], history: tuple[Past, ...], root: UUID) -> Replayed[A]:
    """The state that recorded events lead to."""
    return replay(definition_of(cls), book_of(cls, history, root), CODEC, root=root)


def start(cls: type[A], history: tuple[Past, ...], options: Options) -> Run[A]:
    """The history alone."""
    state = replayed(cls, history, options.root)
    return Run(cls, history, options, state, state)


def told(run: Run[A], occasion: Occasion) -> Run[A]:
    """The same run with this to come, for reports of what happens while it is answered."""
    return attrs.evolve(run, history=run.whole, before=run.after, occasion=occasion, decision=_NOTHING)


def follow(run: Run[A], occasion: Occasion) -> Run[A]:
    """What comes of it, on what the run led to.

    Raises:
        HandlerFailed: The handler or an applier failed.

    """
    definition, before, options = run.definition, run.after, run.options
    clock, ids = Clock(options.now), Ids(options)
    cover = Cover(definition.domain, options.root, options.correlation_id)
    context = Context(cover, before.next_sequence, before.had_history, clock, ids)
    known = Known(pages_of(run.whole), options.external_ids)
    touched, seen = copy.deepcopy(before), copy.deepcopy(occasion.message)
    answer = occasion.answer(definition, touched, seen, context, known)
    clock.again()
    again = _again(run, occasion, attrs.evolve(context, ids=Ids(options)), known)
    external_ids = options.external_ids
    if isinstance(occasion, Told) and occasion.external_id and answer.rejection is None:
        external_ids |= {occasion.external_id}
    executed = run.executed
    if isinstance(occasion, Commanded) and answer.rejection is None:
        first = before.next_sequence
        executed += (Executed(occasion.message, tuple(range(first, first + len(answer.events)))),)
    return Run(
        run.cls,
        run.whole,
        attrs.evolve(options, ids_used=options.ids_used + len(ids.drawn), external_ids=external_ids),
        before,
        advance(definition, before, answer.events),
        occasion,
        answer,
        touched.state,
        seen,
        tuple(ids.drawn),
        again,
        executed,
        run.options.external_ids,
    )


def _again(run: Run[Any], occasion: Occasion, context: Context, known: Known) -> Answer | HandlerFailed:
    """The same once more, on the same state, with the same clock and ids."""
    message = copy.deepcopy(occasion.message)
    try:
        return occasion.answer(run.definition, copy.deepcopy(run.after), message, context, known)
    except HandlerFailed as error:
        return error
