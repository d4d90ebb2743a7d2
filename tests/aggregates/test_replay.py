"""What a history means. Every fold of the package is this one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

import attrs
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

from angzarr_domain import Aggregate, aggregate, applies
from angzarr_domain.aggregates import Fold, Replayed, advance, definition_of, replay
from angzarr_domain.books import Cover, EventBook, EventPage, Message, Payload, PayloadReference, Snapshot
from angzarr_domain.exceptions import CorruptHistory, HandlerFailed, IncompleteHistory, SnapshotUnfit, Status
from angzarr_domain.messages import proto
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Account, Deposited, Noted, Opened, Withdrawn

ROOT = UUID(int=7)
ACCOUNT = definition_of(Account)
CODEC = PayloadCodec()
OPENED, TEN, THREE = Opened(owner="ada"), Deposited(amount=10), Withdrawn(amount=3)


def page(event: Message, sequence: int | None = None) -> EventPage:
    return EventPage(CODEC.encode(event), sequence)


def book(*events: Message, start: int = 0, snapshot: Snapshot | None = None) -> EventBook:
    pages = tuple(page(event, start + index) for index, event in enumerate(events))
    return EventBook(Cover("ledger", ROOT), pages, snapshot)


def folded(*pages: EventPage) -> Account:
    return replay(ACCOUNT, EventBook(Cover("ledger", ROOT), pages), CODEC).state


# --- order and content ---


@pytest.mark.parametrize("history", [None, (), EventBook()])
def test_no_history_is_a_fresh_state(history: EventBook | tuple[()] | None) -> None:
    """C-0281: nothing to fold gives the defaults, next sequence 0, no history."""
    assert replay(ACCOUNT, history, CODEC) == Replayed(Account(), 0, had_history=False)


def test_one_event_is_applied() -> None:
    """C-0282."""
    assert replay(ACCOUNT, book(OPENED), CODEC).state == Account(owner="ada")


def test_events_are_applied_in_order() -> None:
    """C-0283, C-0284: in the order of the book."""
    assert replay(ACCOUNT, book(OPENED, TEN, Opened(owner="bob")), CODEC).state == Account(owner="bob", balance=10)


def test_events_add_up() -> None:
    """C-0289, C-0290: each event is folded onto what the ones before led to."""
    assert replay(ACCOUNT, book(OPENED, TEN, TEN, THREE), CODEC).state.balance == 17


def test_the_next_sequence_is_that_of_the_book() -> None:
    """It is what the coordinator says, not a count of pages."""
    history = attrs.evolve(book(OPENED, TEN), next_sequence=9)

    assert replay(ACCOUNT, history, CODEC).next_sequence == 9


def test_the_root_is_read_from_the_cover() -> None:
    """So that handlers can ask for it."""
    assert replay(ACCOUNT, book(OPENED), CODEC).state.root == ROOT


def test_a_given_root_is_kept_without_history() -> None:
    """An aggregate that does not exist yet knows which one it would be."""
    state = replay(ACCOUNT, None, CODEC, root=ROOT).state

    assert (state.root, state.exists) == (ROOT, False)


def test_history_counts_even_if_nothing_applies_it() -> None:
    """An aggregate with any event exists, whether its class knows the event or not."""
    done = replay(ACCOUNT, book(Noted(text="x")), CODEC)

    assert (done.had_history, done.state.exists, done.state.next_sequence) == (True, True, 1)


# --- types ---


@pytest.mark.parametrize("prefix", ["", "/", "type.googleapis.com/", "any/path/"])
def test_types_are_found_by_the_name_after_the_last_slash(prefix: str) -> None:
    """C-0291, C-0292, C-0302: whatever the prefix."""
    payload = attrs.evolve(CODEC.encode(TEN), type_url=f"{prefix}tests.ledger.Deposited")

    assert folded(EventPage(payload, 0)).balance == 10


@pytest.mark.parametrize(
    "name", ["Deposited", "ledger.Deposited", "my.tests.ledger.Deposited", "tests.ledger.Deposite"]
)
def test_types_are_compared_whole(name: str) -> None:
    """A name that merely ends or starts like one that is applied is another type."""
    payload = attrs.evolve(CODEC.encode(TEN), type_url=f"/{name}")

    assert folded(EventPage(payload, 0)).balance == 0


def test_unknown_types_are_skipped() -> None:
    """C-0288: and later pages still fold."""
    unknown = EventPage(Payload("/elsewhere.Happened", b"\xff"), 1)

    assert folded(page(OPENED, 0), unknown, page(TEN, 2)).balance == 10


@pytest.mark.parametrize("gap", [EventPage(sequence=1), EventPage(sequence=1, external=PayloadReference(uri="s3://x"))])
def test_gap_pages_are_skipped(gap: EventPage) -> None:
    """A page without an event, or whose event is stored elsewhere, does not end the fold."""
    assert folded(page(OPENED, 0), gap, page(TEN, 2)).balance == 10


def test_pages_without_sequence_are_folded() -> None:
    """They are covered by nothing."""
    assert folded(page(OPENED), page(TEN)).balance == 10


def test_holes_further_on_are_allowed() -> None:
    """Only the start of a history has to be there."""
    done = replay(ACCOUNT, EventBook(pages=(page(OPENED, 0), page(TEN, 5))), CODEC)

    assert (done.state.balance, done.next_sequence) == (10, 6)


def test_compiled_messages_are_folded_beside_generated_ones() -> None:
    """The annotation of an applier decides which kind it gets."""

    @aggregate(domain="mixed")
    class Mixed(Aggregate):
        seen: tuple[str, ...] = ()

        @applies(wrappers_pb2.StringValue)
        def text(self, event: wrappers_pb2.StringValue) -> None:
            self.seen = (*self.seen, event.value)

        @applies
        def opened(self, event: Opened) -> None:
            self.seen = (*self.seen, event.owner)

    history = book(wrappers_pb2.StringValue(value="x"), OPENED)

    assert replay(definition_of(Mixed), history, CODEC).state.seen == ("x", "ada")


# --- what cannot be folded ---


def test_corrupt_events_are_refused() -> None:
    """C-0293: an event that does not decode fails the fold, naming type, sequence and root."""
    corrupt = EventPage(Payload("/tests.ledger.Deposited", b"\x08"), 1)

    with pytest.raises(CorruptHistory) as caught:
        folded(page(OPENED, 0), corrupt)

    error = caught.value
    assert (error.type_url, error.sequence, error.root) == ("/tests.ledger.Deposited", 1, ROOT)
    assert (error.code, error.status) == ("PERSISTED_EVENT_CORRUPT", Status.DATA_LOSS)


def test_a_missing_required_field_is_corrupt() -> None:
    """C-0294: a compiled message whose required field is absent is no event."""
    file = descriptor_pb2.FileDescriptorProto(name="required.proto", package="tests.required", syntax="proto2")
    message = file.message_type.add(name="Happened")
    message.field.add(name="at", number=1, type=3, label=descriptor_pb2.FieldDescriptorProto.LABEL_REQUIRED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    strict = message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.required.Happened"))

    @aggregate(domain="required")
    class Strict(Aggregate):
        @applies(strict)
        def happened(self, event: object) -> None:
            raise AssertionError("must not be reached")

    history = EventBook(pages=(EventPage(Payload("/tests.required.Happened", b""), 0),))
    with pytest.raises(CorruptHistory):
        replay(definition_of(Strict), history, CODEC)


def test_an_applier_that_fails_to_decode_something() -> None:
    """Is the applier's failure: the stored event itself was readable."""

    @aggregate(domain="careless")
    class Careless(Aggregate):
        @applies
        def opened(self, event: Opened) -> None:
            CODEC.decoder(Deposited)(b"\x08")

    with pytest.raises(HandlerFailed, match=r"^Careless\.opened raised DecodeFailed"):
        replay(definition_of(Careless), book(OPENED), CODEC)


