"""The repository of asynchronous clients: the names of `_repository.py`, awaited, over the same flows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.books import Message
from angzarr_domain.client import AsOf, AsyncDomainClient, Default, Metadata, Timeout
from angzarr_domain.exceptions import Conflict, UsageError

from ._executing import DEFAULT_ATTEMPTS, Asked, Executed, ignore
from ._history import AsyncHistory
from ._previewing import Preview
from ._questions import Questions
from ._verifying import SnapshotCheck, sampled

A = TypeVar("A", bound=Aggregate)


class AsyncRepository(Generic[A]):
    """Same as `Repository`, awaited. Bound to the event loop of its client.

    Args:
        aggregate: A class decorated with `@aggregate`.

    Raises:
        UsageError: It is not decorated.

    """

    def __init__(self, aggregate: type[A], client: AsyncDomainClient) -> None:
        if not isinstance(client, AsyncDomainClient):  # pyright: ignore[reportUnnecessaryIsInstance] - users do mix them up
            raise UsageError(
                f"an AsyncRepository needs an AsyncDomainClient, not {type(client).__name__}: see Repository",
                field="client",
            )
        self._questions = Questions(aggregate)
        self._client = client
        self._connection = client.connection

    async def load(
        self, root: UUID | str, as_of: AsOf = None, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> A:
        """Same as `Repository.load`, awaited."""
        budget = self._connection.budget(timeout, metadata)
        return await self._connection.run(self._questions.load(root, as_of, budget))

    async def execute(
        self,
        root: UUID | str,
        command: Message | Callable[[A], Message | None],
        *,
        attempts: int = DEFAULT_ATTEMPTS,
        correlation_id: str = "",
        on_retry: Callable[[int, Conflict], object] = ignore,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> Executed[A]:
        """Same as `Repository.execute`, awaited. A function decides at once: it is a plain one, not `async`."""
        budget = self._connection.budget(timeout, metadata)
        asked = Asked(correlation_id, attempts, on_retry)
        return await self._connection.run(self._questions.execute(root, command, asked, budget))

    async def preview(
        self,
        root: UUID | str,
        command: Message,
        as_of: AsOf = None,
        *,
        remote: bool = False,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> Preview[A]:
        """Same as `Repository.preview`, awaited."""
        budget = self._connection.budget(timeout, metadata)
        return await self._connection.run(self._questions.preview(root, command, as_of, remote, budget))

    def history(
        self, root: UUID | str, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()
    ) -> AsyncHistory[A]:
        """Same as `Repository.history`, iterated by `async for`; its `blame` is awaited."""
        budget = partial(self._connection.budget, timeout, tuple(metadata))
        return AsyncHistory(self._questions.subject(root), self._connection, budget)

    async def exists(self, root: UUID | str, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> bool:
        """Same as `Repository.exists`, awaited."""
        budget = self._connection.budget(timeout, metadata)
        return await self._connection.run(self._questions.exists(root, budget))

    async def roots(self, *, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> AsyncGenerator[UUID, None]:
        """Same as `Repository.roots`, iterated by `async for`."""
        async with aclosing(self._client.query.get_aggregate_roots(timeout=timeout, metadata=metadata)) as roots:
            async for found in roots:
                if found.root is not None and self._questions.is_one(found):
                    yield found.root

    async def verify_snapshots(
        self,
        roots: Iterable[UUID] | None = None,
        *,
        sample: int | None = None,
        timeout: Timeout = Default.TIMEOUT,
        metadata: Metadata = (),
    ) -> AsyncGenerator[SnapshotCheck, None]:
        """Same as `Repository.verify_snapshots`, iterated by `async for`."""
        named = [root async for root in self.roots(timeout=timeout, metadata=metadata)] if roots is None else roots
        for root in sampled(named, sample):
            yield await self._connection.run(self._questions.verify(root, self._connection.budget(timeout, metadata)))
