"""When an aggregate's state is written down beside its events."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import attrs

from angzarr_domain.books import SnapshotRetention
from angzarr_domain.exceptions import UsageError

#: Fewer events than these are not what makes a fold slow.
LEAST_EVENTS: Final = 50


@attrs.frozen
class SnapshotPolicy:
    """When a snapshot is taken: every so many events, or once folding takes too long. One of the two.

    One is only ever taken with new events, in the answer to the command that led to them.

    Args:
        every: Events, 1 or more: with 100, one is taken whenever the stream's length crosses a multiple of 100.
        slower_than: How long reading and folding the history may take; when it takes longer, a new one is taken, but
            never within 50 events of the last one.
        retention: How long coordinators keep them; by default until there is a newer one.

    Raises:
        UsageError: Neither or both are given, or one is not above zero.

    """

    every: int | None = None
    slower_than: timedelta | None = None
    retention: SnapshotRetention = SnapshotRetention.DEFAULT

    def __attrs_post_init__(self) -> None:
        if (self.every is None) == (self.slower_than is None):
            raise UsageError(
                "a snapshot policy has one rule: SnapshotPolicy(every=100), or "
                "SnapshotPolicy(slower_than=timedelta(milliseconds=20))",
                field="snapshot",
            )
        if self.every is not None and (type(self.every) is not int or self.every < 1):
            raise UsageError(f"a snapshot every {self.every!r} events: give a whole number from 1 on", field="every")
        if self.slower_than is not None and not (
            isinstance(self.slower_than, timedelta) and self.slower_than > timedelta(0)  # pyright: ignore[reportUnnecessaryIsInstance] - users pass what they like
        ):
            raise UsageError(
                f"a snapshot after folds slower than {self.slower_than!r}: give a timedelta above zero",
                field="slower_than",
            )

    def is_due(self, before: int, following: int, covered: int, seconds: float) -> bool:
        """Whether new events make one due.

        Args:
            before: The length of the stream before them.
            following: Its length with them.
            covered: How much of it the last snapshot stands for.
            seconds: How long it took to read and fold it.

        """
        if self.every is not None:
            # By the stream's length, not by the distance from the last: where a coordinator keeps none, there is still
            # only one in so many events.
            return following // self.every > before // self.every
        limit = self.slower_than
        return limit is not None and seconds > limit.total_seconds() and following - covered >= LEAST_EVENTS


@attrs.frozen
class Foundation:
    """What a folded state rests on beside the events that were folded.

    Attributes:
        covered: How many events a snapshot stood for.
        unfit: Whether a snapshot came with the history and did not fit.
        newer: Whether it was unfit because it carries a newer version: it is not ours to replace.
        skipped: Whether events were skipped that the aggregate does not know: a later class may know them, and must
            not be kept from seeing them.

    """

    covered: int = 0
    unfit: bool = False
    newer: bool = False
    skipped: bool = False
