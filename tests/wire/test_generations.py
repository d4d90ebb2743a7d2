"""The older generations' tables, held to their schemas and to what the released coordinator was seen to say."""

from __future__ import annotations

import base64
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given

from angzarr_domain import books
from angzarr_domain.books import CascadeErrorMode, CommandBook, CommandPage, CommandRequest, Cover, Payload, SyncMode
from angzarr_domain.exceptions import DecodeFailed, InvalidArgument, NotSupported, TooLarge
from angzarr_domain.wire import INTERIM, METHODS, NOTIFICATION, POOL, REJECTION_NOTIFICATION, RELEASED, Method, Methods
from angzarr_domain.wire.pb import interim, released
from tests import strategies
from tests.recordings import Recorded, everything, find

TABLES = {"angzarr": RELEASED, "angzarr_client.proto.angzarr.v1": INTERIM}
OLDER = pytest.mark.parametrize("table", [pytest.param(RELEASED, id="released"), pytest.param(INTERIM, id="interim")])
SHARED = ("CommandHandlerService", "CommandHandlerCoordinatorService", "EventQueryService")
ROOT = UUID(int=7)

RECORDED = [pytest.param(each, id=each.id) for each in everything()]
# The same calls as others, read in another way.
FOR_FOLDS = RELEASED.read_history, RELEASED.read_pages
BY_PATH: dict[str, Method[Any, Any]] = {method.path: method for method in RELEASED if method not in FOR_FOLDS}

# What a peer that checks nothing may be sent, but no value can hold.
MALFORMED = {
    "root of 15 bytes": "PROTO_UUID_INVALID",
    "query with root of 3 bytes": "PROTO_UUID_INVALID",
    "merge strategy 4": "NOT_SUPPORTED",
}
# Sent by whoever does not know what this generation knows; it means the same as what is sent in its place.
NORMALISED = {"sync mode 3", "edition by name"}


@pytest.mark.parametrize("package", TABLES)
@pytest.mark.parametrize("service", SHARED)
def test_a_table_has_every_method_of_its_services(package: str, service: str) -> None:
    """The calls of commands, queries and business logic, under the generation's own paths."""
    full_name = f"{package}.{service}"
    described = POOL.FindServiceByName(full_name).methods_by_name

    assert {m.name for m in TABLES[package] if m.service == full_name} == set(described)


@OLDER
def test_a_table_differs_from_the_newest_in_paths_and_codecs_alone(table: Methods) -> None:
    """The same calls of the same kinds, in the same places."""
    assert [(m.name, m.kind) for m in table] == [(m.name, m.kind) for m in METHODS]
    assert {m.path for m in table}.isdisjoint(m.path for m in METHODS)


@pytest.mark.parametrize("exchange", RECORDED)
def test_a_recorded_response_has_the_same_pages_for_us(exchange: Recorded) -> None:
    """Sequences, times, types and what comes next, as somebody else's schema read them."""
    method = BY_PATH[exchange.path]

    for data, text in zip(exchange.responses, exchange.responses_text, strict=False):
        read = method.decode_response(data)
        if isinstance(read, books.AggregateRoot):
            assert (read.domain, read.root) == (text["domain"], _root(text["root"]))
        elif (theirs := _book(text, read)) is not None:
            assert _described(_our_book(read)) == _described_text(theirs)


@pytest.mark.parametrize("exchange", RECORDED)
def test_a_recorded_request_is_what_we_send(exchange: Recorded) -> None:
    """Byte for byte: what was sent is read as a value, and that value is sent as the very same."""
    method = BY_PATH[exchange.path]

    for data in exchange.requests:
        if exchange.name in MALFORMED:
            with pytest.raises((InvalidArgument, NotSupported)) as raised:
                method.decode_request(data)
            assert raised.value.code == MALFORMED[exchange.name]
        else:
            ours = method.encode_request(method.decode_request(data))
            assert (ours == data) is (exchange.name not in NORMALISED)


