"""Covers, pages and snapshots as plain values for JSON, exactly and always in the same order of keys.

What holds its default is left out. `view` is for readers of the file only: nothing reads it back.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    Cover,
    DomainDivergence,
    Edition,
    EventPage,
    ExternalDeferredSequence,
    Payload,
    PayloadReference,
    PayloadStorageType,
    Snapshot,
    SnapshotRetention,
)

from ._lines import BrokenLineError

T = TypeVar("T")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000_000
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z")

View = Callable[[Payload], "Mapping[str, Any] | None"]


def no_view(_payload: Payload) -> None:
    """For payloads of types that nobody knows."""


@contextmanager
def reading(what: str) -> Generator[None]:
    """Whatever does not fit becomes a BrokenLineError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, binascii.Error) as error:
        if isinstance(error, BrokenLineError):
            raise
        raise BrokenLineError(f"it is no {what}") from error


def moment_out(nanoseconds: int) -> str | int:
    """As RFC 3339 with nine digits, or, beyond the years that has, the nanoseconds since 1970."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return nanoseconds
    return f"{moment.replace(tzinfo=None).isoformat()}.{rest:09}Z"


def moment_in(text: str | int) -> int:
    """The nanoseconds that `moment_out` gave this for."""
    if isinstance(text, int):
        return text
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return (datetime.fromisoformat(f"{found[1]}+00:00") - _EPOCH) // timedelta(seconds=1) * _SECOND + int(found[2])


def cover_out(cover: Cover, view: View = no_view) -> dict[str, Any]:
    """A cover; see `cover_in`."""
    edition = cover.edition
    return _given(
        domain=cover.domain or None,
        root=None if cover.root is None else str(cover.root),
        correlation_id=cover.correlation_id or None,
        edition=None
        if edition is None
        else _given(
            name=edition.name,
            divergences=[{"domain": each.domain, "sequence": each.sequence} for each in edition.divergences] or None,
        ),
        ext=None if cover.ext is None else _payload_out(cover.ext, view),
    )


def cover_in(plain: Mapping[str, Any]) -> Cover:
    """The cover that `cover_out` gave this for."""
    return Cover(
        plain.get("domain", ""),
        _maybe(UUID, plain.get("root")),
        plain.get("correlation_id", ""),
        _maybe(_edition_in, plain.get("edition")),
        _maybe(_payload_in, plain.get("ext")),
    )


def _edition_in(plain: Mapping[str, Any]) -> Edition:
    points = plain.get("divergences", ())
    return Edition(plain["name"], tuple(DomainDivergence(each["domain"], each["sequence"]) for each in points))


def page_out(page: EventPage, view: View = no_view) -> dict[str, Any]:
    """A page; see `page_in`."""
    return _given(
        sequence=page.sequence,
        deferred=None if page.deferred is None else _deferred_out(page.deferred),
        created_at=None if page.created_at_ns is None else moment_out(page.created_at_ns),
        event=None if page.event is None else _payload_out(page.event, view),
        external=None if page.external is None else _reference_out(page.external),
    )


def page_in(plain: Mapping[str, Any]) -> EventPage:
    """The page that `page_out` gave this for."""
    return EventPage(
        _maybe(_payload_in, plain.get("event")),
        _maybe(_sequence_in, plain.get("sequence")),
        _maybe(moment_in, plain.get("created_at")),
        _maybe(_deferred_in, plain.get("deferred")),
        _maybe(_reference_in, plain.get("external")),
    )


def snapshot_out(snapshot: Snapshot, view: View = no_view) -> dict[str, Any]:
    """A snapshot; see `snapshot_in`."""
    return _given(
        sequence=snapshot.sequence,
        created_at=None if snapshot.created_at_ns is None else moment_out(snapshot.created_at_ns),
        retention=snapshot.retention.name,
        state=None if snapshot.state is None else _payload_out(snapshot.state, view),
    )


def snapshot_in(plain: Mapping[str, Any]) -> Snapshot:
    """The snapshot that `snapshot_out` gave this for."""
    return Snapshot(
        _sequence_in(plain["sequence"]),
        _maybe(_payload_in, plain.get("state")),
        SnapshotRetention[plain["retention"]],
        _maybe(moment_in, plain.get("created_at")),
    )


def _payload_out(payload: Payload, view: View) -> dict[str, Any]:
    value = base64.b64encode(payload.value).decode()
    return _given(type_url=payload.type_url, value=value, view=view(payload))


def _payload_in(plain: Mapping[str, Any]) -> Payload:
    return Payload(plain["type_url"], base64.b64decode(plain["value"], validate=True))


def _reference_out(reference: PayloadReference) -> dict[str, Any]:
    return _given(
        storage_type=reference.storage_type.name,
        uri=reference.uri,
        content_hash=reference.content_hash.hex(),
        original_size=reference.original_size,
        stored_at=None if reference.stored_at_ns is None else moment_out(reference.stored_at_ns),
    )


def _reference_in(plain: Mapping[str, Any]) -> PayloadReference:
    return PayloadReference(
        PayloadStorageType[plain["storage_type"]],
        plain["uri"],
        bytes.fromhex(plain["content_hash"]),
        plain["original_size"],
        _maybe(moment_in, plain.get("stored_at")),
    )


def _deferred_out(deferred: ExternalDeferredSequence | AngzarrDeferredSequence) -> dict[str, Any]:
    if isinstance(deferred, ExternalDeferredSequence):
        return {"external_id": deferred.external_id, "description": deferred.description}
    return _given(
        source=None if deferred.source is None else cover_out(deferred.source),
        source_seq=deferred.source_seq,
        source_component=deferred.source_component,
        command_index=deferred.command_index,
    )


def _deferred_in(plain: Mapping[str, Any]) -> ExternalDeferredSequence | AngzarrDeferredSequence:
    if "external_id" in plain:
        return ExternalDeferredSequence(plain["external_id"], plain["description"])
    return AngzarrDeferredSequence(
        _maybe(cover_in, plain.get("source")),
        plain["source_seq"],
        plain["source_component"],
        plain["command_index"],
    )


def _sequence_in(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("sequence")
    return value


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _maybe(read: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else read(value)
