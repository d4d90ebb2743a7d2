"""Old events on the fold: upcasts, aliases, and types that nobody knows."""

from __future__ import annotations

import logging
from typing import ClassVar
from uuid import UUID

import attrs
import pytest

from angzarr_domain import Aggregate, DomainClient, Repository, aggregate, applies, handles, upcasts
from angzarr_domain.aggregates import definition_of, replay
from angzarr_domain.books import Cover, EventBook, EventPage, Message, Payload
from angzarr_domain.exceptions import DeclarationError, HandlerFailed, UnknownEvent
from angzarr_domain.messages import proto
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Deposit, Deposited, Noted, Opened, Withdrawn

ROOT = UUID(int=7)
CODEC = PayloadCodec()


@attrs.frozen(kw_only=True)
class DepositedV1:
    """In whole units, as text."""

    __protobuf_name__: ClassVar[str] = "tests.ledger.DepositedV1"

    units: str = proto(1, "string")


@attrs.frozen(kw_only=True)
class DepositedV2:
    __protobuf_name__: ClassVar[str] = "tests.ledger.DepositedV2"

    units: int = proto(1, "int64")


@attrs.frozen(kw_only=True)
class Moved:
    """Once both sides of a deposit with a fee."""

    __protobuf_name__: ClassVar[str] = "tests.ledger.Moved"

    amount: int = proto(1, "int64")
    fee: int = proto(2, "int64")


@attrs.frozen(kw_only=True)
class Blinked:
    """Once recorded, and of no use to anybody."""

    __protobuf_name__: ClassVar[str] = "tests.ledger.Blinked"


@aggregate(domain="ledger", ignores=[Noted], aliases={"tests.old.Opening": Opened, "tests.old.Paid": DepositedV2})
class Account(Aggregate):
    owner: str = ""
    balance: int = 0

    @handles
    def deposit(self, command: Deposit) -> Deposited:
        return Deposited(amount=command.amount)

    @applies
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount

    @staticmethod
    @upcasts
    def first(event: DepositedV1) -> DepositedV2:
        return DepositedV2(units=int(event.units))

    @staticmethod
    @upcasts
    def second(event: DepositedV2) -> Deposited:
        return Deposited(amount=event.units * 100)

    @staticmethod
    @upcasts
    def moved(event: Moved) -> tuple[Deposited, Withdrawn]:
        return Deposited(amount=event.amount), Withdrawn(amount=event.fee)

    @staticmethod
    @upcasts
    def blinked(event: Blinked) -> None:
        """Left out."""


def book(*events: Message | Payload) -> EventBook:
    payloads = [event if isinstance(event, Payload) else CODEC.encode(event) for event in events]
    return EventBook(Cover("ledger", ROOT), tuple(EventPage(each, number) for number, each in enumerate(payloads)))


def folded(*events: Message | Payload) -> Account:
    return replay(definition_of(Account), book(*events), CODEC).state


def stored_as(name: str, event: Message) -> Payload:
    return attrs.evolve(CODEC.encode(event), type_url=f"/{name}")


# --- what old events become ---


def test_one_event_becomes_another() -> None:
    """The newest type it leads to is applied."""
    assert folded(DepositedV2(units=3)).balance == 300


def test_upcasts_follow_each_other() -> None:
    """C-0136: the first becomes the second, which becomes the third."""
    assert folded(DepositedV1(units="2")).balance == 200


def test_one_event_becomes_several() -> None:
    """All of them are applied, in the order they are given."""
    assert folded(Moved(amount=50, fee=8)).balance == 42


def test_an_event_is_left_out() -> None:
    """It still has its place in the stream."""
    replayed = replay(definition_of(Account), book(Blinked(), Deposited(amount=1)), CODEC)

    assert (replayed.state.balance, replayed.next_sequence, replayed.had_history) == (1, 2, True)


def test_old_and_new_mix_in_their_order() -> None:
    """A stream that was written by several versions folds as one."""
    events = (Opened(owner="ada"), DepositedV1(units="1"), Moved(amount=5, fee=1), Deposited(amount=3))

    assert folded(*events) == Account(owner="ada", balance=107)


def test_an_alias_is_todays_class_under_its_old_name() -> None:
    """The bytes are read as today's class."""
    assert folded(stored_as("tests.old.Opening", Opened(owner="bob"))).owner == "bob"


def test_an_alias_may_lead_to_an_upcast() -> None:
    """A type that was renamed first and replaced later."""
    assert folded(stored_as("tests.old.Paid", DepositedV2(units=4))).balance == 400


def test_history_shows_what_was_stored() -> None:
    """The page decodes as the old event; the state after it is what that means today."""
    from angzarr_domain.embedded import Coordinator

    with Coordinator([Account]) as coordinator, coordinator.client() as client:
        _store(client, book(DepositedV1(units="2")))
        (step,) = Repository(Account, client).history(ROOT)

    assert (step.event, step.state.balance) == (DepositedV1(units="2"), 200)


def _store(client: DomainClient, history: EventBook) -> None:
    from angzarr_domain.books import EventRequest, ExternalDeferredSequence

    pages = tuple(
        EventPage(page.event, deferred=ExternalDeferredSequence(external_id=str(page.sequence)))
        for page in history.pages
    )
    cover = Cover("ledger", ROOT, correlation_id="import")
    client.aggregate.handle_event(EventRequest(EventBook(cover, pages), skip_handler=True))


# --- upcasts that fail ---


