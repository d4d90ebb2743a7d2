"""Turns: one command at a time on each stream, first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from angzarr_domain.exceptions import StreamBusy

from ._store.base import Stream


class StreamLocks:
    """A fair lock for each stream: optimistic retries alone leave some callers without a turn for long."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        # Who waits holds a lock that the one before it releases; the first in the queue has its turn.
        self._queues: dict[Stream, deque[threading.Lock]] = {}

    @contextmanager
    def held(self, stream: Stream, timeout: float | None) -> Generator[None, None, None]:
        """Have this stream to oneself.

        Args:
            timeout: Most seconds to wait; None waits for as long as it takes.

        Raises:
            StreamBusy: Those before took longer.

        """
        turn = threading.Lock()
        turn.acquire()
        try:
            if not self._join(stream, turn) and not turn.acquire(timeout=-1 if timeout is None else timeout):
                raise StreamBusy(
                    f"{stream.domain} {stream.root} had no turn for this command within {timeout:.1f} s; nothing was "
                    "stored, send it again",
                    details={"domain": stream.domain, "root": stream.root},
                )
            yield
        finally:
            self._leave(stream, turn)

    def _join(self, stream: Stream, turn: threading.Lock) -> bool:
        with self._guard:
            queue = self._queues.setdefault(stream, deque())
            queue.append(turn)
            return len(queue) == 1

    def _leave(self, stream: Stream, turn: threading.Lock) -> None:
        with self._guard:
            queue = self._queues.get(stream)
            if queue is None or turn not in queue:
                return  # interrupted before it joined
            had_turn = queue[0] is turn
            queue.remove(turn)
            if not queue:
                del self._queues[stream]
            elif had_turn:
                queue[0].release()