@pytest.mark.parametrize("exchange", RECORDED)
def test_recorded_calls_of_business_logic_are_read_in_full(exchange: Recorded) -> None:
    """What the coordinator hands over, and what was answered, keep their pages, commands and heads."""
    for call in exchange.logic_calls:
        if call["method"].endswith("/Upcast") or exchange.name in MALFORMED:
            continue
        method = BY_PATH[call["method"]]
        if not call["request"].startswith("("):
            asked = method.decode_request(base64.b64decode(call["request"]))
            theirs = call["request_text"].get("events", call["request_text"].get("prior_events"))
            ours: Any = asked.events if isinstance(asked, books.ContextualCommand) else asked.prior_events
            assert _described(ours) == _described_text(theirs)
        if "response" in call and not call["response"].startswith("("):
            data = base64.b64decode(call["response"])
            assert method.encode_response(method.decode_response(data)) == data


def _our_book(value: Any) -> books.EventBook:
    if isinstance(value, books.EventBook):
        return value
    book: Any = value.result if isinstance(value, books.BusinessResponse) else value.events
    assert isinstance(book, books.EventBook)
    return book


def _book(text: Any, read: Any) -> Any:
    return text if isinstance(read, books.EventBook) else text.get("events")


def _described(book: books.EventBook) -> Any:
    pages = [
        (page.sequence, page.created_at_ns, None if page.event is None else page.event.type_url) for page in book.pages
    ]
    cover = book.cover or Cover()
    return cover.domain, cover.root, cover.correlation_id, pages, book.next_sequence, _snapshot(book.snapshot)


def _snapshot(snapshot: books.Snapshot | None) -> Any:
    return None if snapshot is None else (snapshot.sequence, snapshot.state and snapshot.state.type_url)


def _described_text(book: Any) -> Any:
    pages = [
        (
            page.get("header", {}).get("sequence"),
            None if "created_at" not in page else _nanoseconds(page["created_at"]),
            page.get("event", {}).get("@type"),
        )
        for page in book.get("pages", [])
    ]
    cover = book.get("cover", {})
    root = _root(cover["root"]) if "root" in cover else None
    taken = book.get("snapshot")
    snapshot = None if taken is None else (taken.get("sequence", 0), taken["state"]["@type"])
    head = book.get("next_sequence", 0)
    return cover.get("domain", ""), root, cover.get("correlation_id", ""), pages, head, snapshot


def _root(text: Any) -> UUID:
    return UUID(bytes=base64.b64decode(text["value"]))


def _nanoseconds(text: str) -> int:
    whole, _, fraction = text.rstrip("Z").partition(".")
    return int(datetime.fromisoformat(whole + "+00:00").timestamp()) * 10**9 + int((fraction or "0").ljust(9, "0"))


def command_request(**changes: Any) -> CommandRequest:
    page = CommandPage(Payload("/bank.v1.Deposit", b"\x08\x01"), sequence=0, merge_strategy=books.MergeStrategy.STRICT)
    return attrs.evolve(CommandRequest(CommandBook(Cover("account", ROOT), (page,)), SyncMode.ASYNC), **changes)


MODES = [
    (RELEASED, SyncMode.UNSPECIFIED, 0),
    (RELEASED, SyncMode.ASYNC, 0),
    (RELEASED, SyncMode.SIMPLE, 1),
    (RELEASED, SyncMode.CASCADE, 2),
    (RELEASED, SyncMode.DECISION, 0),
    (INTERIM, SyncMode.UNSPECIFIED, 0),
    (INTERIM, SyncMode.CASCADE, 2),
    (INTERIM, SyncMode.DECISION, 3),
    (INTERIM, SyncMode.ISOLATED, 4),
]


@pytest.mark.parametrize(("table", "mode", "number"), MODES)
def test_a_mode_has_another_number(table: Methods, mode: SyncMode, number: int) -> None:
    """Older enums count from 0, and what is unset there is the first; DECISION is nearest to ASYNC."""
    data = table.handle_command.encode_request(command_request(sync_mode=mode))

    pb = released if table is RELEASED else interim
    assert pb.CommandRequest.FromString(data).sync_mode == number


def test_an_isolated_command_is_refused() -> None:
    """The released coordinator would publish its events."""
    with pytest.raises(NotSupported, match="SyncMode 5 by the released protocol"):
        RELEASED.handle_command.encode_request(command_request(sync_mode=SyncMode.ISOLATED))


