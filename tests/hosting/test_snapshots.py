"""Snapshots from the answer of business logic, through the coordinator's store, to the next fold."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from angzarr_domain import (
    Aggregate,
    AsyncDomainClient,
    AsyncRepository,
    DomainClient,
    Repository,
    aggregate,
    applies,
    handles,
)
from angzarr_domain.aggregates import (
    SnapshotPolicy,
    definition_of,
    replay,
    snapshot_counters,
    state_payload,
    take_snapshot,
)
from angzarr_domain.books import Cover, EventBook, EventPage, Payload, Snapshot, SnapshotRetention
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import SnapshotUnfit, UsageError
from angzarr_domain.hosting import Host
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Deposit, Deposited, Noted, Opened

ROOT = UUID(int=7)
CODEC = PayloadCodec()


def made(*, version: int = 1, snapshot: Any = 3, factor: int = 1) -> type[Aggregate]:
    """One class as it is changed over time."""

    @aggregate(domain="ledger", snapshot=snapshot, version=version)
    class Account(Aggregate):
        owner: str = ""
        balance: int = 0
        folded: list[int] = attrs.field(factory=list[int])

        @handles
        def deposit(self, command: Deposit) -> Deposited | None:
            return Deposited(amount=command.amount) if command.amount else None

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount * factor
            self.folded.append(event.amount)

    return Account


def snapshot_in(client: DomainClient) -> Snapshot | None:
    return client.query("ledger", ROOT).get_event_book().snapshot


def deposit(client: DomainClient, *amounts: int) -> None:
    for amount in amounts:
        client.command("ledger", ROOT).with_command(Deposit(amount=amount)).send_sync()


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> str:
    return str(tmp_path / "ledger.db")


# --- when one is taken ---


def test_one_is_taken_every_so_many_events(path: str) -> None:
    """With the answer whose events make the stream's length cross a multiple; it stands for those events, too."""
    found: list[int | None] = []
    with Coordinator([made()], path) as coordinator, coordinator.client() as client:
        for amount in range(1, 8):
            deposit(client, amount)
            snapshot = snapshot_in(client)
            found.append(None if snapshot is None else snapshot.sequence)

    assert found == [None, None, 2, 2, 2, 5, 5]


def test_none_is_taken_without_events(path: str) -> None:
    """A new root that answers nothing has nothing to be written down (older engines refuse such)."""
    with Coordinator([made(snapshot=1)], path) as coordinator, coordinator.client() as client:
        deposit(client, 0)

        assert snapshot_in(client) is None


def test_one_is_taken_once_folding_takes_too_long(path: str) -> None:
    """By the measured time, and never within 50 events of the last one."""
    policy = SnapshotPolicy(slower_than=timedelta(microseconds=1))
    with Coordinator([made(snapshot=policy)], path) as coordinator, coordinator.client() as client:
        deposit(client, *[1] * 49)
        before = snapshot_in(client)
        deposit(client, 1)
        after = snapshot_in(client)

    assert (before, after and after.sequence) == (None, 49)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param({}, id="none"),
        pytest.param({"every": 1, "slower_than": timedelta(1)}, id="both"),
        pytest.param({"every": 0}, id="zero"),
        pytest.param({"slower_than": timedelta(0)}, id="no time"),
    ],
)
def test_a_policy_has_one_rule(policy: dict[str, Any]) -> None:
    """The text shows the two there are."""
    with pytest.raises(UsageError):
        SnapshotPolicy(**policy)


def test_retention_is_as_the_author_says(path: str) -> None:
    """C-0454: kept as set."""
    policy = SnapshotPolicy(every=1, retention=SnapshotRetention.PERSIST)
    with Coordinator([made(snapshot=policy)], path) as coordinator, coordinator.client() as client:
        deposit(client, 5)
        snapshot = snapshot_in(client)

    assert snapshot is not None
    assert snapshot.retention is SnapshotRetention.PERSIST


# --- what it is used for ---


def test_a_fold_starts_from_it(path: str) -> None:
    """C-0287: what it covers is not folded again, what comes after is; and nobody can tell from the state."""
    account = made()
    with Coordinator([account], path) as coordinator, coordinator.client() as client:
        deposit(client, 1, 2, 3, 4)
        before = snapshot_counters(account).loaded
        state: Any = Repository(account, client).load(ROOT)

    assert (state.balance, state.folded, state.next_sequence) == (10, [1, 2, 3, 4], 4)
    assert snapshot_counters(account).loaded == before + 1


def test_a_host_uses_it_too(path: str) -> None:
    """Behind a connection as in process: the coordinator sends it with the pages after it."""
    account = made()
    with Host([account]).start("127.0.0.1:0") as serving:
        targets = {"ledger": serving.addresses[0]}
        with Coordinator(targets=targets, path=path) as coordinator, coordinator.client() as client:
            deposit(client, 1, 2, 3)
            loaded = snapshot_counters(account).loaded
            deposit(client, 4)
            state: Any = Repository(account, client).load(ROOT)

    assert state.balance == 10
    assert snapshot_counters(account).loaded > loaded


