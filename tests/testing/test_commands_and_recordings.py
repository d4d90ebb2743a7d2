"""Histories given by commands, by recordings, and by events of older types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from angzarr_domain import Aggregate, aggregate, applies, handles, upcasts
from angzarr_domain.books import Cover, EventBook, EventPage, Payload
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import DecodeFailed, UsageError
from angzarr_domain.histories import export_history
from angzarr_domain.messages import frozen, proto
from angzarr_domain.testing import ANY_ID, ANY_TIME, NOW, ROOT, ScenarioFailed, given, given_recorded, make_event_page
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Account, Deposit, Deposited, Noted, Open, Opened, Withdraw, Withdrawn


def text_of(expectation: Callable[[], object]) -> str:
    with pytest.raises(ScenarioFailed) as caught:
        expectation()
    return str(caught.value)


def reproducer(text: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in text.partition("to see it again:\n")[2].splitlines())


# --- commands ---


def test_a_history_is_given_by_commands() -> None:
    """Each is decided on what the ones before led to, after the events given."""
    scenario = given(Account, Opened(owner="ada")).commands(Deposit(amount=5), Withdraw(amount=2))

    scenario.then_state(owner="ada", balance=3).when(Withdraw(amount=4)).rejects("INSUFFICIENT_FUNDS", balance=3)


def test_commands_are_held_to_the_rules() -> None:
    """Theirs are ordinary decisions."""
    scenario = given(Account, correlation_id="f").commands(Deposit(amount=5))

    assert repr(scenario) == "<given Account with 2 events>"


def test_a_refused_command_makes_no_history() -> None:
    """The text says which it was, why, and how to see it again."""
    text = text_of(lambda: given(Account, Opened()).commands(Deposit(amount=5), Withdraw(amount=9), Deposit()))

    assert text.startswith(
        "command 2 of 3, Withdraw(amount=9), was refused, so there is no such history\n\n"
        "the refusal:\n  rejected INSUFFICIENT_FUNDS\n    balance = '5'\n    'not enough money'\n"
    )
    assert (
        "probable cause: Account.withdraw refused with INSUFFICIENT_FUNDS: the commands before do not allow it" in text
    )
    assert text.endswith("      Opened(owner=''),\n      Deposited(amount=5),\n  ).commands(Withdraw(amount=9))")
    assert "command 1 of 1" in text_of(lambda: exec(reproducer(text), {}))


# --- events of older types ---


@frozen(kw_only=True)
class Paid:
    """How deposits were stored once."""

    __protobuf_name__: ClassVar[str] = "tests.older.Paid"

    cents: int = proto(1, "int64")


@frozen(kw_only=True)
class Tipped:
    """A deposit and a note, once."""

    __protobuf_name__: ClassVar[str] = "tests.older.Tipped"

    cents: int = proto(1, "int64")


@frozen(kw_only=True)
class Renamed:
    """`Deposited`, under the name of a class that is gone."""

    __protobuf_name__: ClassVar[str] = "tests.older.Renamed"

    amount: int = proto(1, "int64")


@aggregate(domain="grown", ignores=[Noted], aliases={"tests.older.Renamed": Deposited})
class Grown(Aggregate):
    balance: int = 0

    @handles
    def deposit(self, command: Deposit) -> Deposited:
        return Deposited(amount=command.amount)

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @staticmethod
    @upcasts
    def paid(event: Paid) -> Deposited:
        return Deposited(amount=event.cents)

    @staticmethod
    @upcasts
    def tipped(event: Tipped) -> tuple[Paid, Noted]:
        return Paid(cents=event.cents), Noted(text="a tip")


RENAMED = EventPage(Payload("/tests.older.Renamed", PayloadCodec().encode(Deposited(amount=4)).value))
UNKNOWN = EventPage(Payload("/tests.older.Gone", b""))


def test_events_of_older_types_are_history() -> None:
    """They are folded as in production: upcast, in chains, and by their aliases."""
    given(Grown, Paid(cents=1), Tipped(cents=2), Renamed(amount=3), RENAMED).then_state(balance=10)


def test_gaps_and_unknown_events_take_their_places() -> None:
    """They change no state, and have a sequence."""
    given(Grown, EventPage(), UNKNOWN).then_state(balance=0, next_sequence=2)


def test_a_page_of_a_known_type_is_that_event() -> None:
    """So that a report shows it as one."""
    given(Account, make_event_page(0, Deposited(amount=3))).then_state(balance=3)
    assert "  0  Deposited(amount=3)\n" in text_of(
        lambda: given(Account, make_event_page(0, Deposited(amount=3))).then_state(balance=4)
    )


def test_a_page_of_another_place_is_refused() -> None:
    """A history in a scenario has no holes."""
    with pytest.raises(UsageError, match="a page says that it is event 3, and 1 comes next"):
        given(Account, Opened(), make_event_page(3, Deposited()))


def test_a_page_that_does_not_decode_is_refused() -> None:
    """As a fold does."""
    with pytest.raises(DecodeFailed):
        given(Account, EventPage(Payload("/tests.ledger.Deposited", b"\xff")))


def test_invariants_see_older_events_as_what_they_are_today() -> None:
    """So that they need not know of them."""

    def adds_up(grown: Grown, history: tuple[object, ...]) -> bool:
        return grown.balance == sum(event.amount for event in history if isinstance(event, Deposited))

    given(Grown, Paid(cents=1), Tipped(cents=2), Renamed(amount=3), RENAMED, UNKNOWN).then_holds(adds_up).when(
        Deposit(amount=5)
    ).then_holds(adds_up)


def test_stored_events_are_part_of_the_reproducer() -> None:
    """With their bytes."""
    text = text_of(lambda: given(Grown, Paid(cents=1), RENAMED, EventPage()).when(Deposit(amount=5)).then_nothing())

    assert "      EventPage(Payload('/tests.older.Renamed', b'\\x08\\x04')),\n      EventPage(),\n" in text
    assert text_of(lambda: exec(reproducer(text), {})) == text


# --- recordings ---


@pytest.fixture(name="recording")
def _recording(tmp_path: Path) -> Path:
    """Of two accounts."""
    where = tmp_path / "ledger.jsonl"
    with Coordinator([Account]) as coordinator, coordinator.client() as client:
        for root, amount in ((ROOT, 5), (NOW_ROOT, 7)):
            client.command(Open(owner="ada"), root).send_sync()
            client.command(Deposit(amount=amount), root).send_sync()
        export_history(client, "ledger", where)
    return where


NOW_ROOT = ROOT.__class__(int=2)


def test_a_history_is_given_by_a_recording(recording: Path) -> None:
    """The stream of that root, from a file; what comes then is what it would be in production."""
    scenario = given_recorded(Account, recording, root=NOW_ROOT)

    scenario.then_state(owner="ada", balance=7, root=NOW_ROOT).when(Withdraw(amount=7)).then(Withdrawn(amount=7))


def test_several_streams_have_to_be_told_apart(recording: Path) -> None:
    """The text lists their roots."""
    with pytest.raises(UsageError, match=rf"holds several streams of domain ledger: name one by root=, of .*{ROOT}"):
        given_recorded(Account, recording)


def test_a_stream_that_is_not_there_is_told(recording: Path) -> None:
    """Of another domain, or another root."""
    with pytest.raises(UsageError, match="holds no stream of domain grown"):
        given_recorded(Grown, recording)
    with pytest.raises(UsageError, match="holds no stream of domain ledger with root"):
        given_recorded(Account, str(recording), root=ROOT.__class__(int=99))


def test_a_history_is_given_by_a_book() -> None:
    """As a query gives it."""
    book = EventBook(Cover("ledger", NOW_ROOT), (make_event_page(0, Deposited(amount=3)),))

    given_recorded(Account, book).then_state(balance=3, root=NOW_ROOT)


def test_a_book_of_another_domain_is_refused() -> None:
    """Its events are somebody else's."""
    with pytest.raises(UsageError, match="this is a stream of domain grown, and Account owns ledger"):
        given_recorded(Account, EventBook(Cover("grown")))


