"""What is particular to the asynchronous clients: event loops, cancelling, and closing while calls are under way."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing
from typing import Any, ClassVar, cast
from uuid import UUID

import grpc
import grpc.aio
import pytest

from angzarr_domain import (
    Aggregate,
    AsyncAggregateClient,
    AsyncDomainClient,
    AsyncQueryClient,
    AsyncRepository,
    DomainClient,
    Repository,
    aggregate,
    applies,
    handles,
)
from angzarr_domain.books import Cover, EventBook, Query, SequenceRange
from angzarr_domain.client import Flow, RecordingTransport, Sleep, ThreadedTransport, arun
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import (
    AngzarrError,
    DeadlineExceeded,
    ServerError,
    Status,
    UnknownOutcome,
    UsageError,
)
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import METHODS
from tests.peers import Peer
from tests.wallet import Put, Wallet, WasPut

ROOT = UUID(int=7)


def put(client: AsyncDomainClient) -> Awaitable[object]:
    return client.command(Put(amount=5), ROOT).with_correlation_id("order-7").send_sync()


def ask(client: AsyncDomainClient) -> Awaitable[object]:
    return client.query("wallet", ROOT).get_event_book()


async def stream(client: AsyncDomainClient) -> object:
    return [book async for book in client.query("wallet", ROOT).get_events()]


EVERY_CALL = pytest.mark.parametrize("call", [put, ask, stream], ids=lambda call: call.__name__)
Asking = Callable[[AsyncDomainClient], Awaitable[object]]


class Waiting:
    """Serves calls that are answered by nothing but their end."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = threading.Event()

    def served(self) -> list[Served[Any, Any]]:
        methods = (METHODS.handle_command, METHODS.get_event_book, METHODS.get_events, METHODS.get_aggregate_roots)
        return [Served(method, self._stream if method.name == "GetEvents" else self._wait) for method in methods]

    def _wait(self, _request: object, call: Call) -> object:
        self.began.set()
        while call.is_active():
            time.sleep(0.01)
        self.ended.set()
        return EventBook()

    def _stream(self, request: object, call: Call) -> Iterator[object]:
        yield EventBook(Cover("wallet", ROOT))
        self._wait(request, call)


@pytest.fixture(name="waiting")
def _waiting() -> Waiting:
    return Waiting()


@pytest.fixture(name="quiet")
def _quiet(waiting: Waiting) -> Iterator[str]:
    """Where nobody ever answers."""
    with Serving(waiting.served(), ["127.0.0.1:0"], grace=0.1) as serving:
        yield serving.addresses[0]


async def began(waiting: Waiting) -> None:
    assert await asyncio.to_thread(waiting.began.wait, 10)


# --- many calls, many loops ---


def test_calls_at_the_same_time(endpoint: str, peer: Peer) -> None:
    """One client, one connection, many calls under way."""

    async def main() -> None:
        async with AsyncDomainClient.connect(endpoint, aggregates=[Wallet]) as client:
            await asyncio.gather(*(client.command(Put(amount=1)).send_sync() for _ in range(100)))

    asyncio.run(main())
    assert len(peer.streams) == 100


def test_a_client_made_before_its_loop(endpoint: str) -> None:
    """Making one needs no loop."""
    client = AsyncDomainClient.connect(endpoint, aggregates=[Wallet])

    async def main() -> None:
        async with client:
            await put(client)

    asyncio.run(main())


@EVERY_CALL
def test_another_loop(endpoint: str, call: Asking) -> None:
    """A client belongs to the loop of its first call, also when that is over; it can still be closed."""
    client = AsyncDomainClient.connect(endpoint, aggregates=[Wallet])

    async def first() -> None:
        await call(client)

    async def second() -> None:
        with pytest.raises(UsageError, match="another event loop"):
            await call(client)
        await client.close()
        with pytest.raises(UsageError, match="closed"):
            await call(client)

    asyncio.run(first())
    asyncio.run(second())


def test_a_channel_of_another_loop(endpoint: str) -> None:
    """Is found out at the first call."""

    async def make() -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(endpoint)

    client = AsyncDomainClient.from_channel(asyncio.run(make()), aggregates=[Wallet])

    async def main() -> None:
        with pytest.raises(UsageError, match="another event loop"):
            await ask(client)

    asyncio.run(main())