def test_a_failing_applier_is_named() -> None:
    """And the event it failed at. The text has the classes only; the exception itself is the cause."""

    @aggregate(domain="broken")
    class Broken(Aggregate):
        @applies
        def opened(self, event: Opened) -> None:
            raise ValueError(event.owner)

    with pytest.raises(HandlerFailed, match=r"^Broken\.opened raised ValueError at stored event 1 of root") as caught:
        replay(definition_of(Broken), book(TEN, OPENED), CODEC)
    assert (caught.value.sequence, caught.value.root) == (1, ROOT)
    assert isinstance(caught.value.__cause__, ValueError)
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize(
    ("history", "text"),
    [
        pytest.param(book(TEN, start=3), "starts at 3 where 0 has to come next", id="starts late"),
        pytest.param(
            EventBook(next_sequence=4), "says that 4 comes next but holds neither", id="says more than it has"
        ),
    ],
)
def test_a_history_that_misses_its_start_is_refused(history: EventBook, text: str) -> None:
    """Folding it onto an empty state would be a state that never was."""
    with pytest.raises(IncompleteHistory, match=text):
        replay(ACCOUNT, history, CODEC)


SNAPSHOT = Snapshot(5, Payload("/tests.ledger.Whatever", b""))


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(book(TEN, start=6, snapshot=SNAPSHOT), id="pages after it"),
        pytest.param(book(snapshot=SNAPSHOT), id="no pages"),
        pytest.param(EventBook(None, (page(TEN),), SNAPSHOT), id="pages without sequence"),
    ],
)
def test_a_snapshot_that_does_not_load_stands_for_nothing(history: EventBook) -> None:
    """Coordinators send only the pages after a snapshot, so the pages before it are missing."""
    with pytest.raises(SnapshotUnfit, match="snapshot at 5 does not fit Account"):
        replay(ACCOUNT, history, CODEC)


def test_a_snapshot_that_does_not_load_covers_no_page() -> None:
    """With the whole history beside it, all of it is folded."""
    history = book(OPENED, TEN, TEN, snapshot=Snapshot(1, Payload("/tests.ledger.Whatever", b"")))

    assert replay(ACCOUNT, history, CODEC).state.balance == 20