def test_the_next_event_follows_the_last_one_that_is_covered(path: str) -> None:
    """Right after a snapshot, sequences go on without a gap or a repetition."""
    with Coordinator([made()], path) as coordinator, coordinator.client() as client:
        deposit(client, 1, 2, 3, 4, 5)
        pages = client.query("ledger", ROOT).range(0).get_event_book().pages

    assert [page.sequence for page in pages] == [0, 1, 2, 3, 4]


EVENTS = st.lists(st.one_of(st.builds(Deposited, amount=st.integers(1, 99))), max_size=12)


@settings(deadline=None, max_examples=60)
@given(events=EVENTS, data=st.data())
def test_from_a_snapshot_or_from_the_start_is_the_same(events: list[Deposited], data: st.DataObject) -> None:
    """replay(a + b) == replay from the snapshot of a, then b."""
    definition = definition_of(ACCOUNT)
    cut = data.draw(st.integers(0, len(events)))
    pages = tuple(EventPage(CODEC.encode(event), number) for number, event in enumerate(events))
    whole = replay(definition, EventBook(Cover("ledger", ROOT), pages), CODEC)
    first = replay(definition, EventBook(Cover("ledger", ROOT), pages[:cut]), CODEC)
    snapshot = take_snapshot(definition, first, CODEC) if cut else None

    assert replay(definition, EventBook(Cover("ledger", ROOT), pages[cut:], snapshot), CODEC) == whole


ACCOUNT = made()


# --- one that does not fit ---


