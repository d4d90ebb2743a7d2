"""What a snapshot stands for, to the page."""

from __future__ import annotations

import pytest

from angzarr_domain.aggregates import Replayed, definition_of, replay, state_payload
from angzarr_domain.books import EventBook, EventPage, Snapshot
from angzarr_domain.wire import PayloadCodec
from tests.counter import Counter, Increased

CODEC = PayloadCodec()
COUNTER = definition_of(Counter)


def folded(at: int, count: int, *sequences: int | None) -> Replayed[Counter]:
    """A snapshot at this sequence of a counter at this count, and pages of these sequences."""
    snapshot = Snapshot(at, state_payload(COUNTER, Counter(count=count), CODEC))
    pages = tuple(EventPage(CODEC.encode(Increased()), sequence) for sequence in sequences)
    return replay(COUNTER, EventBook(pages=pages, snapshot=snapshot), CODEC)


@pytest.mark.parametrize(
    ("at", "sequences", "counted"),
    [
        pytest.param(10, (10, 11), 1, id="the page at its sequence is covered, the next one is not"),
        pytest.param(0, (0,), 0, id="at 0 it covers page 0"),
        pytest.param(5, (3, 4), 0, id="pages before it are covered"),
        pytest.param(5, (6, 7, 8, 9), 4, id="pages after it are folded"),
        pytest.param(5, (3, 4, 5, 6), 1, id="of an overlap only what comes after"),
        pytest.param(5, (None,), 1, id="a page without a sequence is never covered"),
    ],
)
def test_pages_up_to_its_sequence_are_covered(at: int, sequences: tuple[int | None, ...], counted: int) -> None:
    """Inclusive (C-0286, C-0287)."""
    assert folded(at, 10, *sequences).state.count == 10 + counted


@pytest.mark.parametrize(("sequences", "following"), [((), 11), ((10, 11), 12)])
def test_what_comes_next_follows_the_pages_or_else_the_snapshot(sequences: tuple[int, ...], following: int) -> None:
    """C-0285, C-0297, C-0298; either way there is history."""
    found = folded(10, 10, *sequences)

    assert (found.next_sequence, found.state.next_sequence, found.had_history) == (following, following, True)
