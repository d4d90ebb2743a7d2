from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from angzarr_domain.books import (
    NOW,
    AggregateRoot,
    Cover,
    Edition,
    EventBook,
    Payload,
    Query,
    SequenceRange,
    SequenceSet,
    Snapshot,
    SnapshotRetention,
    TemporalQuery,
)
from angzarr_domain.embedded._callers import InProcessCaller
from angzarr_domain.embedded._queries import Queries
from angzarr_domain.embedded._store.base import EventStore, Stream
from angzarr_domain.embedded._store.memory import MemoryStore
from angzarr_domain.embedded._store.sqlite import SqliteStore
from angzarr_domain.exceptions import DeadlineExceeded, InvalidArgument, NotSupported, TooLarge

from .asking import CALLER, ROOT, STREAM, filled, page

COVER = Cover("account", ROOT)
MINUTE = 60 * 10**9
#: 10:00:00Z of some day
TEN = 1_700_000_000 * 10**9


def timed(snapshot: Snapshot | None = None) -> EventStore:
    """Events 0 to 9, event N created N minutes after ten; and a snapshot."""
    store = MemoryStore()
    store.append(STREAM, 0, [page(n, created_at_ns=TEN + n * MINUTE) for n in range(10)])
    if snapshot is not None:
        store.append(STREAM, 10, [], snapshot=snapshot)
    return store


def state(sequence: int, created_at_ns: int | None = None) -> Snapshot:
    return Snapshot(sequence, Payload("/shop.State", b"\x01"), SnapshotRetention.PERSIST, created_at_ns)


def ask(store: EventStore, selection: Any = None, cover: Cover | None = COVER) -> EventBook:
    return Queries(store).get_event_book(Query(cover, selection), CALLER)


def sequences(book: EventBook) -> list[int | None]:
    return [each.sequence for each in book.pages]


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "code", "field"),
        [
            (Query(), "MISSING_COVER", "cover"),
            (Query(Cover("", ROOT)), "MISSING_DOMAIN", "cover.domain"),
            (Query(Cover("", None, "workflow-1")), "MISSING_DOMAIN", "cover.domain"),
            (Query(Cover("account")), "PROTO_UUID_INVALID", "cover.root"),
            (Query(Cover("account", ROOT, "not ok")), "LIMIT_EXCEEDED", "cover.correlation_id"),
            (Query(COVER, TemporalQuery()), "MISSING_SELECTION_POINT", "selection.temporal"),
        ],
    )
    def test_a_query_that_makes_no_sense(self, query: Query, code: str, field: str) -> None:
        """One code and the part that is wrong, for one book and for many alike (C-0244)."""
        queries = Queries(filled(3))
        calls = (
            lambda: queries.get_event_book(query, CALLER),
            lambda: list(queries.get_events(query, CALLER)),
            lambda: list(queries.synchronize([query], CALLER)),
        )
        for call in calls:
            with pytest.raises(InvalidArgument) as refused:
                call()
            assert (refused.value.code, refused.value.field) == (code, field)

    def test_a_named_edition(self) -> None:
        """Refused until timelines are built; the main one by its own name is not."""
        store = filled(3)
        with pytest.raises(NotSupported, match="what-if"):
            ask(store, cover=Cover("account", ROOT, "", Edition("what-if")))
        assert sequences(ask(store, cover=Cover("account", ROOT, "", Edition("angzarr")))) == [0, 1, 2]


