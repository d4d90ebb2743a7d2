"""Pages as rows: what every store of ours keeps of an event."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from angzarr_domain.books import EventPage, Payload, PayloadReference, PayloadStorageType, Snapshot
from angzarr_domain.exceptions import UsageError

#: sequence, created_at in ns, type URL, payload, external reference
Row: TypeAlias = tuple[int, int | None, str | None, bytes | None, str | None]


def rows_of(expected_head: int, pages: Sequence[EventPage]) -> list[Row]:
    """The rows to store; UsageError unless the pages carry expected_head, expected_head + 1, ..."""
    for sequence, page in enumerate(pages, expected_head):
        if page.sequence != sequence:
            raise UsageError(
                f"a page to be stored at {sequence} carries sequence {page.sequence}: number pages before they are "
                "appended",
                field="pages",
            )
    return [_row_of(sequence, page) for sequence, page in enumerate(pages, expected_head)]


def restored_rows(pages: Iterable[EventPage], snapshot: Snapshot | None) -> Iterator[Row]:
    """The rows of a whole stream, as its pages come; UsageError at the first that does not follow."""
    following: int | None = None
    for page in pages:
        if following is None:
            # Without the events before it, a stream goes on only from a snapshot that stands for them.
            most = 0 if snapshot is None else snapshot.sequence + 1
            following = page.sequence if page.sequence is not None and 0 <= page.sequence <= most else 0
        if page.sequence != following:
            raise UsageError(
                f"a page of a stream to be restored carries sequence {page.sequence} where {following} comes next",
                field="pages",
            )
        yield _row_of(following, page)
        following += 1


def _row_of(sequence: int, page: EventPage) -> Row:
    external = None if page.external is None else _reference_text(page.external)
    if page.event is None:
        return (sequence, page.created_at_ns, None, None, external)
    return (sequence, page.created_at_ns, page.event.type_url, page.event.value, external)


def page_of(row: Row) -> EventPage:
    """A new page each time: a page remembers the codec of the client that got it."""
    sequence, created_at_ns, type_url, value, external = row
    return EventPage(
        None if type_url is None or value is None else Payload(type_url, value),
        sequence,
        created_at_ns,
        None,
        None if external is None else _reference_of(external),
    )


def size_of(row: Row) -> int:
    """Bytes, roughly."""
    return len(row[3] or b"") + len(row[4] or "")


def _reference_text(reference: PayloadReference) -> str:
    return json.dumps(
        {
            "storage_type": int(reference.storage_type),
            "uri": reference.uri,
            "content_hash": reference.content_hash.hex(),
            "original_size": reference.original_size,
            "stored_at_ns": reference.stored_at_ns,
        }
    )


def _reference_of(text: str) -> PayloadReference:
    fields = json.loads(text)
    return PayloadReference(
        storage_type=PayloadStorageType(fields["storage_type"]),
        uri=fields["uri"],
        content_hash=bytes.fromhex(fields["content_hash"]),
        original_size=fields["original_size"],
        stored_at_ns=fields["stored_at_ns"],
    )
