"""The twin of `_streams.py`, awaited."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing
from typing import Any, TypeVar

from angzarr_domain.exceptions import MethodNotServed
from angzarr_domain.wire import METHODS, Method, Methods

from ._arun import arun
from ._budget import Budget
from ._older import Streamed, reading_of, synchronized
from ._speaking import Speaker, discover, name_of
from ._transports.base import AsyncTransport, CallOptions

Q = TypeVar("Q")
R = TypeVar("R")


def astream(
    transport: AsyncTransport, speaker: Speaker, method: Method[Q, R], request: Q, options: CallOptions
) -> AsyncGenerator[R, None]:
    """Same as `stream`, awaited."""
    if speaker.methods is METHODS or not name_of(method):
        return transport.stream(method, request, options)
    return _spoken(transport, speaker, method, request, options)


async def _spoken(
    transport: AsyncTransport, speaker: Speaker, method: Method[Q, R], request: Q, options: CallOptions
) -> AsyncGenerator[R, None]:
    budget = Budget.rest_of(options)
    if speaker.methods is None:
        begun = False
        try:
            async with aclosing(transport.stream(method, request, options)) as answers:
                async for answer in answers:
                    begun = True
                    yield answer
        except MethodNotServed:
            if begun:
                raise
            await arun(discover(speaker, budget), transport)
            if speaker.methods in (None, METHODS):
                raise
        else:
            speaker.methods = speaker.methods or METHODS
            return
    async with aclosing(_older(transport, speaker.methods or METHODS, name_of(method), request, budget)) as books:
        async for book in books:
            yield book


async def _older(
    transport: AsyncTransport, methods: Methods, name: str, request: Any, budget: Budget
) -> AsyncGenerator[Any, None]:
    if name != "get_events":
        async with aclosing(transport.stream(getattr(methods, name), request, budget.options())) as answers:
            async for answer in answers:
                yield answer
        return
    reading = reading_of(request, methods, budget)
    if isinstance(reading, Streamed):
        async with aclosing(transport.stream(reading.method, reading.query, budget.options())) as books:
            async for book in books:
                yield reading.selected(book)
        return
    while (piece := await arun(reading.following(), transport)) is not None:
        yield piece


def abidi(
    transport: AsyncTransport,
    speaker: Speaker,
    method: Method[Q, R],
    requests: AsyncIterable[Q] | Iterable[Q],
    options: CallOptions,
) -> AsyncGenerator[R, None]:
    """Same as `bidi`, awaited."""
    if speaker.methods is METHODS or not name_of(method):
        return transport.bidi(method, requests, options)
    return _spoken_bidi(transport, speaker, method, requests, options)


async def _spoken_bidi(
    transport: AsyncTransport,
    speaker: Speaker,
    method: Method[Any, R],
    requests: AsyncIterable[Any] | Iterable[Any],
    options: CallOptions,
) -> AsyncGenerator[R, None]:
    budget = Budget.rest_of(options)
    if speaker.methods is None:
        await arun(discover(speaker, budget), transport)
    methods = speaker.methods or METHODS
    asked = requests
    if methods is not METHODS:
        method = getattr(methods, name_of(method))
        asked = _synchronized(requests) if method.name == METHODS.synchronize.name else requests
    async with aclosing(transport.bidi(method, asked, budget.options())) as books:
        async for book in books:
            yield book


async def _synchronized(queries: AsyncIterable[Any] | Iterable[Any]) -> AsyncGenerator[Any, None]:
    if isinstance(queries, AsyncIterable):
        async for query in queries:
            yield synchronized(query)
    else:
        for query in queries:
            yield synchronized(query)
