"""Business logic of decorated classes, called as the embedded coordinator calls it."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import attrs
import pytest

from angzarr_domain.aggregates import Aggregate, Context, aggregate, applies, handles
from angzarr_domain.books import Cover, EventBook, EventPage, Payload, to_nanoseconds
from angzarr_domain.exceptions import (
    CorruptHistory,
    DeclarationError,
    DecodeFailed,
    HandlerFailed,
    InvalidArgument,
    NotHandled,
    Rejected,
    ServingError,
    SnapshotUnfit,
    Status,
    UsageError,
)
from angzarr_domain.hosting import AggregateLogic, CommandCall
from examples.bank.messages import (
    CloseAccount,
    Deposit,
    Deposited,
    NoteRefusal,
    OpenAccount,
    OperationRefused,
    Refund,
    Withdraw,
    Withdrawn,
)
from tests.hosting.asking import CODEC, ROOT, book, command, events_of, unfit
from tests.hosting.ledger import Ledger, Payment

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
LOGIC = AggregateLogic([Ledger, Payment], clock=lambda: NOON)
CORRUPT = EventBook(Cover("ledger", ROOT), (EventPage(Payload("/bank.v1.Deposited", b"\xff"), 0),))


@attrs.frozen
class Given:
    """A history at hand, and how it was asked for."""

    book: EventBook | None = None
    whole: EventBook | None = None
    asked: list[bool] = attrs.field(factory=list[bool])

    def books(self, *, from_start: bool = False) -> Iterator[EventBook]:
        self.asked.append(from_start)
        found = self.whole if from_start else self.book
        if found is not None:
            yield found


def call(
    message: object, history: Given | None = None, *, domain: str = "ledger", cover: Cover | None = None
) -> CommandCall:
    given = history or Given()
    head = 0 if given.book is None else given.book.next_sequence
    return CommandCall(command(message, domain, cover), head, given)  # type: ignore[arg-type] # any message


def decided(message: object, history: Given | None = None, cover: Cover | None = None) -> EventBook:
    return events_of(LOGIC.handle(call(message, history, cover=cover)))


def test_events_get_the_next_sequences() -> None:
    """Pages are numbered from the head on."""
    pages = decided(Withdraw(amount=5), Given(book(2, 4))).pages

    assert [(page.sequence, page.event and CODEC.decode(page.event, Withdrawn).amount) for page in pages] == [
        (2, 2),
        (3, 3),
    ]


def test_events_are_stamped_with_the_hosts_clock() -> None:
    """`created_at` comes from the clock that handlers are given."""
    assert [page.created_at_ns for page in decided(Deposit(amount=1)).pages] == [to_nanoseconds(NOON)]


def test_nothing_emitted_is_an_empty_book() -> None:
    """A handler that returns nothing answers an empty event book (C-0004)."""
    assert decided(OpenAccount()) == EventBook()


def test_handler_knows_head_history_root_and_correlation_id() -> None:
    """The context has what the coordinator said: two prior events make next 2 and history."""
    cover = Cover("ledger", ROOT, "corr")
    (page,) = decided(NoteRefusal(), Given(book(10, 1)), cover).pages

    assert page.event is not None
    assert CODEC.decode(page.event, OperationRefused).code == f"2 True {ROOT} corr"


def test_fresh_aggregate_has_no_history() -> None:
    """No history: next 0, and the handler sees so."""
    (page,) = decided(NoteRefusal()).pages

    assert page.event is not None
    assert CODEC.decode(page.event, OperationRefused).code == f"0 False {ROOT} "


def test_ext_of_the_command_travels_on() -> None:
    """With its address, which older coordinators store at; the correlation id is theirs (C-0146 to C-0148)."""
    ext = Payload("/x.Y", b"1")
    answered = decided(Deposit(), cover=Cover("ledger", ROOT, "corr", ext=ext))

    assert answered.cover == Cover("ledger", ROOT, ext=ext)


def test_without_ext_there_is_no_cover() -> None:
    """Nothing is made up where the command has no `ext`."""
    assert decided(Deposit()).cover is None


def test_rejection_discards_events_already_yielded() -> None:
    """A refusal keeps its code and details, and nothing of what came before it."""
    with pytest.raises(Rejected) as caught:
        decided(Withdraw(amount=7), Given(book(6)))

    assert (caught.value.code, dict(caught.value.details)) == ("INSUFFICIENT_FUNDS", {"balance": "6"})


def test_unknown_command_lists_what_is_handled() -> None:
    """An unknown type is UNIMPLEMENTED, with its type URL and the types there are."""
    with pytest.raises(NotHandled) as caught:
        decided(Payload("/bank.v1.Deposits", b""))

    assert (caught.value.status, caught.value.details["type_url"]) == (Status.UNIMPLEMENTED, "/bank.v1.Deposits")
    assert "bank.v1.Deposit" in caught.value.handled


def test_unknown_command_is_found_before_history_is_read() -> None:
    """A corrupt history cannot hide an unknown command."""
    history = Given(CORRUPT)
    with pytest.raises(NotHandled):
        decided(Payload("/bank.v1.Deposits", b""), history)

    assert history.asked == []


def test_unknown_domain_lists_the_domains() -> None:
    """A domain nobody answers for is UNIMPLEMENTED and names those there are."""
    with pytest.raises(NotHandled) as caught:
        LOGIC.handle(call(Deposit(), domain="ledgers"))

    assert caught.value.handled == ("ledger", "payment")


def test_domains_are_routed_apart() -> None:
    """The same command type goes to the aggregate of its domain (C-0011)."""
    (page,) = events_of(LOGIC.handle(call(Deposit(amount=3), domain="payment"))).pages

    assert page.event is not None
    assert CODEC.decode(page.event, Deposited).reference == "paid"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(None, "MISSING_COMMAND_PAYLOAD", id="no payload"),
        pytest.param(Payload("", b"x"), "MISSING_COMMAND_PAYLOAD", id="no type"),
    ],
)
def test_page_without_command_is_refused(payload: Payload | None, code: str) -> None:
    """A first page without a payload or type URL is INVALID_ARGUMENT."""
    with pytest.raises(InvalidArgument) as caught:
        decided(payload)

    assert caught.value.code == code


def test_book_without_page_is_refused() -> None:
    """A command book has a page."""
    empty = attrs.evolve(command(None), pages=())
    with pytest.raises(InvalidArgument) as caught:
        LOGIC.handle(CommandCall(empty, 0, Given()))

    assert caught.value.code == "MISSING_COMMAND_PAGE"


def test_unreadable_command_is_the_callers_fault() -> None:
    """Bytes that are no such command are ANY_DECODE_FAILED."""
    with pytest.raises(DecodeFailed) as caught:
        decided(Payload("/bank.v1.Deposit", b"\xff"))

    assert (caught.value.code, caught.value.status) == ("ANY_DECODE_FAILED", Status.INVALID_ARGUMENT)


def test_corrupt_history_stops_the_command() -> None:
    """A stored event that does not decode is DATA_LOSS; no handler runs (C-0293)."""
    with pytest.raises(CorruptHistory) as caught:
        decided(Deposit(), Given(CORRUPT))

    assert (caught.value.status, caught.value.sequence, caught.value.root) == (Status.DATA_LOSS, 0, ROOT)


def test_snapshot_that_does_not_fit_leads_to_the_whole_history() -> None:
    """Pages after an unfit snapshot are never folded onto an empty state: all pages are asked for."""
    history = Given(book(1, start=2, snapshot=unfit(1)), book(10, 20, 1))
    (page,) = decided(NoteRefusal(), history).pages

    assert page.event is not None
    assert (history.asked, CODEC.decode(page.event, OperationRefused).reference) == ([False, True], "31")


def test_snapshot_that_does_not_fit_is_passed_over_when_pages_reach_back() -> None:
    """With every page at hand nothing more is asked for."""
    history = Given(book(10, 20, snapshot=unfit(0)))
    decided(NoteRefusal(), history)

    assert history.asked == [False]


def test_history_that_cannot_be_had_is_the_answer() -> None:
    """If even the second reading has no pages, the command ends in SNAPSHOT_UNFIT."""
    lacking = book(1, start=2, snapshot=unfit(1))
    with pytest.raises(SnapshotUnfit):
        decided(Deposit(), Given(lacking, lacking))


def test_unexpected_exception_names_class_and_handler_only() -> None:
    """Texts of exceptions carry payloads, so the status has none of them."""
    with pytest.raises(HandlerFailed) as caught:
        decided(CloseAccount(reference="hush"))

    assert (caught.value.code, caught.value.status) == ("UNHANDLED_HANDLER_ERROR", Status.INTERNAL)
    assert "ValueError" in caught.value.message
    assert "Ledger.close" in caught.value.message
    assert "hush" not in caught.value.message


def test_log_has_the_frames_without_the_text(caplog: pytest.LogCaptureFixture) -> None:
    """Above DEBUG the log says where it broke, not with what."""
    with caplog.at_level(logging.INFO, "angzarr_domain.hosting"), pytest.raises(HandlerFailed):
        decided(CloseAccount(reference="hush"))

    assert "ledger.py" in caplog.text
    assert "in close" in caplog.text
    assert "hush" not in caplog.text


def test_log_has_the_text_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks for DEBUG gets all of it."""
    with caplog.at_level(logging.DEBUG, "angzarr_domain.hosting"), pytest.raises(HandlerFailed):
        decided(CloseAccount(reference="hush"))

    assert "cannot close hush" in caplog.text


