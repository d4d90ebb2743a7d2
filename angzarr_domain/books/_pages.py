from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Protocol, Self, TypeVar, overload

import attrs

from angzarr_domain.exceptions import DecodeFailed, InvalidArgument, UsageError

from ._covers import Cover
from ._payloads import Codec, Message, Payload

M = TypeVar("M", bound=Message)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970 UTC, exactly.

    Raises:
        UsageError: The datetime is naive: it names no moment.

    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise UsageError("a naive datetime names no moment: give it a tzinfo, such as datetime.UTC")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def from_nanoseconds(nanoseconds: int) -> datetime:
    """The moment in UTC, cut to microseconds, which is what datetime holds.

    Raises:
        InvalidArgument: TIMESTAMP_PARSE_FAILED: it is outside the years 1 to 9999.

    """
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError as error:
        raise InvalidArgument(
            "a moment outside the years 1 to 9999 is no datetime; its nanoseconds can still be read",
            field="nanoseconds",
            code="TIMESTAMP_PARSE_FAILED",
        ) from error


class PayloadStorageType(IntEnum):
    """Where a payload kept outside its book is stored."""

    UNSPECIFIED = 0
    FILESYSTEM = 1
    GCS = 2
    S3 = 3


class SnapshotRetention(IntEnum):
    """How long a snapshot is kept. DEFAULT is the same as TRANSIENT."""

    DEFAULT = 0
    PERSIST = 1
    TRANSIENT = 2


@attrs.frozen
class PayloadReference:
    """A claim check for a payload stored elsewhere; a page that has one is a gap to a fold."""

    storage_type: PayloadStorageType = PayloadStorageType.UNSPECIFIED
    uri: str = ""
    content_hash: bytes = b""
    original_size: int = 0
    stored_at_ns: int | None = None


@attrs.frozen
class ExternalDeferredSequence:
    """What a fact from outside has instead of a sequence: the id it is accepted once by."""

    external_id: str = ""
    description: str = ""


@attrs.frozen
class AngzarrDeferredSequence:
    """What a command made by a saga or process manager has instead of a sequence: where it came from."""

    source: Cover | None = None
    source_seq: int = 0
    source_component: str = ""
    command_index: int = 0


class FromClient(ABC):
    """Holds a message; remembers the codec of the client it came from, outside its fields and its equality."""

    __slots__ = ("_codec",)
    _codec: Codec

    def remember(self, codec: Codec) -> Self:
        """This very value, which from now on decodes by the codec."""
        object.__setattr__(self, "_codec", codec)
        return self

    @overload
    def decode(self) -> Message: ...
    @overload
    def decode(self, message_type: type[M]) -> M: ...
    def decode(self, message_type: type[Any] | None = None) -> Any:
        """What it holds as a message: of the given type, or of those that the client was told of.

        Raises:
            DecodeFailed: It holds nothing, or something of another type (the text lists what is known), or the
                bytes are not readable.
            UsageError: It came from no client.

        """
        name, kind, payload = self._held()
        if payload is None:
            raise DecodeFailed("", f"{name} holds no {kind}")
        codec: Codec | None = getattr(self, "_codec", None)
        if codec is None:
            raise UsageError(f"{name} came from no client, so nothing can decode it: use a PayloadCodec")
        return codec.decode_known(payload) if message_type is None else codec.decode(payload, message_type)

    @abstractmethod
    def _held(self) -> tuple[str, str, Payload | None]:
        """What errors call it, of what kind its message is, and the message."""

    # A frozen value's copy is the value itself, and so keeps its codec.
    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self


@attrs.frozen
class EventPage(FromClient):
    """One event.

    Attributes:
        event: The event; None in a gap page.
        sequence: Its place in the stream, from 0; None until a coordinator has stored it.
        created_at_ns: Nanoseconds since 1970 UTC; None if nobody stamped it.
        deferred: What it has instead of a sequence. A page has one of the two, or neither.
        external: Where the event is stored, if not in this page.

    """

    event: Payload | None = None
    sequence: int | None = None
    created_at_ns: int | None = None
    deferred: ExternalDeferredSequence | AngzarrDeferredSequence | None = None
    external: PayloadReference | None = None

    @property
    def created_at(self) -> datetime | None:
        """When it was created, in UTC, cut to microseconds; InvalidArgument where no datetime can say it."""
        return None if self.created_at_ns is None else from_nanoseconds(self.created_at_ns)

    def _held(self) -> tuple[str, str, Payload | None]:
        return f"page {self.sequence}", "event", self.event


@attrs.frozen
class Snapshot:
    """The folded state up to and including `sequence`. Without `created_at_ns` it fits no query by time."""

    sequence: int = 0
    state: Payload | None = None
    retention: SnapshotRetention = SnapshotRetention.DEFAULT
    created_at_ns: int | None = None


def next_sequence(pages: Sequence[EventPage], snapshot: Snapshot | None = None) -> int:
    """The sequence after these: the last page's + 1, else the snapshot's + 1, else 0 (C-0295 to C-0298)."""
    last = pages[-1].sequence if pages else None
    if last is not None:
        return last + 1
    return 0 if snapshot is None else snapshot.sequence + 1


class Foldable(Protocol):
    """What a fold reads of a book: payloads, without a value made of every page."""

    @property
    def cover(self) -> Cover | None:
        """Which aggregate it is of."""
        ...

    @property
    def snapshot(self) -> Snapshot | None:
        """The state before its first page, if it starts from one."""
        ...

    @property
    def next_sequence(self) -> int:
        """What comes after its last page."""
        ...

    @property
    def page_count(self) -> int:
        """How many pages it has."""
        ...

    def sequence_at(self, index: int) -> int | None:
        """The sequence of the page at this index."""
        ...

    def payloads(self) -> Iterator[tuple[str, bytes]]:
        """Type URL and bytes of each page's event, in order; two empty ones for a page without an event."""
        ...


def _computed(book: EventBook) -> int:
    return next_sequence(book.pages, book.snapshot)


@attrs.frozen
class EventBook:
    """The history of one aggregate, or a part of it, or what a command adds to it.

    Attributes:
        next_sequence: As the peer said; computed from pages and snapshot unless given.

    """

    cover: Cover | None = None
    pages: tuple[EventPage, ...] = ()
    snapshot: Snapshot | None = None
    next_sequence: int = attrs.field(default=attrs.Factory(_computed, takes_self=True))

    @property
    def page_count(self) -> int:
        """How many pages it has."""
        return len(self.pages)

    def sequence_at(self, index: int) -> int | None:
        """The sequence of the page at this index."""
        return self.pages[index].sequence

    def payloads(self) -> Iterator[tuple[str, bytes]]:
        """Type URL and bytes of each page's event, in order; two empty ones for a page without an event."""
        for page in self.pages:
            event = page.event
            yield ("", b"") if event is None else (event.type_url, event.value)

    def remember(self, codec: Codec) -> Self:
        """This book, whose pages from now on decode by the codec."""
        for page in self.pages:
            page.remember(codec)
        return self
