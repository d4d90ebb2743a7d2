from typing import Any, TypeVar, assert_type

import pytest

from angzarr_domain import books
from angzarr_domain.wire import METHODS, POOL, Kind, Method

Q = TypeVar("Q")
R = TypeVar("R")
TABLE = tuple(METHODS)


def described(method: Method[Any, Any]) -> Any:
    """The method in the protocol's own schema."""
    return POOL.FindServiceByName(method.service).methods_by_name[method.name]


@pytest.mark.parametrize("method", TABLE, ids=repr)
def test_a_method_is_one_of_the_protocol(method: Method[Any, Any]) -> None:
    """The path is /service/name of a service in the schema."""
    assert described(method).full_name == method.path[1:].replace("/", ".")


@pytest.mark.parametrize("method", TABLE, ids=repr)
def test_a_method_streams_as_the_protocol_says(method: Method[Any, Any]) -> None:
    """One or many messages, each way."""
    schema = described(method)
    kinds = {(False, False): Kind.UNARY, (False, True): Kind.STREAM, (True, True): Kind.BIDI}

    assert method.kind == kinds[schema.client_streaming, schema.server_streaming]


@pytest.mark.parametrize("service", ["CommandHandlerService", "CommandHandlerCoordinatorService", "EventQueryService"])
def test_a_service_is_covered_in_full(service: str) -> None:
    """No method of these services is missing in the table."""
    full_name = f"io.angzarr.v1.{service}"

    assert {m.name for m in TABLE if m.service == full_name} == set(POOL.FindServiceByName(full_name).methods_by_name)


@pytest.mark.parametrize("kind", ["Projector", "Saga", "ProcessManager"])
def test_a_service_of_reactions_is_covered_in_its_what_ifs(kind: str) -> None:
    """Nothing else of these is called by clients."""
    full_name = f"io.angzarr.v1.{kind}CoordinatorService"
    what_ifs = {name for name in POOL.FindServiceByName(full_name).methods_by_name if "Speculative" in name}

    assert {m.name for m in TABLE if m.service == full_name} == what_ifs


def test_a_method_knows_the_types_it_carries() -> None:
    """A call's answer is typed by the method it is made with, in both type checkers."""

    def call(method: Method[Q, R], request: Q) -> R:
        return method.decode_response(method.encode_request(request))

    book = call(METHODS.get_event_book, books.Query())
    assert_type(book, books.EventBook)

    assert book == books.EventBook()


def test_asking_for_roots_takes_nothing() -> None:
    """The request is an empty message."""
    method = METHODS.get_aggregate_roots

    assert (method.encode_request(None), method.decode_request(b"")) == (b"", None)
