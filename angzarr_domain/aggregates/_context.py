from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import attrs

from angzarr_domain.books import Cover
from angzarr_domain.exceptions import UsageError


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


@attrs.frozen
class Context:
    """What a handler may know beside its aggregate and its command: the third argument it can ask for.

    Attributes:
        cover: The command's address, with correlation id and `ext`.
        next_sequence: The sequence that the first event of this command will get.
        had_history: Whether the aggregate had any event or snapshot before.
        clock: Where `now()` comes from.
        ids: Where `new_id()` comes from.

    """

    cover: Cover = attrs.field(factory=Cover)
    next_sequence: int = 0
    had_history: bool = False
    clock: Callable[[], datetime] = attrs.field(default=utc_now, repr=False)
    ids: Callable[[], UUID] = attrs.field(default=uuid4, repr=False)

    @property
    def root(self) -> UUID:
        """The root the command is for.

        Raises:
            UsageError: The context was built by hand without one.

        """
        if self.cover.root is None:
            raise UsageError("this context was built by hand without a root: Context(cover=Cover(root=...))")
        return self.cover.root

    @property
    def correlation_id(self) -> str:
        """The workflow the command belongs to, or ""."""
        return self.cover.correlation_id

    def now(self) -> datetime:
        """The time to write into events: use this rather than `datetime.now`, and tests can fix it."""
        return self.clock()

    def new_id(self) -> UUID:
        """A new id to write into events: use this rather than `uuid4`, and tests can fix it."""
        return self.ids()
