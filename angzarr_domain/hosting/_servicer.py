"""`CommandHandlerService` in front of aggregates: requests become calls of business logic. Adapters only."""

from __future__ import annotations

from typing import Any

import attrs

from angzarr_domain.books import (
    BusinessResponse,
    ContextualCommand,
    Cover,
    EventBook,
    FactRequest,
    ReplayRequest,
    ReplayResponse,
)
from angzarr_domain.client._speaking import Speaker
from angzarr_domain.client._transports.base import Transport
from angzarr_domain.exceptions import InvalidArgument
from angzarr_domain.wire import INTERIM, METHODS, RELEASED

from ._aggregates import AggregateLogic
from ._logic import CommandCall, FactCall
from ._requests import RequestHistory
from ._rpc import Call, Served


@attrs.frozen
class CommandHandlerServicer:
    """What a coordinator calls.

    Attributes:
        logic: Decides.
        queries: Where events that a snapshot stands for can be read; None if nowhere.
        speaker: What is known of the generation spoken there.

    """

    logic: AggregateLogic
    queries: Transport | None = None
    speaker: Speaker = attrs.field(factory=Speaker)

    def served(self) -> tuple[Served[Any, Any], ...]:
        """Its methods, of every generation of the protocol: the path of a call says which one it is of."""
        return tuple(
            served
            for methods in (METHODS, RELEASED, INTERIM)
            for served in (
                Served(methods.handle, self.handle),
                Served(methods.handle_fact, self.handle_fact),
                Served(methods.replay, self.replay),
            )
        )

    def handle(self, request: ContextualCommand, call: Call) -> BusinessResponse:
        """Decide a command on the history that came with it.

        Raises:
            InvalidArgument: There is no command book.
            AngzarrError: Whatever the logic raises.

        """
        if request.command is None:
            raise InvalidArgument("there is no command book", field="command", code="MISSING_COMMAND_BOOK")
        timeout = call.remaining()
        history = RequestHistory.of(request.events, request.command, self.queries, timeout, self.speaker)
        return self.logic.handle(CommandCall(request.command, history.next_sequence, history, timeout))

    def handle_fact(self, request: FactRequest, call: Call) -> EventBook:
        """What is to be recorded of facts, on the history that came with them.

        Raises:
            NotHandled: Nothing here answers for the domain.
            InvalidArgument: No aggregate accepts one of them (NO_FACT_HANDLER); nothing is to be recorded (C-0492).
            AngzarrError: Whatever the logic raises.

        """
        facts = request.facts
        if facts is None:
            return EventBook()
        timeout = call.remaining()
        history = RequestHistory(request.prior_events, facts.cover or Cover(), self.queries, timeout, self.speaker)
        return self.logic.handle_fact(FactCall(facts, history.next_sequence, history, timeout))

    def replay(self, request: ReplayRequest, _call: Call) -> ReplayResponse:
        """The state that events lead to, as a message.

        Raises:
            NotHandled: It does not show which of several aggregates is meant, or the state cannot be written exactly; a
                coordinator then compares sequences strictly.
            AngzarrError: Whatever the logic raises.

        """
        return self.logic.replay(request)
