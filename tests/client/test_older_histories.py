"""Histories of a coordinator with the released one's habits: gaps, unordered times, and what never happened."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from angzarr_domain import Repository
from angzarr_domain.books import (
    MAX_SEQUENCE,
    NOW,
    CommandBook,
    CommandPage,
    Cover,
    Edition,
    EventBook,
    MergeStrategy,
    Payload,
    Query,
    SequenceRange,
    SpeculateRequest,
    TemporalQuery,
    to_nanoseconds,
)
from angzarr_domain.client import DomainClient, Protocol
from angzarr_domain.exceptions import Conflict, IncompleteHistory
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import Call, Served
from tests.awaited import repository
from tests.older_engine import TABLES, Engine, deposited, engine_client
from tests.recorded_bank import Account, Deposit, Deposited

ROOT = UUID(int=7)
BORN = datetime(2026, 1, 1, tzinfo=UTC)

PROTOCOLS = pytest.mark.parametrize("protocol", TABLES, ids=lambda each: each.name)


def at(seconds: int) -> datetime:
    return BORN + timedelta(seconds=seconds)


def storing(*times: int | None, gap: int = 0) -> Engine:
    """One page for each of these times, in seconds; None is a place that nothing was stored at."""
    engine = Engine()
    for place, seconds in enumerate(times):
        if seconds is not None:
            engine.put(ROOT, deposited(1, place + (gap if place > 1 else 0), to_nanoseconds(at(seconds))))
    return engine


def streamed(client: DomainClient, seconds: int) -> list[int | None]:
    books = client.query("account", ROOT).as_of_time(at(seconds)).get_events()
    return [page.sequence for book in books for page in book.pages]


# The times of the pages, the moment that is asked for, and the sequences of the longest part that is no later.
MOMENTS: list[tuple[tuple[int | None, ...], int, list[int]]] = [
    ((0, 1, 2), 1, [0, 1]),
    ((0, 1, None, None, 4, 5), 4, [0, 1, 4]),
    ((None, None, 2, 3), 2, [2]),
    ((0, 9, 2), 2, [0]),
    ((9, 1, 2), 2, []),
    ((0, None, 9, None, 2), 2, [0]),
    ((5, 6), 2, []),
]


@PROTOCOLS
@pytest.mark.parametrize("most", [300, 1], ids=["in one book", "by ranges"])
@pytest.mark.parametrize(("times", "moment", "sequences"), MOMENTS)
def test_a_moment_is_the_longest_part_that_is_no_later(
    protocol: Protocol, most: int, times: tuple[int | None, ...], moment: int, sequences: list[int]
) -> None:
    """For streams and what-ifs alike: a gap ends it no more than it ends the stream, a later page does."""
    engine = storing(*times)
    engine.most = most
    with engine_client(engine, protocol) as client:
        assert streamed(client, moment) == sequences
        client.command(Deposit(amount=1), ROOT).speculate(as_of=at(moment))

    expected = {"as_of_sequence": sequences[-1]} if sequences else {"as_of_time_ns": to_nanoseconds(at(moment))}
    assert engine.points == [TemporalQuery(**expected)]


def test_a_gap_wider_than_what_is_read_at_a_time(kind: type[DomainClient]) -> None:
    """Costs no more than a look into it."""
    engine = storing(0, 1, 2, 3, gap=5_000)
    with engine_client(engine, kind=kind) as client:
        assert streamed(client, 2) == [0, 1, 5_002]
        asked = len(engine.asked)
        assert repository(Account, client).load(ROOT, as_of=at(2)).balance == 3

    assert asked == 2


def test_a_moment_of_a_named_timeline() -> None:
    """Counts what it shares with the main one, which is left out of what is selected there."""
    engine = storing(0, 1, 2)
    engine.put(ROOT, deposited(1, 3, to_nanoseconds(at(3))), edition="what-if")
    page = CommandPage(Payload("type.googleapis.com/bank.v1.Deposit", b""), 0, MergeStrategy.AGGREGATE_HANDLES)
    command = CommandBook(Cover("account", ROOT, edition=Edition("what-if")), (page,))
    with engine_client(engine) as client:
        for moment in (2, 3):
            point = TemporalQuery(as_of_time_ns=to_nanoseconds(at(moment)))
            client.aggregate.handle_sync_speculative(SpeculateRequest(command, point))

    assert engine.points == [TemporalQuery(as_of_sequence=2), TemporalQuery(as_of_sequence=3)]


def test_a_history_without_gaps_is_asked_for_once() -> None:
    """Nothing is looked for where nothing is missing."""
    engine = storing(0, 1, 2, 3)
    with engine_client(engine) as client:
        streamed(client, 2)

    assert len(engine.asked) == 1


def test_a_moment_of_pages_without_times() -> None:
    """Is not to be told by the client, where the coordinator cannot send what it has picked."""
    engine = storing(0, 1)
    engine.put(ROOT, deposited(1, 2), *(deposited(1, n, to_nanoseconds(at(3))) for n in range(3, 9)))
    engine.most = 2
    with engine_client(engine) as client, pytest.raises(IncompleteHistory, match="page 2"):
        streamed(client, 5)


@PROTOCOLS
def test_a_long_history_that_mostly_never_happened(protocol: Protocol, kind: type[DomainClient]) -> None:
    """Is read to its end, however many pages in a row are not committed."""
    held_back = {*range(1, 1_400), *range(1_450, 2_600), *range(2_700, 2_999)}
    engine = Engine(held_back=frozenset(held_back))
    engine.put(ROOT, *(deposited(1, n) for n in range(3_000)))
    happened = [n for n in range(3_000) if n not in held_back]
    with engine_client(engine, protocol, kind) as client:
        books = client.query("account", ROOT).get_events()
        assert [page.sequence for book in books for page in book.pages] == happened
        accounts = repository(Account, client)
        assert accounts.load(ROOT).balance == len(happened)
        assert accounts.load(ROOT, as_of=2_650).balance == len([n for n in happened if n <= 2_650])


@pytest.mark.parametrize("most", [300, 40], ids=["in one book", "by ranges"])
def test_a_history_of_which_only_the_middle_happened(kind: type[DomainClient], most: int) -> None:
    """Has all its places taken, so that nothing is missing at its start, and the next event comes after its end."""
    engine = Engine(held_back=frozenset({*range(90), *range(100, 200)}), most=most)
    engine.put(ROOT, *(deposited(1, n, to_nanoseconds(at(n))) for n in range(200)))
    with engine_client(engine, kind=kind) as client:
        accounts = repository(Account, client)
        assert accounts.load(ROOT).balance == 10
        assert accounts.load(ROOT, as_of=94).balance == 5
        assert accounts.load(ROOT, as_of=at(150)).balance == 10
        assert [step.sequence for step in accounts.history(ROOT)] == list(range(90, 100))
        executed = accounts.execute(ROOT, Deposit(amount=1))

    assert (executed.sequence, executed.attempts, executed.state.balance) == (200, 1, 11)


def test_what_never_happened_did_not_come_in_between() -> None:
    """Its place is taken, and nothing more is said of it."""
    engine = Engine(held_back=frozenset({1}))
    engine.put(ROOT, deposited(1, 0))
    engine.stop.set()
    engine.others = lambda: engine.put(ROOT, deposited(1, 1), deposited(1, 2))
    told: list[Conflict] = []
    with engine_client(engine) as client:
        executed = Repository(Account, client).execute(
            ROOT, Deposit(amount=1), on_retry=lambda _attempt, conflict: told.append(conflict)
        )

    assert executed.sequence == 3
    assert [page.sequence for page in told[0].events or ()] == [2]


@pytest.mark.parametrize("seed", range(3))
def test_any_history(seed: int) -> None:
    """With gaps and uncommitted pages anywhere, every page that has happened is read once, in order."""
    chance = random.Random(seed)
    kinds = [
        kind for _ in range(12) for kind in [chance.choice(["happened", "gap", "held"])] * chance.randrange(1, 400)
    ]
    kinds[0] = "happened"
    held_back = frozenset(n for n, kind in enumerate(kinds) if kind == "held")
    engine = Engine(held_back=held_back, most=chance.randrange(1, 400))
    engine.put(ROOT, *(deposited(1, n) for n, kind in enumerate(kinds) if kind != "gap"))
    happened = [n for n, kind in enumerate(kinds) if kind == "happened"]
    with engine_client(engine) as client:
        books = client.query("account", ROOT).get_events()
        assert [page.sequence for book in books for page in book.pages] == happened
        assert Repository(Account, client).load(ROOT, as_of=len(kinds)).balance == len(happened)


@PROTOCOLS
def test_a_stream_of_a_named_timeline_has_what_it_shares(protocol: Protocol) -> None:
    """So it is not read by ranges, which leave that out."""
    engine = storing(0, 1, 2)
    engine.put(ROOT, deposited(4, 1), edition="what-if")
    with engine_client(engine, protocol) as client:
        stream = client.query("account", ROOT)
        for query in (stream, stream.as_of_sequence(NOW), stream.range(0, 1), stream.sequences(0, 1)):
            pages = [page for book in query.edition("what-if").get_events() for page in book.pages]
            assert [(page.sequence, page.decode()) for page in pages] == [
                (0, Deposited(amount=1)),
                (1, Deposited(amount=4)),
            ]


@PROTOCOLS
def test_a_range_up_to_the_highest_sequence_is_synchronized_without_an_end(protocol: Protocol) -> None:
    """There is no number above it to ask for."""
    asked: list[Query] = []
    table = TABLES[protocol]

    def answer(queries: Iterable[Query], _call: Call) -> Iterator[EventBook]:
        for query in queries:
            asked.append(query)
            yield EventBook(query.cover)

    with (
        Serving([Served(table.synchronize, answer)], ["127.0.0.1:0"]) as serving,
        DomainClient.connect(serving.addresses[0], protocol=protocol) as client,
    ):
        list(client.query.synchronize([Query(Cover("account", ROOT), SequenceRange(3, MAX_SEQUENCE))]))

    assert [query.selection for query in asked] == [SequenceRange(3)]
