"""The driver that awaits: carries out the same flows as `run`, over an asynchronous transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, TypeVar

from ._steps import Call, Drain, Flow, Sleep, Step
from ._transports.base import AsyncTransport

R = TypeVar("R")


async def arun(flow: Flow[R], transport: AsyncTransport) -> R:
    """Same as `run`, awaited. Cancelling it ends the call under way and closes the flow."""
    result: Any = None
    try:
        step = next(flow)
        while True:
            try:
                result = await _carry_out(step, transport)
            except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as stop:
        returned: R = stop.value
        return returned
    finally:
        flow.close()


async def _carry_out(step: Step[Any], transport: AsyncTransport) -> Any:
    if isinstance(step, Call):
        # The types of request and answer are known where a step is yielded, not here.
        call: Call[Any, Any] = step  # pyright: ignore[reportUnknownVariableType]
        return await transport.unary(call.method, call.request, call.options)
    if isinstance(step, Drain):
        drain: Drain[Any, Any] = step  # pyright: ignore[reportUnknownVariableType]
        return await _drain(transport, drain, drain.sink)
    if isinstance(step, Sleep):
        return await asyncio.sleep(step.seconds)
    raise TypeError(f"{type(step).__name__} is no step this driver knows")


async def _drain(transport: AsyncTransport, drain: Drain[Any, Any], sink: Callable[[Any], None]) -> None:
    async with aclosing(transport.stream(drain.method, drain.request, drain.options)) as answers:
        async for answer in answers:
            sink(answer)
