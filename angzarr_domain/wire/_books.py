"""Covers, pages and books: frozen values to messages of our pool, and back.

`write_x(message, value)` fills an empty message, `read_x(message)` gives the value. Nothing is lost either way:
moments keep their nanoseconds, payloads their bytes. Messages are filled in place, since a message handed to a
constructor is copied, payload and all.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol, TypeVar
from uuid import UUID

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CommandBook,
    CommandPage,
    Cover,
    DomainDivergence,
    Edition,
    EventBook,
    EventPage,
    ExternalDeferredSequence,
    MergeStrategy,
    Payload,
    PayloadReference,
    PayloadStorageType,
    Snapshot,
    SnapshotRetention,
    SyncMode,
)
from angzarr_domain.exceptions import InvalidArgument, NotSupported, UsageError

from .pb import messages as pb

E = TypeVar("E", bound=IntEnum)
_SECOND = 1_000_000_000


class _Deferrable(Protocol):
    @property
    def sequence(self) -> int | None: ...
    @property
    def deferred(self) -> ExternalDeferredSequence | AngzarrDeferredSequence | None: ...


def read_enum(kind: type[E], number: int, field: str) -> E:
    """The member with this number; NotSupported if this generation of the protocol has none."""
    try:
        return kind(number)
    except ValueError as error:
        known = ", ".join(f"{member.value} {member.name}" for member in kind)
        raise NotSupported(f"{field} {number}; known are {known}") from error


def both(field: str, first: str, second: str) -> UsageError:
    """What a value gets that says two things where the protocol has room for one."""
    return UsageError(f"{field} takes one of {first} and {second}, not both", field=field)


def write_payload(message: pb.Any, payload: Payload) -> None:
    """Same bytes, same type URL."""
    message.type_url = payload.type_url  # an assignment, even of "", makes the message present
    message.value = payload.value


def read_payload(message: pb.Any) -> Payload:
    """Same bytes, same type URL."""
    return Payload(message.type_url, message.value)


def write_moment(message: pb.Timestamp, nanoseconds: int) -> None:
    """Nanoseconds since 1970 UTC; before that they are negative."""
    message.seconds, message.nanos = divmod(nanoseconds, _SECOND)


def read_moment(message: pb.Timestamp) -> int:
    """Nanoseconds since 1970 UTC."""
    return message.seconds * _SECOND + message.nanos


def write_root(message: pb.UUID, root: UUID) -> None:
    """The 16 bytes, big-endian."""
    message.value = root.bytes


def read_root(message: pb.UUID, field: str) -> UUID:
    """The UUID; InvalidArgument PROTO_UUID_INVALID naming the field if it is not 16 bytes."""
    if len(message.value) != 16:  # noqa: PLR2004 - a UUID
        raise InvalidArgument(
            f"{field} has {len(message.value)} bytes: a UUID has 16", field=field, code="PROTO_UUID_INVALID"
        )
    return UUID(bytes=message.value)


def write_cover(message: pb.Cover, cover: Cover) -> None:
    """The main timeline travels as an absent edition."""
    message.SetInParent()
    message.domain = cover.domain
    message.correlation_id = cover.correlation_id
    if cover.root is not None:
        write_root(message.root, cover.root)
    if cover.edition is not None:
        message.edition.name = cover.edition.name
        for point in cover.edition.divergences:
            message.edition.divergences.add(domain=point.domain, sequence=point.sequence)
    if cover.ext is not None:
        write_payload(message.ext, cover.ext)


def read_cover(message: pb.Cover, field: str = "cover") -> Cover:
    """A root is absent or 16 bytes; an edition without name, and `angzarr`, are the main timeline."""
    return Cover(
        domain=message.domain,
        root=read_root(message.root, f"{field}.root") if message.HasField("root") else None,
        correlation_id=message.correlation_id,
        edition=_read_edition(message.edition) if message.HasField("edition") else None,
        ext=read_payload(message.ext) if message.HasField("ext") else None,
    )


def _read_edition(message: pb.Edition) -> Edition:
    points = tuple(DomainDivergence(point.domain, point.sequence) for point in message.divergences)
    return Edition(message.name, points)


def write_reference(message: pb.PayloadReference, reference: PayloadReference) -> None:
    """Where a payload is stored."""
    message.SetInParent()
    message.storage_type = reference.storage_type
    message.uri = reference.uri
    message.content_hash = reference.content_hash
    message.original_size = reference.original_size
    if reference.stored_at_ns is not None:
        write_moment(message.stored_at, reference.stored_at_ns)


def read_reference(message: pb.PayloadReference) -> PayloadReference:
    """Where a payload is stored."""
    return PayloadReference(
        storage_type=read_enum(PayloadStorageType, message.storage_type, "external.storage_type"),
        uri=message.uri,
        content_hash=message.content_hash,
        original_size=message.original_size,
        stored_at_ns=read_moment(message.stored_at) if message.HasField("stored_at") else None,
    )


def _write_place(message: pb.PageHeader, page: _Deferrable) -> None:
    if page.sequence is not None:
        if page.deferred is not None:
            raise both("page", "sequence", "deferred")
        message.sequence = page.sequence
    elif isinstance(page.deferred, ExternalDeferredSequence):
        message.external_deferred.SetInParent()
        message.external_deferred.external_id = page.deferred.external_id
        message.external_deferred.description = page.deferred.description
    elif page.deferred is not None:
        message.angzarr_deferred.SetInParent()
        message.angzarr_deferred.source_seq = page.deferred.source_seq
        message.angzarr_deferred.source_component = page.deferred.source_component
        message.angzarr_deferred.command_index = page.deferred.command_index
        if page.deferred.source is not None:
            write_cover(message.angzarr_deferred.source, page.deferred.source)


def _read_deferred(message: pb.PageHeader) -> ExternalDeferredSequence | AngzarrDeferredSequence | None:
    which = message.WhichOneof("sequence_type")
    if which == "external_deferred":
        fact = message.external_deferred
        return ExternalDeferredSequence(fact.external_id, fact.description)
    if which == "angzarr_deferred":
        reaction = message.angzarr_deferred
        return AngzarrDeferredSequence(
            source=read_cover(reaction.source, "source") if reaction.HasField("source") else None,
            source_seq=reaction.source_seq,
            source_component=reaction.source_component,
            command_index=reaction.command_index,
        )
    return None


def write_event_page(message: pb.EventPage, page: EventPage) -> None:
    """A page without sequence and provenance has no header."""
    _write_place(message.header, page)
    if page.created_at_ns is not None:
        write_moment(message.created_at, page.created_at_ns)
    if page.event is not None:
        if page.external is not None:
            raise both("page", "event", "external")
        write_payload(message.event, page.event)
    elif page.external is not None:
        write_reference(message.external, page.external)


def read_event_page(message: pb.EventPage) -> EventPage:
    """The page; its bytes are those that came."""
    header = message.header
    stored = header.HasField("sequence")
    return EventPage(
        read_payload(message.event) if message.HasField("event") else None,
        header.sequence if stored else None,
        read_moment(message.created_at) if message.HasField("created_at") else None,
        None if stored else _read_deferred(header),
        read_reference(message.external) if message.HasField("external") else None,
    )


def write_snapshot(message: pb.Snapshot, snapshot: Snapshot) -> None:
    """The state travels as it is."""
    message.SetInParent()
    message.sequence = snapshot.sequence
    message.retention = snapshot.retention
    if snapshot.state is not None:
        write_payload(message.state, snapshot.state)
    if snapshot.created_at_ns is not None:
        write_moment(message.created_at, snapshot.created_at_ns)


def read_snapshot(message: pb.Snapshot) -> Snapshot:
    """The state travels as it is."""
    return Snapshot(
        sequence=message.sequence,
        state=read_payload(message.state) if message.HasField("state") else None,
        retention=read_enum(SnapshotRetention, message.retention, "snapshot.retention"),
        created_at_ns=read_moment(message.created_at) if message.HasField("created_at") else None,
    )


def write_event_book(message: pb.EventBook, book: EventBook) -> None:
    """`next_sequence` travels as the value has it."""
    message.SetInParent()
    if book.cover is not None:
        write_cover(message.cover, book.cover)
    if book.snapshot is not None:
        write_snapshot(message.snapshot, book.snapshot)
    for page in book.pages:
        write_event_page(message.pages.add(), page)
    message.next_sequence = book.next_sequence


def read_event_book(message: pb.EventBook) -> EventBook:
    """`next_sequence` is what the peer said, 0 included."""
    return EventBook(
        cover=read_cover(message.cover) if message.HasField("cover") else None,
        pages=tuple(read_event_page(page) for page in message.pages),
        snapshot=read_snapshot(message.snapshot) if message.HasField("snapshot") else None,
        next_sequence=message.next_sequence,
    )


def write_command_book(message: pb.CommandBook, book: CommandBook) -> None:
    """However many pages there are; whether one is right is the receiver's to say."""
    message.SetInParent()
    if book.cover is not None:
        write_cover(message.cover, book.cover)
    for page in book.pages:
        _write_command_page(message.pages.add(), page)