class TestByRoot:
    @pytest.mark.parametrize("cover", [COVER, Cover("nowhere", ROOT)])
    def test_an_unknown_aggregate_has_an_empty_history(self, cover: Cover) -> None:
        """Next is 0; that is no error (C-0231)."""
        assert ask(MemoryStore(), cover=cover) == EventBook(cover)

    def test_the_whole_history_in_order(self) -> None:
        """With the newest snapshot beside it (C-0232, C-0243)."""
        book = ask(timed(state(5)))
        assert sequences(book) == list(range(10))
        assert (book.snapshot, book.next_sequence, book.cover) == (state(5), 10, COVER)

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            pytest.param(SequenceRange(5), [5, 6, 7, 8, 9], id="C-0234"),
            pytest.param(SequenceRange(3, 7), [3, 4, 5, 6, 7], id="C-0235"),
            pytest.param(SequenceRange(10), [], id="C-0236"),
            pytest.param(SequenceRange(8, NOW), [8, 9], id="beyond the head"),
            pytest.param(SequenceRange(7, 3), [], id="backwards"),
            pytest.param(SequenceSet((7, 2, 3, 2, 99)), [2, 3, 7], id="a set"),
            pytest.param(SequenceSet(), [], id="an empty set"),
        ],
    )
    def test_a_selection_of_sequences(self, selection: SequenceRange | SequenceSet, expected: list[int]) -> None:
        """Both ends inclusive; pages only, never a snapshot; what comes next follows the pages."""
        book = ask(timed(state(1)), selection)
        assert (sequences(book), book.snapshot) == (expected, None)
        assert book.next_sequence == (expected[-1] + 1 if expected else 0)

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            pytest.param(SequenceRange(2**64), [], id="from beyond"),
            pytest.param(SequenceRange(-(2**64), 2**64), [0, 1, 2], id="from before"),
            pytest.param(SequenceSet((1, 2**64)), [1], id="a set"),
            pytest.param(TemporalQuery(2**64), [0, 1, 2], id="a later point"),
            pytest.param(TemporalQuery(-2), [], id="an earlier point"),
        ],
    )
    def test_sequences_that_no_stream_has(self, tmp_path: Path, selection: Any, expected: list[int]) -> None:
        """They find nothing, also where the data file could not even look for such numbers."""
        with closing(SqliteStore(tmp_path / "bank.db")) as store:
            store.append(STREAM, 0, [page(n) for n in range(3)])
            assert sequences(ask(store, selection)) == expected

    @pytest.mark.parametrize(
        ("snapshot", "point", "used", "expected"),
        [
            pytest.param(None, TemporalQuery(5), None, [0, 1, 2, 3, 4, 5], id="C-0237"),
            pytest.param(4, TemporalQuery(6), 4, [5, 6], id="C-0402"),
            pytest.param(8, TemporalQuery(6), None, [0, 1, 2, 3, 4, 5, 6], id="C-0403"),
            pytest.param(6, TemporalQuery(6), 6, [], id="C-0404"),
            pytest.param(4, TemporalQuery(NOW), 4, [5, 6, 7, 8, 9], id="now"),
            pytest.param(None, TemporalQuery(0), None, [0], id="the first"),
        ],
    )
    def test_as_of_a_sequence(
        self, snapshot: int | None, point: TemporalQuery, used: int | None, expected: list[int]
    ) -> None:
        """The newest snapshot that knows of nothing later, and the pages after it."""
        book = ask(timed(None if snapshot is None else state(snapshot)), point)
        assert (book.snapshot.sequence if book.snapshot else None, sequences(book)) == (used, expected)
        assert book.next_sequence == (point.as_of_sequence or 0) + 1 if point.as_of_sequence != NOW else 10

    @pytest.mark.parametrize(
        ("created_at_ns", "used", "expected"),
        [
            pytest.param(TEN + 270 * 10**9, 4, [5], id="C-0405"),
            pytest.param(TEN + 7 * MINUTE, None, [0, 1, 2, 3, 4, 5], id="C-0406"),
            pytest.param(None, None, [0, 1, 2, 3, 4, 5], id="C-0407"),
        ],
    )
    def test_as_of_a_time(self, created_at_ns: int | None, used: int | None, expected: list[int]) -> None:
        """At 10:05:30, with a snapshot at 4 made sooner, later, or nobody knows when."""
        point = TemporalQuery(as_of_time_ns=TEN + 330 * 10**9)
        book = ask(timed(state(4, created_at_ns)), point)
        assert (book.snapshot.sequence if book.snapshot else None, sequences(book)) == (used, expected)

    def test_as_of_a_time_before_all(self) -> None:
        """Nothing was there yet (C-0238)."""
        assert ask(timed(), TemporalQuery(as_of_time_ns=TEN - 1)) == EventBook(COVER)

    def test_a_snapshot_newer_than_the_prefix_is_not_used(self) -> None:
        """Where the clock went back, a snapshot stamped early can still hold later events."""
        store = MemoryStore()
        store.append(STREAM, 0, [page(n, created_at_ns=time) for n, time in enumerate([10, 30, 20])])
        store.append(STREAM, 3, [], snapshot=state(2, 15))
        book = ask(store, TemporalQuery(as_of_time_ns=20))
        assert (sequences(book), book.snapshot) == ([0], None)