@OLDER
@pytest.mark.parametrize("strategy", [each for each in books.MergeStrategy if each])
def test_a_merge_strategy_keeps_its_meaning(table: Methods, strategy: books.MergeStrategy) -> None:
    """The newest STRICT is the released AGGREGATE_HANDLES, which checks nothing: the number is never sent as it is."""
    page = CommandPage(Payload("type.googleapis.com/x.Y", b""), sequence=3, merge_strategy=strategy)
    request = command_request(command=CommandBook(Cover("account", ROOT), (page,)))
    data = table.handle_command.encode_request(request)
    pb = released if table is RELEASED else interim

    assert pb.CommandRequest.FromString(data).command.pages[0].merge_strategy == strategy - 1
    assert table.handle_command.decode_request(data).command == request.command


@OLDER
@pytest.mark.parametrize("mode", [each for each in CascadeErrorMode if each])
def test_an_error_mode_keeps_its_meaning(table: Methods, mode: CascadeErrorMode) -> None:
    """One less there than here."""
    request = command_request(cascade_error_mode=mode)

    read = table.handle_command.decode_request(table.handle_command.encode_request(request))
    assert read.cascade_error_mode is mode


def test_what_would_be_lost_is_refused() -> None:
    """A cover's ext and a page's own mode have no place in the released protocol, and senders chose them."""
    slot = Cover("account", ROOT, ext=Payload("/x.Y", b""))
    page = CommandPage(Payload("/x.Y", b""), sequence=0, sync_mode=SyncMode.SIMPLE)
    method = RELEASED.handle_command

    with pytest.raises(NotSupported, match=r"cover\.ext"):
        method.encode_request(command_request(command=CommandBook(slot, (CommandPage(Payload("/x.Y", b"")),))))
    with pytest.raises(NotSupported, match="mode on a single page"):
        method.encode_request(command_request(command=CommandBook(Cover("account", ROOT), (page,))))
    with pytest.raises(NotSupported, match=r"cover\.ext"):
        RELEASED.get_event_book.encode_request(books.Query(slot))
    with pytest.raises(NotSupported, match=r"cover\.ext"):
        RELEASED.handle_event.encode_request(books.EventRequest(books.EventBook(slot)))


def test_the_interim_protocol_carries_both() -> None:
    """Cover.ext and the page's mode came before the newest protocol; the mode counts from 0 there too."""
    slot = Cover("account", ROOT, ext=Payload("type.googleapis.com/x.Y", b""))
    page = CommandPage(
        Payload("type.googleapis.com/x.Y", b""), 0, books.MergeStrategy.STRICT, sync_mode=SyncMode.ISOLATED
    )
    request = command_request(command=CommandBook(slot, (page,)), cascade_error_mode=CascadeErrorMode.FAIL_FAST)

    data = INTERIM.handle_command.encode_request(request)
    assert interim.CommandRequest.FromString(data).command.pages[0].header.sync_mode == 4
    assert INTERIM.handle_command.decode_request(data) == request


@OLDER
def test_provenance_that_nobody_there_reads_is_left_out(table: Methods) -> None:
    """Component and index make a reaction unrepeatable; older coordinators repeat it all the same."""
    source = books.AngzarrDeferredSequence(Cover("order", ROOT), 3, "saga", 2)
    page = CommandPage(
        Payload("type.googleapis.com/x.Y", b""), merge_strategy=books.MergeStrategy.STRICT, deferred=source
    )
    request = command_request(command=CommandBook(Cover("account", ROOT), (page,)))

    read = table.handle_command.decode_request(table.handle_command.encode_request(request))
    assert read.command is not None
    assert read.command.pages[0].deferred == books.AngzarrDeferredSequence(Cover("order", ROOT), 3)


@OLDER
@pytest.mark.parametrize("skip", [True, False])
def test_facts_say_the_opposite_there(table: Methods, skip: bool) -> None:
    """`route_to_handler` is what `skip_handler` is not."""
    request = books.EventRequest(books.EventBook(Cover("account", ROOT)), SyncMode.ASYNC, skip)
    data = table.handle_event.encode_request(request)
    pb = released if table is RELEASED else interim

    assert pb.EventRequest.FromString(data).route_to_handler is not skip
    assert table.handle_event.decode_request(data) == request


