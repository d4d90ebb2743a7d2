"""From a coordinator into a recording."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import attrs

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.books import (
    Cover,
    EventPage,
    Payload,
    Snapshot,
    check_domain,
    parse_root,
)
from angzarr_domain.exceptions import (
    IncompleteHistory,
    InvalidArgument,
    UsageError,
)
from angzarr_domain.wire import Masking

from ._folding import Classes, StreamFold
from ._format import View
from ._reading import Header, RecordedPage, RecordedState
from ._source import Source
from ._views import view_by
from ._writing import Entry, StreamBegins, lines_of, write_file

if TYPE_CHECKING:
    from angzarr_domain.client import DomainClient  # loads grpc, which a check of recordings does not need

#: Up to so many bytes the names of the streams are kept in memory; more lie in a temporary file.
_NAMES_IN_MEMORY: Final = 1 << 20


@attrs.define
class Exported:
    """How much was exported."""

    streams: int = 0
    pages: int = 0


def export_history(
    client: DomainClient,
    domain: str | None,
    path: str | os.PathLike[str],
    roots: Iterable[UUID | str] | None = None,
    *,
    components: Iterable[type[Aggregate]] | type[Aggregate] = (),
    types: Iterable[type[Any]] = (),
    mask: Iterable[str] = (),
    mask_key: bytes | None = None,
    states_every: int | None = None,
    snapshots: bool = True,
) -> Exported:
    """Write streams of a coordinator to a file, whole or not at all, whatever their length.

    Payload bytes, type URLs, sequences and times are kept exactly. Correlation ids are not: a coordinator does not tell
    those of a stream that is read by its root.

    Args:
        client: Of the coordinator. Each read of 500 events has the client's timeout.
        domain: Whose streams; None is every domain.
        path: Replaced if it is there.
        roots: Just these streams, in this order; all of the domain unless given, in the coordinator's order.
        components: Aggregate classes: their messages are shown readably, and their states can be recorded.
        types: Further message classes to show readably.
        mask: Fields to make up values for, such as "owner" or "AccountOpened.owner"; see the page on recorded
            histories. Every type in the streams has to be known then, and no snapshot is exported.
        mask_key: What the made-up values are drawn by, for several exports that fit each other. Drawn anew unless
            given.
        states_every: Record the state after so many events, and after the last one; 0 is after the last one only,
            None records none.
        snapshots: Whether the newest snapshot of each stream goes with it.

    Raises:
        InvalidArgument: A root is no UUID, or has no history.
        DecodeFailed: Something is to be masked, and a type is not known: it could hold anything.
        UsageError: Nothing known has a field to be masked, or a state cannot be recorded.
        HistoryError: A state is to be recorded, and the stream cannot be folded; HandlerFailed where an applier
            raised.
        RecordingError: The file cannot be written.
        AngzarrError: Whatever the coordinator answers.

    """
    exported = Exported()
    lines = export_lines(
        client,
        domain,
        roots,
        components=components,
        types=types,
        mask=mask,
        mask_key=mask_key,
        states_every=states_every,
        snapshots=snapshots,
        exported=exported,
    )
    write_file(Path(path), lines)
    return exported


def export_lines(
    client: DomainClient,
    domain: str | None,
    roots: Iterable[UUID | str] | None = None,
    *,
    components: Iterable[type[Aggregate]] | type[Aggregate] = (),
    types: Iterable[type[Any]] = (),
    mask: Iterable[str] = (),
    mask_key: bytes | None = None,
    states_every: int | None = None,
    snapshots: bool = True,
    exported: Exported | None = None,
) -> Iterator[bytes]:
    """The lines of that file, each with its line end, as they are read. Otherwise same as `export_history`.

    Args:
        exported: Counts along.

    """
    classes = Classes(components, types)
    fields = tuple(sorted(set(mask)))
    masking = Masking(fields, classes.known, mask_key or secrets.token_bytes(32)) if fields else None
    if states_every is not None and states_every < 0:
        raise UsageError(
            "states are recorded after every so many events, or with 0 after the last", field="states_every"
        )
    source = Source(client, masking, snapshots=snapshots and masking is None)
    streams = _covers(client, _checked(domain), roots)
    entries = _Recorder(source, classes, states_every, exported or Exported()).entries(streams)
    return lines_of(Header(fields, states_every), entries, view_by(classes.known))


def _checked(domain: str | None) -> str | None:
    return None if domain is None else check_domain(domain)


def _covers(client: DomainClient, domain: str | None, roots: Iterable[UUID | str] | None) -> Iterator[Cover]:
    if roots is None:
        return _all_covers(client, domain)
    if domain is None:
        raise UsageError("roots are of one domain: name it as well", field="domain")
    return iter([Cover(domain, root) for root in dict.fromkeys(map(parse_root, roots))])


def _all_covers(client: DomainClient, domain: str | None) -> Iterator[Cover]:
    # All names first: the listing is one call with one deadline, and an export may take longer.
    with tempfile.SpooledTemporaryFile(_NAMES_IN_MEMORY, "w+", encoding="utf-8") as names:
        for found in client.query.get_aggregate_roots():
            if found.root is not None and domain in {None, found.domain}:
                names.write(f"{found.root} {found.domain}\n")
        names.seek(0)
        for line in names:
            root, _, name = line.rstrip("\n").partition(" ")
            yield Cover(name, UUID(root))


@attrs.frozen
class _Recorder:
    source: Source
    classes: Classes
    states_every: int | None
    exported: Exported

    def entries(self, covers: Iterable[Cover]) -> Iterator[Entry]:
        """What a recording of these streams consists of."""
        view = view_by(self.classes.known)
        for cover in covers:
            snapshot, pages = self.source.snapshot(cover), self.source.pages(cover)
            first = next(pages, None)
            if first is None:
                raise InvalidArgument(f"{cover.domain} {cover.root} has no history to export", field="roots")
            if self.source.masking is not None and first.sequence:
                raise IncompleteHistory(
                    f"{cover.domain} {cover.root} begins at {first.sequence}, and the snapshot that stands for what "
                    "was before cannot be masked: leave this root out"
                )
            yield StreamBegins(cover, snapshot)
            yield from self._stream(cover, snapshot, first, pages, view)

    def _stream(
        self, cover: Cover, snapshot: Snapshot | None, first: EventPage, pages: Iterator[EventPage], view: View
    ) -> Iterator[Entry]:
        fold = None if self.states_every is None else self.classes.fold(cover, snapshot)
        self.exported.streams += 1
        recorded = with_states(_with_views(_from(first, pages), view), fold, self.states_every or 0)
        for entry in recorded:
            self.exported.pages += isinstance(entry, RecordedPage)
            yield entry


def _from(first: EventPage, others: Iterator[EventPage]) -> Iterator[EventPage]:
    yield first
    yield from others


def _with_views(pages: Iterable[EventPage], view: View) -> Iterator[RecordedPage]:
    for page in pages:
        yield RecordedPage(page, _shown(page.event, view))


def _shown(event: Payload | None, view: View) -> Mapping[str, Any] | None:
    return None if event is None else view(event)


def with_states(pages: Iterable[RecordedPage], fold: StreamFold | None, every: int) -> Iterator[Entry]:
    """The pages, with the state after every so many of them and after the last; raises as the fold does."""
    recorded = -1
    for count, entry in enumerate(pages, 1):
        yield entry
        if fold is not None:
            fold.take(entry.page)
            if every and count % every == 0:
                fields = fold.fields()
                recorded = fold.last_sequence
                yield RecordedState(0, recorded, fields)
    if fold is not None:
        fields = fold.fields()
        if fold.last_sequence > recorded:
            yield RecordedState(0, fold.last_sequence, fields)