def workflows() -> EventStore:
    """Three streams of two domains that one workflow went through."""
    store = MemoryStore()
    for domain, number in (("account", 1), ("transfer", 1), ("account", 2)):
        stream = Stream(domain, UUID(int=number))
        store.append(stream, 0, [page(0, created_at_ns=0), page(1, created_at_ns=1)], correlation_id="other")
        store.append(stream, 2, [page(n, created_at_ns=n) for n in (2, 3, 4)], correlation_id="wanted")
    return store


class TestByCorrelationId:
    def test_every_stream_of_every_domain(self) -> None:
        """One book for each, with just the workflow's pages, and the id on its cover (C-0241)."""
        books = list(Queries(workflows()).get_events(Query(Cover("account", None, "wanted")), CALLER))
        assert {(book.cover, tuple(sequences(book))) for book in books} == {
            (Cover(domain, UUID(int=number), "wanted"), (2, 3, 4))
            for domain, number in (("account", 1), ("transfer", 1), ("account", 2))
        }

    def test_no_match(self) -> None:
        """No book at all, or one empty book where there has to be one (C-0242)."""
        queries = Queries(workflows())
        query = Query(Cover("account", None, "unknown"))
        assert list(queries.get_events(query, CALLER)) == []
        assert queries.get_event_book(query, CALLER) == EventBook(query.cover)

    def test_one_book_is_the_first_match(self) -> None:
        """Of the stream that was there first."""
        book = ask(workflows(), cover=Cover("account", None, "wanted"))
        assert (book.cover, sequences(book)) == (Cover("account", UUID(int=1), "wanted"), [2, 3, 4])

    def test_with_a_root_only_its_part(self) -> None:
        """Both together are that aggregate's part of the workflow."""
        cover = Cover("account", UUID(int=2), "wanted")
        books = list(Queries(workflows()).get_events(Query(cover), CALLER))
        assert [(book.cover, sequences(book)) for book in books] == [(cover, [2, 3, 4])]

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            (SequenceRange(3), [3, 4]),
            (SequenceRange(0, 2), [2]),
            (SequenceSet((0, 4)), [4]),
            (TemporalQuery(3), [2, 3]),
            (TemporalQuery(as_of_time_ns=2), [2]),
        ],
    )
    def test_a_selection_is_honoured(self, selection: Any, expected: list[int]) -> None:
        """Within the workflow's pages."""
        assert sequences(ask(workflows(), selection, Cover("account", None, "wanted"))) == expected

    def test_a_book_read_by_root_has_no_id(self) -> None:
        """Its pages may be of many workflows."""
        book = ask(workflows(), cover=Cover("account", UUID(int=1)))
        assert book.cover == Cover("account", UUID(int=1))


