"""Queries: built without a server, answered by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from angzarr_domain.books import Cover, Edition, EventBook, Query, SequenceRange, SequenceSet, TemporalQuery
from angzarr_domain.client import DomainClient, QueryBuilder
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument, TooLarge, UsageError
from tests.peers import BORN, Peer
from tests.wallet import Put, WasPut

ROOT = UUID(int=7)
Selection = SequenceRange | SequenceSet | TemporalQuery | None


def sequences(book: EventBook) -> list[int | None]:
    return [page.sequence for page in book.pages]


@pytest.fixture(name="ten")
def _ten(peer: Peer) -> UUID:
    """A stream of events 0 to 9."""
    peer.record(ROOT, *(WasPut(amount=n) for n in range(10)))
    return ROOT


SELECTIONS: dict[str, tuple[Callable[[QueryBuilder], QueryBuilder], Selection]] = {
    "everything": (lambda q: q, None),
    "from (C-0387)": (lambda q: q.range(5), SequenceRange(5)),
    "from to (C-0388)": (lambda q: q.range(3, 7), SequenceRange(3, 7)),
    "single ones": (lambda q: q.sequences(1, 4), SequenceSet((1, 4))),
    "sequence (C-0389)": (lambda q: q.as_of_sequence(5), TemporalQuery(as_of_sequence=5)),
    "text (C-0390)": (
        lambda q: q.as_of_time("2023-11-14T22:13:20.000000001Z"),
        TemporalQuery(as_of_time_ns=BORN + 1),
    ),
    "offset": (lambda q: q.as_of_time("2023-11-14t23:13:20+01:00"), TemporalQuery(as_of_time_ns=BORN)),
    "datetime": (
        lambda q: q.as_of_time(datetime(2023, 11, 14, 23, 13, 20, tzinfo=timezone(timedelta(hours=1)))),
        TemporalQuery(as_of_time_ns=BORN),
    ),
    "the last (C-0397)": (lambda q: q.range(1).as_of_sequence(2).range(3), SequenceRange(3)),
}


@pytest.mark.parametrize(("select", "selection"), SELECTIONS.values(), ids=SELECTIONS)
def test_selections(client: DomainClient, select: Callable[[QueryBuilder], QueryBuilder], selection: Selection) -> None:
    """What each setter selects; there is one selection, and the last counts."""
    assert select(client.query("wallet", ROOT)).build() == Query(Cover("wallet", ROOT), selection)


def test_an_edition(client: DomainClient) -> None:
    """A named timeline, without divergences (C-0394)."""
    assert client.query("wallet", ROOT).edition("v2").build().cover == Cover("wallet", ROOT, edition=Edition("v2"))


def test_where_a_query_starts(client: DomainClient) -> None:
    """With domain and root (C-0385, C-0400), or with the domain alone (C-0386, C-0401); on the main line (C-0395)."""
    of_one = client.query("wallet", ROOT).build()
    of_many = client.query("wallet").by_correlation_id("x").build()

    assert (of_one, of_many) == (Query(Cover("wallet", ROOT)), Query(Cover("wallet", correlation_id="x")))
    assert of_one.cover is not None
    assert of_one.cover.edition is None


def test_setters_keep_each_others_values(client: DomainClient) -> None:
    """Through the whole chain (C-0396)."""
    query = client.query("wallet").edition("v2").range(3, 7).by_correlation_id("x").build()

    assert query == Query(Cover("wallet", None, "x", Edition("v2")), SequenceRange(3, 7))


def test_by_correlation_id(client: DomainClient) -> None:
    """Asks by the id alone: the root is cleared (C-0392, C-0393)."""
    assert client.query("wallet", ROOT).by_correlation_id("x").build() == Query(Cover("wallet", None, "x"))


NONSENSE: dict[str, tuple[Callable[[QueryBuilder], object], str]] = {
    "no time (C-0391, C-0345)": (lambda q: q.as_of_time("yesterday"), "TIMESTAMP_PARSE_FAILED"),
    "no such day": (lambda q: q.as_of_time("2026-02-30T00:00:00Z"), "TIMESTAMP_PARSE_FAILED"),
    "no offset": (lambda q: q.as_of_time("2026-02-03T00:00:00"), "TIMESTAMP_PARSE_FAILED"),
    "upside down": (lambda q: q.range(7, 3), "INVALID_ARGUMENT"),
    "negative": (lambda q: q.range(-1), "INVALID_ARGUMENT"),
    "no sequences": (lambda q: q.sequences(), "INVALID_ARGUMENT"),
    "no correlation id": (lambda q: q.by_correlation_id(""), "INVALID_ARGUMENT"),
    "correlation id": (lambda q: q.by_correlation_id("a b"), "LIMIT_EXCEEDED"),
}


@pytest.mark.parametrize(("attempt", "code"), NONSENSE.values(), ids=NONSENSE)
def test_what_makes_no_sense(client: DomainClient, attempt: Callable[[QueryBuilder], object], code: str) -> None:
    """Each is refused where it is said, not when it is asked."""
    with pytest.raises(InvalidArgument) as caught:
        attempt(client.query("wallet", ROOT))

    assert caught.value.code == code


def test_a_naive_datetime(client: DomainClient) -> None:
    """It names no moment."""
    with pytest.raises(UsageError, match="naive"):
        client.query("wallet", ROOT).as_of_time(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


def test_no_domain(client: DomainClient) -> None:
    """A domain is required (C-0244)."""
    with pytest.raises(InvalidArgument, match="no domain"):
        client.query("")


def test_no_root(client: DomainClient) -> None:
    """Neither a root nor a correlation id asks for nothing in particular."""
    with pytest.raises(InvalidArgument, match="by_correlation_id"):
        client.query("wallet").get_event_book()


def test_an_unknown_aggregate(client: DomainClient) -> None:
    """Has an empty history, which is no error (C-0231)."""
    book = client.query("wallet", ROOT).get_event_book()

    assert (book.pages, book.next_sequence) == ((), 0)


def test_a_range_is_inclusive(client: DomainClient, ten: UUID) -> None:
    """3 to 7 is five events (C-0235)."""
    assert sequences(client.query("wallet", ten).range(3, 7).get_event_book()) == [3, 4, 5, 6, 7]


def test_pages_decode(client: DomainClient, ten: UUID) -> None:
    """By the types the client was told of."""
    book = client.query("wallet", ten).get_event_book()

    assert [page.decode() for page in book.pages] == [WasPut(amount=n) for n in range(10)]


def test_only_the_pages(client: DomainClient, ten: UUID) -> None:
    """Of the book, and nothing else of it (C-0399)."""
    query = client.query("wallet", ten).range(8)

    assert query.get_pages() == query.get_event_book().pages
    assert len(query.get_pages()) == 2


def test_pages_of_unknown_types(kind: type[DomainClient], endpoint: str, ten: UUID) -> None:
    """A client that was told of no types decodes when it is told which."""
    with kind.connect(endpoint) as client:
        (page,) = client.query("wallet", ten).range(4, 4).get_pages()

        with pytest.raises(DecodeFailed, match="known here: nothing"):
            page.decode()
        assert page.decode(WasPut) == WasPut(amount=4)


def test_streamed_books(client: DomainClient, ten: UUID) -> None:
    """A long history comes in books that continue each other; the selection counts (C-0398)."""
    books = list(client.query("wallet", ten).as_of_sequence(4).get_events())

    assert [sequences(book) for book in books] == [[0, 1, 2], [3, 4]]


def test_plain_queries(client: DomainClient, ten: UUID) -> None:
    """The query client takes queries as they stand."""
    query = Query(Cover("wallet", ten), SequenceRange(8))

    assert sequences(client.query.get_event_book(query)) == [8, 9]
    assert [sequences(book) for book in client.query.get_events(query)] == [[8, 9]]


def test_synchronize(client: DomainClient, ten: UUID) -> None:
    """A book for each query, over one call."""
    queries = [Query(Cover("wallet", ten), SequenceRange(n, n)) for n in (2, 5)]

    assert [sequences(book) for book in client.query.synchronize(queries)] == [[2], [5]]


def test_queries_that_break(client: DomainClient, ten: UUID) -> None:
    """What the caller's own iterable raises reaches the caller, after the answers before it."""

    def queries() -> Iterator[Query]:
        yield Query(Cover("wallet", ten), SequenceRange(1, 1))
        raise ZeroDivisionError

    answers = client.query.synchronize(queries())

    assert sequences(next(answers)) == [1]
    with pytest.raises(ZeroDivisionError):
        next(answers)


