"""The three kinds of things a coordinator carries out: what differs between them at each step of the one procedure."""

from __future__ import annotations

from typing import Protocol

import attrs

from angzarr_domain.books import EventBook, EventPage, MergeStrategy
from angzarr_domain.exceptions import Conflict, NotSupported
from angzarr_domain.hosting import AcceptsFacts, CommandCall, FactCall

from ._acceptance import Accepted
from ._facts import AcceptedFacts, recorded
from ._history import View
from ._replies import Decided, decided
from ._store.base import DeferredKey, Stream


class Task(Protocol):
    """Something accepted, to be decided on its stream's present state and stored."""

    @property
    def stream(self) -> Stream:
        """Whose state it is about."""
        ...

    @property
    def deferred(self) -> DeferredKey | None:
        """What it is carried out once by, if that is one key, stored also where no event is."""
        ...

    def before(self, history: View) -> Decided | None:
        """What it led to, if all of it was carried out before."""
        ...

    def check(self, head: int) -> None:
        """Refuse what was made for another head."""
        ...

    def decide(self, history: View, timeout: float | None, now_ns: int) -> Decided:
        """Ask business logic, in process or behind a connection."""
        ...


@attrs.frozen
class CommandTask:
    """A command."""

    accepted: Accepted

    @property
    def stream(self) -> Stream:
        """See `Task.stream`."""
        return self.accepted.stream

    @property
    def deferred(self) -> DeferredKey | None:
        """See `Task.deferred`: only what has a provenance can be told again."""
        return self.accepted.deferred

    def before(self, history: View) -> Decided | None:
        """See `Task.before`."""
        executed = None if self.deferred is None else history.store.executed(self.stream, self.deferred)
        if executed is None:
            return None
        if not executed:
            return Decided(EventBook(self.accepted.cover, next_sequence=history.head))
        return Decided(EventBook(self.accepted.cover, tuple(history.pages(executed[0], executed[-1]))))

    def check(self, head: int) -> None:
        """See `Task.check`. Raises as `check`."""
        check(self.accepted, head)

    def decide(self, history: View, timeout: float | None, now_ns: int) -> Decided:
        """See `Task.decide`."""
        response = self.accepted.logic.handle(CommandCall(self.accepted.book, history.head, history, timeout))
        return decided(response, self.accepted, history.head, now_ns)


@attrs.frozen
class NotificationTask(CommandTask):
    """The news that something an aggregate caused was refused, or that a command it executed is to be undone."""

    def decide(self, history: View, timeout: float | None, now_ns: int) -> Decided:
        """See `Task.decide`. What is no events is handed on, and nothing stored: a repeat asks again."""
        response = self.accepted.logic.handle(CommandCall(self.accepted.book, history.head, history, timeout))
        if response.result is None or isinstance(response.result, EventBook):
            return decided(response, self.accepted, history.head, now_ns)
        return Decided(EventBook(self.accepted.cover, next_sequence=history.head), handed_on=response.result)


@attrs.frozen
class FactTask:
    """Facts, each recorded once by its external id (C-0190)."""

    accepted: AcceptedFacts

    @property
    def stream(self) -> Stream:
        """See `Task.stream`."""
        return self.accepted.stream

    @property
    def deferred(self) -> DeferredKey | None:
        """See `Task.deferred`: each fact has its own."""
        return None

    def before(self, history: View) -> Decided | None:
        """See `Task.before`."""
        if self._new(history):
            return None
        return Decided(EventBook(self.accepted.cover), earlier=self._earlier(history))

    def check(self, head: int) -> None:
        """See `Task.check`: a fact was made for no head, it happened (C-0186)."""

    def decide(self, history: View, timeout: float | None, now_ns: int) -> Decided:
        """See `Task.decide`. Only facts that are not recorded yet are asked about."""
        new = self._new(history)
        pages = tuple(
            page for page, key in zip(self.accepted.book.pages, self.accepted.keys, strict=True) if key in new
        )
        asked = EventBook(self.accepted.cover, pages)
        reply = asked if self.accepted.skip_handler else self._answer(FactCall(asked, history.head, history, timeout))
        decision = recorded(reply, self.accepted, new, history.head, now_ns)
        return attrs.evolve(decision, earlier=self._earlier(history))

    def _answer(self, call: FactCall) -> EventBook:
        logic = self.accepted.logic
        if isinstance(logic, AcceptsFacts):
            return logic.handle_fact(call)
        raise NotSupported(
            f"facts for domain {self.stream.domain}: its business logic takes none; record them with skip_handler"
        )

    def _new(self, history: View) -> list[DeferredKey]:
        return [key for key in self.accepted.keys if history.store.executed(self.stream, key) is None]

    def _earlier(self, history: View) -> tuple[EventPage, ...]:
        found = [own for key in self.accepted.keys if (own := history.store.executed(self.stream, key))]
        # In the order of the stream, whatever the order they are told in this time.
        found.sort(key=lambda own: own.start)
        return tuple(page for own in found for page in history.pages(own[0], own[-1]))


def check(command: Accepted, head: int) -> None:
    """Refuse a command that was made for another head. Every strategy accepts the present one (C-0149 to C-0174).

    Raises:
        Conflict: STRICT, and COMMUTATIVE, which is the same until merging exists (C-0154).
        NotSupported: MANUAL: setting it aside for a person needs dead letters.

    """
    if command.expected is None or command.expected == head:
        return
    if command.strategy is MergeStrategy.MANUAL:
        raise NotSupported(
            f"MERGE_MANUAL of a command that expects {command.expected} on a stream at {head}: there is nowhere to "
            "set it aside for a person yet; nothing was stored, use MERGE_STRICT"
        )
    raise Conflict(command.expected, head)
