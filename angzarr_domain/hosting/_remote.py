from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import dropwhile
from typing import TypeVar

import attrs

from angzarr_domain.books import BusinessResponse, ContextualCommand, EventBook, EventPage, FactRequest
from angzarr_domain.client import Tls
from angzarr_domain.client._endpoints import parse_endpoint
from angzarr_domain.client._speaking import Protocol, Speaker
from angzarr_domain.client._transports.base import CORRELATION_ID_HEADER, DEFAULT_TIMEOUT, CallOptions, Transport
from angzarr_domain.client._transports.grpc import transport_to
from angzarr_domain.exceptions import (
    AngzarrError,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidArgument,
    MethodNotServed,
    Rejected,
    SnapshotUnfit,
)
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Method, Methods

from ._logic import CommandCall, FactCall

Q = TypeVar("Q")
R = TypeVar("R")


class RemoteLogic:
    """Business logic of any language, behind `CommandHandlerService`. It needs none of the types involved.

    Args:
        domains: What it answers for.
        target: Where it is served, in any form a client takes; or a transport, which `close` closes.
        protocol: The generation of the protocol that it speaks; found out unless given.
        tls: For a target that is https://: whom to trust, and who the caller is.

    Raises:
        InvalidEndpoint: The text is no endpoint. Nothing is dialled yet.
        UsageError: TLS for a target that is not https://, or certificates that cannot be read.

    """

    def __init__(
        self,
        domains: Iterable[str],
        target: str | Transport,
        *,
        protocol: Protocol = Protocol.AUTO,
        tls: Tls | None = None,
    ) -> None:
        self._domains = tuple(domains)
        self._speaker = Speaker(protocol)
        self._where = target if isinstance(target, str) else "the transport's peer"
        self._transport: Transport = _connected(target, tls) if isinstance(target, str) else target

    @property
    def domains(self) -> Collection[str]:
        """Same as `BusinessLogic.domains`."""
        return self._domains

    def close(self) -> None:
        """Same as `BusinessLogic.close`."""
        self._transport.close()

    def handle(self, call: CommandCall) -> BusinessResponse:
        """Same as `BusinessLogic.handle`.

        The history goes along as one book: the newest snapshot and the pages after it, or, once the logic has
        said that the snapshot does not fit, all pages.

        Raises:
            ConnectionFailed: It is down, or was lost before it answered.
            DeadlineExceeded: It did not answer in time.
            AngzarrError: What it answered instead of events, a rejection above all.

        """
        return self._with_history(call, lambda book, newer: self._handled(call, book, newer=newer))

    def handle_fact(self, call: FactCall) -> EventBook:
        """Same as `AcceptsFacts.handle_fact`. The history goes along as in `handle`. Raises as `handle`."""
        return self._with_history(
            call,
            lambda book, _newer: self._ask(
                call, lambda methods: methods.handle_fact, FactRequest(call.facts, prior_events=book)
            )[0],
        )

    def _handled(self, call: CommandCall, book: EventBook, *, newer: bool) -> BusinessResponse:
        response, methods = self._ask(call, lambda methods: methods.handle, ContextualCommand(book, call.command))
        if newer and isinstance(response.result, EventBook):
            # The logic did not see the snapshot that is stored, and so cannot know that it is not to be replaced.
            response = BusinessResponse(attrs.evolve(response.result, snapshot=None))
        return response if methods is METHODS else without_echoes(response, book)

    def _with_history(self, call: CommandCall | FactCall, ask: Callable[[EventBook, bool], R]) -> R:
        book = _joined(call, from_start=False)
        try:
            return ask(book, False)
        except SnapshotUnfit as error:
            if book.snapshot is None:
                raise
            return ask(_joined(call, from_start=True), error.newer)

    def _ask(
        self, call: CommandCall | FactCall, method: Callable[[Methods], Method[Q, R]], request: Q
    ) -> tuple[R, Methods]:
        correlation_id = call.cover.correlation_id
        metadata = ((CORRELATION_ID_HEADER, correlation_id),) if _fits_header(correlation_id) else ()
        options = CallOptions(DEFAULT_TIMEOUT if call.timeout is None else call.timeout, metadata)
        try:
            return self._answer(method, request, options)
        except (ConnectionFailed, DeadlineExceeded) as error:
            raise self._lost(error) from error

    def _answer(self, method: Callable[[Methods], Method[Q, R]], request: Q, options: CallOptions) -> tuple[R, Methods]:
        # Logic that does not know a generation's path has done nothing, so the next one may be tried.
        known = self._speaker.methods
        tables = (METHODS, RELEASED, INTERIM) if known is None else (known,)
        for methods in tables:
            try:
                response = self._transport.unary(method(methods), request, options)
            except MethodNotServed:
                if methods is tables[-1]:
                    raise
                continue
            except AngzarrError as error:
                if isinstance(error, (Rejected, InvalidArgument)):
                    self._speaker.methods = methods
                raise
            self._speaker.methods = methods
            return response, methods
        raise AssertionError("there is always a table to try")

    def _lost(self, error: AngzarrError) -> AngzarrError:
        # Events are stored only after business logic has answered, so whatever it did, nothing was stored.
        if isinstance(error, DeadlineExceeded):
            return DeadlineExceeded(f"business logic at {self._where} did not answer in time; nothing was stored")
        return ConnectionFailed(
            f"business logic at {self._where} is down, or was lost before it answered; nothing was stored: "
            f"send the command again once it is back ({error.message})",
            endpoint=self._where,
        )


def _connected(target: str, tls: Tls | None) -> Transport:
    return transport_to(parse_endpoint(target), tls)


def _joined(call: CommandCall | FactCall, *, from_start: bool) -> EventBook:
    books = list(call.history.books(from_start=from_start))
    pages: list[EventPage] = [page for book in books for page in book.pages]
    first = books[0] if books else EventBook()
    return EventBook(
        first.cover or attrs.evolve(call.cover, ext=None), tuple(pages), first.snapshot, call.next_sequence
    )


def without_echoes(response: BusinessResponse, sent: EventBook | None) -> BusinessResponse:
    """The answer of older logic, which may begin with pages of the history that it was given."""
    reply = response.result
    if sent is None or not isinstance(reply, EventBook):
        return response
    known = {page.sequence: page for page in sent.pages}
    new = tuple(dropwhile(lambda page: _is_echo(page, known.get(page.sequence)), reply.pages))
    return BusinessResponse(attrs.evolve(reply, pages=new))


def _is_echo(page: EventPage, sent: EventPage | None) -> bool:
    if sent is None or page.sequence is None or page.event is None or sent.event is None:
        return False
    return (page.event.type_name, page.event.value) == (sent.event.type_name, sent.event.value)


def _fits_header(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()
