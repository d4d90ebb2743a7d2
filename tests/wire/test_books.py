from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import pytest

from angzarr_domain import books
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument, NotSupported, UsageError
from angzarr_domain.wire import METHODS, NOTIFICATION
from angzarr_domain.wire.pb import messages as pb
from tests.ledger import Deposit

BOOKS = METHODS.get_event_book
ROOT = UUID("00010203-0405-0607-0809-0a0b0c0d0e0f")


def on_the_wire(book: books.EventBook) -> pb.EventBook:
    return pb.EventBook.FromString(BOOKS.encode_response(book))


def test_sequence_0_is_written() -> None:
    """The first page of a stream says so: the header holds the bytes 08 00."""
    page = on_the_wire(books.EventBook(pages=(books.EventPage(sequence=0),))).pages[0]

    assert page.header.SerializeToString() == b"\x08\x00"


def test_as_of_sequence_0_is_written() -> None:
    """A query as of the first event is no query without a point."""
    query = books.Query(selection=books.TemporalQuery(as_of_sequence=0))

    assert METHODS.get_event_book.encode_request(query).endswith(b"\x10\x00")


def test_a_page_without_place_has_no_header() -> None:
    """Business logic may leave the sequences of what it emits to the coordinator."""
    page = on_the_wire(books.EventBook(pages=(books.EventPage(),))).pages[0]

    assert not page.HasField("header")


@pytest.mark.parametrize(
    "edition",
    [None, books.Edition(""), books.Edition("angzarr"), books.Edition("angzarr", (books.DomainDivergence("a", 1),))],
    ids=["none", "unnamed", "by name", "by name, with points"],
)
def test_the_main_timeline_travels_as_no_edition(edition: books.Edition | None) -> None:
    """Unset, "" and "angzarr" are one timeline (C-0409)."""
    book = on_the_wire(books.EventBook(books.Cover("account", edition=edition)))

    assert not book.cover.HasField("edition")


@pytest.mark.parametrize("name", ["", "angzarr"])
def test_the_main_timeline_is_read_as_none(name: str) -> None:
    """Whichever way a peer names it (C-0409)."""
    data = pb.EventBook(cover=pb.Cover(edition=pb.Edition(name=name))).SerializeToString()

    assert BOOKS.decode_response(data).cover == books.Cover()


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_root_of_another_size_is_refused(size: int) -> None:
    """A root is 16 bytes or absent; the error names the field."""
    data = pb.Query(cover=pb.Cover(root=pb.UUID(value=bytes(size)))).SerializeToString()

    with pytest.raises(InvalidArgument) as caught:
        METHODS.get_event_book.decode_request(data)

    assert (caught.value.code, caught.value.field) == ("PROTO_UUID_INVALID", "cover.root")


def test_a_bad_root_inside_a_provenance_is_named() -> None:
    """The error says which of several roots it is."""
    source = pb.Cover(root=pb.UUID(value=b"short"))
    header = pb.PageHeader(angzarr_deferred=pb.AngzarrDeferredSequence(source=source))
    data = pb.EventBook(pages=[pb.EventPage(header=header)]).SerializeToString()

    with pytest.raises(InvalidArgument) as caught:
        BOOKS.decode_response(data)

    assert caught.value.field == "source.root"


def test_a_root_travels_big_endian() -> None:
    """The 16 bytes stand in the order in which the text has them (C-0114)."""
    book = on_the_wire(books.EventBook(books.Cover("account", ROOT)))

    assert book.cover.root.value == bytes(range(16))


def test_moments_keep_their_nanoseconds() -> None:
    """A datetime is only a view: what came is sent on to the nanosecond."""
    nanoseconds = books.to_nanoseconds(datetime(2026, 1, 1, tzinfo=UTC)) + 123_456_789
    page = on_the_wire(books.EventBook(pages=(books.EventPage(created_at_ns=nanoseconds),))).pages[0]

    assert page.created_at.nanos == 123_456_789


def test_moments_before_1970_have_positive_nanoseconds() -> None:
    """As protobuf's Timestamp wants it: one nanosecond before 1970 is second -1 and 999999999."""
    page = on_the_wire(books.EventBook(pages=(books.EventPage(created_at_ns=-1),))).pages[0]

    assert (page.created_at.seconds, page.created_at.nanos) == (-1, 999_999_999)


