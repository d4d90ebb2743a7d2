"""Commands, business logic and callers for the tests of the coordinator's parts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

import attrs

from angzarr_domain.books import (
    BusinessResponse,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    EventBook,
    EventPage,
    MergeStrategy,
    Payload,
    SyncMode,
)
from angzarr_domain.embedded._callers import InProcessCaller
from angzarr_domain.embedded._pipeline import Pipeline
from angzarr_domain.embedded._store.base import EventStore, Stream
from angzarr_domain.embedded._store.memory import MemoryStore
from angzarr_domain.hosting import CommandCall

ROOT = UUID(int=7)
STREAM = Stream("account", ROOT)
COVER = Cover("account", ROOT, "workflow-1")
COMMAND = Payload("/shop.Add", b"\x08\x01")
NOW_NS = 1_700_000_000_000_000_001
CALLER = InProcessCaller()


def page(sequence: int | None = None, value: bytes = b"\x01", **fields: Any) -> EventPage:
    """A page of a reply."""
    return EventPage(Payload("/shop.Added", value), sequence, **fields)


def request(
    sequence: int | None = None,
    strategy: MergeStrategy = MergeStrategy.AGGREGATE_HANDLES,
    *,
    cover: Cover | None = COVER,
    mode: SyncMode = SyncMode.ASYNC,
    **fields: Any,
) -> CommandRequest:
    """A command; AGGREGATE_HANDLES unless another strategy is given."""
    fields = {"command": COMMAND, "sequence": sequence, "merge_strategy": strategy} | fields
    return CommandRequest(CommandBook(cover, (CommandPage(**fields),)), mode)


@attrs.define
class Logic:
    """Business logic that answers as it is told, and remembers what it was asked."""

    answer: Callable[[CommandCall], BusinessResponse]
    domains: Collection[str] = ("account",)
    calls: list[CommandCall] = attrs.field(factory=list[CommandCall])

    @classmethod
    def of(cls, *pages: EventPage, **fields: Any) -> Logic:
        """Always the same book."""
        return cls(lambda _call: BusinessResponse(EventBook(pages=pages, **fields)))

    def handle(self, call: CommandCall) -> BusinessResponse:
        self.calls.append(call)
        return self.answer(call)

    def close(self) -> None:
        """Nothing to release."""


def pipeline(logic: Logic, store: EventStore | None = None) -> Pipeline:
    """A pipeline over a store in memory, unless another is given."""
    return Pipeline(store or MemoryStore(), dict.fromkeys(logic.domains, logic), lambda: NOW_NS)


def stored(store: EventStore, stream: Stream = STREAM) -> list[int | None]:
    """The sequences a stream holds."""
    return [each.sequence for each in store.pages(stream)]


def filled(count: int, store: EventStore | None = None, stream: Stream = STREAM) -> EventStore:
    """A store whose stream has this many events."""
    store = store or MemoryStore()
    store.append(stream, 0, [page(n, b"%d" % n, created_at_ns=n) for n in range(count)])
    return store
