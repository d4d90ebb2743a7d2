"""Asynchronous clients behind the blocking names, so that one test holds both kinds to the same behaviour."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Generator, Iterator
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Self, TypeVar, cast

from angzarr_domain import AsyncDomainClient, AsyncRepository, DomainClient, Repository
from angzarr_domain.aggregates import Aggregate
from angzarr_domain.embedded import Coordinator

R = TypeVar("R")
A = TypeVar("A", bound=Aggregate)

_END = object()


@cache
def loop() -> asyncio.AbstractEventLoop:
    """An event loop that runs in a thread of its own, for as long as the tests do."""
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, daemon=True, name="awaited").start()
    return made


def wait_for(awaited: Coroutine[Any, Any, R]) -> R:
    """What a coroutine returns, from outside the loop."""
    return asyncio.run_coroutine_threadsafe(awaited, loop()).result(60)


class Awaited:
    """Stands for an asynchronous client, a builder or a repository: what that returns to be awaited, this waits for."""

    def __init__(self, behind: object) -> None:
        self.behind = behind

    def __getattr__(self, name: str) -> Any:
        return _blocking(getattr(self.behind, name))

    def __call__(self, *positional: object, **named: object) -> Any:
        function = cast("Callable[..., object]", self.behind)
        return _blocking(function(*positional, **named))

    def __iter__(self) -> Iterator[Any]:
        return _iterated(cast("AsyncIterable[Any]", self.behind))

    def __enter__(self) -> Self:
        wait_for(_entered(cast("AbstractAsyncContextManager[object]", self.behind)))
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __eq__(self, other: object) -> bool:
        return self.behind == (other.behind if isinstance(other, Awaited) else other)

    def __hash__(self) -> int:
        return hash(self.behind)


def _blocking(found: Any) -> Any:
    if inspect.iscoroutine(found):
        return _blocking(wait_for(found))
    if inspect.isasyncgen(found):
        return _iterated(found)
    # Whatever belongs to the asynchronous kind; values are the same for both.
    asynchronous = type(found).__name__.startswith("Async") or inspect.ismethod(found)
    return Awaited(found) if asynchronous else found


def _iterated(answers: AsyncIterable[Any]) -> Generator[Any, None, None]:
    iterator = aiter(answers)
    try:
        while (answer := wait_for(_following(iterator))) is not _END:
            yield answer
    finally:
        if isinstance(iterator, AsyncGenerator):
            wait_for(_closed(cast("AsyncGenerator[Any, None]", iterator)))


async def _following(iterator: Any) -> object:
    return await anext(iterator, _END)


async def _closed(iterator: AsyncGenerator[Any, None]) -> None:
    await iterator.aclose()


async def _entered(manager: AbstractAsyncContextManager[object]) -> None:
    await manager.__aenter__()


class AwaitedClient:
    """Makes clients as `DomainClient` does, that are asynchronous."""

    def __getattr__(self, name: str) -> Any:
        return _blocking(getattr(AsyncDomainClient, name))


#: How clients are made, of both kinds, by the names of the one that blocks.
KINDS: dict[str, type[DomainClient]] = {
    "blocking": DomainClient,
    "awaited": cast("type[DomainClient]", AwaitedClient()),
}


def awaited_client(coordinator: Coordinator) -> DomainClient:
    """The asynchronous client of a coordinator in this process."""
    return cast("DomainClient", Awaited(coordinator.async_client()))


def repository(aggregate: type[A], client: DomainClient) -> Repository[A]:
    """A repository of the client's kind."""
    made: object = client
    if isinstance(made, Awaited):
        behind = cast("AsyncDomainClient", made.behind)
        return cast("Repository[A]", Awaited(AsyncRepository(aggregate, behind)))
    return Repository(aggregate, client)
