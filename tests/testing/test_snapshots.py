"""What a scenario says of snapshots."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from angzarr_domain import Aggregate, aggregate, applies, handles
from angzarr_domain.aggregates import SnapshotPolicy
from angzarr_domain.exceptions import UsageError
from angzarr_domain.testing import ScenarioFailed, given
from angzarr_domain.testing._snapshots import MOST_BOUNDARIES, boundaries
from tests.ledger import Account, Deposit, Deposited, Withdraw


def text_of(expectation: Callable[[], object]) -> str:
    with pytest.raises(ScenarioFailed) as caught:
        expectation()
    return str(caught.value)


def reproducer(text: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in text.partition("to see it again:\n")[2].splitlines())


@aggregate(domain="saved", snapshot=3)
class Kept(Aggregate):
    balance: int = 0
    last: int | None = None

    @handles
    def deposit(self, command: Deposit) -> Deposited:
        return Deposited(amount=command.amount)

    @handles
    def nothing(self, command: Withdraw) -> None:
        pass

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount
        self.last = event.amount


ONE = Deposited(amount=1)


def test_a_snapshot_is_taken_by_the_policy() -> None:
    """Whenever the length of the stream crosses a multiple."""
    given(Kept, ONE).when(Deposit(amount=5)).then_no_snapshot()
    given(Kept, ONE, ONE).when(Deposit(amount=5)).then_snapshot(balance=7, last=5).then_snapshot()


def test_a_snapshot_is_taken_with_events_only() -> None:
    """Accepted is not enough."""
    given(Kept, ONE, ONE, ONE).when(Withdraw()).then_no_snapshot()


def test_a_policy_by_time_counts_as_slow() -> None:
    """But a history that is short makes no fold slow."""

    @aggregate(domain="slow", snapshot=SnapshotPolicy(slower_than=timedelta(seconds=1)))
    class Slow(Aggregate):
        balance: int = 0

        @handles
        def deposit(self, command: Deposit) -> Deposited:
            return Deposited(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

    given(Slow, *[ONE] * 48).when(Deposit(amount=1)).then_no_snapshot()
    given(Slow, *[ONE] * 49).when(Deposit(amount=1)).then_snapshot(balance=50)


def test_a_snapshot_that_is_not_taken_is_explained() -> None:
    """By the policy and the length of the stream."""
    text = text_of(lambda: given(Kept, ONE).when(Deposit(amount=5)).then_snapshot(balance=6))

    assert text.startswith(
        "Kept takes no snapshot here\n\nprobable cause: the stream goes from 1 to 2 events, and the "
    )
    assert text_of(lambda: exec(reproducer(text), {})) == text


def test_a_snapshot_that_is_taken_is_explained() -> None:
    """With its place."""
    text = text_of(lambda: given(Kept, ONE, ONE).when(Deposit(amount=5)).then_no_snapshot())

    assert text.startswith("Kept takes a snapshot at event 2\n")
    assert text_of(lambda: exec(reproducer(text), {})) == text


def test_a_snapshot_that_holds_something_else_is_explained() -> None:
    """Field by field."""
    text = text_of(lambda: given(Kept, ONE, ONE).when(Deposit(amount=5)).then_snapshot(balance=8, last=5))

    assert "differs:\n  balance: expected 8, actual 7\n" in text
    assert text_of(lambda: exec(reproducer(text), {})) == text


def test_a_field_there_is_not_is_refused() -> None:
    """The error lists those there are."""
    with pytest.raises(UsageError, match="a snapshot of Kept has no blance; it has balance, last"):
        given(Kept, ONE, ONE).when(Deposit(amount=5)).then_snapshot(blance=8)


def test_a_class_without_snapshots_is_told() -> None:
    """It never takes any."""
    with pytest.raises(UsageError, match="Account has no snapshots taken"):
        given(Account).when(Deposit(amount=1)).then_snapshot()
    given(Account).when(Deposit(amount=1)).then_no_snapshot()


def test_a_state_that_no_snapshot_can_hold_is_caught() -> None:
    """An applier that puts a wrong type of value into a field, say."""

    @aggregate(domain="wrong", snapshot=100)
    class Wrong(Aggregate):
        names: list[str] = attrs.field(factory=list[str])

        @handles
        def deposit(self, command: Deposit) -> Deposited:
            return Deposited(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            self.names.append(event.amount)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - the bug

    text = text_of(lambda: given(Wrong).when(Deposit(amount=1)))

    assert text.startswith("after event 0, no snapshot can hold Wrong: ")
    assert "probable cause: an applier puts another type of value into a field than its annotation says" in text


def test_every_boundary_of_a_short_history_is_tried() -> None:
    """And some of a long one: first, last, and between."""
    assert boundaries(0) == []
    assert boundaries(3) == [1, 2, 3]
    many = boundaries(10_000)
    assert len(many) <= MOST_BOUNDARIES
    assert {1, 2, 9_999, 10_000} <= set(many)
    assert many == sorted(set(many))