URLS = [
    ("/bank.v1.Deposit", "type.googleapis.com/bank.v1.Deposit"),
    ("bank.v1.Deposit", "type.googleapis.com/bank.v1.Deposit"),
    ("type.googleapis.com/bank.v1.Deposit", "type.googleapis.com/bank.v1.Deposit"),
    ("type.examples/bank.v1.Deposit", "type.examples/bank.v1.Deposit"),
]


@pytest.mark.parametrize(("ours", "theirs"), URLS)
def test_a_payload_of_a_user_gets_the_usual_prefix(ours: str, theirs: str) -> None:
    """Older peers compare the whole type URL."""
    book = CommandBook(Cover("account", ROOT), (CommandPage(Payload(ours, b"\x08\x01")),))
    data = RELEASED.handle_command.encode_request(command_request(command=book))

    assert released.CommandRequest.FromString(data).command.pages[0].command.type_url == theirs


@OLDER
def test_a_notification_crosses_with_all_it_holds(table: Methods) -> None:
    """Its own name, that of what is in it, and the strategy of the refused command in there, are each translated."""
    refused = CommandBook(
        Cover("account", ROOT),
        (CommandPage(Payload("type.googleapis.com/x.Y", b""), 0, books.MergeStrategy.STRICT),),
    )
    rejection = books.RejectionNotification(refused, "no")
    notification = books.Notification(Cover("account", ROOT), REJECTION_NOTIFICATION.pack(rejection), 5)
    page = CommandPage(NOTIFICATION.pack(notification), 0, books.MergeStrategy.COMMUTATIVE)
    request = command_request(
        command=CommandBook(Cover("account", ROOT), (page,)), cascade_error_mode=CascadeErrorMode.FAIL_FAST
    )
    pb = released if table is RELEASED else interim
    package = pb.Cover.DESCRIPTOR.file.package

    data = table.handle_compensation.encode_request(request)
    sent = pb.CommandRequest.FromString(data).command.pages[0].command
    envelope = pb.Notification.FromString(sent.value)
    inner = pb.RejectionNotification.FromString(envelope.payload.value)
    assert sent.type_url == f"type.angzarr.io/{package}.Notification"
    assert envelope.payload.type_url == f"type.angzarr.io/{package}.RejectionNotification"
    assert inner.rejected_command.pages[0].merge_strategy == 1
    assert table.handle_compensation.decode_request(data) == request


def test_the_recorded_notification_is_one_of_ours() -> None:
    """As the released coordinator hands it to business logic."""
    call = find("compensation", "notification of a rejected command").logic_calls[0]
    request = RELEASED.handle.decode_request(base64.b64decode(call["request"]))
    assert request.command is not None
    payload = request.command.pages[0].command
    assert payload is not None

    notification = NOTIFICATION.unpack(payload)
    assert notification.payload is not None
    rejection = REJECTION_NOTIFICATION.unpack(notification.payload)
    assert rejection.rejection_reason == "INSUFFICIENT_FUNDS"
    assert rejection.rejected_command is not None
    assert rejection.rejected_command.pages[0].merge_strategy is books.MergeStrategy.STRICT


def held_back(table: Methods) -> Any:
    """A book of the generation with an event, one that is not committed, and a placeholder."""
    pb = released if table is RELEASED else interim
    book = pb.EventBook(next_sequence=3)
    for sequence in range(3):
        page = book.pages.add()
        page.header.sequence = sequence
        page.event.type_url = "type.googleapis.com/x.Y"
    book.pages[1].no_commit = True
    book.pages[2].event.type_url = f"type.angzarr.io/{pb.NoOp.DESCRIPTOR.full_name}"
    return book


@OLDER
def test_what_has_not_happened_is_not_read(table: Methods) -> None:
    """Pages of an unfinished two-phase commit are no events; the head is the peer's word."""
    book = table.get_event_book.decode_response(held_back(table).SerializeToString())

    assert [page.sequence for page in book.pages] == [0]
    assert book.next_sequence == 3


@OLDER
def test_a_fold_keeps_the_places_of_what_has_not_happened(table: Methods) -> None:
    """Their sequences are taken, though there is nothing to apply."""
    history = table.read_history.decode_response(held_back(table).SerializeToString())
    pb = released if table is RELEASED else interim
    asked = table.handle.decode_request(pb.ContextualCommand(events=held_back(table)).SerializeToString())
    assert asked.events is not None

    for folded in (history, asked.events):
        assert [url for url, _ in folded.payloads()] == ["type.googleapis.com/x.Y", "", ""]
        assert folded.next_sequence == 3
        assert folded.page_count == 3


