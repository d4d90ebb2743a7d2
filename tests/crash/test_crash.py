"""kill -9 at any moment: what was acknowledged is there, whole, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import attrs
import pytest

from angzarr_domain import DomainClient
from angzarr_domain.embedded import Coordinator
from examples.bank import components
from examples.bank.messages import Deposited, OpenAccount
from tests.crash.client import ACCOUNTS

ROUNDS = int(os.environ.get("ANGZARR_CRASH_ROUNDS", "25"))
CALLERS = 8
ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.crash, pytest.mark.process, pytest.mark.once]


@attrs.define
class Tally:
    """What one run went through, for the record."""

    rounds: int = 0
    in_flight: int = 0
    sent: int = 0
    acknowledged: int = 0
    stored_without_answer: int = 0


@contextmanager
def coordinator(data: Path, socket: Path) -> Generator[subprocess.Popen[str], None, None]:
    """A coordinator in a process of its own; killed without warning when the block ends."""
    command = [sys.executable, "-m", "angzarr_domain", "dev", "examples.bank:components"]
    process = subprocess.Popen(
        [*command, "--data", str(data), "--serve", f"unix:{socket}"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        assert str(socket) in process.stdout.readline(), "the coordinator did not start"
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()


@contextmanager
def callers(folder: Path, socket: Path) -> Generator[list[Path], None, None]:
    """Eight processes that send for ever; their logs."""
    logs = [folder / f"caller-{number}.log" for number in range(CALLERS)]
    script = str(Path(__file__).with_name("client.py"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, script, f"unix:{socket}", str(log), log.stem], stdin=subprocess.PIPE, env=environment
        )
        for log in logs
    ]
    try:
        yield logs
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        codes = [process.wait(timeout=30) for process in processes]
        assert codes == [0] * CALLERS


class Acknowledgements:
    """Counts them in growing logs, reading each line once: hundreds of rounds write hundreds of thousands."""

    def __init__(self, logs: list[Path]) -> None:
        self._read = dict.fromkeys(logs, 0)
        self._count = 0

    def more(self) -> int:
        """How many there are by now."""
        for log, place in self._read.items():
            if log.exists():
                with log.open("rb") as file:
                    file.seek(place)
                    whole = file.read().rpartition(b"\n")[0]
                self._count += whole.count(b"\nacknowledged ") + whole.startswith(b"acknowledged ")
                self._read[log] = place + len(whole)
        return self._count


def read_logs(logs: list[Path]) -> tuple[dict[str, UUID], dict[str, tuple[UUID, int]], int]:
    """What was sent, what was acknowledged at which sequence, and how many sends were torn in flight."""
    sent: dict[str, UUID] = {}
    acknowledged: dict[str, tuple[UUID, int]] = {}
    in_flight = 0
    for log in logs:
        words = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        for word in words:
            if word[0] == "sent":
                sent[word[1]] = UUID(word[2])
            elif word[0] == "acknowledged":
                acknowledged[word[1]] = UUID(word[2]), int(word[3])
            elif word[2] == "UNKNOWN_OUTCOME":
                in_flight += 1
    return sent, acknowledged, in_flight


def check(data: Path, logs: list[Path], tally: Tally) -> None:
    """Compare the callers' logs with the file, opened anew."""
    sent, acknowledged, tally.in_flight = read_logs(logs)
    stored: dict[str, tuple[UUID, int]] = {}
    with Coordinator(components, data) as opened, opened.client() as client:
        for root in ACCOUNTS:
            pages = [
                page for book in client.query.get_events(client.query("account", root).build()) for page in book.pages
            ]
            assert [page.sequence for page in pages] == list(range(len(pages))), "a gap"
            deposits = [page for page in pages if page.event and page.event.type_name == "bank.v1.Deposited"]
            counted = Counter(page.decode(Deposited).reference for page in deposits)
            assert [reference for reference, times in counted.items() if times > 1] == [], "doubled"
            for page in deposits:
                assert page.sequence is not None
                stored[page.decode(Deposited).reference] = root, page.sequence
    lost = {reference: place for reference, place in acknowledged.items() if stored.get(reference) != place}
    assert lost == {}, "acknowledged, but not stored where it was acknowledged"
    assert stored.keys() <= sent.keys(), "stored, but never sent"
    tally.sent, tally.acknowledged = len(sent), len(acknowledged)
    tally.stored_without_answer = len(stored.keys() - acknowledged.keys())


def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path, short_path: Path) -> None:
    """Eight processes send over gRPC while the coordinator is killed again and again.

    The file is opened and checked after every kill, before the next coordinator starts on it.
    """
    data, socket, dice, tally = tmp_path / "bank.db", short_path / "c.sock", random.Random(7), Tally()
    with Coordinator(components, data) as opened, opened.client() as client:
        for number, root in enumerate(ACCOUNTS):
            client.command(OpenAccount(owner=f"owner {number}", reference=f"open-{number}"), root).send_sync()
    with callers(tmp_path, socket) as logs:
        acknowledged_in = Acknowledgements(logs)
        for _ in range(ROUNDS):
            with coordinator(data, socket):
                before = acknowledged_in.more()
                deadline = time.monotonic() + 30
                while acknowledged_in.more() < before + 10 and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(dice.uniform(0, 0.2))
            tally.rounds += 1
            check(data, logs, tally)
    check(data, logs, tally)
    print(f"\n{tally}")  # noqa: T201 - the record of the run
    assert tally.in_flight >= tally.rounds, "the kills have to hit commands in flight"
    assert tally.acknowledged >= 10 * tally.rounds


def test_a_served_coordinator_takes_over_a_socket_left_behind(tmp_path: Path, short_path: Path) -> None:
    """After a kill the socket file and both lock files still lie there; the next start uses them."""
    data, socket = tmp_path / "bank.db", short_path / "c.sock"
    with coordinator(data, socket):
        pass
    assert socket.exists()
    with coordinator(data, socket), DomainClient.connect(f"unix:{socket}", aggregates=components) as client:
        client.command(OpenAccount(owner="ada", reference="open"), ACCOUNTS[0]).send_sync()
        assert client.query("account", ACCOUNTS[0]).get_event_book().next_sequence == 1
