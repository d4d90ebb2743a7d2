# pyright: reportPrivateUsage=false
from __future__ import annotations

import threading
import time
from uuid import UUID

import pytest

from angzarr_domain.embedded._locks import StreamLocks
from angzarr_domain.embedded._store.base import Stream
from angzarr_domain.exceptions import StreamBusy

from .asking import STREAM


def waiting(locks: StreamLocks, count: int) -> bool:
    """Whether as many hold or wait for the stream, soon."""
    for _ in range(1_000):
        if len(locks._queues.get(STREAM, ())) == count:
            return True
        time.sleep(0.001)
    return False


def test_turns_are_taken_in_the_order_of_asking() -> None:
    """First come, first served: nobody starves."""
    locks, order = StreamLocks(), list[int]()
    threads: list[threading.Thread] = []

    def take(number: int) -> None:
        with locks.held(STREAM, None):
            order.append(number)

    with locks.held(STREAM, None):
        for number in range(10):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            assert waiting(locks, number + 2)
    for thread in threads:
        thread.join()
    assert order == list(range(10))


def test_another_stream_does_not_wait() -> None:
    """Only commands on one stream take turns."""
    locks = StreamLocks()
    with locks.held(STREAM, None), locks.held(Stream("account", UUID(int=8)), 0):
        assert len(locks._queues) == 2


def test_waiting_has_a_bound() -> None:
    """STREAM_BUSY that names the aggregate; nothing was stored."""
    locks = StreamLocks()
    with locks.held(STREAM, None), pytest.raises(StreamBusy) as refused, locks.held(STREAM, 0.01):
        pass
    assert refused.value.details["root"] == str(STREAM.root)


def test_one_who_gave_up_holds_up_nobody() -> None:
    """The turn passes over it."""
    locks, order = StreamLocks(), list[str]()

    def impatient() -> None:
        with pytest.raises(StreamBusy), locks.held(STREAM, 0.01):
            pass
        order.append("gave up")

    def patient() -> None:
        with locks.held(STREAM, None):
            order.append("had a turn")

    threads = [threading.Thread(target=impatient), threading.Thread(target=patient)]
    with locks.held(STREAM, None):
        threads[0].start()
        assert waiting(locks, 2)
        threads[1].start()
        threads[0].join()
    threads[1].join()
    assert order == ["gave up", "had a turn"]


def test_a_failing_command_passes_its_turn_on() -> None:
    """And nothing is left of a stream that nobody waits for."""
    locks = StreamLocks()
    with pytest.raises(ZeroDivisionError), locks.held(STREAM, None):
        raise ZeroDivisionError
    with locks.held(STREAM, 0):
        pass
    assert locks._queues == {}
