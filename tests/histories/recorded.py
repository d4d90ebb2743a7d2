"""Streams to record: of the ledger, and of anything a peer may send."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from hypothesis import strategies as st

from angzarr_domain import DomainClient, books
from angzarr_domain.books import Cover, EventPage, Payload, Snapshot
from angzarr_domain.embedded import Coordinator
from angzarr_domain.histories import RecordedPage, RecordedState, open_recording
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Account, Deposited, Noted, Opened, Withdrawn

ADA, BOB = UUID(int=1), UUID(int=2)
#: A moment that no datetime holds exactly.
BEGAN = 1_700_000_000_000_000_001

Event = Opened | Deposited | Withdrawn | Noted


def pages(*events: Event, first: int = 0) -> tuple[EventPage, ...]:
    """Stored events, a second apart."""
    codec = PayloadCodec()
    return tuple(
        EventPage(codec.encode(event), sequence, BEGAN + sequence * 10**9)
        for sequence, event in enumerate(events, first)
    )


HISTORIES = {
    ADA: pages(Opened(owner="ada"), Deposited(amount=10), Withdrawn(amount=3)),
    BOB: pages(Opened(owner="bob"), Noted(text="by hand"), Deposited(amount=2**62)),
}


@contextmanager
def ledgers(histories: dict[UUID, tuple[EventPage, ...]] = HISTORIES) -> Generator[tuple[Coordinator, DomainClient]]:
    """A coordinator that holds these accounts, and a client of it."""
    with Coordinator([Account]) as coordinator, coordinator.client() as client:
        for root, each in histories.items():
            coordinator.restore(Cover("ledger", root), each)
        yield coordinator, client


def states(path: Path) -> list[tuple[int, dict[str, object]]]:
    """The recorded states of a file, each with the sequence it was recorded after."""
    with open_recording(path) as recording:
        entries = [entry for stream in recording.streams() for entry in stream.entries()]
    return [(entry.sequence, dict(entry.fields)) for entry in entries if isinstance(entry, RecordedState)]


def read(path: Path) -> list[tuple[Cover, Snapshot | None, tuple[EventPage, ...]]]:
    """What a file holds."""
    with open_recording(path) as recording:
        return [(stream.cover, stream.snapshot, tuple(stream.pages())) for stream in recording.streams()]


def recorded(each: Iterable[EventPage]) -> Iterator[RecordedPage]:
    """Pages that nobody can show."""
    return map(RecordedPage, each)


#: Moments that a data file can hold.
MOMENTS = st.integers(-(2**63) + 1, 2**63 - 1)
PAYLOADS = st.builds(Payload, type_url=st.sampled_from(["/x.Y", "bare.Name", ""]), value=st.binary(max_size=24))


@st.composite
def stored_pages(draw: st.DrawFn) -> tuple[EventPage, ...]:
    """Pages as a store has them: consecutive from 0, with any payload, gaps and claim checks among them."""
    contents = draw(st.lists(st.tuples(st.none() | PAYLOADS, st.none() | MOMENTS), min_size=1, max_size=5))
    return tuple(EventPage(event, sequence, time) for sequence, (event, time) in enumerate(contents))


def stored_snapshots(pages: tuple[EventPage, ...]) -> st.SearchStrategy[Snapshot | None]:
    """Snapshots of one of these pages, or none."""
    return st.none() | st.builds(
        Snapshot,
        sequence=st.integers(0, len(pages) - 1),
        state=st.none() | PAYLOADS,
        retention=st.sampled_from(books.SnapshotRetention),
        created_at_ns=st.none() | MOMENTS,
    )


@st.composite
def stored_streams(draw: st.DrawFn) -> tuple[Cover, tuple[EventPage, ...], Snapshot | None]:
    """Whole streams."""
    each = draw(stored_pages())
    cover = Cover(draw(st.sampled_from(["ledger", "other"])), draw(st.uuids()))
    return cover, each, draw(stored_snapshots(each))
