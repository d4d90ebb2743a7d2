"""From events as they were stored once to those of today: aliases, upcasts, and types that nobody knows."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from angzarr_domain.books import Message, is_message_type, type_name
from angzarr_domain.exceptions import HandlerFailed

from ._entries import Applier, Upcast
from ._findings import wrong

if TYPE_CHECKING:
    from ._definition import AggregateDefinition

_LOG = logging.getLogger(__name__)


def chain_issues(
    upcasts: Mapping[str, Upcast], applied: Mapping[str, Any], ignored: Mapping[str, type[Any]]
) -> list[str]:
    """What keeps old events from becoming today's: a chain that ends nowhere, or that never ends."""
    issues: list[str] = []
    for upcast in upcasts.values():
        for event in upcast.into:
            name = type_name(event)
            if name not in upcasts and name not in applied and name not in ignored:
                issues.append(
                    wrong(
                        "AGG303",
                        f"{upcast.name}: turns {upcast.type_name} into {name}, which nothing applies and nothing turns "
                        "into a later event; add an @applies or an @upcasts method, or list it in ignores",
                        upcast.name,
                    )
                )
    return issues + _circles(upcasts)


def _circles(upcasts: Mapping[str, Upcast]) -> list[str]:
    """One issue for each circle, however many of its members there are."""
    issues: list[str] = []
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = path[path.index(name) :]
            if not done & set(circle):
                methods = " -> ".join(upcasts[each].name for each in (*circle, name))
                issues.append(
                    wrong(
                        "AGG303",
                        f"{methods}: these upcasts go round in a circle; an event has one latest form, so end it",
                        upcasts[name].name,
                    )
                )
        elif name not in done and name in upcasts:
            for event in upcasts[name].into:
                walk(type_name(event), (*path, name))
            done.add(name)

    for name in upcasts:
        walk(name, ())
    return issues


def todays_name(definition: AggregateDefinition[Any], stored: str) -> str:
    """The name by which a stored type is known today: its alias' class, or itself."""
    alias = definition.aliases.get(stored)
    return stored if alias is None else type_name(alias)


def upcasted(definition: AggregateDefinition[Any], event: Message) -> Iterator[Message]:
    """What an event is today, through the whole chain; itself if nothing turns it into something else.

    Raises:
        HandlerFailed: An upcast raised, or gave what its annotation does not say.

    """
    upcast = definition.upcasts.get(type_name(type(event)))
    if upcast is None:
        yield event
        return
    for following in _step(upcast, event):
        yield from upcasted(definition, following)


def upcasted_singly(definition: AggregateDefinition[Any], event: Message) -> Message:
    """What an event is today, as far as it stays one event: the chain ends before a step that gives several, or none.

    Raises:
        HandlerFailed: As `upcasted`.

    """
    while (upcast := definition.upcasts.get(type_name(type(event)))) is not None:
        following = _step(upcast, event)
        if len(following) != 1:
            break
        event = following[0]
    return event


def _step(upcast: Upcast, event: Message) -> Sequence[Any]:
    try:
        result: Any = upcast.function(event)
    except Exception as error:
        raise HandlerFailed(upcast.name, type(error).__name__) from error
    if result is None and not upcast.into:
        return ()
    # Anything may come of an author's function, whatever it is annotated with.
    events: list[Any] = list[Any](result) if isinstance(result, tuple) else [result]  # pyright: ignore[reportUnknownArgumentType] - of anything
    for kind in map(type, events):
        if kind not in upcast.into:
            name = type_name(kind) if is_message_type(kind) else kind.__name__
            raise HandlerFailed(upcast.name, answer=f"gave {name}, which its annotation does not name")
    return events


def applier_of_old(definition: AggregateDefinition[Any], stored: str) -> Applier | None:
    """What applies events of a stored type through their upcasts; None if nothing upcasts it."""
    upcast = definition.upcasts.get(stored)
    if upcast is None:
        return None
    appliers = definition.appliers

    def apply(state: Any, event: Any) -> None:
        for following in upcasted(definition, event):
            applier = appliers.get(type_name(type(following)))
            if applier is not None:
                try:
                    applier.function(state, following)
                except Exception as error:
                    raise HandlerFailed(applier.name, type(error).__name__) from error

    return Applier(upcast.name, upcast.event, upcast.type_name, apply)


class UnknownType(Exception):
    """A type that nobody knows, met by a fold that says where."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def check_unknown(definition: AggregateDefinition[Any], stored: str) -> None:
    """What happens to events of a type that nobody applies.

    Those of an ignored type, and pages without an event, are skipped without a word. Of others, a tolerant aggregate
    says once that they are skipped (C-0288), and a strict one refuses its history.

    Raises:
        UnknownType: The aggregate is strict.

    """
    if not stored or stored in definition.ignores:
        return
    if definition.unknown == "strict":
        raise UnknownType(stored)
    if stored in definition.unknown_seen:
        return
    definition.unknown_seen.add(stored)
    _LOG.warning(
        "%s: stored events of type %s are skipped, since nothing applies them; add an @applies or @upcasts method, "
        'list them in ignores, or refuse them with unknown="strict"',
        definition.cls.__qualname__,
        stored,
    )


def failed_at(error: HandlerFailed, *, sequence: int | None, root: UUID | None) -> HandlerFailed:
    """The failure of an upcast or applier, with the stored event it happened at."""
    if error.exception:
        return HandlerFailed(error.handler, error.exception, sequence=sequence, root=root)
    answer = f"{error.message.removeprefix(error.handler).strip()} (stored event {sequence} of root {root or '(none)'})"
    return HandlerFailed(error.handler, answer=answer, sequence=sequence, root=root)
