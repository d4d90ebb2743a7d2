"""What every store of events does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import attrs
import pytest

from angzarr_domain.books import (
    NOW,
    EventPage,
    Payload,
    PayloadReference,
    PayloadStorageType,
    Snapshot,
    SnapshotRetention,
)
from angzarr_domain.embedded._store.base import DeferredKey, EventStore, HeadMoved, Stream
from angzarr_domain.exceptions import StoreError, UsageError
from angzarr_domain.wire import PayloadCodec

ROOT = UUID(int=1)
STREAM = Stream("account", ROOT)
REFERENCE = PayloadReference(PayloadStorageType.S3, "s3://b/k", b"\x01\x02", 2**63, 253_402_300_799 * 10**9)
KEY = DeferredKey("command", "order", UUID(int=9), "", 3, "ReserveSaga", 0)
FACTS = (DeferredKey.of_fact("ext-1"), DeferredKey.of_fact("ext-2"))


def page(sequence: int, created_at_ns: int | None = 1_000, value: bytes = b"\x01") -> EventPage:
    """A page to append."""
    return EventPage(Payload("/shop.Added", value), sequence, created_at_ns)


def pages(first: int, count: int) -> list[EventPage]:
    """Pages that follow each other, each with its own content."""
    return [page(sequence, value=b"event %d" % sequence) for sequence in range(first, first + count)]


def snapshot(
    sequence: int, retention: SnapshotRetention = SnapshotRetention.DEFAULT, created_at_ns: int | None = 1_000
) -> Snapshot:
    """A snapshot to append."""
    return Snapshot(sequence, Payload("/shop.State", b"state %d" % sequence), retention, created_at_ns)


def stored(store: EventStore, stream: Stream = STREAM) -> list[int | None]:
    """The sequences a stream holds."""
    return [each.sequence for each in store.pages(stream)]


class EventStoreContract:
    """Subclass it and give it a fixture `store`: a new, empty store for each test."""

    @pytest.fixture(name="store")
    def _store(self) -> Iterator[EventStore]:
        raise NotImplementedError("give the subclass a fixture named 'store'")

    # Appending and reading back

    def test_an_unknown_stream_is_empty(self, store: EventStore) -> None:
        """Next is 0, and there is nothing to read (C-0231, C-0295)."""
        assert (store.head(STREAM), stored(store), store.snapshot(STREAM)) == (0, [], None)

    def test_pages_come_back_as_they_were(self, store: EventStore) -> None:
        """Type URL, bytes and nanoseconds are kept exactly (C-0233)."""
        given = [
            EventPage(Payload("type.googleapis.com/shop.Added", b"\x00\xff"), 0, 1_700_000_000_123_456_789),
            EventPage(Payload("/shop.Emptied", b""), 1, None),
            EventPage(
                None,
                2,
                -1,
                external=REFERENCE,
            ),
        ]
        store.append(STREAM, 0, given)
        assert list(store.pages(STREAM)) == given

    def test_the_next_append_continues(self, store: EventStore) -> None:
        """Sequences follow each other without a gap (C-0192)."""
        store.append(STREAM, 0, pages(0, 2))
        store.append(STREAM, 2, pages(2, 1))
        assert (store.head(STREAM), stored(store)) == (3, [0, 1, 2])

    def test_read_values_are_nobody_elses(self, store: EventStore) -> None:
        """A codec that one reader's page remembers is not seen by another reader."""
        store.append(STREAM, 0, pages(0, 1))
        next(iter(store.pages(STREAM))).remember(PayloadCodec())
        with pytest.raises(UsageError):
            next(iter(store.pages(STREAM))).decode()

    def test_streams_are_apart(self, store: EventStore) -> None:
        """Domain and root together name a stream."""
        others = [Stream("account", UUID(int=2)), Stream("transfer", ROOT)]
        store.append(STREAM, 0, pages(0, 3))
        assert [store.head(other) for other in others] == [0, 0]

    @pytest.mark.parametrize("expected_head", [0, 1, 3])
    def test_another_head_refuses_the_append(self, store: EventStore, expected_head: int) -> None:
        """Nothing is ever appended to a head it was not decided on (C-0195, C-0208)."""
        store.append(STREAM, 0, pages(0, 2))
        with pytest.raises(HeadMoved) as refused:
            store.append(STREAM, expected_head, pages(expected_head, 1), snapshot=snapshot(7), deferred=KEY)
        assert refused.value.actual == 2
        assert (stored(store), store.snapshot(STREAM), store.executed(STREAM, KEY)) == ([0, 1], None, None)

    @pytest.mark.parametrize("sequences", [[1], [0, 2], [0, 0], [None]])
    def test_wrong_sequences_store_nothing(self, store: EventStore, sequences: list[int]) -> None:
        """All or nothing (C-0204): one page that does not fit keeps all of them out."""
        with pytest.raises(UsageError):
            store.append(STREAM, 0, [attrs.evolve(page(0), sequence=each) for each in sequences])
        assert (store.head(STREAM), list(store.roots())) == (0, [])

    # Restoring

    def test_a_stream_is_restored_as_it_was(self, store: EventStore) -> None:
        """Pages of any number, their times and claim checks, and the snapshot beside them."""
        given = [*pages(0, 600), EventPage(None, 600, None, external=REFERENCE)]
        store.restore(STREAM, iter(given), snapshot(4))
        assert (list(store.pages(STREAM)), store.snapshot(STREAM)) == (given, snapshot(4))
        store.append(STREAM, 601, pages(601, 1))
        assert store.head(STREAM) == 602

    def test_a_stream_may_begin_after_its_snapshot(self, store: EventStore) -> None:
        """Where the events that the snapshot stands for were not kept."""
        store.restore(STREAM, pages(5, 2), snapshot(4))
        assert (store.head(STREAM), stored(store)) == (7, [5, 6])

    @pytest.mark.parametrize("sequences", [[1], [0, 2], [0, 0], [None]])
    def test_what_does_not_follow_is_not_restored(self, store: EventStore, sequences: list[int]) -> None:
        """All or nothing: a hole in a recorded stream keeps all of it out."""
        with pytest.raises(UsageError):
            store.restore(STREAM, [attrs.evolve(page(0), sequence=each) for each in sequences])
        assert (store.head(STREAM), list(store.roots())) == (0, [])

    def test_pages_that_break_off_are_not_restored(self, store: EventStore) -> None:
        """Whatever their source raises comes out, and nothing was stored."""

        def torn() -> Iterator[EventPage]:
            yield page(0)
            raise EOFError

        with pytest.raises(EOFError):
            store.restore(STREAM, torn())
        assert (store.head(STREAM), list(store.roots())) == (0, [])

    def test_a_stream_that_is_there_is_not_restored(self, store: EventStore) -> None:
        """No page is even taken."""
        store.append(STREAM, 0, pages(0, 2))
        taken = iter(pages(0, 3))
        with pytest.raises(HeadMoved) as refused:
            store.restore(STREAM, taken)
        assert (refused.value.actual, next(taken).sequence, stored(store)) == (2, 0, [0, 1])

    # Ranges

    @pytest.mark.parametrize(
        ("lower", "upper", "expected"),
        [
            pytest.param(5, None, [5, 6, 7, 8, 9], id="C-0234"),
            pytest.param(3, 7, [3, 4, 5, 6, 7], id="C-0235"),
            pytest.param(10, None, [], id="C-0236"),
            pytest.param(0, NOW, list(range(10)), id="beyond the head"),
            pytest.param(9, 9, [9], id="one"),
            pytest.param(7, 3, [], id="backwards"),
        ],
    )
    def test_a_range_is_inclusive(self, store: EventStore, lower: int, upper: int | None, expected: list[int]) -> None:
        """From lower to upper, both included."""
        store.append(STREAM, 0, pages(0, 10))
        assert [each.sequence for each in store.pages(STREAM, lower, upper)] == expected

    def test_a_long_stream_is_read_in_order(self, store: EventStore) -> None:
        """Pieces continue each other, whatever ends them: the number of pages or their size."""
        store.append(STREAM, 0, pages(0, 1_200))
        store.append(STREAM, 1_200, [page(1_200 + n, value=bytes(700_000)) for n in range(4)])
        assert stored(store) == list(range(1_204))

    def test_a_reader_does_not_hold_up_the_writer(self, store: EventStore) -> None:
        """A history half read does not keep events from being stored."""
        store.append(STREAM, 0, pages(0, 1_000))
        reading = store.pages(STREAM)
        next(reading)
        store.append(STREAM, 1_000, pages(1_000, 1))
        assert store.head(STREAM) == 1_001

    # Points in time

    @pytest.mark.parametrize(
        ("times", "moment", "expected"),
        [
            pytest.param([10, 20, 30], 20, 2, id="at the moment"),
            pytest.param([10, 20, 30], 19, 1, id="a nanosecond before"),
            pytest.param([10, 20, 30], 5, 0, id="before all"),
            pytest.param([10, 20, 30], 253_402_300_799 * 10**9, 3, id="the year 9999"),
            pytest.param([10, 20, 30], -62_135_596_800 * 10**9, 0, id="the year 1"),
            pytest.param([10, 30, 20], 20, 1, id="a clock that went back"),
            pytest.param([10, None, 20], 20, 1, id="a page nobody stamped"),
        ],
    )
    def test_the_head_at_a_moment(self, store: EventStore, times: list[int | None], moment: int, expected: int) -> None:
        """The longest prefix whose pages are all at or before the time (C-0238)."""
        store.append(STREAM, 0, [page(sequence, time) for sequence, time in enumerate(times)])
        assert store.head_at(STREAM, moment) == expected

    # Snapshots

    @pytest.mark.parametrize(
        ("first", "retention", "left"),
        [
            pytest.param(15, SnapshotRetention.DEFAULT, None, id="C-0450 default"),
            pytest.param(15, SnapshotRetention.TRANSIENT, None, id="C-0452 transient"),
            pytest.param(20, SnapshotRetention.PERSIST, 20, id="C-0451 persist"),
        ],
    )
    def test_a_newer_snapshot_replaces_older_ones(
        self, store: EventStore, first: int, retention: SnapshotRetention, left: int | None
    ) -> None:
        """Unless they are to be kept."""
        store.append(STREAM, 0, pages(0, 61))
        store.append(STREAM, 61, [], snapshot=snapshot(first, retention))
        store.append(STREAM, 61, [], snapshot=snapshot(60))
        kept = store.snapshot(STREAM, 59)
        assert (kept.sequence if kept else None) == left

    def test_a_kept_snapshot_replaces_transient_ones(self, store: EventStore) -> None:
        """PERSIST says how long the snapshot itself stays, not what it supersedes."""
        store.append(STREAM, 0, pages(0, 61))
        store.append(STREAM, 61, [], snapshot=snapshot(20, SnapshotRetention.TRANSIENT))
        store.append(STREAM, 61, [], snapshot=snapshot(60, SnapshotRetention.PERSIST))
        assert store.snapshot(STREAM, 59) is None

    @pytest.mark.parametrize("retention", list(SnapshotRetention))
    def test_the_newest_snapshot_is_kept_as_it_was(self, store: EventStore, retention: SnapshotRetention) -> None:
        """Never deleted, and its retention unchanged (C-0453, C-0454, C-0455)."""
        store.append(STREAM, 0, pages(0, 3), snapshot=snapshot(2, retention, 42))
        assert store.snapshot(STREAM) == snapshot(2, retention, 42)

    def test_the_newest_snapshot_loads_whatever_its_retention(self, store: EventStore) -> None:
        """PERSIST 20 and TRANSIENT 60: loading starts from 60 (C-0456)."""
        store.append(STREAM, 0, pages(0, 100))
        store.append(STREAM, 100, [], snapshot=snapshot(20, SnapshotRetention.PERSIST))
        store.append(STREAM, 100, [], snapshot=snapshot(60, SnapshotRetention.TRANSIENT))
        assert store.snapshot(STREAM) == snapshot(60, SnapshotRetention.TRANSIENT)

    def test_snapshots_are_of_one_stream(self, store: EventStore) -> None:
        """A newer one of another aggregate replaces nothing (C-0457)."""
        other = Stream("account", UUID(int=2))
        store.append(STREAM, 0, pages(0, 3), snapshot=snapshot(2))
        store.append(other, 0, pages(0, 9), snapshot=snapshot(8))
        assert store.snapshot(STREAM) == snapshot(2)

    @pytest.mark.parametrize(
        ("created_at_ns", "by_ns", "fits"),
        [
            pytest.param(100, 100, True, id="C-0405"),
            pytest.param(101, 100, False, id="C-0406"),
            pytest.param(None, 100, False, id="C-0407"),
            pytest.param(None, None, True, id="no moment asked for"),
            pytest.param(100, 253_402_300_799 * 10**9, True, id="the year 9999"),
            pytest.param(100, -62_135_596_800 * 10**9, False, id="the year 1"),
        ],
    )
    def test_a_snapshot_by_a_moment(
        self, store: EventStore, created_at_ns: int | None, by_ns: int | None, fits: bool
    ) -> None:
        """It has to be stamped, and not later."""
        store.append(STREAM, 0, pages(0, 5), snapshot=snapshot(4, created_at_ns=created_at_ns))
        assert (store.snapshot(STREAM, by_ns=by_ns) is not None) == fits

    @pytest.mark.parametrize(
        ("at", "events", "expected"),
        [
            pytest.param(None, 5, 5, id="C-0296 events to 4"),
            pytest.param(10, 0, 11, id="C-0297 snapshot alone"),
            pytest.param(5, 3, 9, id="C-0298 snapshot and events"),
        ],
    )
    def test_a_snapshot_counts_for_the_head(
        self, store: EventStore, at: int | None, events: int, expected: int
    ) -> None:
        """Last page + 1, else snapshot + 1, else 0."""
        start = 0 if at is None else at + 1
        if at is not None:
            store.append(STREAM, 0, [], snapshot=snapshot(at))
        store.append(STREAM, start, pages(start, events))
        assert (store.head(STREAM), stored(store)) == (expected, list(range(start, start + events)))

    # Correlation and roots

    def test_a_correlation_id_finds_its_pages_in_every_domain(self, store: EventStore) -> None:
        """Each stream with just the pages stored under the id (C-0241)."""
        other = Stream("transfer", UUID(int=2))
        store.append(STREAM, 0, pages(0, 2), correlation_id="before")
        store.append(STREAM, 2, pages(2, 2), correlation_id="wanted")
        store.append(STREAM, 4, pages(4, 1))
        store.append(other, 0, pages(0, 1), correlation_id="wanted")
        found = {stream: [each.sequence for each in found] for stream, found in store.correlated("wanted")}
        assert found == {STREAM: [2, 3], other: [0]}

    @pytest.mark.parametrize("correlation_id", ["unknown", ""])
    def test_nothing_correlated(self, store: EventStore, correlation_id: str) -> None:
        """An unknown id finds nothing (C-0242), and neither does none."""
        store.append(STREAM, 0, pages(0, 2))
        assert list(store.correlated(correlation_id)) == []

    def test_roots_are_those_with_events(self, store: EventStore) -> None:
        """Ordered by domain and root; a command that left no events makes no root."""
        streams = [Stream(domain, UUID(int=n)) for domain in ("a", "b") for n in (1, 2, 2**127)]
        for stream in reversed(streams):
            store.append(stream, 0, pages(0, 1))
        store.append(Stream("c", ROOT), 0, [], deferred=KEY)
        assert list(store.roots()) == streams

    # Deferred commands

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_a_deferred_command_is_remembered(self, store: EventStore, count: int) -> None:
        """With the sequences of its events, also when there are none."""
        store.append(STREAM, 0, pages(0, 2))
        store.append(STREAM, 2, pages(2, count), deferred=KEY)
        executed = store.executed(STREAM, KEY)
        assert executed is not None
        assert list(executed) == list(range(2, 2 + count))

    @pytest.mark.parametrize(
        "other",
        [
            attrs.evolve(KEY, kind="compensate-notification"),
            attrs.evolve(KEY, source_domain="cart"),
            attrs.evolve(KEY, source_root=ROOT),
            attrs.evolve(KEY, source_edition="what-if"),
            attrs.evolve(KEY, source_seq=4),
            attrs.evolve(KEY, source_component="ChargeSaga"),
            attrs.evolve(KEY, command_index=1),
        ],
    )
    def test_every_part_of_the_key_counts(self, store: EventStore, other: DeferredKey) -> None:
        """Two commands of one invocation, or of two components on one event, do not collide (C-0468)."""
        store.append(STREAM, 0, pages(0, 1), deferred=KEY)
        assert store.executed(STREAM, other) is None

    def test_the_key_belongs_to_the_target(self, store: EventStore) -> None:
        """What ran on one aggregate did not run on another."""
        store.append(STREAM, 0, pages(0, 1), deferred=KEY)
        assert store.executed(Stream("account", UUID(int=2)), KEY) is None

    def test_a_key_is_taken_once(self, store: EventStore) -> None:
        """The second append of a key stores nothing, also where the head has not moved."""
        store.append(STREAM, 0, [], deferred=KEY)
        with pytest.raises(HeadMoved):
            store.append(STREAM, 0, pages(0, 1), deferred=KEY)
        assert (store.head(STREAM), store.executed(STREAM, KEY)) == (0, range(0))

    # Facts

    def test_each_fact_is_remembered_with_its_own_events(self, store: EventStore) -> None:
        """Several in one append: each key finds the sequences that are its own."""
        store.append(STREAM, 0, pages(0, 1))
        store.append(STREAM, 1, pages(1, 3), facts={FACTS[0]: range(1, 3), FACTS[1]: range(3, 4)})
        assert [store.executed(STREAM, key) for key in FACTS] == [range(1, 3), range(3, 4)]

    def test_a_fact_that_is_known_keeps_out_all_that_comes_with_it(self, store: EventStore) -> None:
        """Nothing of an append is stored if one of its keys is taken (C-0190)."""
        store.append(STREAM, 0, pages(0, 1), facts={FACTS[0]: range(1)})
        with pytest.raises(HeadMoved):
            store.append(STREAM, 1, pages(1, 2), facts={FACTS[1]: range(1, 2), FACTS[0]: range(2, 3)})
        assert (store.head(STREAM), store.executed(STREAM, FACTS[1])) == (1, None)

    # Threads and the end

    def test_writers_do_not_overwrite_each_other(self, store: EventStore) -> None:
        """Of two appends to one head one is refused, and each event lies where its writer put it (C-0195)."""
        landed: dict[int, bytes] = {}

        def write(writer: int) -> None:
            for number in range(10):
                value = b"%d of %d" % (number, writer)
                while True:
                    head = store.head(STREAM)
                    try:
                        store.append(STREAM, head, [page(head, value=value)])
                    except HeadMoved:
                        continue
                    landed[head] = value
                    break

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(write, range(8)))
        found = {each.sequence: each.event.value for each in store.pages(STREAM) if each.event}
        assert found == landed
        assert sorted(landed) == list(range(80))

    def test_readers_see_whole_appends(self, store: EventStore) -> None:
        """While one thread appends three pages at a time, the others never see a part of three."""
        done = threading.Event()
        seen: set[int] = set()

        def read() -> None:
            while not done.is_set():
                seen.add(store.head(STREAM) % 3)

        with ThreadPoolExecutor(2) as threads:
            reading = [threads.submit(read) for _ in range(2)]
            for head in range(0, 90, 3):
                store.append(STREAM, head, pages(head, 3))
            done.set()
        assert [each.exception() for each in reading] == [None, None]
        assert seen == {0}

    def test_everything_is_refused_after_the_end(self, store: EventStore) -> None:
        """STORE_CLOSED, however it is asked; closing again is harmless."""
        store.append(STREAM, 0, pages(0, 600))
        half_read = store.pages(STREAM)
        next(half_read)
        store.close()
        store.close()
        calls: list[Callable[[], object]] = [
            lambda: store.head(STREAM),
            lambda: store.append(STREAM, 600, pages(600, 1)),
            lambda: store.restore(Stream("account", UUID(int=3)), []),
            lambda: store.executed(STREAM, KEY),
            lambda: list(store.pages(STREAM)),
            lambda: list(half_read),
            lambda: store.head_at(STREAM, 0),
            lambda: store.snapshot(STREAM),
            lambda: list(store.correlated("x")),
            lambda: list(store.roots()),
        ]
        for call in calls:
            with pytest.raises(StoreError) as refused:
                call()
            assert refused.value.code == "STORE_CLOSED"
