"""What snapshots in a coordinator's store hold, and what keeps them out of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain import Aggregate, Repository, aggregate, applies, handles
from angzarr_domain.aggregates import SnapshotCounters, snapshot_counters
from angzarr_domain.books import Snapshot
from angzarr_domain.embedded import Coordinator, Stream
from tests.wallet import Put, PutCoins, WasPut

ROOT = UUID(int=7)
STREAM = Stream("purse", ROOT)


def purse(*, extra: bool = False) -> type[Any]:
    """A class as it was, or as it is today."""

    class Purse(Aggregate):
        balance: int = 0

        @handles
        def put(self, command: Put) -> WasPut:
            return WasPut(amount=command.amount)

        @handles
        def put_coins(self, command: PutCoins) -> Iterator[WasPut]:
            for _ in range(command.count):
                yield WasPut(amount=1)

        @applies
        def was_put(self, event: WasPut) -> None:
            self.balance += event.amount

    if extra:
        Purse.__annotations__["largest"] = "int"
        Purse.largest = 0  # type: ignore[attr-defined] # a field that today's class has gained
    return aggregate(domain="purse", snapshot=4)(Purse)


def puts(coordinator: Coordinator, *amounts: int) -> None:
    with coordinator.client() as client:
        for amount in amounts:
            client.command("purse", ROOT).with_command(Put(amount=amount)).send_sync()


def snapshot_in(coordinator: Coordinator) -> Snapshot | None:
    """The newest one, as any client is told of it."""
    with coordinator.client() as client:
        return client.query("purse", ROOT).get_event_book().snapshot


def balance(coordinator: Coordinator, cls: type[Any]) -> int:
    with coordinator.client() as client:
        found: int = Repository(cls, client).load(ROOT).balance
        return found


def taken_at(snapshot: Snapshot | None) -> int | None:
    return None if snapshot is None else snapshot.sequence


def test_many_events_of_one_command_cross_it_too() -> None:
    """The snapshot is of the state after the last of them."""
    with Coordinator([purse()]) as coordinator, coordinator.client() as client:
        client.command("purse", ROOT).with_command(PutCoins(count=6)).send_sync()
        found = snapshot_in(coordinator)

    assert taken_at(found) == 5


def test_a_class_that_gained_a_field_folds_all_events_and_replaces_it(tmp_path: Path) -> None:
    """On one data file: the default of a new field is not what the events would have made of it."""
    path = tmp_path / "events.db"
    with Coordinator([purse()], path) as coordinator:
        puts(coordinator, 1, 2, 3, 4, 5)
    today = purse(extra=True)

    with Coordinator([today], path) as coordinator:
        before = balance(coordinator, today)
        puts(coordinator, 6)
        after, snapshot = balance(coordinator, today), snapshot_in(coordinator)

    assert (before, after, taken_at(snapshot)) == (15, 21, 5)
    assert snapshot_counters(today) == SnapshotCounters(loaded=1, unfit=2, taken=1)


def test_changed_appliers_only_warn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody but the author can tell whether the fields mean something else now: then version= is to be raised."""
    path = tmp_path / "events.db"
    with Coordinator([purse()], path) as coordinator:
        puts(coordinator, 1, 2, 3, 4)

    @aggregate(domain="purse", snapshot=4)
    class Purse(Aggregate):
        balance: int = 0

        @applies
        def was_put(self, event: WasPut) -> None:
            self.balance += abs(event.amount)

    with caplog.at_level(logging.WARNING), Coordinator([purse()], path) as coordinator:
        found = balance(coordinator, Purse)

    assert found == 10
    assert "raise version=" in caplog.text


def test_what_no_snapshot_can_hold_refuses_no_command(caplog: pytest.LogCaptureFixture) -> None:
    """The events are all right: they are stored, and the log names the field."""

    @aggregate(domain="purse", snapshot=1)
    class Purse(Aggregate):
        balance: int = 0

        @handles
        def put(self, command: Put) -> WasPut:
            return WasPut(amount=command.amount)

        @applies
        def was_put(self, event: WasPut) -> None:
            self.balance = event.amount > 0  # not what the field is declared to hold

    with caplog.at_level(logging.WARNING), Coordinator([Purse]) as coordinator:
        puts(coordinator, 1, 2)
        found = snapshot_in(coordinator)

    assert found is None
    assert snapshot_counters(Purse) == SnapshotCounters(refused=2)
    assert "balance: is declared to hold a int, not a bool" in caplog.text


def test_a_change_in_place_by_a_handler_is_not_in_the_snapshot() -> None:
    """It is taken of what a fold of the stored events gives, not of what the handler left behind."""

    @aggregate(domain="purse", snapshot=2)
    class Purse(Aggregate):
        amounts: list[int] = attrs.field(factory=list[int])

        @handles
        def put(self, command: Put) -> WasPut:
            self.amounts.append(999)
            return WasPut(amount=command.amount)

        @applies
        def was_put(self, event: WasPut) -> None:
            self.amounts.append(event.amount)

    with Coordinator([Purse]) as coordinator, coordinator.client() as client:
        puts(coordinator, 1, 2)
        loaded = Repository(Purse, client).load(ROOT)

    assert loaded.amounts == [1, 2]
    assert snapshot_counters(Purse).loaded == 1


def test_a_moment_before_the_snapshot_is_read_without_it() -> None:
    """C-0403: a snapshot knows of nothing later than what was asked for."""
    cls = purse()
    with Coordinator([cls]) as coordinator, coordinator.client() as client:
        puts(coordinator, 1, 2, 3, 4, 5)
        repo = Repository(cls, client)
        found = [repo.load(ROOT, sequence).balance for sequence in (1, 3, 4)]

    assert found == [3, 10, 15]