def test_loops_side_by_side(endpoint: str, peer: Peer) -> None:
    """Each thread has its own loop, and its own client."""

    async def main() -> None:
        async with AsyncDomainClient.connect(endpoint, aggregates=[Wallet]) as client:
            for _ in range(5):
                await client.command(Put(amount=1)).send_sync()

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(lambda: asyncio.run(main())) for _ in range(4)]:
            done.result()
    assert len(peer.streams) == 20


def test_closing_from_another_loop(quiet: str, waiting: Waiting) -> None:
    """Ends what is under way in the loop that the client belongs to."""
    client = AsyncDomainClient.connect(quiet, aggregates=[Wallet])
    with ThreadPoolExecutor(1) as threads:
        sent = threads.submit(lambda: asyncio.run(_run(put(client))))
        assert waiting.began.wait(10)
        asyncio.run(client.close())

        with pytest.raises(UnknownOutcome):
            sent.result()


async def _run(awaited: Awaitable[object]) -> object:
    return await awaited


@pytest.mark.parametrize("place", ["a server", "in process"])
def test_the_blocking_client_inside_a_loop(endpoint: str, place: str) -> None:
    """Works, and blocks the loop: for scripts and notebooks, not for servers."""

    async def main() -> None:
        with ExitStack() as stack:
            if place == "a server":
                client = stack.enter_context(DomainClient.connect(endpoint, aggregates=[Wallet]))
            else:
                client = stack.enter_context(stack.enter_context(Coordinator([Wallet])).client())
            assert client.command(Put(amount=5), ROOT).send_sync().events == (WasPut(amount=5),)
            assert [len(book.pages) for book in client.query("wallet", ROOT).get_events()] == [1]

    asyncio.run(main())


# --- cancelling ---


@EVERY_CALL
def test_cancelling(quiet: str, waiting: Waiting, call: Asking) -> None:
    """Ends the call at the server, too."""

    async def main() -> None:
        async with AsyncDomainClient.connect(quiet, aggregates=[Wallet]) as client:
            task = asyncio.ensure_future(call(client))
            await began(waiting)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(waiting.ended.wait, 10)

    asyncio.run(main())


def test_a_timeout_of_the_loop(quiet: str, waiting: Waiting) -> None:
    """Asyncio's own cancels, and so says nothing of a command; `timeout=` says that the outcome is unknown."""

    async def main() -> None:
        async with AsyncDomainClient.connect(quiet, aggregates=[Wallet]) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await put(client)
            with pytest.raises(UnknownOutcome) as caught:
                await client.command(Put(amount=5), ROOT).with_correlation_id("order-8").send_sync(timeout=0.2)
            assert caught.value.correlation_id == "order-8"

    asyncio.run(main())


def test_cancelling_closes_the_flow() -> None:
    """Its own `finally` runs."""
    seen: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield from Sleep(60)
        finally:
            seen.append("closed")

    async def main() -> None:
        task = asyncio.ensure_future(arun(flow(), ThreadedTransport(RecordingTransport())))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert seen == ["closed"]


def test_leaving_a_stream_early(quiet: str, waiting: Waiting) -> None:
    """`aclosing` ends the call at once."""

    async def main() -> None:
        async with AsyncDomainClient.connect(quiet) as client:
            async with aclosing(client.query("wallet", ROOT).get_events()) as books:
                assert (await anext(books)).pages == ()
                await began(waiting)
            assert await asyncio.to_thread(waiting.ended.wait, 10)

    asyncio.run(main())


def test_a_stream_that_is_just_left(quiet: str, waiting: Waiting) -> None:
    """Ends when nobody holds it any more."""

    async def main() -> None:
        async with AsyncDomainClient.connect(quiet) as client:
            async for _ in client.query("wallet", ROOT).get_events():
                await began(waiting)
                break
            assert await asyncio.to_thread(waiting.ended.wait, 10)

    asyncio.run(main())


# --- closing ---


# A stream on a channel of others outlives that channel at the lowest grpcio.
WAYS = [
    pytest.param(call, error, own, id=f"{call.__name__}, {'its own channel' if own else 'a channel of others'}")
    for call, error in ((put, UnknownOutcome), (ask, ServerError), (stream, ServerError))
    for own in (True, False)
    if own or call is not stream
]


