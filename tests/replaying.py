"""A server that answers as the released coordinator was recorded to: by path and request, and not at all otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import grpc

from angzarr_domain.books import EventPage, Query, SequenceRange, SequenceSet, TemporalQuery
from angzarr_domain.wire import RELEASED
from angzarr_domain.wire.pb import released
from tests.recordings import Recorded, find

CODES = {code.name: code for code in grpc.StatusCode}
PROBE = find("validation", "empty query")
READ = RELEASED.get_event_book.path


@attrs.define(eq=False)
class Replayer(grpc.GenericRpcHandler):
    """Answers recorded requests with what was answered to them, the first time with the first of several.

    A query that was not recorded, such as one that reads back, is answered out of the root's whole book if that was
    recorded, else out of what was answered to commands so far.

    Attributes:
        asked: The path and requests of every call, in order.
        strange: Those that nothing recorded answers.

    """

    exchanges: Iterable[Recorded]
    asked: list[tuple[str, tuple[bytes, ...]]] = attrs.field(factory=list[Any])
    strange: list[tuple[str, tuple[bytes, ...]]] = attrs.field(factory=list[Any])
    _answers: dict[Any, list[Recorded]] = attrs.field(init=False, factory=dict[Any, list[Recorded]])
    _books: dict[bytes, Any] = attrs.field(init=False, factory=dict[bytes, Any])
    _lock: threading.Lock = attrs.field(init=False, factory=threading.Lock)

    def __attrs_post_init__(self) -> None:
        for each in (*self.exchanges, PROBE):
            self._answers.setdefault((each.path, each.requests), []).append(each)
        for each in self.exchanges:
            if each.path == READ and each.responses:
                book = released.EventBook.FromString(each.responses[0])
                query = released.Query.FromString(each.requests[0])
                if query.WhichOneof("selection") is None and query.cover.root.value:
                    self._books[query.cover.root.value] = book

    def service(self, handler_call_details: Any) -> Any:
        """Same as `grpc.GenericRpcHandler.service`."""
        path: str = handler_call_details.method
        if path not in {method.path for method in RELEASED}:
            return None  # UNIMPLEMENTED, as the coordinator answers

        def answer(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            return self._answer(path, tuple(requests), context)

        # Bytes in, bytes out, one or many: the wire does not tell these kinds apart.
        stream_stream: Any = grpc.stream_stream_rpc_method_handler
        return stream_stream(answer)

    def _answer(self, path: str, requests: tuple[bytes, ...], context: grpc.ServicerContext) -> Iterator[bytes]:
        with self._lock:
            self.asked.append((path, requests))
            found = self._answers.get((path, requests))
            exchange = None if not found else found.pop(0) if len(found) > 1 else found[0]
        if exchange is None:
            yield self._read_back(path, requests, context)
            return
        if exchange.status != "OK":
            context.set_trailing_metadata(exchange.trailers)
            context.abort(CODES[exchange.status], exchange.message)
        for response in exchange.responses:
            self._learn(path, response)
            yield response

    def _learn(self, path: str, response: bytes) -> None:
        if path != RELEASED.handle_command.path:
            return
        book = released.CommandResponse.FromString(response).events
        known = self._books.setdefault(book.cover.root.value, released.EventBook(cover=book.cover))
        if not known.pages or (book.pages and book.pages[0].header.sequence > known.pages[-1].header.sequence):
            known.pages.extend(book.pages)

    def _read_back(self, path: str, requests: tuple[bytes, ...], context: grpc.ServicerContext) -> bytes:
        if path == READ:
            query = RELEASED.get_event_book.decode_request(requests[0])
            root = released.Query.FromString(requests[0]).cover.root.value
            if root in self._books:
                return self._part(self._books[root], query)
        self.strange.append((path, requests))
        context.abort(grpc.StatusCode.UNKNOWN, f"nothing like this was recorded: {path} {requests!r}")
        raise AssertionError

    def _part(self, whole: Any, query: Query) -> bytes:
        book = released.EventBook()
        book.CopyFrom(whole)
        del book.pages[:]
        pages = RELEASED.get_event_book.decode_response(whole.SerializeToString()).pages
        for page, message in zip(pages, whole.pages, strict=True):
            if _selected(page, query):
                book.pages.append(message)
        book.next_sequence = book.pages[-1].header.sequence + 1 if book.pages else 0
        return book.SerializeToString()


def _selected(page: EventPage, query: Query) -> bool:
    place = page.sequence or 0
    match query.selection:
        case SequenceRange(lower=lower, upper=upper):
            return lower <= place and (upper is None or place <= upper)
        case SequenceSet(values=values):
            return place in values
        case TemporalQuery(as_of_sequence=int() as last):
            return place <= last
        case TemporalQuery(as_of_time_ns=int() as until):
            return (page.created_at_ns or 0) <= until
        case _:
            return True
