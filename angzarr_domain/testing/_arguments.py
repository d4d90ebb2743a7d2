"""What tests pass by mistake, answered with what to write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from angzarr_domain.aggregates import AggregateDefinition
from angzarr_domain.books import EventPage, type_name
from angzarr_domain.exceptions import NotHandled, UsageError

from ._past import Past


def refuse_no_messages(where: str, given: Iterable[Any]) -> None:
    """Raise UsageError for classes and lists in place of messages; what else there is may compare equal to one."""
    __tracebackhide__ = True
    for each in given:
        if isinstance(each, type):
            raise UsageError(
                f"{where} takes messages, and {each.__name__} is a class: write {each.__name__}(...)", field="message"
            )
        if isinstance(each, (list, tuple, set, frozenset)):
            kind = type(each).__name__  # pyright: ignore[reportUnknownArgumentType] - of anything
            raise UsageError(
                f"{where} takes messages one by one, not a {kind} of them: put * before it, or drop its brackets",
                field="message",
            )


def refuse_no_command(definition: AggregateDefinition[Any], cls: type[Any]) -> None:
    """Raise NotHandled for a message that comes to the aggregate otherwise than as a command."""
    __tracebackhide__ = True
    name, called = type_name(cls), cls.__name__
    if name in definition.handlers:
        return
    if name in definition.facts:
        advice = f"accepts it as a fact: write when_fact({called}(...))"
    elif any(entry.type_name == name for entries in definition.compensators.values() for entry in entries):
        advice = f"is told when it is refused: write when_refused({called}(...))"
    elif name in definition.undoers:
        advice = f"undoes it: write when_undone({called}, sequences=...)"
    else:
        return
    raise NotHandled(
        f"{definition.cls.__name__} (domain {definition.domain}) has no handler for {name}, but {advice}",
        handled=definition.handlers,
        type_url=f"/{name}",
        domain=definition.domain,
    )


def refuse_foreign(definition: AggregateDefinition[Any], events: Iterable[Past]) -> None:
    """Raise UsageError for what cannot be this aggregate's history."""
    __tracebackhide__ = True
    known = {*definition.appliers, *definition.ignores, *definition.upcasts, *definition.aliases}
    for event in events:
        if isinstance(event, EventPage):  # stored events may be of any type
            continue
        name = type_name(type(event))
        if name in known:
            continue
        remedy = f" (a command goes into .when({type(event).__name__}(...)))" if name in definition.handlers else ""
        raise UsageError(
            f"{definition.cls.__name__} neither applies nor ignores {name}, so it cannot be its history{remedy}; "
            f"it knows {', '.join(sorted(known)) or 'no event'}",
            field="events",
        )
