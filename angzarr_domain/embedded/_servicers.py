"""The protocol's methods and what answers each, over gRPC and in process alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn

import attrs

from angzarr_domain.books import EventBook, Query, SequenceRange
from angzarr_domain.exceptions import NotSupported
from angzarr_domain.hosting._rpc import Served
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Kind, Methods

from ._callers import Caller
from ._pipeline import Pipeline
from ._queries import Queries

_QUERIES: Final = frozenset(methods.get_event_book.service for methods in (METHODS, RELEASED, INTERIM))

#: What answers a coordinator's methods, in the order of the protocol's table.
Answers = tuple[Served[Any, Any], ...]


def answers(pipeline: Pipeline, queries: Queries) -> Answers:
    """The methods of a coordinator, of every generation of the protocol: the path of a call says which it is of."""
    # Books of older generations have all their pages and no snapshot, and come in one piece.
    whole = attrs.evolve(queries, snapshots=False)
    return (
        *_answers(METHODS, pipeline, queries, queries.get_events, queries.synchronize),
        *(
            served
            for methods in (RELEASED, INTERIM)
            for served in _answers(methods, pipeline, whole, whole.get_whole_events, _synchronize(whole))
        ),
    )


def _answers(
    methods: Methods,
    pipeline: Pipeline,
    queries: Queries,
    get_events: Callable[[Query, Caller], Iterator[EventBook]],
    synchronize: Callable[[Iterable[Query], Caller], Iterator[EventBook]],
) -> Answers:
    return (
        Served(methods.handle_command, pipeline.execute),
        Served(methods.handle_event, pipeline.record),
        Served(methods.handle_sync_speculative, pipeline.speculate),
        Served(methods.handle_compensation, pipeline.compensate),
        Served(methods.get_event_book, queries.get_event_book),
        Served(methods.get_events, get_events),
        Served(methods.get_aggregate_roots, queries.get_aggregate_roots),
        Served(methods.synchronize, synchronize),
        Served(methods.speculate_projector, _no_reactions("projectors")),
        Served(methods.speculate_saga, _no_reactions("sagas")),
        Served(methods.speculate_process_manager, _no_reactions("process managers")),
    )


def _synchronize(queries: Queries) -> Callable[[Iterable[Query], Caller], Iterator[EventBook]]:
    """Synchronize of the older generations, where a range ends before its upper end."""

    def inclusive(query: Query) -> Query:
        selection = query.selection
        if not isinstance(selection, SequenceRange) or selection.upper is None:
            return query
        last = selection.upper - 1
        ends = SequenceRange(selection.lower, last) if last >= 0 else SequenceRange(1, 0)
        return attrs.evolve(query, selection=ends)

    def synchronize(asked: Iterable[Query], caller: Caller) -> Iterator[EventBook]:
        return queries.synchronize(map(inclusive, asked), caller)

    return synchronize


def in_pools(served: Answers, queries: ThreadPoolExecutor, streams: ThreadPoolExecutor) -> Answers:
    """The same, with threads of their own for queries and for streams.

    Commands that wait for their turn, and readers that take their time, then keep nobody from asking.
    """
    pools: Mapping[Kind, ThreadPoolExecutor] = {Kind.UNARY: queries, Kind.STREAM: streams, Kind.BIDI: streams}
    return tuple(
        attrs.evolve(entry, pool=pools[entry.method.kind]) if entry.method.service in _QUERIES else entry
        for entry in served
    )


def _no_reactions(kind: str) -> Callable[[object, Caller], NoReturn]:
    def refuse(_request: object, _caller: Caller) -> NoReturn:
        raise NotSupported(f"what-ifs of {kind}: this coordinator runs aggregates; ask the one that runs the {kind}")

    return refuse
