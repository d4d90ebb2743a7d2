"""Commands, facts and what-ifs as a coordinator takes them; see `_books.py` for the pattern."""

from __future__ import annotations

from angzarr_domain.books import (
    CascadeErrorMode,
    CascadeReactionError,
    CommandRequest,
    CommandResponse,
    EventRequest,
    FactInjectionResponse,
    Projection,
    SpeculateRequest,
    SyncMode,
)

from ._books import (
    read_command_book,
    read_cover,
    read_enum,
    read_event_book,
    read_payload,
    write_command_book,
    write_cover,
    write_event_book,
    write_payload,
)
from ._queries import read_point, write_point
from .pb import messages as pb


def write_command_request(message: pb.CommandRequest, request: CommandRequest) -> None:
    if request.command is not None:
        write_command_book(message.command, request.command)
    message.sync_mode = request.sync_mode
    message.cascade_error_mode = request.cascade_error_mode


def read_command_request(message: pb.CommandRequest) -> CommandRequest:
    return CommandRequest(
        command=read_command_book(message.command) if message.HasField("command") else None,
        sync_mode=read_enum(SyncMode, message.sync_mode, "sync_mode"),
        cascade_error_mode=read_enum(CascadeErrorMode, message.cascade_error_mode, "cascade_error_mode"),
    )


def write_command_response(message: pb.CommandResponse, response: CommandResponse) -> None:
    if response.events is not None:
        write_event_book(message.events, response.events)
    for projection in response.projections:
        write_projection(message.projections.add(), projection)
    for error in response.reaction_errors:
        added = message.reaction_errors.add(
            component=error.component, command_type=error.command_type, code=error.code, message=error.message
        )
        if error.target is not None:
            write_cover(added.target, error.target)


def read_command_response(message: pb.CommandResponse) -> CommandResponse:
    return CommandResponse(
        events=read_event_book(message.events) if message.HasField("events") else None,
        projections=tuple(read_projection(projection) for projection in message.projections),
        reaction_errors=tuple(_read_reaction_error(error) for error in message.reaction_errors),
    )


def _read_reaction_error(message: pb.CascadeReactionError) -> CascadeReactionError:
    return CascadeReactionError(
        component=message.component,
        target=read_cover(message.target, "target") if message.HasField("target") else None,
        command_type=message.command_type,
        code=message.code,
        message=message.message,
    )


def write_projection(message: pb.Projection, projection: Projection) -> None:
    if projection.cover is not None:
        write_cover(message.cover, projection.cover)
    message.projector = projection.projector
    message.sequence = projection.sequence
    if projection.projection is not None:
        write_payload(message.projection, projection.projection)


def read_projection(message: pb.Projection) -> Projection:
    return Projection(
        cover=read_cover(message.cover) if message.HasField("cover") else None,
        projector=message.projector,
        sequence=message.sequence,
        projection=read_payload(message.projection) if message.HasField("projection") else None,
    )


def write_event_request(message: pb.EventRequest, request: EventRequest) -> None:
    if request.events is not None:
        write_event_book(message.events, request.events)
    message.sync_mode = request.sync_mode
    message.skip_handler = request.skip_handler


def read_event_request(message: pb.EventRequest) -> EventRequest:
    return EventRequest(
        events=read_event_book(message.events) if message.HasField("events") else None,
        sync_mode=read_enum(SyncMode, message.sync_mode, "sync_mode"),
        skip_handler=message.skip_handler,
    )


def write_fact_response(message: pb.FactInjectionResponse, response: FactInjectionResponse) -> None:
    if response.events is not None:
        write_event_book(message.events, response.events)
    message.already_processed = response.already_processed
    for projection in response.projections:
        write_projection(message.projections.add(), projection)


def read_fact_response(message: pb.FactInjectionResponse) -> FactInjectionResponse:
    return FactInjectionResponse(
        events=read_event_book(message.events) if message.HasField("events") else None,
        already_processed=message.already_processed,
        projections=tuple(read_projection(projection) for projection in message.projections),
    )


def write_speculate_request(message: pb.SpeculateCommandHandlerRequest, request: SpeculateRequest) -> None:
    if request.command is not None:
        write_command_book(message.command, request.command)
    if request.point_in_time is not None:
        write_point(message.point_in_time, request.point_in_time)


def read_speculate_request(message: pb.SpeculateCommandHandlerRequest) -> SpeculateRequest:
    return SpeculateRequest(
        command=read_command_book(message.command) if message.HasField("command") else None,
        point_in_time=read_point(message.point_in_time) if message.HasField("point_in_time") else None,
    )