def read_command_book(message: pb.CommandBook) -> CommandBook:
    """However many pages there are; whether one is right is the receiver's to say."""
    return CommandBook(
        cover=read_cover(message.cover) if message.HasField("cover") else None,
        pages=tuple(_read_command_page(page) for page in message.pages),
    )


def _write_command_page(message: pb.CommandPage, page: CommandPage) -> None:
    _write_place(message.header, page)
    if page.sync_mode is not None:
        message.header.sync_mode = page.sync_mode
    message.merge_strategy = page.merge_strategy
    if page.command is not None:
        if page.external is not None:
            raise both("page", "command", "external")
        write_payload(message.command, page.command)
    elif page.external is not None:
        write_reference(message.external, page.external)


def _read_command_page(message: pb.CommandPage) -> CommandPage:
    header = message.header
    mode = read_enum(SyncMode, header.sync_mode, "page.sync_mode") if header.HasField("sync_mode") else None
    which = message.WhichOneof("payload")
    return CommandPage(
        command=read_payload(message.command) if which == "command" else None,
        sequence=header.sequence if header.HasField("sequence") else None,
        merge_strategy=read_enum(MergeStrategy, message.merge_strategy, "page.merge_strategy"),
        deferred=_read_deferred(header),
        sync_mode=mode,
        external=read_reference(message.external) if which == "external" else None,
    )