def holding(table: Methods, name: str, path: str) -> bytes:
    """A message with such a book, or its pages, at the end of this path of fields."""
    pb: Any = released if table is RELEASED else interim
    message = getattr(pb, name)()
    *way, last = path.split(".")
    place = message
    for field in way:
        place = getattr(place, field)
    field, book = getattr(place, last), held_back(table)
    if not hasattr(field, "add"):
        field.CopyFrom(book)
    elif field.add().DESCRIPTOR.name == "EventBook":
        field[0].CopyFrom(book)
    else:
        del field[:]
        field.extend(book.pages)
    data: bytes = message.SerializeToString()
    return data


# The place in the table, the message, and the way to the pages in it and in its value.
FOLDED = [
    ("handle", "ContextualCommand", "events", "events.pages"),
    ("handle_fact", "FactRequest", "prior_events", "prior_events.pages"),
    ("replay", "ReplayRequest", "events", "events"),
    ("upcast", "UpcastRequest", "events", "events"),
    ("speculate_process_manager", "SpeculatePmRequest", "request.process_state", "process_state.pages"),
]


@OLDER
@pytest.mark.parametrize(("place", "name", "path", "found"), FOLDED, ids=lambda each: each)
def test_what_has_not_happened_has_no_effect_on_a_fold(
    table: Methods, place: str, name: str, path: str, found: str
) -> None:
    """Its place is kept, in every request whose pages are folded or answered one by one."""
    request = getattr(table, place).decode_request(holding(table, name, path))

    pages = attrgetter(found)(request)
    assert [(page.sequence, page.event is None) for page in pages] == [(0, False), (1, True), (2, True)]


LEFT_OUT = [
    ("speculate_projector", "SpeculateProjectorRequest", "events", "pages"),
    ("speculate_saga", "SpeculateSagaRequest", "request.source", "source.pages"),
    ("speculate_process_manager", "SpeculatePmRequest", "request.trigger", "trigger.pages"),
]


@OLDER
@pytest.mark.parametrize(("place", "name", "path", "found"), LEFT_OUT, ids=lambda each: each)
def test_what_has_not_happened_causes_nothing(table: Methods, place: str, name: str, path: str, found: str) -> None:
    """Projectors, sagas and process managers are shown what has."""
    request = getattr(table, place).decode_request(holding(table, name, path))

    assert [page.sequence for page in attrgetter(found)(request)] == [0]


ANSWERED = [
    ("handle_command", "CommandResponse", "events", "events.pages"),
    ("handle_event", "FactInjectionResponse", "events", "events.pages"),
    ("handle_sync_speculative", "CommandResponse", "events", "events.pages"),
    ("handle_compensation", "BusinessResponse", "events", "result.pages"),
]


@OLDER
@pytest.mark.parametrize(("place", "name", "path", "found"), ANSWERED, ids=lambda each: each)
def test_an_answer_has_what_has_happened(table: Methods, place: str, name: str, path: str, found: str) -> None:
    """As a query has."""
    response = getattr(table, place).decode_response(holding(table, name, path))

    assert [page.sequence for page in attrgetter(found)(response)] == [0]


@OLDER
def test_reactions_have_what_has_happened(table: Methods) -> None:
    """Their events are many books."""
    saga = table.speculate_saga.decode_response(holding(table, "SagaResponse", "events"))
    facts = table.speculate_process_manager.decode_response(holding(table, "ProcessManagerHandleResponse", "facts"))

    for book in (*saga.events, *facts.facts):
        assert [page.sequence for page in book.pages] == [0]
    assert len(saga.events) == len(facts.facts) == 1


@OLDER
def test_business_logic_cannot_hold_events_back(table: Methods) -> None:
    """Nobody would ever commit them, whatever it is asked."""
    for place, data in (
        ("handle", holding(table, "BusinessResponse", "events")),
        ("handle_fact", held_back(table).SerializeToString()),
        ("upcast", holding(table, "UpcastResponse", "events")),
    ):
        with pytest.raises(NotSupported, match="no_commit"):
            getattr(table, place).decode_response(data)


