"""What holds for every history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from angzarr_domain.aggregates import advance, definition_of, replay
from angzarr_domain.books import Cover, EventBook, EventPage, Message
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Account, Deposited, Noted, Opened, Withdrawn

ACCOUNT = definition_of(Account)
CODEC = PayloadCodec()
AMOUNTS = st.integers(-(2**40), 2**40)

events = st.lists(
    st.one_of(
        st.builds(Opened, owner=st.text(max_size=5)),
        st.builds(Deposited, amount=AMOUNTS),
        st.builds(Withdrawn, amount=AMOUNTS),
        st.builds(Noted, text=st.text(max_size=5)),
    ),
    max_size=12,
)


def books(history: list[Message], cuts: list[int] | None = None) -> list[EventBook]:
    """The history in books that end where it is cut."""
    pages = [EventPage(CODEC.encode(event), sequence) for sequence, event in enumerate(history)]
    ends = sorted({cut % (len(pages) + 1) for cut in cuts or []} | {len(pages)})
    starts = [0, *ends]
    return [EventBook(Cover("ledger"), tuple(pages[a:b])) for a, b in zip(starts, ends, strict=False)]


@given(events, events)
def test_a_tail_onto_a_prefix_is_the_whole(first: list[Message], second: list[Message]) -> None:
    """replay(a + b) == replay(b, onto=replay(a))."""
    whole = books([*first, *second])[0]
    tail = EventBook(whole.cover, whole.pages[len(first) :])

    assert replay(ACCOUNT, tail, CODEC, onto=replay(ACCOUNT, books(first), CODEC)) == replay(ACCOUNT, whole, CODEC)


@given(events, st.lists(st.integers(0, 12), max_size=3))
def test_how_a_history_is_cut_into_books_does_not_matter(history: list[Message], cuts: list[int]) -> None:
    """Only pages and their order count."""
    assert replay(ACCOUNT, books(history, cuts), CODEC) == replay(ACCOUNT, books(history), CODEC)


@given(events, events)
def test_live_state_is_replayed_state(first: list[Message], second: list[Message]) -> None:
    """advance(replay(a), b) == replay(a + b)."""
    live = advance(ACCOUNT, replay(ACCOUNT, books(first), CODEC), second)

    assert live == replay(ACCOUNT, books([*first, *second]), CODEC)
