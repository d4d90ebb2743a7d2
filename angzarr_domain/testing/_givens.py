"""Where a scenario begins."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.aggregates import Aggregate, AggregateDefinition, definition_of
from angzarr_domain.books import Cover, EventBook, EventPage, Message, to_nanoseconds
from angzarr_domain.exceptions import UsageError, listed

from ._arguments import refuse_foreign, refuse_no_messages
from ._checks import check_history, watched
from ._context import Options
from ._defaults import NOW, ROOT
from ._past import Past, as_past
from ._run import start
from ._scenario import Given

A = TypeVar("A", bound=Aggregate)


def given(
    aggregate: type[A],
    /,
    *events: Message | EventPage,
    root: UUID = ROOT,
    now: datetime | Callable[[], datetime] = NOW,
    ids: Iterable[UUID] | None = None,
    correlation_id: str = "",
    external_ids: Collection[str] = (),
) -> Given[A]:
    """A scenario: an aggregate with this history, none for a fresh one.

    Args:
        aggregate: The decorated class.
        events: Its history, from sequence 0. Events of older types are upcast as in production; a page stands for
            what was stored under a name that no class has today, and an empty one for a gap.
        root: Which one it is.
        now: What `context.now()` gives; fixed unless given.
        ids: What `context.new_id()` gives, in this order; unless given, UUIDs that count up from 1.
        correlation_id: Of the commands.
        external_ids: Of the facts in the history.

    Raises:
        UsageError: The class is no aggregate, or an event is none of those it knows.
        ScenarioFailed: An event does not survive its encoding, or an applier raises.

    """
    __tracebackhide__ = True
    definition = definition_of(aggregate)
    refuse_no_messages("given", events)
    refuse_foreign(definition, events)
    if isinstance(external_ids, str):
        raise UsageError("external_ids takes several: write {...} around it", field="external_ids")
    if isinstance(now, datetime):
        to_nanoseconds(now)  # refuses a naive one
    options = Options(
        root, now, correlation_id, None if ids is None else tuple(ids), external_ids=frozenset(external_ids)
    )
    history = as_past(definition, events)
    told = attrs.evolve(start(aggregate, (), options), history=history)
    check_history(told)
    return Given(watched(told, lambda: start(aggregate, history, options)))


def given_recorded(
    aggregate: type[A],
    recorded: EventBook | str | os.PathLike[str],
    /,
    *,
    root: UUID | None = None,
    now: datetime | Callable[[], datetime] = NOW,
    ids: Iterable[UUID] | None = None,
    correlation_id: str = "",
) -> Given[A]:
    """A scenario that goes on from a recorded stream: a book, or a file that `export_history` wrote.

    Otherwise same as `given`.

    Args:
        recorded: The whole stream, from sequence 0. Of a file, the stream of the aggregate's domain.
        root: Which stream of the file, if it holds several of this domain.

    Raises:
        UsageError: There is no such stream, or more than one; or events are missing from it.
        RecordingError: The file is no recording, or it is damaged.

    """
    __tracebackhide__ = True
    definition = definition_of(aggregate)
    book = recorded if isinstance(recorded, EventBook) else _read(definition, Path(recorded), root)
    cover = book.cover or Cover(definition.domain)
    if cover.domain != definition.domain:
        raise UsageError(
            f"this is a stream of domain {cover.domain}, and {aggregate.__name__} owns {definition.domain}",
            field="recorded",
        )
    events: tuple[Past, ...] = book.pages
    which = root or cover.root or ROOT
    return given(aggregate, *events, root=which, now=now, ids=ids, correlation_id=correlation_id)


def _read(definition: AggregateDefinition[Any], path: Path, root: UUID | None) -> EventBook:
    from angzarr_domain.histories import open_recording  # it loads grpc, which only this needs

    found: dict[UUID | None, EventBook] = {}
    with open_recording(path) as recording:
        for stream in recording.streams():
            cover = stream.cover
            if cover.domain == definition.domain and root in {None, cover.root}:
                found[cover.root] = EventBook(cover, tuple(stream.pages()))
    if len(found) != 1:
        roots = listed(map(str, found))
        which = definition.domain if root is None else f"{definition.domain} with root {root}"
        raise UsageError(
            f"{path} holds several streams of domain {which}: name one by root=, of {roots}"
            if found
            else f"{path} holds no stream of domain {which}",
            field="root",
        )
    return found.popitem()[1]