# --- matchers ---


@pytest.mark.parametrize(
    ("matcher", "fits", "does_not"),
    [
        (ANY_ID, [ROOT, str(ROOT), ROOT.bytes], ["ada", 5, None, b"x", NOW]),
        (ANY_TIME, [NOW, NOW.isoformat()], [NOW.replace(tzinfo=None), "ada", 5, None, "2026-01-01"]),
    ],
)
def test_a_matcher_fits_its_kind(matcher: Any, fits: list[object], does_not: list[object]) -> None:
    """On either side of a comparison."""
    assert all(matcher == value and value == matcher for value in fits)
    assert not any(matcher == value or value == matcher for value in does_not)
    assert repr(matcher) in {"ANY_ID", "ANY_TIME"}


def test_matchers_stand_in_events_details_and_state() -> None:
    """Where a value is free, but not of any kind."""
    given(Account, Opened()).when(Open()).rejects("ACCOUNT_EXISTS", root=ANY_ID)
    given(Account).then_state(root=ANY_ID)
    given(Account).when(Open(owner=str(ROOT))).then(Opened(owner=ANY_ID))
    text = text_of(lambda: given(Account).when(Open(owner="ada")).then(Opened(owner=ANY_ID)))

    assert "owner: expected ANY_ID, actual 'ada'" in text
    assert text_of(lambda: exec(reproducer(text), {})) == text


def test_a_message_with_a_matcher_is_never_sent() -> None:
    """It stands for many."""
    with pytest.raises(TypeError):
        PayloadCodec().encode(Opened(owner=ANY_ID))
    assert "does not survive its encoding" in text_of(lambda: given(Account, Opened(owner=ANY_ID)))
