"""Threads that carry out calls."""

import subprocess
import sys
import threading

import pytest

from angzarr_domain.hosting._workers import Workers

HANGING = """
import threading
from angzarr_domain.hosting._workers import Workers
started = threading.Event()
def hang():
    started.set()
    threading.Event().wait()
Workers(1, "test").submit(hang)
started.wait()
"""


def test_result_reaches_whoever_asked() -> None:
    """A call's result is its future's."""
    workers = Workers(2, "test")
    assert workers.submit(pow, 2, exp=3).result(20) == 8
    workers.shutdown()


def test_exception_reaches_whoever_asked() -> None:
    """So is its exception."""
    workers = Workers(1, "test")
    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 // 0).result(20)
    workers.shutdown()


def test_no_more_at_a_time_than_it_has_threads() -> None:
    """The third call waits until one of two threads is free."""
    workers, opened = Workers(2, "test"), threading.Event()
    busy = [workers.submit(opened.wait, 20) for _ in range(2)]
    third = workers.submit(lambda: "third")
    waited = not third.done()
    opened.set()

    assert (waited, third.result(20), [each.result(20) for each in busy]) == (True, "third", [True, True])
    workers.shutdown()


def test_cancelled_call_is_not_made() -> None:
    """A call that was called off while it waited is left out."""
    workers, opened, made = Workers(1, "test"), threading.Event(), list[int]()
    workers.submit(opened.wait, 20)
    waiting = workers.submit(made.append, 1)
    waiting.cancel()
    opened.set()
    workers.submit(made.append, 2).result(20)

    assert made == [2]
    workers.shutdown()


def test_no_calls_after_shutdown() -> None:
    """Neither quietly dropped nor carried out."""
    workers = Workers(1, "test")
    workers.shutdown()
    with pytest.raises(RuntimeError):
        workers.submit(print)


def test_shutdown_waits_for_calls_under_way_if_asked() -> None:
    """With wait, what was begun is done."""
    workers, made = Workers(1, "test"), list[int]()
    workers.submit(made.append, 1)
    workers.shutdown(wait=True)

    assert made == [1]


@pytest.mark.process
def test_call_that_never_returns_does_not_keep_the_process() -> None:
    """A plain thread pool is joined before the interpreter exits; these threads are not."""
    done = subprocess.run([sys.executable, "-c", HANGING], timeout=60, check=False)

    assert done.returncode == 0
