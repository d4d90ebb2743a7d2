"""What callers can tell of an error: of a server's status, of their own mistakes, of a missing connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn
from uuid import UUID

import grpc
import pytest

from angzarr_domain.client import DomainClient
from angzarr_domain.exceptions import (
    AngzarrError,
    ConnectionFailed,
    InvalidArgument,
    InvalidEndpoint,
    Rejected,
    Status,
)
from tests.peers import Peer
from tests.wallet import Put, Take

ROOT = UUID(int=7)
PLAIN = [
    Status.UNKNOWN,
    Status.INVALID_ARGUMENT,
    Status.NOT_FOUND,
    Status.ALREADY_EXISTS,
    Status.PERMISSION_DENIED,
    Status.RESOURCE_EXHAUSTED,
    Status.FAILED_PRECONDITION,
    Status.ABORTED,
    Status.OUT_OF_RANGE,
    Status.INTERNAL,
    Status.DATA_LOSS,
    Status.UNAUTHENTICATED,
]


class Refusing(grpc.GenericRpcHandler):
    """Ends every call with one status and a text, and says nothing else."""

    def __init__(self) -> None:
        self.status = grpc.StatusCode.UNKNOWN

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        return grpc.unary_unary_rpc_method_handler(self._end)

    def _end(self, _request: bytes, context: grpc.ServicerContext) -> NoReturn:
        context.abort(self.status, "the cellar is flooded")


@pytest.fixture(name="refusing", scope="module")
def _refusing() -> Iterator[tuple[str, Refusing]]:
    handler = Refusing()
    server = grpc.server(ThreadPoolExecutor(1), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}", handler
    server.stop(None).wait()


@pytest.mark.parametrize("status", PLAIN, ids=lambda status: status.name)
def test_the_servers_status(refusing: tuple[str, Refusing], status: Status) -> None:
    """Is in the error, with its text (C-0343, C-0349 to C-0353, C-0355)."""
    endpoint, handler = refusing
    handler.status = next(code for code in grpc.StatusCode if code.value[0] == status)

    with DomainClient.connect(endpoint) as client, pytest.raises(AngzarrError) as caught:
        client.query("wallet", ROOT).get_event_book()

    assert (caught.value.status, caught.value.message) == (status, "the cellar is flooded")


def test_what_the_server_says_besides(client: DomainClient) -> None:
    """A full status has a code and fields, too (C-0355)."""
    with pytest.raises(Rejected) as caught:
        client.command(Take(amount=9), ROOT).send_sync()

    assert (caught.value.code, caught.value.details) == ("NOT_ENOUGH", {"balance": "0"})
    assert (caught.value.status, caught.value.message) == (
        Status.FAILED_PRECONDITION,
        "there is not so much in it",
    )


def test_no_connection(kind: type[DomainClient]) -> None:
    """Is an error of its own (C-0341), which is no answer of a server."""
    with kind.connect("127.0.0.1:1") as client, pytest.raises(ConnectionFailed) as caught:
        client.command(Put(amount=1), ROOT).send()

    assert (caught.value.is_connection_error, caught.value.endpoint) == (True, "127.0.0.1:1")


MISTAKES: dict[str, tuple[Callable[[DomainClient], object], type[AngzarrError], str]] = {
    "argument (C-0344)": (
        lambda c: c.command("wallet").with_command("", b""),
        InvalidArgument,
        "COMMAND_TYPE_URL_MISSING",
    ),
    "time (C-0345)": (
        lambda c: c.query("wallet", ROOT).as_of_time("soon"),
        InvalidArgument,
        "TIMESTAMP_PARSE_FAILED",
    ),
    "endpoint": (lambda _: DomainClient.connect("nowhere"), InvalidEndpoint, "ENDPOINT_PARSE_FAILED"),
}


@pytest.mark.parametrize(("err", "kind_of_error", "code"), MISTAKES.values(), ids=MISTAKES)
def test_the_callers_own_mistakes(
    client: DomainClient,
    peer: Peer,
    err: Callable[[DomainClient], object],
    kind_of_error: type[AngzarrError],
    code: str,
) -> None:
    """Are found before anything is sent, and told apart by class and code.

    Every error has a status, one of the client's own that with which it would travel: where the protocol's scenarios
    know none (C-0354, C-0356), the class says whether a server has answered.
    """
    with pytest.raises(kind_of_error) as caught:
        err(client)

    assert (caught.value.code, caught.value.status) == (code, Status.INVALID_ARGUMENT)
    assert (peer.commands, peer.queries) == ([], [])


@pytest.mark.parametrize(("err", "kind_of_error", "code"), MISTAKES.values(), ids=MISTAKES)
def test_texts(
    client: DomainClient, err: Callable[[DomainClient], object], kind_of_error: type[AngzarrError], code: str
) -> None:
    """One for people (C-0352, C-0363), and one for developers with type, code and fields besides (C-0364)."""
    with pytest.raises(kind_of_error) as caught:
        err(client)

    error = caught.value
    assert error.message
    assert str(error) == error.message
    assert repr(error).startswith(f"{kind_of_error.__name__}({code!r}, {error.message!r}")
    assert all(f"{name}={value!r}" in repr(error) for name, value in error.details.items())
