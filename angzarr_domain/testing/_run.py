"""One command on a given history, by the functions that production uses."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.aggregates import (
    Aggregate,
    AggregateDefinition,
    Context,
    Decision,
    Handler,
    Replayed,
    advance,
    decide,
    definition_of,
    handler_of,
    replay,
)
from angzarr_domain.books import Cover, EventBook, EventPage, Message, type_name
from angzarr_domain.exceptions import UsageError
from angzarr_domain.wire import PayloadCodec

A = TypeVar("A", bound=Aggregate)
_CODEC = PayloadCodec()
_NOTHING = Decision()


@attrs.frozen
class Options:
    """What `given` was told beside the history.

    Attributes:
        ids: The ids handed out in this order; None counts up from 1.
        ids_used: How many were handed out by earlier commands.

    """

    root: UUID
    now: datetime | Callable[[], datetime]
    correlation_id: str
    ids: tuple[UUID, ...] | None
    ids_used: int = 0


class _Ids:
    def __init__(self, options: Options) -> None:
        self._fixed = options.ids
        self._before = options.ids_used
        self.drawn: list[UUID] = []

    def __call__(self) -> UUID:
        place = self._before + len(self.drawn)
        if self._fixed is not None and place >= len(self._fixed):
            raise UsageError(f"given(ids=...) holds {len(self._fixed)} ids, and the handler asks for one more")
        self.drawn.append(UUID(int=place + 1) if self._fixed is None else self._fixed[place])
        return self.drawn[-1]


@attrs.frozen
class Run(Generic[A]):
    """A history, and what came of a command on it; without a command, `after` is `before`.

    Attributes:
        history: The events before the command.
        touched: The aggregate that the handler saw, as it left it.
        seen: The command that the handler saw, as it left it.
        drawn: The ids that the handler asked for.

    """

    cls: type[A]
    history: tuple[Message, ...]
    options: Options
    before: Replayed[A]
    after: Replayed[A]
    command: Message | None = None
    decision: Decision = _NOTHING
    touched: A | None = None
    seen: Message | None = None
    drawn: tuple[UUID, ...] = ()

    @property
    def definition(self) -> AggregateDefinition[A]:
        """The aggregate's definition."""
        return definition_of(self.cls)

    @property
    def handler(self) -> Handler:
        """The handler of the command."""
        return handler_of(self.definition, type_name(type(self.command)))


def encoded(message: Message) -> Message:
    """The message as it comes back from storage."""
    return _CODEC.decode(_CODEC.encode(message), type(message))


def replayed(cls: type[A], events: tuple[Message, ...], root: UUID) -> Replayed[A]:
    """The state that recorded events lead to."""
    definition = definition_of(cls)
    pages = tuple(EventPage(_CODEC.encode(event), sequence) for sequence, event in enumerate(events))
    return replay(definition, EventBook(Cover(definition.domain, root), pages), _CODEC, root=root)


def start(cls: type[A], history: tuple[Message, ...], options: Options) -> Run[A]:
    """The history alone."""
    state = replayed(cls, history, options.root)
    return Run(cls, history, options, state, state)


def follow(run: Run[A], command: Message) -> Run[A]:
    """The command, on what the run led to.

    Raises:
        HandlerFailed: The handler or an applier failed.

    """
    definition, before = run.definition, run.after
    ids, options = _Ids(run.options), run.options
    clock: Any = options.now if callable(options.now) else lambda: options.now
    cover = Cover(definition.domain, options.root, options.correlation_id)
    context = Context(cover, before.next_sequence, before.had_history, clock, ids)
    touched, seen = copy.deepcopy(before), copy.deepcopy(command)
    decision = decide(definition, touched, seen, context)
    return Run(
        run.cls,
        run.history + run.decision.events,
        attrs.evolve(options, ids_used=options.ids_used + len(ids.drawn)),
        before,
        advance(definition, before, decision.events),
        command,
        decision,
        touched.state,
        seen,
        tuple(ids.drawn),
    )