def test_roots(client: DomainClient, ten: UUID) -> None:
    """Every aggregate that has history, of all domains."""
    found = [(each.domain, each.root) for each in client.query.get_aggregate_roots()]

    assert found == [("account", UUID(int=1)), ("wallet", ten)]


def test_by_correlation_id_finds_events(client: DomainClient) -> None:
    """The events of one send are found by its id (C-0241)."""
    sent = client.command(Put(amount=5)).send_sync()

    (book,) = client.query("wallet").by_correlation_id(sent.correlation_id).get_events()

    assert book.cover == Cover("wallet", sent.root, sent.correlation_id)


def test_too_large(client: DomainClient, peer: Peer, ten: UUID) -> None:
    """The peer's refusal arrives as what it is."""
    peer.largest = 5

    with pytest.raises(TooLarge):
        client.query("wallet", ten).get_event_book()


def test_the_correlation_id_travels_as_a_header(client: DomainClient, peer: Peer) -> None:
    """On every call, and not at all where it is empty."""
    client.query("wallet").by_correlation_id("x-1").get_event_book()
    client.query("wallet", ROOT).get_event_book(metadata=[("tenant", "a")])

    assert [sent.get("x-correlation-id") for sent in peer.metadata] == ["x-1", None]
    assert peer.metadata[1]["tenant"] == "a"


def test_moments_are_aware(client: DomainClient, ten: UUID) -> None:
    """A page knows when it was created, in UTC."""
    (page,) = client.query("wallet", ten).range(0, 0).get_pages()

    assert page.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
