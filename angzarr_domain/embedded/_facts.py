"""Facts: what a request to record them has to be, and what of business logic's answer can be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from angzarr_domain.books import (
    BusinessResponse,
    Cover,
    EventBook,
    EventPage,
    EventRequest,
    ExternalDeferredSequence,
    check_payload,
)
from angzarr_domain.exceptions import InvalidArgument, InvalidReply, NotHandled
from angzarr_domain.hosting import BusinessLogic

from ._acceptance import accept_cover, check_mode
from ._replies import Decided, decided
from ._store.base import DeferredKey, Stream

_MAX_EXTERNAL_ID = 256


@attrs.frozen
class AcceptedFacts:
    """Facts that make sense, and whose domain is served.

    Attributes:
        keys: What each of them is recorded once by, in the order of their pages.
        skip_handler: Record them as they are, without asking business logic.

    """

    book: EventBook
    cover: Cover
    stream: Stream
    logic: BusinessLogic
    keys: tuple[DeferredKey, ...]
    skip_handler: bool = False


def accept_facts(request: EventRequest, served: Mapping[str, BusinessLogic]) -> AcceptedFacts:
    """The facts of a request: domain, root, correlation id, and an external id for each (C-0188).

    Raises:
        InvalidArgument: They make no sense; `field` names the part.
        NotHandled: Nobody here serves their domain.
        NotSupported: A mode or timeline that is not built.

    """
    check_mode(request.sync_mode, "sync_mode")
    book = request.events or EventBook()
    cover = accept_cover(book.cover)
    if cover.root is None:
        raise InvalidArgument(
            f"which {cover.domain}? Facts name their root", field="events.cover.root", code="PROTO_UUID_INVALID"
        )
    if not cover.correlation_id:
        raise InvalidArgument(
            "facts name the workflow they belong to: give a correlation id",
            field="events.cover.correlation_id",
            code="MISSING_CORRELATION_ID",
        )
    logic = served.get(cover.domain)
    if logic is None:
        raise NotHandled(f"domain {cover.domain} is not served here", handled=served, domain=cover.domain)
    keys = tuple(_key(page, f"events.pages[{index}]") for index, page in enumerate(book.pages))
    _check_each_once(keys)
    return AcceptedFacts(book, cover, Stream(cover.domain, cover.root), logic, keys, request.skip_handler)


def recorded(reply: EventBook, facts: AcceptedFacts, keys: Sequence[DeferredKey], head: int, now_ns: int) -> Decided:
    """What is to be recorded, numbered and stamped where it was not yet, and which pages are whose.

    Args:
        keys: Of the facts that were asked about, in their order.

    Raises:
        InvalidReply: It belongs to another stream, does not continue this one, or leaves a fact out.

    """
    starts = _starts(reply, facts, keys)
    bare = EventBook(reply.cover, tuple(attrs.evolve(page, deferred=None) for page in reply.pages), reply.snapshot)
    decision = decided(BusinessResponse(bare), facts, head, now_ns)
    ends = [*starts[1:], len(reply.pages)]
    return attrs.evolve(
        decision,
        facts={key: range(head + first, head + end) for key, first, end in zip(keys, starts, ends, strict=True)},
    )


def _key(page: EventPage, field: str) -> DeferredKey:
    header = page.deferred
    if not isinstance(header, ExternalDeferredSequence) or not header.external_id:
        raise InvalidArgument(
            "a fact has an external id, which it is recorded once by", field=f"{field}.header.external_deferred"
        )
    if len(header.external_id) > _MAX_EXTERNAL_ID:
        raise InvalidArgument(
            f"an external id is up to {_MAX_EXTERNAL_ID} characters",
            field=f"{field}.header.external_deferred.external_id",
            code="LIMIT_EXCEEDED",
        )
    if page.event is not None and page.event.type_url:
        check_payload(page.event, f"{field}.event")
    elif page.external is None:
        raise InvalidArgument("a fact is an event, and this page holds none", field=f"{field}.event")
    return DeferredKey.of_fact(header.external_id)


def _check_each_once(keys: Sequence[DeferredKey]) -> None:
    if not keys:
        raise InvalidArgument("the book holds no fact", field="events.pages")
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise InvalidArgument(
                "two facts of one book have the same external id: each fact has its own",
                field=f"events.pages[{index}].header.external_deferred.external_id",
            )


def _starts(reply: EventBook, facts: AcceptedFacts, keys: Sequence[DeferredKey]) -> list[int]:
    """Where in the reply each fact stands; the flag events of one reach to the next."""
    found = [
        (index, DeferredKey.of_fact(page.deferred.external_id))
        for index, page in enumerate(reply.pages)
        if isinstance(page.deferred, ExternalDeferredSequence)
    ]
    if [key for _, key in found] != list(keys) or found[0][0] != 0:
        stream = facts.stream
        raise InvalidReply(
            f"business logic of {stream.domain} answered {len(keys)} fact{'s' if len(keys) > 1 else ''} for "
            f"{stream.root} with a book that does not begin with the first and hold each of them once, in their order "
            "and with their external ids; nothing was stored",
            details={"domain": stream.domain, "root": stream.root},
        )
    return [index for index, _ in found]