def test_an_upcast_that_raises_names_itself_and_the_event() -> None:
    """Nothing is folded onto a guess."""
    with pytest.raises(HandlerFailed, match=r"Account.first raised ValueError at stored event 1 of root") as caught:
        folded(Deposited(amount=1), DepositedV1(units="x"))

    assert (caught.value.handler, caught.value.sequence) == ("Account.first", 1)


def test_an_upcast_that_gives_something_else() -> None:
    """What its annotation does not name is refused, where it happens."""

    @aggregate(domain="ledger")
    class Wrong(Aggregate):
        balance: int = 0

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

        @staticmethod
        @upcasts
        def old(event: DepositedV2) -> Deposited:
            return event  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    with pytest.raises(HandlerFailed, match=r"Wrong.old gave tests.ledger.DepositedV2, .* \(stored event 0 of root"):
        replay(definition_of(Wrong), book(DepositedV2(units=1)), CODEC)


def test_an_applier_behind_an_upcast_that_raises() -> None:
    """The applier is named, not the upcast."""

    @aggregate(domain="ledger")
    class Strict(Aggregate):
        balance: int = 0

        @applies
        def deposited(self, event: Deposited) -> None:
            raise ArithmeticError(event.amount)

        @staticmethod
        @upcasts
        def old(event: DepositedV2) -> Deposited:
            return Deposited(amount=event.units)

    with pytest.raises(HandlerFailed, match=r"Strict.deposited raised ArithmeticError at stored event 0") as caught:
        replay(definition_of(Strict), book(DepositedV2(units=1)), CODEC)

    assert isinstance(caught.value.__cause__, ArithmeticError)


# --- types that nobody knows ---


def test_a_tolerant_aggregate_says_once_for_each_type_that_it_skips_it(caplog: pytest.LogCaptureFixture) -> None:
    """C-0288: skipped, later pages still fold; the log says so once, however many events and folds."""
    unknown = Payload("/tests.ledger.Renamed", b"")

    @aggregate(domain="ledger", ignores=[Noted])
    class Tolerant(Aggregate):
        balance: int = 0

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

    with caplog.at_level(logging.WARNING, "angzarr_domain"):
        states = [
            replay(definition_of(Tolerant), book(unknown, Noted(text="x"), unknown, Deposited(amount=5)), CODEC).state
            for _ in range(3)
        ]

    assert [state.balance for state in states] == [5, 5, 5]
    assert [record.message.split(":")[0] for record in caplog.records] == [Tolerant.__qualname__]
    assert "tests.ledger.Renamed are skipped" in caplog.text


def test_a_strict_aggregate_refuses_what_it_does_not_know() -> None:
    """With the type and the place, since a state that leaves out events is a guess."""

    @aggregate(domain="ledger", ignores=[Noted], unknown="strict")
    class Strict(Aggregate):
        balance: int = 0

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

    with pytest.raises(UnknownEvent) as caught:
        replay(definition_of(Strict), book(Noted(text="x"), Payload("/tests.ledger.Renamed", b"")), CODEC)

    assert (caught.value.type_name, caught.value.sequence, caught.value.root) == ("tests.ledger.Renamed", 1, ROOT)


def test_a_strict_aggregate_takes_pages_without_an_event() -> None:
    """A gap holds nothing that could be unknown."""

    @aggregate(domain="ledger", unknown="strict")
    class Strict(Aggregate):
        balance: int = 0

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

    history = EventBook(Cover("ledger", ROOT), (EventPage(None, 0), EventPage(CODEC.encode(Deposited(amount=5)), 1)))

    assert replay(definition_of(Strict), history, CODEC).state.balance == 5


# --- chains that are refused at import ---


def test_a_chain_that_ends_nowhere() -> None:
    """C-0137: what is left in the middle of a chain is found before the first event is."""
    with pytest.raises(DeclarationError, match=r"Gap.old: turns \S+V1 into \S+V2, which nothing applies and nothing"):

        @aggregate(domain="ledger")
        class Gap(Aggregate):
            @staticmethod
            @upcasts
            def old(event: DepositedV1) -> DepositedV2:
                return DepositedV2(units=int(event.units))


def test_a_chain_that_never_ends() -> None:
    """One issue for the circle, with the methods of it."""
    with pytest.raises(DeclarationError, match=r"Round.there -> Round.back -> Round.there: .* in a circle") as caught:

        @aggregate(domain="ledger")
        class Round(Aggregate):
            @staticmethod
            @upcasts
            def there(event: DepositedV1) -> DepositedV2:
                return DepositedV2(units=int(event.units))

            @staticmethod
            @upcasts
            def back(event: DepositedV2) -> DepositedV1:
                return DepositedV1(units=str(event.units))

    assert len(caught.value.issues) == 1


def test_an_upcast_into_itself() -> None:
    """The shortest circle."""
    with pytest.raises(DeclarationError, match=r"Same.old: turns tests.ledger.DepositedV1 into itself"):

        @aggregate(domain="ledger")
        class Same(Aggregate):
            @staticmethod
            @upcasts
            def old(event: DepositedV1) -> DepositedV1:
                return event


def test_two_ways_from_one_event() -> None:
    """Ambiguous: one of the two would never be taken."""
    with pytest.raises(DeclarationError, match=r"Two.one and Two.other both upcast tests.ledger.DepositedV2"):

        @aggregate(domain="ledger", ignores=[Deposited, Withdrawn])
        class Two(Aggregate):
            @staticmethod
            @upcasts
            def one(event: DepositedV2) -> Deposited:
                return Deposited(amount=event.units)

            @staticmethod
            @upcasts
            def other(event: DepositedV2) -> Withdrawn:
                return Withdrawn(amount=event.units)