# --- folding on ---


def test_a_tail_is_folded_onto_a_state() -> None:
    """C-0301: a start state and events give a state."""
    start = replay(ACCOUNT, book(OPENED, TEN), CODEC)

    assert replay(ACCOUNT, book(THREE, start=2), CODEC, onto=start) == Replayed(
        Account(owner="ada", balance=7), 3, had_history=True
    )


def test_the_state_folded_onto_stays_as_it_is() -> None:
    """C-0299, C-0300: folding changes neither its book nor the state it starts from."""
    start, tail = replay(ACCOUNT, book(OPENED, TEN), CODEC), book(THREE, start=2)
    before = copy.deepcopy((start, tail))
    replay(ACCOUNT, tail, CODEC, onto=start)

    assert (start, tail) == before


def test_pages_folded_before_are_skipped() -> None:
    """C-0287: a tail that reaches back further than it has to adds nothing twice."""
    start = replay(ACCOUNT, book(OPENED, TEN), CODEC)

    assert replay(ACCOUNT, book(OPENED, TEN, THREE), CODEC, onto=start).state.balance == 7


def test_an_empty_tail_says_nothing() -> None:
    """It changes neither state nor next sequence, and the root stays known."""
    start = replay(ACCOUNT, book(OPENED, TEN), CODEC)
    again = replay(ACCOUNT, [], CODEC, onto=start)

    assert (again, again.state.root) == (start, ROOT)


@pytest.mark.parametrize(
    "tail",
    [pytest.param(book(THREE, start=4), id="a hole"), pytest.param(EventBook(next_sequence=4), id="only a number")],
)
def test_a_tail_with_a_hole_before_it_is_refused(tail: EventBook) -> None:
    """What came in between is missing."""
    start = replay(ACCOUNT, book(OPENED, TEN), CODEC)

    with pytest.raises(IncompleteHistory):
        replay(ACCOUNT, tail, CODEC, onto=start)


def test_a_snapshot_of_what_is_folded_already_is_no_hole() -> None:
    """Nothing of the tail is missing because of it."""
    start = replay(ACCOUNT, book(OPENED, TEN), CODEC)
    tail = book(THREE, start=2, snapshot=Snapshot(1, Payload("/x", b"")))

    assert replay(ACCOUNT, tail, CODEC, onto=start).next_sequence == 3


def test_books_of_one_history_are_folded_one_by_one() -> None:
    """A large history comes in books; each may say what comes next in the whole stream."""
    books = [attrs.evolve(book(OPENED, TEN), next_sequence=4), attrs.evolve(book(THREE, TEN, start=2), next_sequence=4)]

    assert replay(ACCOUNT, iter(books), CODEC) == replay(ACCOUNT, book(OPENED, TEN, THREE, TEN), CODEC)


def test_a_book_missing_in_between_is_refused() -> None:
    """Books of one history continue each other."""
    with pytest.raises(IncompleteHistory, match="starts at 3 where 2 has to come next"):
        replay(ACCOUNT, [book(OPENED, TEN), book(THREE, start=3)], CODEC)


def test_a_fold_never_holds_the_books() -> None:
    """Each book is asked for after the one before was folded."""
    fold_places: list[int] = []
    fold = Fold(ACCOUNT, CODEC, root=ROOT)

    def books() -> Iterator[EventBook]:
        for start in range(3):
            fold_places.append(fold.next_sequence)
            yield book(TEN, start=start)

    for each in books():
        fold.feed(each)

    assert fold_places == [0, 1, 2]
    assert fold.result().state.balance == 30


# --- advancing ---


def test_advance_applies_new_events_to_a_copy() -> None:
    """The state that decided stays as it is; the new one knows what comes next."""
    start = replay(ACCOUNT, book(OPENED), CODEC)
    done = advance(ACCOUNT, start, [TEN, THREE])

    assert (start.state.balance, done) == (0, Replayed(Account(owner="ada", balance=7), 3, had_history=True))
    assert (done.state.exists, done.state.next_sequence, done.state.root) == (True, 3, ROOT)


def test_advance_equals_replay() -> None:
    """Live state and replayed state are the same."""
    live = advance(ACCOUNT, replay(ACCOUNT, None, CODEC, root=ROOT), [OPENED, TEN, Noted(text="x")])

    assert live == replay(ACCOUNT, book(OPENED, TEN, Noted(text="x")), CODEC)


def test_a_failing_applier_is_named_when_advancing() -> None:
    """As in a replay."""

    @attrs.frozen
    class Happened:
        __protobuf_name__: ClassVar[str] = "tests.Happened"
        value: int = proto(1, "int32")

    @aggregate(domain="broken")
    class Broken(Aggregate):
        @applies(Happened)
        def happened(self, event: Happened) -> None:
            raise KeyError(event.value)

    definition = definition_of(Broken)
    with pytest.raises(HandlerFailed, match=r"^Broken\.happened raised KeyError"):
        advance(definition, replay(definition, None, CODEC), [Happened()])
