from __future__ import annotations

import signal
import threading
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Final, Self

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_LOOK_SECONDS: Final = 0.2


class StopRequests:
    """Waits until something asks to stop: a signal, an event, or `request()`.

    As a context manager on the main thread it catches SIGTERM and SIGINT, from entering on, and gives them back to
    whoever had them when it ends. On other threads signals cannot be caught.
    """

    def __init__(self) -> None:
        # Not an Event: a handler that runs while its thread is inside Event.wait would wait for itself.
        self._requests: SimpleQueue[None] = SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._caught) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}

    def request(self) -> None:
        """Ask to stop."""
        self._requests.put(None)

    def wait(self, event: threading.Event | None = None) -> None:
        """Return once something asks."""
        while True:
            if event is not None and event.is_set():
                return
            try:
                # Never for ever: a signal that another thread took does not interrupt this one, and its Python
                # handler runs only once this thread does.
                self._requests.get(timeout=_LOOK_SECONDS)
            except Empty:
                continue
            return

    def asked_again(self) -> bool:
        """Whether something asks that no `wait` has returned for."""
        return not self._requests.empty()

    def _caught(self, _number: int, _frame: FrameType | None) -> None:
        self.request()
