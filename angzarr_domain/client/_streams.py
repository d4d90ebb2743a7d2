"""Streams in the peer's generation of the protocol. They stay outside of flows, since their answers are not held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from angzarr_domain.exceptions import MethodNotServed
from angzarr_domain.wire import METHODS, Method, Methods

from ._budget import Budget
from ._older import Streamed, reading_of, synchronized
from ._speaking import Speaker, discover, name_of
from ._steps import run
from ._transports.base import CallOptions, Transport

Q = TypeVar("Q")
R = TypeVar("R")


def stream(
    transport: Transport, speaker: Speaker, method: Method[Q, R], request: Q, options: CallOptions
) -> Iterator[R]:
    """The answers to one request, as they arrive."""
    if speaker.methods is METHODS or not name_of(method):
        return transport.stream(method, request, options)
    return _spoken(transport, speaker, method, request, options)


def _spoken(
    transport: Transport, speaker: Speaker, method: Method[Q, R], request: Q, options: CallOptions
) -> Iterator[R]:
    budget = Budget.rest_of(options)
    if speaker.methods is None:
        begun = False
        try:
            # The newest generation's word first: a peer that does not know it says so.
            for answer in transport.stream(method, request, options):
                begun = True
                yield answer
        except MethodNotServed:
            if begun:
                raise
            run(discover(speaker, budget), transport)
            if speaker.methods in (None, METHODS):
                raise
        else:
            speaker.methods = speaker.methods or METHODS
            return
    yield from _older(transport, speaker.methods or METHODS, name_of(method), request, budget)


def _older(transport: Transport, methods: Methods, name: str, request: Any, budget: Budget) -> Iterator[Any]:
    if name != "get_events":
        yield from transport.stream(getattr(methods, name), request, budget.options())
        return
    reading = reading_of(request, methods, budget)
    if isinstance(reading, Streamed):
        for book in transport.stream(reading.method, reading.query, budget.options()):
            yield reading.selected(book)
        return
    while (piece := run(reading.following(), transport)) is not None:
        yield piece


def bidi(
    transport: Transport, speaker: Speaker, method: Method[Q, R], requests: Iterable[Q], options: CallOptions
) -> Iterator[R]:
    """The answers to many requests, as they arrive."""
    if speaker.methods is METHODS or not name_of(method):
        return transport.bidi(method, requests, options)
    return _spoken_bidi(transport, speaker, method, requests, options)


def _spoken_bidi(
    transport: Transport, speaker: Speaker, method: Method[Any, R], requests: Iterable[Any], options: CallOptions
) -> Iterator[R]:
    budget = Budget.rest_of(options)
    if speaker.methods is None:
        # Asked first: requests that were taken for a try could not be asked for again.
        run(discover(speaker, budget), transport)
    methods = speaker.methods or METHODS
    if methods is METHODS:
        yield from transport.bidi(method, requests, budget.options())
        return
    older: Method[Any, R] = getattr(methods, name_of(method))
    asked = map(synchronized, requests) if older.name == METHODS.synchronize.name else requests
    yield from transport.bidi(older, asked, budget.options())
