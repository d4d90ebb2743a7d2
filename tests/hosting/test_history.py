"""Snapshots that do not fit: the events they stand for are read from the coordinator, or asked for."""

from collections.abc import Iterator

import pytest

from angzarr_domain.books import Cover, Edition, EventBook, EventPage, Query, SequenceRange
from angzarr_domain.exceptions import DeadlineExceeded, SnapshotUnfit, Status
from angzarr_domain.hosting import Host, Serving
from angzarr_domain.hosting._requests import RequestHistory
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import METHODS
from examples.bank.messages import NoteRefusal, OperationRefused
from tests.hosting.asking import CODEC, ROOT, book, command, connected, deposits, handle, request, unfit
from tests.hosting.ledger import Ledger

COVER = Cover("ledger", ROOT)


class Stream:
    """A coordinator's answers about one stream of deposits of 1, and what it was asked."""

    def __init__(self, length: int) -> None:
        self.pages = list(deposits(*[1] * length))
        self.asked: list[tuple[int, int | None]] = []

    def get_event_book(self, query: Query, _call: Call) -> EventBook:
        assert query.cover == COVER
        assert isinstance(query.selection, SequenceRange)
        lower, upper = query.selection.lower, query.selection.upper
        self.asked.append((lower, upper))
        return EventBook(COVER, tuple(page for page in self.pages if lower <= (page.sequence or 0) <= (upper or 0)))


@pytest.fixture(name="stream")
def _stream() -> Stream:
    return Stream(1_203)


@pytest.fixture(name="coordinator")
def _coordinator(stream: Stream) -> Iterator[str]:
    with Serving([Served(METHODS.get_event_book, stream.get_event_book)], ["127.0.0.1:0"]) as server:
        yield server.addresses[0]


def balance_seen(address: str | None, events: EventBook) -> str:
    """The balance a handler saw, on a host that was told of this coordinator."""
    with Host([Ledger], history=address).start("127.0.0.1:0") as host:
        (page,) = handle(host.addresses[0], request(NoteRefusal(), events)).pages
    assert page.event is not None
    return CODEC.decode(page.event, OperationRefused).reference


def test_events_before_the_pages_are_read(coordinator: str, stream: Stream) -> None:
    """What the snapshot stands for is read in ranges of bounded size, and no more than that."""
    events = book(1, 1, 1, start=1_200, snapshot=unfit(1_199))

    assert balance_seen(coordinator, events) == "1203"
    assert stream.asked == [(0, 499), (500, 999), (1_000, 1_199)]


def test_all_events_are_read_for_a_bare_snapshot(coordinator: str, stream: Stream) -> None:
    """A snapshot without pages stands for everything up to the head."""
    events = EventBook(COVER, snapshot=unfit(1_202))

    assert balance_seen(coordinator, events) == "1203"
    assert stream.asked[-1] == (1_000, 1_202)


def test_nothing_is_read_when_the_pages_reach_back(coordinator: str, stream: Stream) -> None:
    """An unfit snapshot beside all pages is simply passed over."""
    assert balance_seen(coordinator, book(5, 6, snapshot=unfit(0))) == "11"
    assert stream.asked == []


def test_host_without_a_coordinator_to_read_from_says_so() -> None:
    """SNAPSHOT_UNFIT, INTERNAL: FAILED_PRECONDITION would make the released engine ask eleven times."""
    with pytest.raises(SnapshotUnfit) as caught:
        balance_seen(None, book(1, start=2, snapshot=unfit(1)))

    assert (caught.value.code, caught.value.status) == ("SNAPSHOT_UNFIT", Status.INTERNAL)
    assert "history=ENDPOINT" in caught.value.message


def test_coordinator_that_is_down_is_named() -> None:
    """A failed reading says why, and the coordinator may still send the whole history."""
    with Serving([], ["127.0.0.1:0"]) as gone:
        (address,) = gone.addresses
    with pytest.raises(SnapshotUnfit, match=address):
        balance_seen(address, book(1, start=2, snapshot=unfit(1)))


def test_coordinator_that_lacks_the_events_is_not_believed(coordinator: str) -> None:
    """A hole before the pages is never folded over."""
    with pytest.raises(SnapshotUnfit, match="did not send event 1203"):
        balance_seen(coordinator, book(1, start=1_300, snapshot=unfit(1_299)))


def test_coordinator_that_leaves_events_out_is_not_believed(coordinator: str, stream: Stream) -> None:
    """Nobody could tell a gap in the stream from an answer that is not whole."""
    del stream.pages[600]

    with pytest.raises(SnapshotUnfit, match="did not send"):
        balance_seen(coordinator, book(1, start=1_200, snapshot=unfit(1_199)))


def test_named_timeline_is_not_read_from_the_main_one(coordinator: str, stream: Stream) -> None:
    """Events of the main timeline must not stand in for those of another."""
    cover = Cover("ledger", ROOT, edition=Edition("what-if"))
    with connected(coordinator) as transport:
        history = RequestHistory(book(1, start=2, snapshot=unfit(1)), cover, transport)
        with pytest.raises(SnapshotUnfit, match="named timelines"):
            list(history.books(from_start=True))

    assert stream.asked == []


def test_request_without_history_has_none() -> None:
    """No book: nothing comes, and next is 0."""
    history = RequestHistory.of(None, command(NoteRefusal()), None, None)

    assert (list(history.books()), list(history.books(from_start=True)), history.next_sequence) == ([], [], 0)


def test_caller_that_waits_no_longer_has_nothing_read(coordinator: str, stream: Stream) -> None:
    """Reading is bounded by the caller's time."""
    with connected(coordinator) as transport:
        history = RequestHistory(book(1, start=2, snapshot=unfit(1)), COVER, transport, timeout=0)
        with pytest.raises(DeadlineExceeded):
            list(history.books(from_start=True))

    assert stream.asked == []


def test_gap_pages_count_as_pages() -> None:
    """A page without an event still is the page of its sequence."""
    pages = (EventPage(sequence=0), *deposits(4, start=1))
    history = RequestHistory(EventBook(COVER, pages), COVER)

    assert [len(each.pages) for each in history.books(from_start=True)] == [2]