@OLDER
@pytest.mark.parametrize("held", [1, 2], ids=["no_commit", "NoOp"])
def test_facts_that_have_not_happened_are_refused(table: Methods, held: int) -> None:
    """Without them less would be recorded than was sent, with them more than has happened."""
    pb: Any = released if table is RELEASED else interim
    book = held_back(table)
    del book.pages[3 - held], book.pages[0]

    with pytest.raises(NotSupported, match="no_commit"):
        table.handle_event.decode_request(pb.EventRequest(events=book).SerializeToString())
    with pytest.raises(NotSupported, match="no_commit"):
        table.handle_fact.decode_request(pb.FactRequest(facts=book).SerializeToString())


UNKNOWN_NUMBERS = pytest.mark.parametrize("number", [-1, -(2**31), 4, 2**31 - 2, 2**31 - 1])


@OLDER
@UNKNOWN_NUMBERS
def test_a_number_that_an_enum_does_not_have_is_refused(table: Methods, number: int) -> None:
    """None is read as what is unset, or as another's neighbour."""
    pb: Any = released if table is RELEASED else interim
    page = pb.CommandRequest()
    page.command.pages.add(merge_strategy=number)
    mode = pb.CommandRequest(cascade_error_mode=number)

    with pytest.raises(NotSupported, match="merge_strategy"):
        table.handle_command.decode_request(page.SerializeToString())
    with pytest.raises(NotSupported, match="cascade_error_mode"):
        table.handle_command.decode_request(mode.SerializeToString())


@OLDER
@pytest.mark.parametrize("number", [-1, -(2**31), 5, 2**31 - 1])
def test_a_mode_that_is_not_known_is_the_first(table: Methods, number: int) -> None:
    """The coordinators of that generation take it for ASYNC."""
    pb: Any = released if table is RELEASED else interim
    request = table.handle_command.decode_request(pb.CommandRequest(sync_mode=number).SerializeToString())

    assert request.sync_mode is SyncMode.ASYNC


@OLDER
def test_a_two_phase_command_is_refused(table: Methods) -> None:
    """It is never sent, and not taken either."""
    pb = released if table is RELEASED else interim
    with pytest.raises(NotSupported, match="cascade_id"):
        table.handle_command.decode_request(pb.CommandRequest(cascade_id="c").SerializeToString())


def test_a_reply_is_no_larger_than_its_reader_takes() -> None:
    """The released coordinator reads 4 MiB of business logic; the error comes from here, where it can be mended."""
    page = books.EventPage(Payload("/x.Y", bytes(5 * 1024 * 1024)), 0, 0)
    response = books.BusinessResponse(books.EventBook(pages=(page,)))

    with pytest.raises(TooLarge, match="takes 4194304"):
        RELEASED.handle.encode_response(response)
    assert METHODS.handle.encode_response(response)


@OLDER
def test_what_failed_downstream_is_told_by_name_and_text(table: Methods) -> None:
    """The released response has room for no more, the one of May 2026 for nothing."""
    error = books.CascadeReactionError("saga", Cover("account"), "x.Y", 13, "broken")
    read = table.handle_command.decode_response(
        table.handle_command.encode_response(books.CommandResponse(reaction_errors=(error,)))
    )

    told = (books.CascadeReactionError(component="saga", message="broken"),)
    assert read.reaction_errors == (told if table is RELEASED else ())


@OLDER
def test_bytes_that_are_no_message_are_told(table: Methods) -> None:
    """With the older message's name."""
    with pytest.raises(DecodeFailed, match="EventBook"):
        table.get_event_book.decode_response(b"\xff\xff")


@OLDER
@given(book=strategies.event_books())
def test_books_of_any_content_cross_but_for_what_is_left_out(table: Methods, book: books.EventBook) -> None:
    """Payload bytes, sequences and times arrive as they were; type URLs get a prefix."""
    read = table.get_event_book.decode_response(table.get_event_book.encode_response(book))

    assert [(p.sequence, p.created_at_ns, p.event and p.event.value, p.external) for p in read.pages] == [
        (p.sequence, p.created_at_ns, p.event and p.event.value, p.external) for p in book.pages
    ]
    assert read.next_sequence == book.next_sequence
