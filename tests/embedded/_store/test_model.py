"""Whatever is appended, in whatever order: a store reads as a list of events would."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from angzarr_domain.books import EventPage, Payload
from angzarr_domain.embedded._store.base import DeferredKey, EventStore, HeadMoved, Stream
from angzarr_domain.embedded._store.memory import MemoryStore
from angzarr_domain.embedded._store.sqlite import SqliteStore

STREAMS = [Stream(domain, UUID(int=n)) for domain in ("a", "b") for n in (1, 2)]
KEYS = [DeferredKey("command", "a", UUID(int=1), "", n, "S", 0) for n in (1, 2)]

Append: TypeAlias = tuple[Stream, int, list[tuple[bytes, int | None]], str, DeferredKey | None]
appends: st.SearchStrategy[list[Append]] = st.lists(
    st.tuples(
        st.sampled_from(STREAMS),
        st.integers(-1, 1),  # how far the expected head is from the real one
        st.lists(st.tuples(st.binary(max_size=4), st.none() | st.integers(0, 5)), max_size=3),
        st.sampled_from(["", "x", "y"]),
        st.none() | st.sampled_from(KEYS),
    ),
    max_size=12,
)


def until(page: EventPage) -> int:
    """When it was created; -1 if nobody knows."""
    return -1 if page.created_at_ns is None else page.created_at_ns


class Model:
    """What a store ought to hold."""

    def __init__(self) -> None:
        self.pages: dict[Stream, list[tuple[EventPage, str]]] = {stream: [] for stream in STREAMS}
        self.executed: dict[tuple[Stream, DeferredKey], range] = {}

    def apply(self, store: EventStore, append: Append) -> None:
        stream, off, events, correlation_id, key = append
        kept = self.pages[stream]
        head = max(len(kept) + off, 0)
        pages = [EventPage(Payload("/x.Y", value), head + n, time) for n, (value, time) in enumerate(events)]
        moved = head != len(kept) or (key is not None and (stream, key) in self.executed)
        actual = None
        try:
            store.append(stream, head, pages, correlation_id=correlation_id, deferred=key)
        except HeadMoved as refused:
            actual = refused.actual
        assert actual == (len(kept) if moved else None)
        if moved:
            return
        kept.extend((page, correlation_id) for page in pages)
        if key is not None:
            self.executed[stream, key] = range(head, head + len(pages))

    def check(self, store: EventStore) -> None:
        for stream, kept in self.pages.items():
            pages = [page for page, _ in kept]
            assert list(store.pages(stream)) == pages
            assert list(store.pages(stream, 1, 2)) == pages[1:3]
            assert store.head(stream) == len(pages)
            assert [store.head_at(stream, moment) for moment in range(-1, 6)] == [
                len(list(takewhile(lambda page: -1 < until(page) <= moment, pages)))  # noqa: B023 - used at once
                for moment in range(-1, 6)
            ]
            assert [store.executed(stream, key) for key in KEYS] == [self.executed.get((stream, key)) for key in KEYS]
        assert list(store.roots()) == [stream for stream in STREAMS if self.pages[stream]]
        for wanted in ("x", "y"):
            found = {stream: list(pages) for stream, pages in store.correlated(wanted)}
            expected = {stream: [page for page, own in kept if own == wanted] for stream, kept in self.pages.items()}
            assert found == {stream: pages for stream, pages in expected.items() if pages}


def in_memory(_folder: str) -> EventStore:
    return MemoryStore()


def in_a_file(folder: str) -> EventStore:
    return SqliteStore(Path(folder) / "events.db")


@pytest.mark.parametrize("make", [in_memory, in_a_file])
@given(given_appends=appends)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_store_reads_as_its_model(make: Callable[[str], EventStore], given_appends: list[Append]) -> None:
    """All or nothing, in order, under the right stream, id and key."""
    with tempfile.TemporaryDirectory() as folder:
        store, model = make(folder), Model()
        for append in given_appends:
            model.apply(store, append)
        model.check(store)
        store.close()
