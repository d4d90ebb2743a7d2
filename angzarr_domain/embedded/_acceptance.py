"""What a request has to be before anything is done about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    ExternalDeferredSequence,
    MergeStrategy,
    Payload,
    Query,
    SpeculateRequest,
    SyncMode,
    TemporalQuery,
    check_correlation_id,
    check_domain,
    check_payload,
    check_sequence,
)
from angzarr_domain.exceptions import InvalidArgument, NotHandled, NotSupported
from angzarr_domain.hosting import BusinessLogic
from angzarr_domain.wire import COMPENSATE, NOTIFICATION

from ._store.base import DeferredKey, Stream

_MODES: Final = frozenset(SyncMode) - {SyncMode.CASCADE}
_MAX_COMPONENT: Final = 128


@attrs.frozen
class Accepted:
    """A command that makes sense, and whose domain is served.

    Attributes:
        expected: The head it was made for; None asks for no check.
        deferred: What it is carried out once by, if another aggregate's event caused it.

    """

    book: CommandBook
    cover: Cover
    stream: Stream
    logic: BusinessLogic
    strategy: MergeStrategy
    expected: int | None = None
    deferred: DeferredKey | None = None


def accept(request: CommandRequest, served: Mapping[str, BusinessLogic]) -> Accepted:
    """The command of a request.

    Raises:
        InvalidArgument: It makes no sense; `field` names the part.
        NotHandled: Nobody here serves its domain.
        NotSupported: A mode, strategy or timeline that is not built.

    """
    check_mode(request.sync_mode, "sync_mode")
    accepted, page = _accept_book(request.command, served)
    if page.sync_mode is not None:
        check_mode(page.sync_mode, "page.sync_mode")
    return attrs.evolve(accepted, expected=_expected(page), deferred=_deferred(page))


def accept_notification(request: CommandRequest, served: Mapping[str, BusinessLogic]) -> Accepted:
    """The news of a request, delivered once by its provenance. Raises as `accept`.

    What it is about tells apart a refusal from a command to undo that came from the same event (C-0467, C-0473).
    """
    check_mode(request.sync_mode, "sync_mode")
    accepted, page = _accept_book(request.command, served)
    if page.command is None or page.command.type_name != NOTIFICATION.type_name:
        raise InvalidArgument(
            f"what is delivered here is a {NOTIFICATION.type_name}; send commands to HandleCommand",
            field="command.pages[0].command",
        )
    key = _deferred(page)
    return attrs.evolve(accepted, deferred=None if key is None else attrs.evolve(key, kind=_kind(page.command)))


def accept_speculation(request: SpeculateRequest, served: Mapping[str, BusinessLogic]) -> Accepted:
    """The command of a what-if, whose sequence nobody looks at. Raises as `accept`."""
    return _accept_book(request.command, served)[0]


def accept_query(query: Query) -> Cover:
    """The address of a query.

    Raises:
        InvalidArgument: It makes no sense; `field` names the part.
        NotSupported: It asks for a named timeline.

    """
    cover = accept_cover(query.cover)
    if cover.root is None and not cover.correlation_id:
        raise InvalidArgument(
            f"which {cover.domain}? Name a root or a correlation id", field="cover.root", code="PROTO_UUID_INVALID"
        )
    if query.selection == TemporalQuery():
        raise InvalidArgument(
            "a point in history is a sequence or a time: name one of them",
            field="selection.temporal",
            code="MISSING_SELECTION_POINT",
        )
    return cover


def _kind(notification: Payload) -> str:
    try:
        content = NOTIFICATION.unpack(notification).payload
    except InvalidArgument:
        content = None  # business logic refuses it, by the code that this has
    undoes = content is not None and content.type_name == COMPENSATE.type_name
    return "compensate-notification" if undoes else "rejection-notification"


def _accept_book(book: CommandBook | None, served: Mapping[str, BusinessLogic]) -> tuple[Accepted, CommandPage]:
    if book is None:
        raise InvalidArgument("the request has no command book", field="command", code="MISSING_COMMAND_BOOK")
    cover = accept_cover(book.cover)
    if cover.root is None:
        raise InvalidArgument(
            f"which {cover.domain}? A command names its root", field="cover.root", code="PROTO_UUID_INVALID"
        )
    logic = served.get(cover.domain)
    if logic is None:
        raise NotHandled(f"domain {cover.domain} is not served here", handled=served, domain=cover.domain)
    page = _only_page(book)
    return Accepted(book, cover, Stream(cover.domain, cover.root), logic, _strategy(page)), page


def accept_cover(cover: Cover | None) -> Cover:
    """The address of a book, or InvalidArgument or NotSupported."""
    if cover is None:
        raise InvalidArgument("the book has no cover, so nobody knows whose it is", field="cover", code="MISSING_COVER")
    check_domain(cover.domain)
    check_correlation_id(cover.correlation_id)
    if cover.edition is not None:
        raise NotSupported(f"the named edition {cover.edition.name!r}: only the main timeline is built yet")
    return cover


def _only_page(book: CommandBook) -> CommandPage:
    if not book.pages:
        raise InvalidArgument("the command book has no page", field="command.pages", code="MISSING_COMMAND_PAGE")
    page, *others = book.pages
    if others:
        raise InvalidArgument(
            f"a command book has one page, not {len(book.pages)}: send each command by itself",
            field="command.pages",
            code="TOO_MANY_COMMAND_PAGES",
        )
    if page.command is None and page.external is not None:
        raise NotSupported("a command whose payload is stored elsewhere: send the payload itself")
    if page.command is None or not page.command.type_url:
        raise InvalidArgument(
            "the command's page has no payload, or one without a type URL",
            field="command.pages[0].command",
            code="MISSING_COMMAND_PAYLOAD",
        )
    check_payload(page.command, "command.pages[0].command")
    return page


def check_mode(mode: SyncMode, field: str) -> None:
    """NotSupported for a mode that is not built."""
    if mode not in _MODES:
        name = mode.name if isinstance(mode, SyncMode) else mode  # pyright: ignore[reportUnnecessaryIsInstance] - or 99
        raise NotSupported(f"{field} {name}: reactions are not built yet, so use another mode")


def _strategy(page: CommandPage) -> MergeStrategy:
    if page.merge_strategy not in frozenset(MergeStrategy):
        raise NotSupported(f"page.merge_strategy {page.merge_strategy}")
    return page.merge_strategy or MergeStrategy.COMMUTATIVE


def _expected(page: CommandPage) -> int | None:
    if isinstance(page.deferred, AngzarrDeferredSequence):
        return None  # its guards are the handler and its key, whatever the strategy
    if isinstance(page.deferred, ExternalDeferredSequence):
        raise InvalidArgument(
            "an external id belongs on a fact, not on a command", field="command.pages[0].header.external_deferred"
        )
    if page.sequence is not None:
        check_sequence(page.sequence, "command.pages[0].header.sequence")
    if page.merge_strategy == MergeStrategy.AGGREGATE_HANDLES:
        return None
    if page.sequence is None:
        raise InvalidArgument(
            "the command has no expected sequence: give the stream's next one, or ask for AGGREGATE_HANDLES",
            field="command.pages[0].header",
            code="MISSING_SEQUENCE",
        )
    return page.sequence


def _deferred(page: CommandPage) -> DeferredKey | None:
    header = page.deferred
    if not isinstance(header, AngzarrDeferredSequence):
        return None
    field = "command.pages[0].header.angzarr_deferred"
    if header.source is None or header.source.root is None:
        raise InvalidArgument("a deferred command names the aggregate that caused it", field=f"{field}.source")
    if len(header.source_component) > _MAX_COMPONENT:
        raise InvalidArgument(
            f"a component's name is up to {_MAX_COMPONENT} characters",
            field=f"{field}.source_component",
            code="LIMIT_EXCEEDED",
        )
    return DeferredKey(
        "command",
        header.source.domain,
        header.source.root,
        "" if header.source.edition is None else header.source.edition.name,
        header.source_seq,
        header.source_component,
        header.command_index,
    )
