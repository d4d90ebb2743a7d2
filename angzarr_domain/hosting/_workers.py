from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class Workers(ThreadPoolExecutor):
    """Threads that carry out calls, and that a call which never returns cannot keep the process alive with.

    The interpreter joins the threads of a plain ThreadPoolExecutor before it exits. gRPC gives a behaviour a pool of
    its own only if that is a ThreadPoolExecutor, hence the base class; its threads are never started.

    Args:
        count: Most calls at a time; others wait their turn.
        name: What the threads' names begin with.

    """

    def __init__(self, count: int, name: str) -> None:
        super().__init__(max_workers=count, thread_name_prefix=name)
        self._count = count
        self._name = name
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._free = threading.Semaphore(0)
        self._guard = threading.Lock()
        self._started: list[threading.Thread] = []
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a free thread call it.

        Raises:
            RuntimeError: After `shutdown`.

        """
        future: Future[T] = Future()

        def task() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - the future carries it to whoever asks
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._guard:
            if self._closed:
                raise RuntimeError("no calls after shutdown")
            self._tasks.put(task)
            if not self._free.acquire(blocking=False) and len(self._started) < self._count:
                self._start()
        return future

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._started)}", daemon=True)
        self._started.append(thread)
        thread.start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
            del task  # it holds a call's request and answer
            self._free.release()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; those under way go on. `cancel_futures` makes no difference to them."""
        with self._guard:
            if not self._closed:
                self._closed = True
                for _ in self._started:
                    self._tasks.put(None)
        if wait:
            for thread in self._started:
                thread.join()
        del cancel_futures
