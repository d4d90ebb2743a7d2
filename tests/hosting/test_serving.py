"""A server on all of its addresses or none, and how it stops."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from angzarr_domain.books import Cover, EventBook, Query
from angzarr_domain.client._transports.base import CallOptions
from angzarr_domain.exceptions import AngzarrError, InvalidEndpoint, ServingError, UsageError
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import METHODS
from tests.hosting.asking import ask, connected

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
QUERIES = METHODS.get_event_book.service
QUESTION = Query(Cover("ledger"))


def echo(query: Query, _call: Call) -> EventBook:
    return EventBook(query.cover)


def serving(*addresses: str, answer: Callable[[Query, Call], EventBook] = echo, **options: Any) -> Serving:
    """A server of one query."""
    return Serving([Served(METHODS.get_event_book, answer)], addresses or ["127.0.0.1:0"], **options)


def health(address: str, service: str) -> int:
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        status: int = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=20).status
        return status


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Gate:
    """An answer that a test holds back."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def answer(self, query: Query, _call: Call) -> EventBook:
        self.entered.set()
        assert self.opened.wait(30)
        return EventBook(query.cover)


def test_every_address_answers(short_path: Path) -> None:
    """One server on TCP and on a socket, at the addresses it reports (C-0497, C-0499)."""
    with serving("localhost:0", f"{short_path}/a.sock", f"unix:{short_path}/b.sock") as server:
        answers = [ask(address, METHODS.get_event_book, QUESTION) for address in server.addresses]

    assert answers == [EventBook(QUESTION.cover)] * 3


def test_port_0_is_reported_as_the_port_it_got() -> None:
    """The address has the host as given and a real port."""
    with serving("localhost:0") as server:
        host, _, port = server.addresses[0].rpartition(":")

    assert (host, int(port) > 0) == ("localhost", True)


def test_addresses_are_known_only_once_it_serves() -> None:
    """Before, there is no port to report."""
    with pytest.raises(UsageError):
        _ = serving().addresses


def test_no_address_is_refused() -> None:
    """Serving nowhere is a mistake."""
    with pytest.raises(UsageError, match="at least one address"):
        Serving([], [])


def test_text_that_is_no_address_is_refused_before_anything_is_bound() -> None:
    """Addresses are checked as the server is made."""
    with pytest.raises(InvalidEndpoint):
        serving("127.0.0.1:0", "localhost")


def test_port_in_use_is_named() -> None:
    """Two servers never share a port: calls would be split between two stores."""
    with serving() as first:
        (address,) = first.addresses
        with pytest.raises(ServingError) as caught, serving(address):
            pass

    assert (caught.value.code, caught.value.address) == ("ADDRESS_IN_USE", address)


def test_ports_are_not_shared() -> None:
    """Not even with those who would share: whoever binds the port in the same instant as this server fails, too."""
    with serving() as server, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        host, _, port = server.addresses[0].rpartition(":")

        with pytest.raises(OSError, match="in use"):
            other.bind((host, int(port)))


def test_localhost_beside_a_server_on_127_0_0_1_fails() -> None:
    """Otherwise ::1 alone would be served, and half of the callers would meet the other server."""
    with serving() as first:
        port = first.addresses[0].rpartition(":")[2]
        with pytest.raises(ServingError) as caught, serving(f"localhost:{port}"):
            pass

    assert caught.value.code == "ADDRESS_IN_USE"


def test_one_address_in_use_releases_all_others(short_path: Path) -> None:
    """All or none: ports and sockets bound before the failure are free again."""
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ServingError), serving(f"127.0.0.1:{port}", f"{short_path}/a.sock", address):
            pass

    assert list(short_path.iterdir()) == []
    with serving(f"127.0.0.1:{port}") as server:
        assert ask(server.addresses[0], METHODS.get_event_book, QUESTION) == EventBook(QUESTION.cover)


def test_same_port_twice_is_refused() -> None:
    """The name localhost and 127.0.0.1 are one address."""
    port = free_port()
    with pytest.raises(ServingError), serving(f"127.0.0.1:{port}", f"localhost:{port}"):
        pass


def test_port_is_free_after_the_stop() -> None:
    """The next server may have it at once."""
    with serving() as first:
        (address,) = first.addresses
    with serving(address) as second:
        assert second.addresses == (address,)


def test_port_is_free_although_callers_hold_on_to_their_connections() -> None:
    """What is left of the connections of a server just gone is no hindrance."""
    with serving() as first, connected(first.addresses[0]) as transport:
        transport.unary(METHODS.get_event_book, QUESTION, CallOptions(20))
        first.stop()
        with serving(*first.addresses) as second:
            assert second.addresses == first.addresses


