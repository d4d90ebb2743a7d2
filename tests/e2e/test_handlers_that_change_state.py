"""Whoever asks a handler, in whatever way: nothing it does to its state is kept, and nothing is stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain import (
    Aggregate,
    DomainClient,
    Refused,
    Repository,
    Undo,
    accepts,
    aggregate,
    applies,
    compensates,
    handles,
    undoes,
)
from angzarr_domain.aggregates import Replayed, accept, compensate, definition_of, undo
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import StateMutated, Status, UsageError
from angzarr_domain.hosting import AggregateLogic, Host
from angzarr_domain.hosting._settings import checks_state
from tests.ledger import Deposit, Deposited, Noted, Open, Opened, Withdraw, Withdrawn

ROOT = UUID(int=7)


@aggregate(domain="careless", ignores=[Noted])
class Careless(Aggregate):
    """Its handlers change what they should only read."""

    total: int = 0
    notes: list[str] = attrs.field(factory=list[str])

    @handles
    def assign(self, command: Deposit) -> Deposited:
        self.total += command.amount
        return Deposited(amount=command.amount)

    @handles
    def append(self, command: Withdraw) -> Withdrawn:
        self.notes.append("withdrawn")
        return Withdrawn(amount=len(self.notes))

    @handles
    def open(self, command: Open) -> Opened:
        return Opened(owner=command.owner)

    @accepts
    def told(self, fact: Noted) -> Noted:
        self.notes.append(fact.text)
        return Noted(text=str(len(self.notes)))

    @compensates(Open)
    def first(self, refused: Refused[Open]) -> Noted:
        self.notes.append("refused")
        return Noted(text=str(len(self.notes)))

    @compensates(Open)
    def second(self, refused: Refused[Open]) -> Noted:
        return Noted(text=str(len(self.notes)))

    @applies
    def opened(self, event: Opened) -> None:
        self.notes.append(event.owner)

    @applies
    def deposited(self, event: Deposited) -> None:
        self.total += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.total -= event.amount


@pytest.fixture(name="client")
def fixture_client() -> Iterator[DomainClient]:
    with Coordinator([Careless]) as coordinator, coordinator.client() as client:
        client.command(Open(owner="ada"), ROOT).send_sync()
        yield client


def stored(client: DomainClient) -> list[Any]:
    return [page.decode() for page in client.query("careless", ROOT).range(0).get_event_book().pages]


def test_an_assignment_is_an_internal_failure_and_nothing_is_stored(client: DomainClient) -> None:
    """The caller gets the same typed error, with field and handler."""
    with pytest.raises(StateMutated) as caught:
        client.command(Deposit(amount=5), ROOT).send_sync()

    assert (caught.value.field, caught.value.handler) == ("total", "Careless.assign")
    assert caught.value.status is Status.INTERNAL
    assert stored(client) == [Opened(owner="ada")]


def test_its_frames_are_in_the_log(client: DomainClient, caplog: pytest.LogCaptureFixture) -> None:
    """Down to the guilty line."""
    with caplog.at_level(logging.ERROR, "angzarr_domain.hosting"), pytest.raises(StateMutated):
        client.command(Deposit(amount=5), ROOT).send_sync()

    assert "Careless.assign raised StateMutated" in caplog.text
    assert "self.total += command.amount" in caplog.text


def test_what_is_changed_in_place_is_gone_with_the_next_command(client: DomainClient) -> None:
    """Each command is decided on a state of its own, folded from what is stored."""
    first = client.command(Withdraw(amount=1), ROOT).send_sync()
    second = client.command(Withdraw(amount=1), ROOT).send_sync()

    assert [*first.events, *second.events] == [Withdrawn(amount=2), Withdrawn(amount=2)]


def test_what_is_changed_in_place_fails_where_it_is_looked_for() -> None:
    """With check_state, nothing is stored either."""
    with Coordinator([Careless], check_state=True) as coordinator, coordinator.client() as client:
        client.command(Open(owner="ada"), ROOT).send_sync()
        with pytest.raises(StateMutated) as caught:
            client.command(Withdraw(amount=1), ROOT).send_sync()

        assert (caught.value.field, caught.value.handler) == ("notes", "Careless.append")
        assert stored(client) == [Opened(owner="ada")]


def test_the_environment_can_switch_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that staging needs no other program than production."""
    monkeypatch.setenv("ANGZARR_CHECK_STATE", "1")

    with Coordinator([Careless]) as coordinator, coordinator.client() as client, pytest.raises(StateMutated):
        client.command(Withdraw(amount=1), ROOT).send_sync()


