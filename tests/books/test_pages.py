"""Pages and books: sequences, times, and decoding."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angzarr_domain.books import (
    CommandBook,
    CommandPage,
    EventBook,
    EventPage,
    Payload,
    Projection,
    Snapshot,
    from_nanoseconds,
    is_message_type,
    next_sequence,
    to_nanoseconds,
)
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument, UsageError
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Account, Deposited, Opened

CODEC = PayloadCodec([Deposited])
PAGE = EventPage(CODEC.encode(Deposited(amount=5)), 3)


def pages(first: int, last: int) -> tuple[EventPage, ...]:
    return tuple(EventPage(sequence=sequence) for sequence in range(first, last + 1))


# --- sequences ---


@pytest.mark.parametrize(
    ("held", "snapshot", "expected"),
    [
        pytest.param((), None, 0, id="C-0295 empty"),
        pytest.param(pages(0, 4), None, 5, id="C-0296 events to 4"),
        pytest.param((), Snapshot(10), 11, id="C-0297 snapshot 10 only"),
        pytest.param(pages(6, 8), Snapshot(5), 9, id="C-0298 snapshot 5 and events to 8"),
        pytest.param(pages(0, 3), Snapshot(9), 4, id="pages win over a snapshot"),
        pytest.param((EventPage(),), Snapshot(5), 6, id="a page without sequence says nothing"),
        pytest.param((EventPage(sequence=7), EventPage(sequence=20)), None, 21, id="it is no count"),
    ],
)
def test_the_next_sequence_is_read_from_the_record(
    held: tuple[EventPage, ...], snapshot: Snapshot | None, expected: int
) -> None:
    """From the last page, else from the snapshot, else 0; and a book knows it."""
    assert next_sequence(held, snapshot) == expected
    assert EventBook(None, held, snapshot).next_sequence == expected


def test_a_book_keeps_the_next_sequence_its_peer_said() -> None:
    """A selection of pages may be followed by more."""
    assert EventBook(None, pages(0, 4), next_sequence=9).next_sequence == 9


# --- times ---


def test_nanoseconds_are_exact() -> None:
    """A datetime's microseconds, times a thousand; no float on the way."""
    assert to_nanoseconds(datetime(2026, 1, 1, 0, 0, 0, 123457, tzinfo=UTC)) == 1_767_225_600_123_457_000


def test_other_zones_are_the_same_moment() -> None:
    """13:00 at +01:00 is 12:00 in UTC."""
    there = datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))

    assert to_nanoseconds(there) == to_nanoseconds(datetime(2026, 1, 1, 12, tzinfo=UTC))


def test_a_naive_datetime_is_refused() -> None:
    """It names no moment."""
    with pytest.raises(UsageError, match="a naive datetime names no moment: give it a tzinfo"):
        to_nanoseconds(datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_a_page_shows_its_time_as_a_view() -> None:
    """The nanoseconds stay; the datetime is cut to microseconds."""
    page = EventPage(created_at_ns=1_767_225_600_123_456_789)

    assert page.created_at == datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
    assert EventPage().created_at is None


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 253_402_300_800, -62_135_596_801])
def test_a_moment_that_no_datetime_holds_is_a_typed_error(seconds: int) -> None:
    """A peer may send any number; reading it says so in words."""
    page = EventPage(created_at_ns=seconds * 1_000_000_000)

    with pytest.raises(InvalidArgument, match="outside the years 1 to 9999") as refused:
        assert page.created_at

    assert refused.value.code == "TIMESTAMP_PARSE_FAILED"


@given(st.datetimes(timezones=st.just(UTC)))
def test_datetimes_survive(moment: datetime) -> None:
    """There and back, before 1970, too."""
    assert from_nanoseconds(to_nanoseconds(moment)) == moment


# --- decoding ---


def test_a_page_decodes_by_the_codec_it_remembers() -> None:
    """The types are those that its client was told of."""
    assert copy.copy(PAGE).remember(CODEC).decode() == Deposited(amount=5)


def test_a_page_decodes_as_a_type_that_is_asked_for() -> None:
    """Whether or not the client was told of it."""
    page = EventPage(CODEC.encode(Opened(owner="ada")), 0).remember(CODEC)

    assert page.decode(Opened) == Opened(owner="ada")


