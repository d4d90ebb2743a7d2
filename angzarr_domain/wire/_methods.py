"""The calls of the protocol, one table for each generation of it.

A client picks a method and hands it to its transport; a server registers the same entry. Both get their codecs from
it, so no service stubs are generated, and an in-process transport passes the frozen values themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final, Generic, TypeVar

import attrs

from angzarr_domain.books import (
    AggregateRoot,
    BusinessResponse,
    CommandRequest,
    CommandResponse,
    ContextualCommand,
    EventBook,
    EventRequest,
    FactInjectionResponse,
    FactRequest,
    Foldable,
    ProcessManagerRequest,
    ProcessManagerResponse,
    Projection,
    Query,
    ReplayRequest,
    ReplayResponse,
    SagaRequest,
    SagaResponse,
    SpeculateRequest,
    UpcastRequest,
    UpcastResponse,
)
from angzarr_domain.exceptions import AngzarrError

from . import _commands, _logic, _queries, _reactions
from ._books import read_event_book, write_event_book
from ._formats import Format, format_of
from ._status import WireStatus, to_status
from ._unread import read_unread_book, write_read_book
from .pb import messages as pb

Request = TypeVar("Request")
Response = TypeVar("Response")


class Kind(Enum):
    """How many messages go each way."""

    UNARY = "one request, one response"
    STREAM = "one request, many responses"
    BIDI = "many requests, many responses"


@attrs.frozen(repr=False)
class Method(Generic[Request, Response]):
    """One call of the protocol.

    The decoders raise typed errors for bytes that make no sense. gRPC turns what a deserializer raises into a
    bare INTERNAL, so a server decodes inside its handler.

    Attributes:
        service: The service's full name, such as "io.angzarr.v1.EventQueryService"; also its health name.
        name: The method's own name, such as "GetEventBook".
        encode_error: What a server ends the call with when it fails.

    """

    service: str
    name: str
    kind: Kind
    encode_request: Callable[[Request], bytes]
    decode_request: Callable[[bytes], Request]
    encode_response: Callable[[Response], bytes]
    decode_response: Callable[[bytes], Response]
    encode_error: Callable[[AngzarrError], WireStatus] = to_status

    @property
    def path(self) -> str:
        """What gRPC calls the method: "/service/name"."""
        return f"/{self.service}/{self.name}"

    def __repr__(self) -> str:
        return f"Method({self.path})"


@attrs.frozen
class Methods:
    """Every call of one generation of the protocol."""

    # business logic serves these
    handle: Method[ContextualCommand, BusinessResponse]
    handle_fact: Method[FactRequest, EventBook]
    replay: Method[ReplayRequest, ReplayResponse]
    upcast: Method[UpcastRequest, UpcastResponse]
    # a coordinator serves these
    handle_command: Method[CommandRequest, CommandResponse]
    handle_event: Method[EventRequest, FactInjectionResponse]
    handle_sync_speculative: Method[SpeculateRequest, CommandResponse]
    handle_compensation: Method[CommandRequest, BusinessResponse]
    get_event_book: Method[Query, EventBook]
    read_pages: Method[Query, EventBook]  # GetEventBook for a fold, where what never happened keeps its place
    get_events: Method[Query, EventBook]
    read_history: Method[Query, Foldable]  # GetEvents for a fold, which needs no value for each page
    synchronize: Method[Query, EventBook]
    get_aggregate_roots: Method[None, AggregateRoot]
    # a coordinator of projectors, sagas or process managers serves these
    speculate_projector: Method[EventBook, Projection]
    speculate_saga: Method[SagaRequest, SagaResponse]
    speculate_process_manager: Method[ProcessManagerRequest, ProcessManagerResponse]

    def __iter__(self) -> Iterator[Method[Any, Any]]:
        return iter(attrs.astuple(self, recurse=False))


def _method(
    service: str, name: str, request: Format[Request], response: Format[Response], kind: Kind = Kind.UNARY
) -> Method[Request, Response]:
    return Method(
        f"io.angzarr.v1.{service}",
        name,
        kind,
        request.encode,
        request.decode,
        response.encode,
        response.decode,
    )


def _nothing(_message: pb.Empty, _value: None = None) -> None:
    """An empty message holds nothing."""


_LOGIC = "CommandHandlerService"
_COORDINATOR = "CommandHandlerCoordinatorService"
_QUERIES = "EventQueryService"

_business_response = format_of(pb.BusinessResponse, _logic.write_business_response, _logic.read_business_response)
_command_request = format_of(pb.CommandRequest, _commands.write_command_request, _commands.read_command_request)
_command_response = format_of(pb.CommandResponse, _commands.write_command_response, _commands.read_command_response)
_event_book = format_of(pb.EventBook, write_event_book, read_event_book)
_query = format_of(pb.Query, _queries.write_query, _queries.read_query)

METHODS: Final = Methods(
    handle=_method(
        _LOGIC,
        "Handle",
        format_of(pb.ContextualCommand, _logic.write_contextual_command, _logic.read_contextual_command),
        _business_response,
    ),
    handle_fact=_method(
        _LOGIC,
        "HandleFact",
        format_of(pb.FactRequest, _logic.write_fact_request, _logic.read_fact_request),
        _event_book,
    ),
    replay=_method(
        _LOGIC,
        "Replay",
        format_of(pb.ReplayRequest, _logic.write_replay_request, _logic.read_replay_request),
        format_of(pb.ReplayResponse, _logic.write_replay_response, _logic.read_replay_response),
    ),
    upcast=_method(
        "UpcasterService",
        "Upcast",
        format_of(pb.UpcastRequest, _logic.write_upcast_request, _logic.read_upcast_request),
        format_of(pb.UpcastResponse, _logic.write_upcast_response, _logic.read_upcast_response),
    ),
    handle_command=_method(_COORDINATOR, "HandleCommand", _command_request, _command_response),
    handle_event=_method(
        _COORDINATOR,
        "HandleEvent",
        format_of(pb.EventRequest, _commands.write_event_request, _commands.read_event_request),
        format_of(pb.FactInjectionResponse, _commands.write_fact_response, _commands.read_fact_response),
    ),
    handle_sync_speculative=_method(
        _COORDINATOR,
        "HandleSyncSpeculative",
        format_of(
            pb.SpeculateCommandHandlerRequest, _commands.write_speculate_request, _commands.read_speculate_request
        ),
        _command_response,
    ),
    handle_compensation=_method(_COORDINATOR, "HandleCompensation", _command_request, _business_response),
    get_event_book=_method(_QUERIES, "GetEventBook", _query, _event_book),
    read_pages=_method(_QUERIES, "GetEventBook", _query, _event_book),
    get_events=_method(_QUERIES, "GetEvents", _query, _event_book, Kind.STREAM),
    read_history=_method(
        _QUERIES, "GetEvents", _query, format_of(pb.EventBook, write_read_book, read_unread_book), Kind.STREAM
    ),
    synchronize=_method(_QUERIES, "Synchronize", _query, _event_book, Kind.BIDI),
    get_aggregate_roots=_method(
        _QUERIES,
        "GetAggregateRoots",
        format_of(pb.Empty, _nothing, _nothing),
        format_of(pb.AggregateRoot, _queries.write_aggregate_root, _queries.read_aggregate_root),
        Kind.STREAM,
    ),
    speculate_projector=_method(
        "ProjectorCoordinatorService",
        "HandleSpeculative",
        format_of(pb.SpeculateProjectorRequest, _reactions.write_projector_what_if, _reactions.read_projector_what_if),
        format_of(pb.Projection, _commands.write_projection, _commands.read_projection),
    ),
    speculate_saga=_method(
        "SagaCoordinatorService",
        "ExecuteSpeculative",
        format_of(pb.SpeculateSagaRequest, _reactions.write_saga_what_if, _reactions.read_saga_what_if),
        format_of(pb.SagaResponse, _reactions.write_saga_response, _reactions.read_saga_response),
    ),
    speculate_process_manager=_method(
        "ProcessManagerCoordinatorService",
        "HandleSpeculative",
        format_of(
            pb.SpeculatePmRequest, _reactions.write_process_manager_what_if, _reactions.read_process_manager_what_if
        ),
        format_of(
            pb.ProcessManagerHandleResponse,
            _reactions.write_process_manager_response,
            _reactions.read_process_manager_response,
        ),
    ),
)
"""The calls of the newest generation, package `io.angzarr.v1`."""

NOTIFICATION = format_of(pb.Notification, _logic.write_notification, _logic.read_notification)
REJECTION_NOTIFICATION = format_of(pb.RejectionNotification, _logic.write_rejection, _logic.read_rejection)
COMPENSATE = format_of(pb.Compensate, _logic.write_compensate, _logic.read_compensate)