@pytest.mark.parametrize(
    ("given", "text", "checks"),
    [(None, "", False), (None, "1", True), (None, "ON", True), (None, "0", False), (False, "1", False)],
)
def test_who_says_whether_it_is_looked_for(given: bool | None, text: str, *, checks: bool) -> None:
    """The program first, then ANGZARR_CHECK_STATE."""
    assert checks_state(given, {"ANGZARR_CHECK_STATE": text}) is checks


@pytest.mark.parametrize("serve", [Host, Coordinator])
def test_a_misspelt_environment_is_refused(serve: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for off."""
    monkeypatch.setenv("ANGZARR_CHECK_STATE", "please")

    with pytest.raises(UsageError, match="ANGZARR_CHECK_STATE is 1 or 0, not 'please'"):
        serve([Careless])


def test_logic_of_ones_own_is_not_told_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what serves reads it."""
    monkeypatch.setenv("ANGZARR_CHECK_STATE", "please")

    AggregateLogic([Careless])


# --- the repository ---


def test_a_preview_shows_the_state_before_as_it_is_recorded(client: DomainClient) -> None:
    """Whatever the handler does to its lists."""
    preview = Repository(Careless, client).preview(ROOT, Withdraw(amount=1))

    assert preview.before.notes == ["ada"]
    assert preview.state.notes == ["ada"]
    assert [change.field for change in preview.diff] == ["total"]


def test_a_preview_refuses_assignments(client: DomainClient) -> None:
    """As the coordinator does."""
    with pytest.raises(StateMutated):
        Repository(Careless, client).preview(ROOT, Deposit(amount=5))


def test_a_function_of_the_aggregate_changes_a_copy(client: DomainClient) -> None:
    """What `execute` gives as the state is folded from what was stored."""

    def changes(careless: Careless) -> Open:
        careless.notes.append("mine")
        careless.total = 99
        return Open(owner="bob")

    done = Repository(Careless, client).execute(ROOT, changes)

    assert (done.state.notes, done.state.total) == (["ada", "bob"], 0)


# --- several handlers of one call ---


def test_a_fact_is_not_judged_by_what_the_handler_of_the_one_before_left_behind() -> None:
    """Only what is recorded counts."""
    fresh = Replayed(Careless(), 0, had_history=False)

    recorded = accept(definition_of(Careless), fresh, [Noted(text="a"), Noted(text="b")])

    assert recorded == ((Noted(text="1"),), (Noted(text="1"),))
    assert fresh.state == Careless()


def test_all_compensators_see_the_same_state() -> None:
    """What the first did to a list, the second does not see."""
    fresh = Replayed(Careless(), 0, had_history=False)

    assert compensate(definition_of(Careless), fresh, Refused(Open())).events == (Noted(text="1"), Noted(text="0"))
    assert fresh.state == Careless()


ASKING: dict[str, Callable[[Any, Any], Any]] = {
    "a fact": lambda definition, fresh: accept(definition, fresh, [Noted()]),
    "a refusal": lambda definition, fresh: compensate(definition, fresh, Refused(Open())),
    "undoing": lambda definition, fresh: undo(definition, fresh, Undo(Deposit)),
}


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
def test_handlers_of_every_kind_are_guarded(ask: Callable[[Any, Any], Any]) -> None:
    """Facts and compensations as commands."""

    @aggregate(domain="careless", ignores=[Noted])
    class Assigns(Aggregate):
        total: int = 0

        @accepts
        def told(self, fact: Noted) -> Noted:
            self.total = 5
            return fact

        @compensates(Open)
        def made_up(self, refused: Refused[Open]) -> None:
            self.total = 5

        @undoes(Deposit)
        def undone(self, undo: Undo[Deposit]) -> None:
            self.total = 5

    with pytest.raises(StateMutated, match=r"sets self\.total"):
        ask(definition_of(Assigns), Replayed(Assigns(), 0, had_history=False))
