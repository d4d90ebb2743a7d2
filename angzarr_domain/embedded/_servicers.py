"""The protocol's methods and what answers each, over gRPC and in process alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import attrs

from angzarr_domain.exceptions import NotSupported
from angzarr_domain.hosting._rpc import Served
from angzarr_domain.wire import METHODS, Kind

from ._callers import Caller
from ._pipeline import Pipeline
from ._queries import Queries

#: What answers a coordinator's methods, in the order of the protocol's table.
Answers = tuple[Served[Any, Any], ...]


def answers(pipeline: Pipeline, queries: Queries) -> Answers:
    """The methods of a coordinator."""
    return (
        Served(METHODS.handle_command, pipeline.execute),
        Served(METHODS.handle_event, _no_facts),
        Served(METHODS.handle_sync_speculative, pipeline.speculate),
        Served(METHODS.handle_compensation, _no_compensation),
        Served(METHODS.get_event_book, queries.get_event_book),
        Served(METHODS.get_events, queries.get_events),
        Served(METHODS.get_aggregate_roots, queries.get_aggregate_roots),
        Served(METHODS.synchronize, queries.synchronize),
        Served(METHODS.speculate_projector, _no_reactions("projectors")),
        Served(METHODS.speculate_saga, _no_reactions("sagas")),
        Served(METHODS.speculate_process_manager, _no_reactions("process managers")),
    )


def in_pools(served: Answers, queries: ThreadPoolExecutor, streams: ThreadPoolExecutor) -> Answers:
    """The same, with threads of their own for queries and for streams.

    Commands that wait for their turn, and readers that take their time, then keep nobody from asking.
    """
    pools: Mapping[Kind, ThreadPoolExecutor] = {Kind.UNARY: queries, Kind.STREAM: streams, Kind.BIDI: streams}
    return tuple(
        attrs.evolve(entry, pool=pools[entry.method.kind])
        if entry.method.service == METHODS.get_event_book.service
        else entry
        for entry in served
    )


def _no_reactions(kind: str) -> Callable[[object, Caller], NoReturn]:
    def refuse(_request: object, _caller: Caller) -> NoReturn:
        raise NotSupported(f"what-ifs of {kind}: this coordinator runs aggregates; ask the one that runs the {kind}")

    return refuse


def _no_facts(_request: object, _caller: Caller) -> NoReturn:
    raise NotSupported("facts (HandleEvent): this coordinator takes commands and queries")


def _no_compensation(_request: object, _caller: Caller) -> NoReturn:
    raise NotSupported("compensation (HandleCompensation): this coordinator takes commands and queries")
