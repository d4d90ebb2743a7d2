"""What flows are made of: typed steps, and the driver that carries them out.

A flow is a generator that does no I/O. It yields steps and gets their results back, so that one flow serves the
client, and an awaiting driver its asynchronous twin:

    def head(query: Query, options: CallOptions) -> Flow[int]:
        book = yield from Call(METHODS.get_event_book, query, options)
        return book.next_sequence

Always write `yield from`: what a plain `yield` gives has no type, and no checker says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Generic, TypeVar

import attrs

from angzarr_domain.wire import Method

from ._transports.base import CallOptions, Transport

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")


class Step(Generic[T]):
    """Something a driver does for a flow, with a result of type T. Its errors are raised in the flow."""

    __slots__ = ()

    def __iter__(self) -> Generator[Step[Any], Any, T]:
        result: T = yield self
        return result


Flow = Generator[Step[Any], Any, R]


@attrs.frozen(eq=False)
class Call(Step[R], Generic[Q, R]):
    """Ask, and get the one answer.

    Attributes:
        drawn: Whether the correlation id of a command was drawn for this one send, so that what carries it is what the
            command led to.

    """

    method: Method[Q, R]
    request: Q
    options: CallOptions
    drawn: bool = False


@attrs.frozen(eq=False)
class Drain(Step[None], Generic[Q, R]):
    """Ask, and hand each of many answers to `sink` as it arrives, so that they need not be held together.

    What the sink raises ends the call and is raised in the flow.
    """

    method: Method[Q, R]
    request: Q
    sink: Callable[[R], None]
    options: CallOptions


@attrs.frozen(eq=False)
class Sleep(Step[None]):
    """Wait that many seconds."""

    seconds: float


def run(flow: Flow[R], transport: Transport) -> R:
    """Carry out a flow, and return what it returns."""
    result: Any = None
    try:
        step = next(flow)
        while True:
            try:
                result = _carry_out(step, transport)
            except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as stop:
        returned: R = stop.value
        return returned
    finally:
        flow.close()


def _carry_out(step: Step[Any], transport: Transport) -> Any:
    if isinstance(step, Call):
        # The types of request and answer are known where a step is yielded, not here.
        call: Call[Any, Any] = step  # pyright: ignore[reportUnknownVariableType]
        return transport.unary(call.method, call.request, call.options)
    if isinstance(step, Drain):
        drain: Drain[Any, Any] = step  # pyright: ignore[reportUnknownVariableType]
        return _drain(transport.stream(drain.method, drain.request, drain.options), drain.sink)
    if isinstance(step, Sleep):
        return time.sleep(step.seconds)
    raise TypeError(f"{type(step).__name__} is no step this driver knows")


def _drain(answers: Iterator[Any], sink: Callable[[Any], None]) -> None:
    try:
        for answer in answers:
            sink(answer)
    finally:
        # Not left to the garbage collector: a traceback would keep the call open.
        close = getattr(answers, "close", None)
        if close is not None:
            close()
