"""Streams that were recorded elsewhere, brought back as they were."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from angzarr_domain.books import Cover, EventPage, Snapshot, check_domain
from angzarr_domain.exceptions import InvalidArgument, NotSupported, StoreError

from ._store.base import EventStore, HeadMoved, Stream


def restore(store: EventStore, cover: Cover, pages: Iterable[EventPage], snapshot: Snapshot | None) -> bool:
    """Store a whole stream, all or nothing; False if it is there already, with equal pages.

    Raises:
        StoreError: STREAM_DIFFERS: it is there already, with other pages, or more of them, or fewer.
        UsageError: The pages do not follow each other from the start, or from where the snapshot leads on.
        InvalidArgument: The cover names no stream.
        NotSupported: It has what no stream here can keep: a named timeline, or the cover's `ext`.

    """
    stream = _stream(cover)
    if store.head(stream) == 0:
        try:
            store.restore(stream, pages, snapshot)
        except HeadMoved as moved:
            raise _differs(stream, "somebody else wrote to it meanwhile") from moved
        return True
    for kept, recorded in zip_longest(store.pages(stream), pages):
        if kept != recorded:
            either = kept if recorded is None else recorded
            raise _differs(stream, f"what differs first is the page at {either.sequence}")
    return False


def _stream(cover: Cover) -> Stream:
    check_domain(cover.domain, "cover.domain")
    if cover.root is None:
        raise InvalidArgument("a stream's cover names its root", field="cover.root", code="PROTO_UUID_INVALID")
    if cover.edition is not None:
        raise NotSupported(f"the named edition {cover.edition.name!r}: only the main timeline is built yet")
    if cover.ext is not None:
        raise NotSupported("a cover's ext: the streams of this coordinator keep none")
    return Stream(cover.domain, cover.root)


def _differs(stream: Stream, why: str) -> StoreError:
    return StoreError(
        f"there is a stream {stream.domain} {stream.root} already, and {why}: restore it where it is not",
        code="STREAM_DIFFERS",
    )