class TestManyBooks:
    def books(self, store: EventStore, selection: Any = None) -> list[EventBook]:
        return list(Queries(store).get_events(Query(COVER, selection), CALLER))

    def test_a_book_ends_at_500_pages(self) -> None:
        """They continue each other, with one cover, and a snapshot in the first alone."""
        store = filled(1_100)
        store.append(STREAM, 1_100, [], snapshot=state(3))
        books = self.books(store)
        assert [len(book.pages) for book in books] == [500, 500, 100]
        assert [book.snapshot for book in books] == [state(3), None, None]
        assert {book.cover for book in books} == {COVER}
        assert [each for book in books for each in sequences(book)] == list(range(1_100))

    def test_a_book_ends_at_a_mebibyte(self) -> None:
        """One page may be larger."""
        store = MemoryStore()
        sizes = [600_000, 300_000, 300_000, 2_000_000, 10]
        store.append(STREAM, 0, [page(n, bytes(size)) for n, size in enumerate(sizes)])
        assert [sequences(book) for book in self.books(store)] == [[0, 1], [2], [3], [4]]

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            (SequenceRange(3, 4), [3, 4]),
            (SequenceSet((1, 9)), [1, 9]),
            (TemporalQuery(1), [0, 1]),
            (SequenceRange(99), []),
        ],
    )
    def test_the_selection_is_honoured(self, selection: Any, expected: list[int]) -> None:
        """As it is for one book; there is always one, also if it is empty."""
        assert [sequences(book) for book in self.books(filled(10), selection)] == [expected]

    def test_reading_ends_with_the_callers_time(self) -> None:
        """Rather than go on for nobody."""
        reading = Queries(filled(1_100)).get_events(Query(COVER), InProcessCaller.within(0.05))
        next(reading)
        time.sleep(0.06)
        with pytest.raises(DeadlineExceeded):
            next(reading)

    def test_reading_one_book_ends_with_the_callers_time(self) -> None:
        """Many pages of nobody's book keep others from asking."""
        with pytest.raises(DeadlineExceeded):
            Queries(filled(1_100)).get_event_book(Query(COVER), InProcessCaller.within(0))

    def test_synchronizing_ends_with_the_callers_time(self) -> None:
        """Also if the caller asks on and on."""
        answers = Queries(filled(3)).synchronize(repeat(Query(COVER)), InProcessCaller.within(0.05))
        next(answers)
        time.sleep(0.06)
        with pytest.raises(DeadlineExceeded):
            next(answers)

    def test_each_synchronized_query_gets_its_book(self) -> None:
        """Asked and answered one by one; the first that fails ends it."""
        asked: list[int] = []

        def queries() -> Iterator[Query]:
            for number, cover in enumerate([COVER, Cover("nowhere", ROOT), Cover("", ROOT)]):
                asked.append(number)
                yield Query(cover, SequenceRange(1))

        answers = Queries(filled(3)).synchronize(queries(), CALLER)
        assert (sequences(next(answers)), asked) == ([1, 2], [0])
        assert (sequences(next(answers)), asked) == ([], [0, 1])
        with pytest.raises(InvalidArgument):
            next(answers)

    def test_every_aggregate_that_has_events(self) -> None:
        """Ordered by domain and root."""
        roots = list(Queries(workflows()).get_aggregate_roots(None, CALLER))
        names = [("account", 1), ("account", 2), ("transfer", 1)]
        assert roots == [AggregateRoot(domain, UUID(int=number)) for domain, number in names]


class TestSizeLimit:
    def test_too_large_a_book_names_ranges_that_are_not(self) -> None:
        """Each of them is then answered, and together they are all of it."""
        store = MemoryStore()
        store.append(STREAM, 0, [page(n, bytes(1_000)) for n in range(25)])
        queries = Queries(store, max_book=10_500)
        with pytest.raises(TooLarge, match="0 to 8, 9 to 17, 18 to 24") as refused:
            queries.get_event_book(Query(COVER), CALLER)
        assert "GetEvents" in str(refused.value)
        ranges = [SequenceRange(0, 8), SequenceRange(9, 17), SequenceRange(18, 24)]
        read = [queries.get_event_book(Query(COVER, each), CALLER) for each in ranges]
        assert [each for book in read for each in sequences(book)] == list(range(25))

    def test_only_so_many_ranges_are_named(self) -> None:
        """A refusal stays readable however long the stream is."""
        store = MemoryStore()
        store.append(STREAM, 0, [page(n, bytes(1_000)) for n in range(500)])
        with pytest.raises(TooLarge, match=r"81 to 89, 90 to the end \(both") as refused:
            Queries(store, max_book=10_500).get_event_book(Query(COVER), CALLER)
        assert len(str(refused.value)) < 500

    def test_a_range_within_what_was_asked(self) -> None:
        """The refusal of a range names parts of that range."""
        store = MemoryStore()
        store.append(STREAM, 0, [page(n, bytes(1_000)) for n in range(25)])
        with pytest.raises(TooLarge, match="5 to 13, 14 to 20"):
            Queries(store, max_book=10_500).get_event_book(Query(COVER, SequenceRange(5, 20)), CALLER)

    def test_one_large_page_is_answered(self) -> None:
        """No range could be smaller."""
        store = MemoryStore()
        store.append(STREAM, 0, [page(0, bytes(20_000))])
        assert sequences(Queries(store, max_book=10_500).get_event_book(Query(COVER), CALLER)) == [0]
