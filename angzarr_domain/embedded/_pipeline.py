"""What happens to a command. There is one way for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from angzarr_domain.books import CommandRequest, CommandResponse, EventBook, MergeStrategy, SpeculateRequest
from angzarr_domain.exceptions import Conflict, NotSupported, StreamBusy
from angzarr_domain.hosting import BusinessLogic, CommandCall

from ._acceptance import Accepted, accept, accept_speculation
from ._callers import Caller, check_waiting, time_to_work
from ._history import View
from ._locks import StreamLocks
from ._replies import Decided, decided
from ._store.base import EventStore, HeadMoved

#: How often a command is decided anew because somebody else wrote to its stream meanwhile.
_ATTEMPTS: Final = 8


@attrs.frozen
class Pipeline:
    """Carries out commands.

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

        Nothing is ever appended to a head it was not decided on. What the checks refuse never reaches business logic.

        Raises:
            AngzarrError: Whatever kept it from being stored; then nothing was.

        """
        # 1. accept: a command that makes sense, for a domain that is served
        command = accept(request, self.served)
        # Commands on one stream take turns, so the loop only goes round after a writer that is not ours.
        with self._locks.held(command.stream, time_to_work(caller)):
            for _ in range(_ATTEMPTS):
                # 2. load: where the stream is now, and whether this very command ran before
                history = View.at(self.store, command.stream, None)
                before = self._ran_before(command, history)
                if before is not None:
                    return CommandResponse(before)
                # 3. check: an expected sequence against the head
                check(command, history.head)
                # 4. decide: business logic, in process or behind a connection
                decision = self._decide(command, history, caller)
                # 5. merge: where a stale COMMUTATIVE command would be compared with what got in between
                # 6. append: all of it, guarded by the head that was loaded
                check_waiting(caller)
                try:
                    self._append(command, history.head, decision, time_to_work(caller))
                except HeadMoved:
                    continue
                # 7. publish: where projectors, sagas and process managers would hear of it
                return CommandResponse(decision.book)
        raise _busy(command)

    def speculate(self, request: SpeculateRequest, caller: Caller) -> CommandResponse:
        """What a command would lead to at a point in history, or now; nothing is stored (C-0266 to C-0270).

        Raises:
            AngzarrError: As `execute`, but for conflicts: the sequence is not checked.

        """
        command = accept_speculation(request, self.served)
        history = View.at(self.store, command.stream, request.point_in_time)
        return CommandResponse(self._decide(command, history, caller).book)

    def _ran_before(self, command: Accepted, history: View) -> EventBook | None:
        """The events of this very command, if it ran before: only one with a provenance can be told again."""
        executed = None if command.deferred is None else self.store.executed(command.stream, command.deferred)
        if executed is None:
            return None
        if not executed:
            return EventBook(command.cover, next_sequence=history.head)
        return EventBook(command.cover, tuple(history.pages(executed[0], executed[-1])))

    def _decide(self, command: Accepted, history: View, caller: Caller) -> Decided:
        check_waiting(caller)
        call = CommandCall(command.book, history.head, history, time_to_work(caller))
        return decided(command.logic.handle(call), command, history.head, self.clock_ns())

    def _append(self, command: Accepted, head: int, decision: Decided, timeout: float | None) -> None:
        if not decision.book.pages and command.deferred is None:
            return
        self.store.append(
            command.stream,
            head,
            decision.book.pages,
            correlation_id=decision.correlation_id,
            snapshot=decision.snapshot,
            deferred=command.deferred,
            timeout=timeout,
        )


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


def _busy(command: Accepted) -> StreamBusy:
    stream = command.stream
    return StreamBusy(
        f"other programs kept writing to {stream.domain} {stream.root} while this command was decided {_ATTEMPTS} "
        "times; nothing was stored, send it again",
        details={"domain": stream.domain, "root": stream.root},
    )