def test_a_class_that_changed_folds_every_event_and_replaces_it(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """Fields that mean something else (version=) are never folded onto; a log line and a counter say so."""
    with Coordinator([made()], path) as coordinator, coordinator.client() as client:
        deposit(client, 1, 2, 3)
    newer = made(version=2, factor=10)
    with caplog.at_level(logging.WARNING, "angzarr_domain"), coordinator_of(newer, path, remote=False) as client:
        deposit(client, 4)
        state: Any = Repository(newer, client).load(ROOT)
        snapshot = snapshot_in(client)

    assert state.balance == 100
    assert snapshot is not None
    assert (snapshot.sequence, snapshot_counters(newer).unfit >= 1) == (3, True)
    assert "it was written under version 1, and this is version 2; its events are folded instead" in caplog.text


def test_behind_a_connection_it_is_replaced_when_the_next_one_is_due(path: str) -> None:
    """The host asks for every event, and then sees no snapshot that it could replace at once."""
    with Coordinator([made()], path) as coordinator, coordinator.client() as client:
        deposit(client, 1, 2, 3)
    newer = made(version=2, factor=10)
    with coordinator_of(newer, path, remote=True) as client:
        deposit(client, 4)
        before = snapshot_in(client)
        deposit(client, 5, 6)
        after = snapshot_in(client)
        state: Any = Repository(newer, client).load(ROOT)

    assert before is not None
    assert after is not None
    assert (before.sequence, after.sequence, state.balance) == (2, 5, 210)


def coordinator_of(account: type[Aggregate], path: str, *, remote: bool) -> Any:
    from contextlib import contextmanager

    @contextmanager
    def opened() -> Generator[DomainClient, None, None]:
        if not remote:
            with Coordinator([account], path) as coordinator, coordinator.client() as client:
                yield client
            return
        with (
            Host([account]).start("127.0.0.1:0") as serving,
            Coordinator(targets={"ledger": serving.addresses[0]}, path=path) as coordinator,
            coordinator.client() as client,
        ):
            yield client

    return opened()


@pytest.mark.parametrize("remote", [False, True], ids=["in process", "behind a connection"])
def test_a_newer_snapshot_is_left_alone(path: str, remote: bool) -> None:
    """An older class still decides, on every event, but a snapshot of a later version is not its to replace."""
    with Coordinator([made(version=2)], path) as coordinator, coordinator.client() as client:
        deposit(client, 1, 2, 3)
        newer = snapshot_in(client)
    older = made(version=1)
    with coordinator_of(older, path, remote=remote) as client:
        deposit(client, 4, 5, 6, 7)
        state: Any = Repository(older, client).load(ROOT)

        assert (state.balance, snapshot_in(client)) == (28, newer)


def test_one_that_was_harmed_is_not_used() -> None:
    """Pages that reach back to the start are folded; without them, the whole history is asked for."""
    definition = definition_of(ACCOUNT)
    pages = tuple(EventPage(CODEC.encode(Deposited(amount=1)), number) for number in range(4))
    state = state_payload(definition, ACCOUNT(balance=3), CODEC)
    harmed = Snapshot(2, Payload(state.type_url, state.value[:-1] + bytes([state.value[-1] ^ 1])))

    found: Any = replay(definition, EventBook(Cover("ledger", ROOT), pages, harmed), CODEC).state
    with pytest.raises(SnapshotUnfit) as caught:
        replay(definition, EventBook(Cover("ledger", ROOT), pages[3:], harmed), CODEC)

    assert found.balance == 4
    assert caught.value.code == "SNAPSHOT_UNFIT"


def test_events_that_were_skipped_are_not_covered(path: str) -> None:
    """A later class may know them: a snapshot would keep it from ever seeing them."""

    @aggregate(domain="ledger", snapshot=2)
    class Later(Aggregate):
        owner: str = ""
        balance: int = 0

        @handles
        def deposit(self, command: Deposit) -> tuple[Opened, Deposited]:
            return Opened(owner="ada"), Deposited(amount=command.amount)

        @applies
        def opened(self, event: Opened) -> None:
            self.owner = event.owner

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

    with Coordinator([Later], path) as coordinator, coordinator.client() as client:
        deposit(client, 1)
    with Coordinator([made(snapshot=1, version=2)], path) as coordinator, coordinator.client() as client:
        deposit(client, 2)
        snapshot = snapshot_in(client)

    assert snapshot is not None
    assert snapshot.sequence == 1  # the first one: it was not replaced


def test_events_that_are_ignored_under_a_name_of_before_keep_no_snapshot_away(path: str) -> None:
    """They are known, and change no state: nothing was skipped that a later class could miss."""

    @aggregate(domain="ledger", snapshot=2, ignores=[Noted], aliases={"tests.old.Remark": Noted})
    class Renamed(Aggregate):
        balance: int = 0

        @handles
        def deposit(self, command: Deposit) -> tuple[Deposited, Noted]:
            return Deposited(amount=command.amount), Noted()

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += event.amount

    with Coordinator([Renamed], path) as coordinator:
        remark = EventPage(Payload("/tests.old.Remark", b""), 0)
        coordinator.restore(Cover("ledger", ROOT), [remark])
        with coordinator.client() as client:
            deposit(client, 1)
            snapshot = snapshot_in(client)

    assert snapshot is not None
    assert snapshot.sequence == 2


@attrs.define
class Packed:
    total: int = attrs.field(init=False)


@attrs.define(slots=False)
class Loose:
    total: int = attrs.field(init=False)


@pytest.mark.parametrize("kind", [Packed, Loose])
def test_a_field_that_was_never_set_refuses_no_command(
    kind: Callable[[], Packed | Loose], caplog: pytest.LogCaptureFixture
) -> None:
    """Whether the object lets itself be copied or not; the log says that there is no snapshot."""

    @aggregate(domain="ledger", snapshot=1)
    class Account(Aggregate):
        last: Packed | Loose = attrs.field(factory=kind)

        @handles
        def deposit(self, command: Deposit) -> Deposited:
            return Deposited(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            pass

    with Coordinator([Account]) as coordinator, coordinator.client() as client:
        deposit(client, 1)
        book = client.query("ledger", ROOT).get_event_book()

    assert (len(book.pages), book.snapshot) == (1, None)
    assert snapshot_counters(Account).refused == 1
    assert "no snapshot is taken" in caplog.text


# --- looking after them ---


def test_snapshots_are_compared_with_their_events(path: str) -> None:
    """Appliers that changed without a new version show: field by field, with what the events lead to today."""
    with Coordinator([made()], path) as coordinator, coordinator.client() as client:
        deposit(client, 1, 2, 3, 4)
        (right,) = Repository(made(), client).verify_snapshots()
        (wrong,) = Repository(made(factor=2), client).verify_snapshots(sample=5)
        (unfit,) = Repository(made(version=2), client).verify_snapshots([ROOT])
        (none,) = Repository(made(), client).verify_snapshots([UUID(int=8)])

    assert (right.verdict, right.sequence, right.ok) == ("right", 2, True)
    assert (wrong.verdict, wrong.ok, [str(change) for change in wrong.changes]) == (
        "wrong",
        False,
        ["balance: 12 -> 6"],
    )
    assert (unfit.verdict, unfit.why) == ("unfit", "it was written under version 1, and this is version 2")
    assert (none.verdict, none.sequence) == ("none", None)


@attrs.define(eq=False)
class Line:
    """Equal to nothing but itself."""

    amount: int = 0


def test_what_equals_nothing_is_compared_by_what_is_written_of_it(path: str) -> None:
    """Neither a NaN nor an object without equality makes a right snapshot a wrong one."""

    @aggregate(domain="ledger", snapshot=2)
    class Account(Aggregate):
        mean: float = math.nan
        last: Line = attrs.field(factory=Line)

        @handles
        def deposit(self, command: Deposit) -> Deposited:
            return Deposited(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            self.last = Line(event.amount)

    with Coordinator([Account], path) as coordinator, coordinator.client() as client:
        deposit(client, 1, 2)
        (found,) = Repository(Account, client).verify_snapshots()

    assert (found.verdict, found.sequence, found.changes) == ("right", 1, ())


def test_snapshots_are_compared_while_awaiting(path: str) -> None:
    """The same questions."""

    async def verdicts(address: str) -> list[str]:
        async with AsyncDomainClient.connect(address) as client:
            return [each.verdict async for each in AsyncRepository(made(), client).verify_snapshots(sample=1)]

    with Coordinator([made()], path) as coordinator:
        with coordinator.client() as client:
            deposit(client, 1, 2, 3, 4)
        with coordinator.start("127.0.0.1:0") as serving:
            found = asyncio.run(verdicts(serving.addresses[0]))

    assert found == ["right"]
