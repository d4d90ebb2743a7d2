"""Loading a long history takes no more memory than loading a short one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from angzarr_domain.books import EventPage, compute_root
from angzarr_domain.embedded import Coordinator
from angzarr_domain.embedded._store.base import Stream
from angzarr_domain.embedded._store.sqlite import SqliteStore
from angzarr_domain.wire import PayloadCodec
from examples.bank import components
from examples.bank.messages import AccountOpened, Deposited
from tests.e2e.processes import ROOT

pytestmark = [pytest.mark.process, pytest.mark.once]

LOAD = """
import resource, sys, uuid
from angzarr_domain import DomainClient, Repository
from examples.bank import Account
with DomainClient.connect(sys.argv[1]) as client:
    account = Repository(Account, client).load(uuid.UUID(sys.argv[2]))
print(account.next_sequence, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def fill(path: Path, name: str, events: int) -> str:
    """An account with so many events, written straight into the store; its root."""
    codec, root = PayloadCodec(), compute_root("account", name)
    opened = EventPage(codec.encode(AccountOpened(owner=name, reference="open")), 0, 0)
    deposited = codec.encode(Deposited(amount=1, reference="the same"))
    store = SqliteStore(path)
    store.append(Stream("account", root), 0, [opened])
    for start in range(1, events, 5_000):
        pages = [EventPage(deposited, sequence, 0) for sequence in range(start, min(start + 5_000, events))]
        store.append(Stream("account", root), start, pages)
    store.close()
    return str(root)


def load(endpoint: str, root: str) -> tuple[int, int]:
    """In a process of its own: the events loaded, and its peak in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, endpoint, root], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    events, peak = done.stdout.split()
    return int(events), int(peak)


def test_peak_memory_does_not_grow_with_history(tmp_path: Path, short_path: Path) -> None:
    """An account of 100,000 events peaks within 10 MB of one of 1,000."""
    data, endpoint = tmp_path / "bank.db", f"unix:{short_path}/c.sock"
    short, long = fill(data, "short", 1_000), fill(data, "long", 100_000)

    with Coordinator(components, data) as coordinator, coordinator.start(endpoint):
        (few, low), (many, high) = load(endpoint, short), load(endpoint, long)

    assert (few, many) == (1_000, 100_000)
    assert high - low < 10_000