@pytest.mark.parametrize(("call", "error", "own"), WAYS)
def test_closing_while_calls_are_under_way(
    quiet: str, waiting: Waiting, call: Asking, error: type[AngzarrError], own: bool
) -> None:
    """Ends them with an error that tells a command, which may have been stored, from a query."""

    async def main() -> None:
        channel = grpc.aio.insecure_channel(quiet)
        if own:
            client = AsyncDomainClient.connect(quiet, aggregates=[Wallet])
        else:
            client = AsyncDomainClient.from_channel(channel, aggregates=[Wallet])
        task = asyncio.ensure_future(call(client))
        await began(waiting)
        await (client if own else channel).close()

        with pytest.raises(error, match="closed meanwhile") as caught:
            await task
        assert caught.value.status is Status.CANCELLED
        if isinstance(caught.value, UnknownOutcome):
            assert caught.value.correlation_id == "order-7"
        await channel.close()

    asyncio.run(main())


@EVERY_CALL
def test_a_channel_closed_by_its_owner(endpoint: str, call: Asking) -> None:
    """Is the error of a closed client."""

    async def main() -> None:
        channel = grpc.aio.insecure_channel(endpoint)
        client = AsyncDomainClient.from_channel(channel, aggregates=[Wallet])
        await channel.close()
        with pytest.raises(UsageError) as caught:
            await call(client)
        assert caught.value.code == "CLIENT_CLOSED"

    asyncio.run(main())


def test_a_shared_channel(endpoint: str) -> None:
    """Several clients share a channel, and closing one leaves it open (C-0330, C-0331)."""

    async def main() -> None:
        async with grpc.aio.insecure_channel(endpoint) as channel:
            async with AsyncDomainClient.from_channel(channel, aggregates=[Wallet]) as first:
                await put(first)
            await ask(AsyncDomainClient.from_channel(channel))

    asyncio.run(main())


@pytest.mark.parametrize("kind", [AsyncDomainClient, AsyncQueryClient, AsyncAggregateClient])
def test_each_client_connects_on_its_own(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, kind: type[AsyncDomainClient]
) -> None:
    """By endpoint, by environment, by channel, by domain (C-0332 to C-0335)."""
    monkeypatch.setenv("WHERE", endpoint)

    async def main() -> None:
        async with grpc.aio.insecure_channel(endpoint) as channel:
            ways = (kind.connect(endpoint), kind.from_env("WHERE", "x:1"), kind.from_channel(channel))
            for client in (*ways, kind.for_domain("wallet")):
                async with client:
                    assert isinstance(client, kind)

    asyncio.run(main())


def test_a_client_dropped_unclosed() -> None:
    """Warns, as open files do; one over a channel of others has nothing to close."""
    client = AsyncDomainClient.connect("localhost:1310")

    with pytest.warns(ResourceWarning, match=r"dropped unclosed: use it in an async with"):
        del client


def test_a_client_of_a_channel_may_be_dropped(endpoint: str) -> None:
    """It has nothing to close."""

    async def main() -> None:
        async with grpc.aio.insecure_channel(endpoint) as channel:
            await ask(AsyncDomainClient.from_channel(channel))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())


# --- many queries over one call ---


@pytest.mark.parametrize("place", ["a server", "in process"])
def test_queries_that_come_one_by_one(endpoint: str, peer: Peer, place: str) -> None:
    """Each may wait for the answer to the one before it."""
    answered = asyncio.Event()

    async def queries() -> AsyncGenerator[Query, None]:
        yield Query(Cover("wallet", ROOT), SequenceRange(0, 0))
        await answered.wait()
        yield Query(Cover("wallet", ROOT), SequenceRange(1, 1))

    async def read(client: AsyncDomainClient) -> None:
        await client.command(Put(amount=1), ROOT).send_sync()
        await client.command(Put(amount=2), ROOT).send_sync()
        found: list[object] = []
        async for book in client.query.synchronize(queries()):
            answered.set()
            found += [page.decode() for page in book.pages]
        assert found == [WasPut(amount=1), WasPut(amount=2)]

    async def main() -> None:
        if place == "a server":
            async with AsyncDomainClient.connect(endpoint, aggregates=[Wallet]) as client:
                await read(client)
        else:
            with Coordinator([Wallet]) as coordinator:
                async with coordinator.async_client() as client:
                    await read(client)

    asyncio.run(main())


