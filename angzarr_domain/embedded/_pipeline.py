"""What happens to commands, facts and notifications. There is one way for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from angzarr_domain.books import (
    BusinessResponse,
    CommandRequest,
    CommandResponse,
    EventBook,
    EventRequest,
    FactInjectionResponse,
    SpeculateRequest,
)
from angzarr_domain.exceptions import StreamBusy
from angzarr_domain.hosting import BusinessLogic

from ._acceptance import accept, accept_notification, accept_speculation
from ._callers import Caller, check_waiting, time_to_work
from ._facts import accept_facts
from ._history import View
from ._locks import StreamLocks
from ._replies import Decided
from ._store.base import EventStore, HeadMoved, Stream
from ._tasks import CommandTask, FactTask, NotificationTask, Task

#: How often something is decided anew because somebody else wrote to its stream meanwhile.
_ATTEMPTS: Final = 8


@attrs.frozen
class Pipeline:
    """Carries out commands, facts and notifications.

    Attributes:
        served: Business logic by domain.
        clock_ns: Nanoseconds since 1970 UTC, for events that nobody stamped.

    """

    store: EventStore
    served: Mapping[str, BusinessLogic]
    clock_ns: Callable[[], int]
    _locks: StreamLocks = attrs.field(factory=StreamLocks)

    def execute(self, request: CommandRequest, caller: Caller) -> CommandResponse:
        """Decide a command on its stream's present state and store what it leads to.

        Raises:
            AngzarrError: Whatever kept it from being stored; then nothing was.

        """
        return CommandResponse(self._carried_out(lambda: CommandTask(accept(request, self.served)), caller).book)

    def record(self, request: EventRequest, caller: Caller) -> FactInjectionResponse:
        """Store facts, each once, and what business logic makes of them (C-0184 to C-0190). Raises as `execute`."""
        decision = self._carried_out(lambda: FactTask(accept_facts(request, self.served)), caller)
        book = decision.book
        events = EventBook(book.cover, (*decision.earlier, *book.pages))
        return FactInjectionResponse(events, already_processed=not book.pages)

    def compensate(self, request: CommandRequest, caller: Caller) -> BusinessResponse:
        """Deliver the news of a refusal, or of a command to undo, and store what it leads to. Raises as `execute`."""
        decision = self._carried_out(lambda: NotificationTask(accept_notification(request, self.served)), caller)
        return BusinessResponse(decision.handed_on or decision.book)

    def speculate(self, request: SpeculateRequest, caller: Caller) -> CommandResponse:
        """What a command would lead to at a point in history, or now; nothing is stored (C-0266 to C-0270).

        Raises:
            AngzarrError: As `execute`, but for conflicts: the sequence is not checked.

        """
        command = CommandTask(accept_speculation(request, self.served))
        history = View.at(self.store, command.stream, request.point_in_time)
        check_waiting(caller)
        return CommandResponse(command.decide(history, time_to_work(caller), self.clock_ns()).book)

    def _carried_out(self, accepted: Callable[[], Task], caller: Caller) -> Decided:
        """The one procedure. Nothing is ever appended to a head it was not decided on."""
        # 1. accept: something that makes sense, for a domain that is served
        task = accepted()
        # What is about one stream takes turns, so the loop only goes round after a writer that is not ours.
        with self._locks.held(task.stream, time_to_work(caller)):
            for _ in range(_ATTEMPTS):
                # 2. load: where the stream is now, and whether this very task was carried out before
                history = View.at(self.store, task.stream, None)
                before = task.before(history)
                if before is not None:
                    return before
                # 3. check: an expected sequence against the head; what is refused never reaches business logic
                task.check(history.head)
                # 4. decide: business logic, in process or behind a connection
                check_waiting(caller)
                decision = task.decide(history, time_to_work(caller), self.clock_ns())
                # 5. merge: where a stale COMMUTATIVE command would be compared with what got in between
                # 6. append: all of it, guarded by the head that was loaded
                check_waiting(caller)
                try:
                    self._append(task, history.head, decision, time_to_work(caller))
                except HeadMoved:
                    continue
                # 7. publish: where projectors, sagas and process managers would hear of it
                return decision
        raise _busy(task.stream)

    def _append(self, task: Task, head: int, decision: Decided, timeout: float | None) -> None:
        if decision.handed_on is not None or (not decision.book.pages and task.deferred is None):
            return
        self.store.append(
            task.stream,
            head,
            decision.book.pages,
            correlation_id=decision.correlation_id,
            snapshot=decision.snapshot,
            deferred=task.deferred,
            facts=decision.facts,
            timeout=timeout,
        )


def _busy(stream: Stream) -> StreamBusy:
    return StreamBusy(
        f"other programs kept writing to {stream.domain} {stream.root} while this was decided {_ATTEMPTS} times; "
        "nothing was stored, send it again",
        details={"domain": stream.domain, "root": stream.root},
    )
