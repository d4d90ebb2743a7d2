"""When an aggregate's state is written down beside its events."""

from __future__ import annotations

from datetime import timedelta

import attrs

from angzarr_domain.exceptions import UsageError


@attrs.frozen
class SnapshotPolicy:
    """When a snapshot is taken: every so many events, or once folding takes too long. One of the two.

    Args:
        every: Events after which a new one is taken, 1 or more.
        slower_than: How long a fold may take before a new one is taken.

    Raises:
        UsageError: Neither or both are given, or one is not above zero.

    """

    every: int | None = None
    slower_than: timedelta | None = None

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