def test_payload_bytes_are_not_looked_at() -> None:
    """Bytes that are no message at all pass unchanged (nobody but a handler decodes payloads)."""
    book = books.EventBook(pages=(books.EventPage(books.Payload("/bank.v1.Deposited", b"\xff\xff")),))

    assert BOOKS.decode_response(BOOKS.encode_response(book)) == book


def test_a_page_with_two_places_is_refused() -> None:
    """A sequence and a provenance share one place in the protocol; neither is dropped silently."""
    page = books.EventPage(sequence=1, deferred=books.ExternalDeferredSequence("id"))

    with pytest.raises(UsageError, match="sequence and deferred"):
        BOOKS.encode_response(books.EventBook(pages=(page,)))


def test_a_page_with_two_contents_is_refused() -> None:
    """An event and a claim check share one place in the protocol."""
    page = books.EventPage(books.Payload("/a.B", b""), external=books.PayloadReference())

    with pytest.raises(UsageError, match="event and external"):
        BOOKS.encode_response(books.EventBook(pages=(page,)))


@pytest.mark.parametrize("sequence", [-1, 2**32])
def test_a_number_the_protocol_has_no_room_for_is_refused(sequence: int) -> None:
    """Sequences are unsigned numbers of 32 bits."""
    with pytest.raises(InvalidArgument, match=r"io\.angzarr\.v1\.EventBook"):
        BOOKS.encode_response(books.EventBook(pages=(books.EventPage(sequence=sequence),)))


def test_a_text_that_is_no_unicode_is_refused_without_quoting_it() -> None:
    """Half a surrogate pair cannot travel; the error does not repeat the text."""
    with pytest.raises(InvalidArgument) as caught:
        METHODS.get_event_book.encode_request(books.Query(books.Cover(correlation_id="secret\ud800")))

    assert "secret" not in str(caught.value)


def test_a_message_where_a_payload_belongs_is_refused_with_the_remedy() -> None:
    """The likeliest slip of whoever builds a book by hand; without the message's content."""
    page = books.CommandPage(command=cast("Any", Deposit(amount=77)))

    with pytest.raises(InvalidArgument, match="PayloadCodec") as caught:
        METHODS.handle_command.encode_request(books.CommandRequest(books.CommandBook(pages=(page,))))

    assert "77" not in str(caught.value)


def test_an_enum_number_nobody_knows_is_refused() -> None:
    """A newer peer's sync mode is not taken for another one."""
    data = pb.CommandRequest(sync_mode=77).SerializeToString()

    with pytest.raises(NotSupported, match="sync_mode 77"):
        METHODS.handle_command.decode_request(data)


def test_bytes_that_are_no_message_are_a_typed_error() -> None:
    """The error names the message that was expected, and not the bytes."""
    with pytest.raises(DecodeFailed) as caught:
        METHODS.get_event_book.decode_request(b"\xff\xff")

    assert caught.value.type_url == "/io.angzarr.v1.Query"


def test_unknown_fields_of_an_envelope_do_no_harm() -> None:
    """A newer peer may add fields: they are skipped."""
    assert METHODS.get_event_book.decode_request(b"\xfa\x7f\x03new") == books.Query()


def test_next_sequence_is_what_the_peer_said() -> None:
    """Logic that fills no next_sequence sends 0, and 0 is read."""
    data = pb.EventBook(pages=[pb.EventPage(header=pb.PageHeader(sequence=4))]).SerializeToString()

    assert BOOKS.decode_response(data).next_sequence == 0


def test_a_payload_of_another_type_is_not_unpacked() -> None:
    """Types are compared by full name, exactly (C-0366)."""
    with pytest.raises(DecodeFailed) as caught:
        NOTIFICATION.unpack(books.Payload("/bank.v1.Notification", b""))

    assert caught.value.code == "ANY_TYPE_MISMATCH"


def test_any_prefix_of_a_type_url_is_accepted() -> None:
    """The type is what follows the last slash (C-0372)."""
    payload = books.Payload("type.googleapis.com/io.angzarr.v1.Notification", b"")

    assert NOTIFICATION.unpack(payload) == books.Notification()
