"""The marked methods of a class, collected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from angzarr_domain.books import type_name

from ._annotations import SignatureIssues
from ._definition import full_class_name
from ._entries import Applier, Compensator, FactHandler, Handler, Undoer, Upcast
from ._findings import wrong
from ._marks import Kind, Mark, mark_of
from ._signatures import (
    Marked,
    read_applier,
    read_compensator,
    read_fact_handler,
    read_handler,
    read_undoer,
    read_upcast,
)

_Emitter = Handler | FactHandler | Compensator | Undoer


class Methods:
    """The marked methods of a class; what is wrong with them goes to the issues."""

    def __init__(self, cls: type[Any], issues: list[str]) -> None:
        self.handlers: dict[str, Handler] = {}
        self.appliers: dict[str, Applier] = {}
        self.facts: dict[str, FactHandler] = {}
        self.undoers: dict[str, Undoer] = {}
        self.upcasts: dict[str, Upcast] = {}
        self._compensators: dict[str, list[Compensator]] = {}
        self._unreadable = False
        tables: dict[Kind, tuple[Callable[..., Any], dict[str, Any], str]] = {
            Kind.HANDLES: (read_handler, self.handlers, "handle"),
            Kind.APPLIES: (read_applier, self.appliers, "apply"),
            Kind.ACCEPTS: (read_fact_handler, self.facts, "accept"),
            Kind.UNDOES: (read_undoer, self.undoers, "undo"),
            Kind.UPCASTS: (read_upcast, self.upcasts, "upcast"),
        }
        for marked in _marked(cls, issues):
            try:
                if marked.mark.kind is Kind.COMPENSATES:
                    entry = read_compensator(marked)
                    others = self._compensators.setdefault(entry.key, [])
                    others.append(entry)
                    if others[0].command is not entry.command:
                        issues.append(_two_classes(others[0], entry))
                else:
                    read, table, verb = tables[marked.mark.kind]
                    _add(table, read(marked), verb, issues)
            except SignatureIssues as found:
                issues += found.issues
                self._unreadable = self._unreadable or marked.mark.kind is Kind.APPLIES

    @property
    def compensators(self) -> dict[str, tuple[Compensator, ...]]:
        """By key, in the order they run in."""
        return {key: tuple(entries) for key, entries in self._compensators.items()}

    def outdated(self, ignored: Mapping[str, type[Any]]) -> list[str]:
        """Old events that are taken as they are, too, and so would never reach their upcast."""
        found: list[str] = []
        for name, upcast in self.upcasts.items():
            if name in self.appliers:
                found.append(
                    wrong(
                        "AGG304",
                        f"{upcast.name}: turns {name} into today's event, but {self.appliers[name].name} applies it "
                        "as it is; drop the applier, or the upcast",
                        upcast.name,
                    )
                )
            elif name in ignored:
                found.append(
                    wrong(
                        "AGG304",
                        f"{upcast.name}: turns {name} into today's event, but ignores lists it; drop one of the two",
                        upcast.name,
                    )
                )
        return found

    def ambiguous(self) -> list[str]:
        """Commands whose refusal is answered both for one domain and for any (AMBIGUOUS_COMPENSATION)."""
        every = [entry for entries in self._compensators.values() for entry in entries]
        of_any = {entry.type_name: entry for entry in every if entry.domain is None}
        return [
            wrong(
                "AGG215",
                f"{of_any[entry.type_name].name} compensates {entry.type_name} of any domain and {entry.name} of "
                f"domain {entry.domain!r}: AMBIGUOUS_COMPENSATION; give each of them a domain, or none of them",
                entry.name,
            )
            for entry in every
            if entry.domain is not None and entry.type_name in of_any
        ]

    def unapplied(self, ignored: dict[str, type[Any]]) -> list[str]:
        """What methods say they emit and nothing takes; not asked while an applier cannot be read."""
        if self._unreadable:
            return []
        return [
            issue
            for emitter in self._emitters()
            for event in _emitted(emitter)
            if (issue := self._unapplied(emitter, event, ignored))
        ]

    def _emitters(self) -> list[_Emitter]:
        compensators = [entry for entries in self._compensators.values() for entry in entries]
        return [*self.handlers.values(), *self.facts.values(), *compensators, *self.undoers.values()]

    def _unapplied(self, emitter: _Emitter, event: type[Any], ignored: Mapping[str, type[Any]]) -> str | None:
        name = type_name(event)
        applier = self.appliers.get(name)
        taken = ignored.get(name) if applier is None else applier.event
        if taken is event:
            return None
        if taken is None and name in self.upcasts:
            return wrong(
                "AGG302",
                f"{emitter.name}: emits {name}, which {self.upcasts[name].name} replaces; emit what it becomes today",
                emitter.name,
            )
        if taken is None and name in self.handlers:
            return wrong(
                "AGG301",
                f"{emitter.name}: emits {name}, which is a command that {self.handlers[name].name} handles, "
                "not an event: return the event it leads to",
                emitter.name,
            )
        if taken is None:
            return wrong(
                "AGG301",
                f"{emitter.name}: emits {name}, which nothing applies; add an @applies method, "
                f"or list it: @aggregate(..., ignores=[{event.__name__}])",
                emitter.name,
            )
        where = "ignores has" if applier is None else f"{applier.name} applies"
        return wrong(
            "AGG216",
            f"{emitter.name}: emits {full_class_name(event)}, but {where} {full_class_name(taken)} of the same name; "
            "use one of the two classes",
            emitter.name,
        )


def _two_classes(first: Compensator, second: Compensator) -> str:
    return wrong(
        "AGG216",
        f"{first.name} compensates {full_class_name(first.command)} and {second.name} "
        f"{full_class_name(second.command)} of the same name; use one of the two classes",
        second.name,
    )


def _emitted(emitter: _Emitter) -> tuple[type[Any], ...]:
    known = emitter.emits or ()
    # A fact is recorded whatever the annotation says.
    return tuple(dict.fromkeys((emitter.fact, *known))) if isinstance(emitter, FactHandler) else known


def _marked(cls: type[Any], issues: list[str]) -> list[Marked]:
    """The marked functions, the most derived one of each name, bases first."""
    names = [name for base in reversed(cls.__mro__) for name, value in vars(base).items() if _mark_on(value)]
    found: list[Marked] = []
    for name in dict.fromkeys(names):
        base = next(base for base in cls.__mro__ if name in vars(base))
        value, label = vars(base)[name], f"{base.__name__}.{name}"
        mark = _mark_on(value)
        if mark is None:
            lost = next(lost.kind.value for base in cls.__mro__ if (lost := _mark_on(vars(base).get(name))))
            issues.append(
                wrong("AGG210", f"{label}: overrides a method marked @{lost} without the mark; add @{lost}", label)
            )
        elif issue := _misplaced(label, mark, value):
            issues.append(issue)
        else:
            function: Any = value.__func__ if isinstance(value, staticmethod) else value
            found.append(Marked(f"{cls.__name__}.{name}", function, mark))
    return found


def _misplaced(label: str, mark: Mark, value: object) -> str | None:
    if mark.earlier is not None:
        both = " and ".join(_written(each) for each in (mark.earlier, mark))
        return wrong("AGG212", f"{label}: is marked {both}; a method has one mark, so write a second method", label)
    if mark.kind is Kind.UPCASTS:
        if isinstance(value, staticmethod):
            return None
        return wrong(
            "AGG211",
            f"{label}: @upcasts marks a static method, since an old event has no aggregate yet; add @staticmethod",
            label,
        )
    if isinstance(value, FunctionType):
        return None
    return wrong("AGG211", f"{label}: @{mark.kind.value} marks a plain method, not a {type(value).__name__}", label)


def _mark_on(value: object) -> Mark | None:
    # The mark may lie on the static method or on the function inside it, by the order of the decorators.
    inner: object = getattr(value, "__func__", None)
    return mark_of(value) or mark_of(inner)


def _written(mark: Mark) -> str:
    return f"@{mark.kind.value}" + (f"({mark.message.__name__})" if mark.message else "")


def _add(table: dict[str, Any], entry: Any, verb: str, issues: list[str]) -> None:
    other = table.setdefault(entry.type_name, entry)
    if other is not entry:
        issues.append(
            wrong("AGG209", f"{other.name} and {entry.name} both {verb} {entry.type_name}: remove one", entry.name)
        )