def test_serves_once() -> None:
    """What stopped stays stopped."""
    server = serving()
    with server:
        pass
    with pytest.raises(UsageError, match="serves once"):
        server.start()


def test_a_start_that_failed_is_not_repeated() -> None:
    """Its threads are gone, so a second start would take calls and never answer them."""
    with serving() as first:
        second = serving(*first.addresses)
        with pytest.raises(ServingError):
            second.start()

    with pytest.raises(UsageError, match="serves once"):
        second.start()


def test_health_is_serving_for_the_whole_and_each_service() -> None:
    """Readiness is told for "" and for each full service name (C-0500)."""
    with serving() as server:
        states = [health(server.addresses[0], name) for name in ("", QUERIES)]

    assert states == [SERVING, SERVING]


def test_health_does_not_know_what_is_not_served() -> None:
    """Another service's name is NOT_FOUND."""
    with serving() as server, pytest.raises(grpc.RpcError) as caught:
        health(server.addresses[0], "io.angzarr.v1.SagaService")

    error: Any = caught.value
    assert error.code() == grpc.StatusCode.NOT_FOUND


def test_health_answers_while_all_workers_are_busy() -> None:
    """Whoever asks whether the server lives is not queued behind its commands."""
    gate = Gate()
    with serving(answer=gate.answer, workers=1) as server, connected(server.addresses[0]) as transport:
        asking = threading.Thread(target=transport.unary, args=(METHODS.get_event_book, QUESTION, CallOptions(20)))
        asking.start()
        assert gate.entered.wait(20)
        state = health(server.addresses[0], "")
        gate.opened.set()
        asking.join(20)

    assert state == SERVING


def test_watch_hears_of_the_stop_and_ends() -> None:
    """NOT_SERVING goes out as the stop begins (C-0501), and open watches do not hold it up."""
    with serving(grace=60) as server, grpc.insecure_channel(server.addresses[0]) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=QUERIES), timeout=30)
        assert next(watch).status == SERVING
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        heard = [answer.status for answer in watch]
        stopping.join(20)

        assert (heard, stopping.is_alive()) == ([NOT_SERVING], False)


def test_calls_under_way_finish_first() -> None:
    """A stop waits for the calls it finds (C-0501)."""
    gate = Gate()
    answers: list[EventBook] = []
    with serving(answer=gate.answer, grace=30) as server, connected(server.addresses[0]) as transport:
        asking = threading.Thread(
            target=lambda: answers.append(transport.unary(METHODS.get_event_book, QUESTION, CallOptions(20)))
        )
        asking.start()
        assert gate.entered.wait(20)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        gate.opened.set()
        stopping.join(20)
        asking.join(20)

    assert answers == [EventBook(QUESTION.cover)]


def test_stop_does_not_wait_for_ever() -> None:
    """A call that never ends is given the grace, then its caller learns that it was cut off."""
    gate = Gate()
    errors: list[AngzarrError] = []

    def asking(transport: Any) -> None:
        try:
            transport.unary(METHODS.get_event_book, QUESTION, CallOptions(20))
        except AngzarrError as error:
            errors.append(error)

    with serving(answer=gate.answer) as server, connected(server.addresses[0]) as transport:
        thread = threading.Thread(target=asking, args=(transport,))
        thread.start()
        assert gate.entered.wait(20)
        server.stop(0)
        thread.join(10)
        held = not gate.opened.is_set()
        gate.opened.set()

    assert (held, len(errors)) == (True, 1)


def test_a_second_signal_ends_the_grace() -> None:
    """Who presses Ctrl-C once more does not want to wait for the calls under way."""
    gate = Gate()
    late = threading.Timer(20, gate.opened.set)
    late.start()

    def asking(addresses: tuple[str, ...]) -> None:
        with connected(addresses[0]) as transport, contextlib.suppress(AngzarrError):
            transport.unary(METHODS.get_event_book, QUESTION, CallOptions(20))

    def interrupting() -> None:
        gate.entered.wait(20)
        for number in (signal.SIGINT, signal.SIGTERM):  # two of one kind may arrive as one
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=interrupting)
    thread.start()
    serving(answer=gate.answer, grace=60).run(
        announce=lambda addresses: threading.Thread(target=asking, args=(addresses,)).start()
    )
    held = not gate.opened.is_set()
    late.cancel()
    gate.opened.set()
    thread.join(20)

    assert held


