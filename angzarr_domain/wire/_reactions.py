"""What sagas, process managers and projectors are asked and answer; see `_books.py` for the pattern."""

from __future__ import annotations

from angzarr_domain.books import (
    CascadeErrorMode,
    EventBook,
    ProcessManagerRequest,
    ProcessManagerResponse,
    SagaRequest,
    SagaResponse,
    SyncMode,
)

from ._books import read_command_book, read_enum, read_event_book, write_command_book, write_event_book
from ._logic import read_notification, write_notification
from .pb import messages as pb


def write_projector_what_if(message: pb.SpeculateProjectorRequest, events: EventBook) -> None:
    write_event_book(message.events, events)


def read_projector_what_if(message: pb.SpeculateProjectorRequest) -> EventBook:
    return read_event_book(message.events)


def write_saga_what_if(message: pb.SpeculateSagaRequest, request: SagaRequest) -> None:
    inner = message.request
    inner.SetInParent()
    if request.source is not None:
        write_event_book(inner.source, request.source)
    inner.sync_mode = request.sync_mode
    inner.cascade_error_mode = request.cascade_error_mode


def read_saga_what_if(message: pb.SpeculateSagaRequest) -> SagaRequest:
    inner = message.request
    return SagaRequest(
        source=read_event_book(inner.source) if inner.HasField("source") else None,
        sync_mode=read_enum(SyncMode, inner.sync_mode, "sync_mode"),
        cascade_error_mode=read_enum(CascadeErrorMode, inner.cascade_error_mode, "cascade_error_mode"),
    )


def write_saga_response(message: pb.SagaResponse, response: SagaResponse) -> None:
    for command in response.commands:
        write_command_book(message.commands.add(), command)
    for events in response.events:
        write_event_book(message.events.add(), events)


def read_saga_response(message: pb.SagaResponse) -> SagaResponse:
    return SagaResponse(
        commands=tuple(read_command_book(command) for command in message.commands),
        events=tuple(read_event_book(events) for events in message.events),
    )


def write_process_manager_what_if(message: pb.SpeculatePmRequest, request: ProcessManagerRequest) -> None:
    inner = message.request
    inner.SetInParent()
    if request.trigger is not None:
        write_event_book(inner.trigger, request.trigger)
    if request.process_state is not None:
        write_event_book(inner.process_state, request.process_state)


def read_process_manager_what_if(message: pb.SpeculatePmRequest) -> ProcessManagerRequest:
    inner = message.request
    return ProcessManagerRequest(
        trigger=read_event_book(inner.trigger) if inner.HasField("trigger") else None,
        process_state=read_event_book(inner.process_state) if inner.HasField("process_state") else None,
    )


def write_process_manager_response(message: pb.ProcessManagerHandleResponse, response: ProcessManagerResponse) -> None:
    for events in response.process_events:
        write_event_book(message.process_events.add(), events)
    for command in response.commands:
        write_command_book(message.commands.add(), command)
    for facts in response.facts:
        write_event_book(message.facts.add(), facts)
    if response.notification is not None:
        write_notification(message.notification, response.notification)


def read_process_manager_response(message: pb.ProcessManagerHandleResponse) -> ProcessManagerResponse:
    return ProcessManagerResponse(
        process_events=tuple(read_event_book(events) for events in message.process_events),
        commands=tuple(read_command_book(command) for command in message.commands),
        facts=tuple(read_event_book(facts) for facts in message.facts),
        notification=read_notification(message.notification) if message.HasField("notification") else None,
    )
