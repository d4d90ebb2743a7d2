"""What a coordinator asks of business logic, and what it answers; see `_books.py` for the pattern."""

from __future__ import annotations

from angzarr_domain.books import (
    BusinessResponse,
    Compensate,
    ContextualCommand,
    EventBook,
    FactRequest,
    Notification,
    RejectionNotification,
    ReplayRequest,
    ReplayResponse,
    RevocationResponse,
    UpcastRequest,
    UpcastResponse,
)

from ._books import (
    read_command_book,
    read_cover,
    read_event_book,
    read_event_page,
    read_moment,
    read_payload,
    read_snapshot,
    write_command_book,
    write_cover,
    write_event_book,
    write_event_page,
    write_moment,
    write_payload,
    write_snapshot,
)
from .pb import messages as pb


def write_contextual_command(message: pb.ContextualCommand, value: ContextualCommand) -> None:
    if value.events is not None:
        write_event_book(message.events, value.events)
    if value.command is not None:
        write_command_book(message.command, value.command)


def read_contextual_command(message: pb.ContextualCommand) -> ContextualCommand:
    return ContextualCommand(
        events=read_event_book(message.events) if message.HasField("events") else None,
        command=read_command_book(message.command) if message.HasField("command") else None,
    )


def write_fact_request(message: pb.FactRequest, request: FactRequest) -> None:
    if request.facts is not None:
        write_event_book(message.facts, request.facts)
    if request.prior_events is not None:
        write_event_book(message.prior_events, request.prior_events)


def read_fact_request(message: pb.FactRequest) -> FactRequest:
    return FactRequest(
        facts=read_event_book(message.facts) if message.HasField("facts") else None,
        prior_events=read_event_book(message.prior_events) if message.HasField("prior_events") else None,
    )


def write_replay_request(message: pb.ReplayRequest, request: ReplayRequest) -> None:
    if request.base_snapshot is not None:
        write_snapshot(message.base_snapshot, request.base_snapshot)
    for page in request.events:
        write_event_page(message.events.add(), page)


def read_replay_request(message: pb.ReplayRequest) -> ReplayRequest:
    return ReplayRequest(
        base_snapshot=read_snapshot(message.base_snapshot) if message.HasField("base_snapshot") else None,
        events=tuple(read_event_page(page) for page in message.events),
    )


def write_replay_response(message: pb.ReplayResponse, response: ReplayResponse) -> None:
    if response.state is not None:
        write_payload(message.state, response.state)


def read_replay_response(message: pb.ReplayResponse) -> ReplayResponse:
    return ReplayResponse(read_payload(message.state) if message.HasField("state") else None)


def write_upcast_request(message: pb.UpcastRequest, request: UpcastRequest) -> None:
    message.domain = request.domain
    for page in request.events:
        write_event_page(message.events.add(), page)


def read_upcast_request(message: pb.UpcastRequest) -> UpcastRequest:
    return UpcastRequest(message.domain, tuple(read_event_page(page) for page in message.events))


def write_upcast_response(message: pb.UpcastResponse, response: UpcastResponse) -> None:
    for page in response.events:
        write_event_page(message.events.add(), page)


def read_upcast_response(message: pb.UpcastResponse) -> UpcastResponse:
    return UpcastResponse(tuple(read_event_page(page) for page in message.events))


def write_notification(message: pb.Notification, value: Notification) -> None:
    message.SetInParent()
    if value.cover is not None:
        write_cover(message.cover, value.cover)
    if value.payload is not None:
        write_payload(message.payload, value.payload)
    if value.sent_at_ns is not None:
        write_moment(message.sent_at, value.sent_at_ns)


def read_notification(message: pb.Notification) -> Notification:
    return Notification(
        cover=read_cover(message.cover) if message.HasField("cover") else None,
        payload=read_payload(message.payload) if message.HasField("payload") else None,
        sent_at_ns=read_moment(message.sent_at) if message.HasField("sent_at") else None,
    )


def write_rejection(message: pb.RejectionNotification, value: RejectionNotification) -> None:
    if value.rejected_command is not None:
        write_command_book(message.rejected_command, value.rejected_command)
    message.rejection_reason = value.rejection_reason
    message.code = value.code


def read_rejection(message: pb.RejectionNotification) -> RejectionNotification:
    command = message.rejected_command
    return RejectionNotification(
        rejected_command=read_command_book(command) if message.HasField("rejected_command") else None,
        rejection_reason=message.rejection_reason,
        code=message.code,
    )


def write_compensate(message: pb.Compensate, value: Compensate) -> None:
    message.sequences.extend(value.sequences)
    message.reason = value.reason
    message.command_type = value.command_type


def read_compensate(message: pb.Compensate) -> Compensate:
    return Compensate(tuple(message.sequences), message.reason, message.command_type)


def write_business_response(message: pb.BusinessResponse, response: BusinessResponse) -> None:
    match response.result:
        case EventBook() as events:
            write_event_book(message.events, events)
        case RevocationResponse() as revocation:
            _write_revocation(message.revocation, revocation)
        case Notification() as notification:
            write_notification(message.notification, notification)
        case None:
            pass


def read_business_response(message: pb.BusinessResponse) -> BusinessResponse:
    match message.WhichOneof("result"):
        case "events":
            return BusinessResponse(read_event_book(message.events))
        case "revocation":
            return BusinessResponse(_read_revocation(message.revocation))
        case "notification":
            return BusinessResponse(read_notification(message.notification))
        case None:
            return BusinessResponse()


def _write_revocation(message: pb.RevocationResponse, value: RevocationResponse) -> None:
    message.SetInParent()
    message.emit_system_revocation = value.emit_system_revocation
    message.send_to_dead_letter_queue = value.send_to_dead_letter_queue
    message.escalate = value.escalate
    message.abort = value.abort
    message.reason = value.reason


def _read_revocation(message: pb.RevocationResponse) -> RevocationResponse:
    return RevocationResponse(
        emit_system_revocation=message.emit_system_revocation,
        send_to_dead_letter_queue=message.send_to_dead_letter_queue,
        escalate=message.escalate,
        abort=message.abort,
        reason=message.reason,
    )