def test_applier_that_raises_fails_the_command(caplog: pytest.LogCaptureFixture) -> None:
    """An applier's exception is reported like a handler's, and logged."""
    poison = EventBook(pages=(EventPage(CODEC.encode(Deposited(reference="poison")), 0),))
    with pytest.raises(HandlerFailed, match=r"Ledger\.deposited raised KeyError"):
        decided(Deposit(), Given(poison))

    assert "in deposited" in caplog.text


def test_event_without_encoding_is_the_handlers_fault() -> None:
    """An event that cannot be encoded is no INVALID_ARGUMENT: the caller did nothing wrong."""
    with pytest.raises(HandlerFailed, match=r"Ledger\.refund") as caught:
        decided(Refund(withdrawal="hush"))

    assert "hush" not in caught.value.message


def test_nothing_to_host_is_an_error() -> None:
    """A host without components is misconfigured (C-0504)."""
    with pytest.raises(ServingError) as caught:
        AggregateLogic([])

    assert caught.value.code == "NO_COMPONENTS_REGISTERED"


def test_undecorated_class_is_an_error() -> None:
    """Only decorated classes have handlers; a subclass has to be decorated itself."""

    class Plain(Ledger):
        pass

    with pytest.raises(UsageError, match="Plain is not decorated"):
        AggregateLogic([Plain])