def test_queries_that_break(endpoint: str, peer: Peer) -> None:
    """What the caller's own generator raises reaches the caller, after the answers before it."""
    peer.record(ROOT, WasPut(amount=1))

    async def queries() -> AsyncGenerator[Query, None]:
        yield Query(Cover("wallet", ROOT), SequenceRange(0, 0))
        raise ZeroDivisionError

    async def main() -> None:
        async with AsyncDomainClient.connect(endpoint) as client:
            answers = client.query.synchronize(queries())
            assert len((await anext(answers)).pages) == 1
            with pytest.raises(ZeroDivisionError):
                await anext(answers)

    asyncio.run(main())


# --- in process ---


@aggregate(domain="gate")
class Gate(Aggregate):
    """Opens when it is told to."""

    reached: ClassVar[threading.Event]
    may_open: ClassVar[threading.Event]

    @handles
    def open(self, command: Put) -> WasPut:
        Gate.reached.set()
        assert Gate.may_open.wait(10)
        return WasPut(amount=command.amount)

    @applies
    def opened(self, event: WasPut) -> None:
        pass


@pytest.fixture(name="gate")
def _gate() -> type[Gate]:
    Gate.reached, Gate.may_open = threading.Event(), threading.Event()
    return Gate


def test_the_loop_goes_on_meanwhile(gate: type[Gate]) -> None:
    """A handler runs on a worker thread: here it waits for what only the loop does."""

    async def main() -> None:
        with Coordinator([gate]) as coordinator:
            async with coordinator.async_client() as client:
                task = asyncio.ensure_future(client.command("gate", ROOT).with_command(Put(amount=5)).send())
                assert await asyncio.to_thread(gate.reached.wait, 10)
                gate.may_open.set()
                assert (await task).next_sequence == 1

    asyncio.run(main())


def test_cancelling_leaves_a_handler_to_its_thread(gate: type[Gate]) -> None:
    """A command that is under way may still be stored."""

    async def main() -> None:
        with Coordinator([gate]) as coordinator:
            async with coordinator.async_client() as client:
                task = asyncio.ensure_future(client.command("gate", ROOT).with_command(Put(amount=5)).send())
                assert await asyncio.to_thread(gate.reached.wait, 10)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                gate.may_open.set()
            with coordinator.client() as blocking:
                while not blocking.query("gate", ROOT).get_pages():
                    time.sleep(0.01)  # noqa: ASYNC251 - nothing else is to go on here

    asyncio.run(main())


def test_time_goes_by_before_a_thread_is_free() -> None:
    """And counts: what is too late is not sent."""
    transport = RecordingTransport()

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        busy = asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.3)
        client = AsyncDomainClient.for_transport(ThreadedTransport(transport), aggregates=[Wallet])
        with pytest.raises(DeadlineExceeded):
            await client.query("wallet", ROOT).get_event_book(timeout=0.1)
        await busy
        await client.close()

    asyncio.run(main())
    assert transport.calls == []


@EVERY_CALL
def test_a_closed_coordinator_client(call: Asking) -> None:
    """Every later call fails, and says why (C-0229); closing again is harmless."""

    async def main() -> None:
        with Coordinator([Wallet]) as coordinator:
            client = coordinator.async_client()
            await call(client)
            await client.close()
            await client.close()
            with pytest.raises(UsageError) as caught:
                await call(client)
        assert caught.value.code == "CLIENT_CLOSED"

    asyncio.run(main())


# --- repositories ---


def test_repositories_want_their_own_kind() -> None:
    """A mix-up is said at once, not by a coroutine that nobody awaits."""
    with (
        DomainClient.for_transport(RecordingTransport()) as client,
        pytest.raises(UsageError, match="needs an AsyncDomainClient, not DomainClient"),
    ):
        AsyncRepository(Wallet, client)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] - the mix-up
    with pytest.raises(UsageError, match="needs a DomainClient, not AsyncDomainClient"):
        Repository(Wallet, cast("DomainClient", AsyncDomainClient.from_channel(cast("Any", None))))
