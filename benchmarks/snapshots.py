"""What a snapshot saves when an account of 10,000 events is loaded: python -m benchmarks.snapshots."""

from __future__ import annotations

from uuid import UUID

from angzarr_domain import Aggregate, Repository, aggregate, applies
from angzarr_domain.aggregates import SnapshotPolicy, definition_of, replay, take_snapshot
from angzarr_domain.books import Cover, EventBook, EventPage
from angzarr_domain.embedded import Coordinator, Stream
from angzarr_domain.embedded._store.base import EventStore
from angzarr_domain.wire import PayloadCodec
from benchmarks.ratios import compare
from examples.bank.messages import Deposited, Withdrawn

EVENTS = 10_000
AFTER = 50
ROOT = UUID(int=7)


@aggregate(domain="account", snapshot=SnapshotPolicy(every=100))
class Account(Aggregate):
    """A balance."""

    balance: int = 0

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount


def main() -> None:
    """Load from memory, with all events and with a snapshot that the last 50 came after."""
    whole, short = Coordinator([Account]), Coordinator([Account])
    with whole, short, whole.client() as from_all, short.client() as from_snapshot:
        _fill(whole._store, snapshot=False)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - no 10,000 commands
        _fill(short._store, snapshot=True)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        slow, fast = Repository(Account, from_all), Repository(Account, from_snapshot)
        if slow.load(ROOT) != fast.load(ROOT):
            raise AssertionError("a snapshot lied")
        ways = {"from all events": lambda: slow.load(ROOT), "from a snapshot": lambda: fast.load(ROOT)}
        compare(f"loading {EVENTS:,} events, {AFTER} of them after the snapshot; ratio to all of them", ways)


def _fill(store: EventStore, *, snapshot: bool) -> None:
    codec, definition = PayloadCodec(), definition_of(Account)
    payloads = [
        codec.encode(Deposited(reference=f"r{n}", amount=5) if n % 2 else Withdrawn(reference=f"r{n}", amount=3))
        for n in range(EVENTS)
    ]
    pages = tuple(EventPage(payload, sequence, 0) for sequence, payload in enumerate(payloads))
    first, rest = pages[:-AFTER], pages[-AFTER:]
    cover = Cover("account", ROOT)
    state = replay(definition, EventBook(cover, first), codec) if snapshot else None
    taken = None if state is None else take_snapshot(definition, state, codec)
    store.append(Stream("account", ROOT), 0, first, snapshot=taken)
    store.append(Stream("account", ROOT), len(first), rest)


if __name__ == "__main__":
    main()