def test_decoding_an_unknown_type_lists_the_known_ones() -> None:
    """The error names both."""
    page = EventPage(CODEC.encode(Opened()), 0).remember(CODEC)

    with pytest.raises(DecodeFailed, match=r"/tests\.ledger\.Opened: .*known here: tests\.ledger\.Deposited"):
        page.decode()


def test_decoding_as_another_type_is_refused() -> None:
    """Whatever the bytes would give."""
    page = EventPage(CODEC.encode(Deposited()), 0).remember(CODEC)

    with pytest.raises(DecodeFailed, match=r"asked for as tests\.ledger\.Opened") as caught:
        page.decode(Opened)
    assert caught.value.code == "ANY_TYPE_MISMATCH"


def test_decoding_bytes_that_are_not_readable_is_refused() -> None:
    """The error names the type, not the bytes."""
    page = EventPage(Payload("/tests.ledger.Deposited", b"\x08"), 0).remember(CODEC)

    with pytest.raises(DecodeFailed, match=r"/tests\.ledger\.Deposited: its bytes are not"):
        page.decode()


def test_a_gap_page_has_nothing_to_decode() -> None:
    """The error names its sequence."""
    with pytest.raises(DecodeFailed, match="page 4 holds no event"):
        EventPage(sequence=4).remember(CODEC).decode()


def test_a_page_that_came_from_no_client_cannot_decode() -> None:
    """The error says what can."""
    with pytest.raises(UsageError, match="came from no client, so nothing can decode it: use a PayloadCodec"):
        EventPage(PAGE.event).decode()


def test_a_book_makes_its_pages_remember() -> None:
    """All of them."""
    book = EventBook(pages=(EventPage(PAGE.event, 0), EventPage(PAGE.event, 1))).remember(CODEC)

    assert [page.decode() for page in book.pages] == [Deposited(amount=5)] * 2


def test_a_command_book_makes_its_pages_remember() -> None:
    """What a saga would send can be read as well."""
    book = CommandBook(pages=(CommandPage(PAGE.event, 0), CommandPage())).remember(CODEC)

    assert book.pages[0].decode() == book.pages[0].decode(Deposited) == Deposited(amount=5)
    with pytest.raises(DecodeFailed, match="holds no command"):
        book.pages[1].decode()


def test_a_projection_decodes() -> None:
    """The answer of a projector is a message, too."""
    assert Projection(projection=PAGE.event).remember(CODEC).decode() == Deposited(amount=5)
    with pytest.raises(DecodeFailed, match="the answer of projector 'sums' holds no projection"):
        Projection(projector="sums").remember(CODEC).decode()


def test_what_a_page_remembers_is_no_part_of_it() -> None:
    """Neither of its equality nor of its repr."""
    plain, remembering = EventPage(PAGE.event, 0), EventPage(PAGE.event, 0).remember(CODEC)

    assert (plain, repr(plain)) == (remembering, repr(remembering))


@pytest.mark.parametrize("carry", [copy.copy, copy.deepcopy])
def test_copies_remember(carry: Callable[[EventPage], EventPage]) -> None:
    """A copy of a frozen value is the value itself."""
    assert carry(EventPage(PAGE.event, 0).remember(CODEC)).decode() == Deposited(amount=5)


def test_pickling_forgets() -> None:
    """A codec belongs to a process; the value goes over whole."""
    page = EventPage(PAGE.event, 0).remember(CODEC)
    again: EventPage = pickle.loads(pickle.dumps(page))

    assert again == page
    with pytest.raises(UsageError):
        again.decode()


def test_payload_bytes_stay_out_of_texts() -> None:
    """They are the user's."""
    assert repr(Payload("/x.Y", b"secret")) == "Payload(type_url='/x.Y', value=<6 bytes>)"


def test_a_message_class_is_told_by_its_binding() -> None:
    """Nothing else passes for one: not a book, not an aggregate, not a message itself."""
    assert [is_message_type(kind) for kind in (Deposited, EventBook, Account, int, Deposited())] == [True] + [False] * 4