def test_one_class_instead_of_a_list_says_how_to_write_it() -> None:
    """The command line takes either, so it is an easy slip."""
    with pytest.raises(UsageError, match=r"as a list: \[Ledger\]"):
        AggregateLogic(Ledger)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the slip


def test_two_handlers_of_one_command_are_an_error_that_names_both() -> None:
    """One handler for each command type of a domain (C-0010, C-0064)."""

    @aggregate(domain="ledger")
    class Double(Aggregate):
        @handles
        def put(self, command: Deposit) -> Deposited:
            return Deposited()

        @applies
        def done(self, event: Deposited) -> None:
            pass

    with pytest.raises(DeclarationError) as caught:
        AggregateLogic([Ledger, Double])

    assert "Ledger.deposit" in caught.value.message
    assert "Double.put" in caught.value.message


def test_context_ids_come_from_the_host() -> None:
    """Ids are replaceable, so that a test knows them."""
    seen: list[UUID] = []

    @aggregate(domain="ids", ignores=[Deposited])
    class Ids(Aggregate):
        @handles
        def put(self, command: Deposit, context: Context) -> Deposited:
            seen.append(context.new_id())
            return Deposited()

    AggregateLogic([Ids], ids=lambda: UUID(int=1)).handle(call(Deposit(), domain="ids"))

    assert seen == [UUID(int=1)]