def test_stop_may_be_repeated() -> None:
    """Stopping what is stopped does nothing."""
    with serving() as server:
        server.stop()
        server.stop()


def test_a_server_that_was_stopped_does_not_start() -> None:
    """Not even if it never did: what it serves may be gone, and is released."""
    seen: list[str] = []
    server = serving(on_stop=lambda: seen.append("released"))
    server.stop()

    with pytest.raises(UsageError, match="once it was stopped"):
        server.start()
    server.stop()
    assert seen == ["released"]


def test_stop_calls_on_stop_last() -> None:
    """What the functions used is released once nothing is served any more."""
    seen: list[str] = []
    port = free_port()

    def released() -> None:
        with socket.create_server(("127.0.0.1", port)):
            seen.append("free")

    with serving(f"127.0.0.1:{port}", on_stop=released):
        assert seen == []

    assert seen == ["free"]


def test_on_stop_is_called_when_it_cannot_start() -> None:
    """All or none holds for what belongs to the server as well."""
    seen: list[str] = []
    with serving() as first, pytest.raises(ServingError):
        serving(*first.addresses, on_stop=lambda: seen.append("released")).start()

    assert seen == ["released"]


def test_reflection_describes_our_services_and_the_standard_ones() -> None:
    """Our schemas live in a pool of their own, health in the default one; reflection finds both."""
    with serving() as server, grpc.insecure_channel(server.addresses[0]) as channel:
        found = ProtoReflectionDescriptorDatabase(channel)
        services = found.get_services()
        files = [found.FindFileContainingSymbol(name).name for name in (QUERIES, "grpc.health.v1.Health")]

    assert set(services) == {QUERIES, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    assert files == ["angzarr_domain/io/angzarr/v1/query.proto", "grpc_health/v1/health.proto"]


def test_reflection_knows_what_it_does_not_have() -> None:
    """A symbol of neither pool is not found."""
    with (
        serving() as server,
        grpc.insecure_channel(server.addresses[0]) as channel,
        pytest.raises(KeyError),
    ):
        ProtoReflectionDescriptorDatabase(channel).FindFileContainingSymbol("no.such.Symbol")


def test_open_reflection_does_not_hold_the_stop_up() -> None:
    """Tools keep their reflection call open; it is ended."""
    asked_all = threading.Event()

    def requests() -> Iterator[Any]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        asked_all.wait(30)

    with serving(grace=60) as server, grpc.insecure_channel(server.addresses[0]) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        answers = stub.ServerReflectionInfo(requests())
        next(answers)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        stopping.join(20)
        still_open = not asked_all.is_set()
        asked_all.set()

        assert (still_open, stopping.is_alive()) == (True, False)


def test_large_books_travel_both_ways() -> None:
    """Books over gRPC's own limit of 4 MiB are answered."""
    large = Query(Cover("x" * 5_000_000))
    with serving() as server:
        assert ask(server.addresses[0], METHODS.get_event_book, large) == EventBook(large.cover)


def test_large_metadata_is_read() -> None:
    """Callers' metadata over gRPC's own limit of 8 KiB is let in."""
    options = CallOptions(20, (("tenant", "x" * 500_000),))
    with serving() as server, connected(server.addresses[0]) as transport:
        assert transport.unary(METHODS.get_event_book, QUESTION, options) == EventBook(QUESTION.cover)


def test_wait_ends_when_its_event_is_set() -> None:
    """Off the main thread an event asks to stop."""
    event = threading.Event()
    server = serving()
    thread = threading.Thread(target=server.run, args=(event,))
    thread.start()
    event.set()
    thread.join(20)

    assert not thread.is_alive()


def test_wait_ends_when_another_thread_stops_the_server() -> None:
    """Whoever waits for a server that was stopped is let go."""
    with serving() as server:
        waiting = threading.Thread(target=server.wait)
        waiting.start()
        server.stop()
        waiting.join(20)

        assert not waiting.is_alive()


def test_run_off_the_main_thread_needs_an_event() -> None:
    """Nothing could ever stop it: signals arrive on the main thread only."""
    errors: list[UsageError] = []

    def run() -> None:
        try:
            serving().run()
        except UsageError as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)

    assert [error.field for error in errors] == ["stop"]


def test_run_announces_the_addresses() -> None:
    """Told once they are served: a call at that moment is answered."""
    event = threading.Event()
    answers: list[EventBook] = []

    def announced(addresses: tuple[str, ...]) -> None:
        answers.append(ask(addresses[0], METHODS.get_event_book, QUESTION))
        event.set()

    serving().run(event, announced)

    assert answers == [EventBook(QUESTION.cover)]
