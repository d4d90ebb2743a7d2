"""Fluent commands: a `CommandBuilder` says where to, `with_command` makes it a `ReadyCommand`, which can be sent."""

from __future__ import annotations

import attrs

from angzarr_domain.books import SyncMode

from ._budget import Default, Metadata, Timeout
from ._connection import Connection
from ._drafts import Addressed, Prepared
from ._points import AsOf
from ._results import CommandResult


@attrs.frozen(kw_only=True)
class CommandBuilder(Addressed["ReadyCommand"]):
    """Where a command goes, and what it is sent with. It cannot be sent before `with_command`.

    Without a root, each `with_command` draws a new one: two commands never share an aggregate by accident (C-0312).
    """

    connection: Connection = attrs.field(repr=False, eq=False)

    def _ready(self) -> type[ReadyCommand]:
        return ReadyCommand


@attrs.frozen(kw_only=True)
class ReadyCommand(Prepared):
    """A command that can be sent. Frozen: each setter returns a new one, to the same root."""

    connection: Connection = attrs.field(repr=False, eq=False)

    def send(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> CommandResult:
        """Send it; events are stored when this returns, and whatever follows from them happens later (ASYNC).

        Raises:
            Rejected: The aggregate refuses.
            Conflict: The stream is not at the expected sequence; carries the events in between.
            ConnectionFailed: Nothing was sent.
            UnknownOutcome: The answer was lost; says what to read to find out.
            AngzarrError: Whatever else the coordinator answers.

        """
        return self.send_sync(mode=SyncMode.ASYNC, timeout=timeout, metadata=metadata)

    def send_sync(
        self, *, mode: SyncMode = SyncMode.SIMPLE, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResult:
        """Send it, and by default wait for projectors too (SIMPLE). Raises as `send` does."""
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(self.sending(mode, budget, self.connection.codec))

    def speculate(
        self, *, as_of: AsOf = None, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> CommandResult:
        """What would it lead to? Nothing is stored.

        Args:
            as_of: Decided on the state right after this sequence, or at this moment; now unless given.

        Raises:
            Rejected: The aggregate would refuse.
            UsageError: It has an expected sequence, which nobody would check; or a naive datetime.

        """
        budget = self.connection.budget(timeout, metadata)
        return self.connection.run(self.speculating(as_of, budget, self.connection.codec))
