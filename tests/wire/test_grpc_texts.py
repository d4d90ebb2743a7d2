"""The few texts of grpcio that errors are told apart by, from real calls; CI runs them on its lowest and newest."""

import socket
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest

from angzarr_domain.exceptions import (
    AngzarrError,
    ConnectionFailed,
    MethodNotServed,
    NotHandled,
    Rejected,
    TooLarge,
    UnknownOutcome,
)
from angzarr_domain.wire import from_status, to_status

LIMIT = 5_000_000
# An empty SETTINGS frame: enough for a gRPC client to take a peer for a server.
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def failure(target: str, method: str = "any", request: bytes = b"") -> AngzarrError:
    """The error that a call ends with."""
    with grpc.insecure_channel(target) as channel:
        call = channel.unary_unary(f"/test.Service/{method}", request_serializer=bytes, response_deserializer=bytes)
        with pytest.raises(grpc.RpcError) as caught:
            call(request, timeout=20)
    error: Any = caught.value
    metadata: dict[str, Any] = dict(error.trailing_metadata() or ())
    details = metadata.get("grpc-status-details-bin")
    return from_status(error.code().value[0], error.details(), details)


def large(_request: bytes, _context: Any) -> bytes:
    return bytes(LIMIT)


def refused(_request: bytes, context: Any) -> Any:
    wire = to_status(Rejected("INSUFFICIENT_FUNDS", "not enough money: 3 €", balance=3))
    context.set_trailing_metadata((("grpc-status-details-bin", wire.details),))
    return context.abort(grpc.StatusCode.FAILED_PRECONDITION, wire.message)


def verbose(_request: bytes, context: Any) -> Any:
    wire = to_status(NotHandled("\N{EURO SIGN}" * 9_000, handled=[f"bank.v1.Command{n}" for n in range(9_000)]))
    context.set_trailing_metadata((("grpc-status-details-bin", wire.details),))
    return context.abort(grpc.StatusCode.UNIMPLEMENTED, wire.message)


def trailers(_request: bytes, context: Any) -> Any:
    context.set_trailing_metadata((("large-bin", bytes(40_000)),))
    return context.abort(grpc.StatusCode.FAILED_PRECONDITION, "hidden by its trailers")


HANDLERS: dict[str, Any] = {"Large": large, "Refused": refused, "Trailers": trailers, "Verbose": verbose}


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    handlers: dict[str, Any] = {name: grpc.unary_unary_rpc_method_handler(answer) for name, answer in HANDLERS.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Service", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


def test_a_port_nobody_listens_on_was_not_sent_to() -> None:
    """The command cannot have been stored."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        error = failure(f"127.0.0.1:{reserved.getsockname()[1]}")

    assert type(error) is ConnectionFailed


def test_a_socket_file_that_is_missing_was_not_sent_to(tmp_path: Path) -> None:
    """The command cannot have been stored."""
    assert type(failure(f"unix:{tmp_path / 'none.sock'}")) is ConnectionFailed


def test_a_name_that_does_not_resolve_was_not_sent_to() -> None:
    """The resolver at port 9 of this machine answers nobody."""
    assert type(failure("dns://127.0.0.1:9/nowhere.invalid:1310")) is ConnectionFailed


def test_a_connection_that_breaks_in_flight_is_unknown() -> None:
    """The peer got the request and vanished: it may have stored the command."""

    def vanish() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(SETTINGS)
            received = b""
            while b"test.Service" not in received:
                received += connection.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = threading.Thread(target=vanish)
        peer.start()
        error = failure(f"127.0.0.1:{listener.getsockname()[1]}")
        peer.join()

    assert type(error) is UnknownOutcome


def test_a_method_nobody_serves(server: str) -> None:
    """Another kind of service, or another generation of the protocol."""
    assert type(failure(server, "Missing")) is MethodNotServed


def test_a_request_over_the_servers_limit_was_not_handled(server: str) -> None:
    """It never reached a handler, so nothing was stored."""
    assert type(failure(server, "Large", bytes(LIMIT))) is TooLarge


@pytest.mark.parametrize("method", ["Large", "Trailers"])
def test_an_answer_over_our_limit_is_unknown(server: str, method: str) -> None:
    """The call was carried out; its answer did not fit through."""
    assert type(failure(server, method)) is UnknownOutcome


def test_a_rejection_arrives_whole(server: str) -> None:
    """Code, text beyond ASCII and details, through a real trailer."""
    error = failure(server, "Refused")

    assert (type(error), error.code, error.message, error.details) == (
        Rejected,
        "INSUFFICIENT_FUNDS",
        "not enough money: 3 €",
        {"balance": "3"},
    )


def test_an_error_of_any_length_arrives(server: str) -> None:
    """At a client that set no limits of its own."""
    assert type(failure(server, "Verbose")) is NotHandled
