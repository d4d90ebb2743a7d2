"""What an aggregate class declares, as values to look at, to print, and to draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ._findings import Finding
from ._rejections import Rejections


@attrs.frozen
class FieldEntry:
    """A field of a state or a message; `default` is as it is written, "" for what has none or says nothing."""

    name: str
    type: str
    default: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.type}" + (f" = {self.default}" if self.default else "")


@attrs.frozen
class MessageEntry:
    """A command or event: its full name, its class, its fields."""

    type_name: str
    name: str
    fields: tuple[FieldEntry, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.fields))})"


@attrs.frozen
class MethodEntry:
    """A method that decides: on a command, a fact, a refusal, or what to undo.

    Attributes:
        method: Such as "Account.withdraw".
        about: The first line of its docstring, or "".
        message: What it is for.
        emits: Full names of the events that its annotation names; None where it says too little.
        domain: Of a compensator: whose refusals it answers, None for those of any domain.

    """

    method: str
    about: str
    message: MessageEntry
    emits: tuple[str, ...] | None
    rejections: Rejections
    domain: str | None = None


@attrs.frozen
class EventEntry:
    """An event that is applied, or recorded without changing the state.

    Attributes:
        applier: The method that applies it; "" for one that is ignored.

    """

    message: MessageEntry
    applier: str = ""


@attrs.frozen
class UpcastEntry:
    """What an old event becomes: nothing, one event, or several."""

    method: str
    message: MessageEntry
    into: tuple[str, ...]


@attrs.frozen
class Catalogue:
    """All that an aggregate class declares.

    Attributes:
        about: The first line of its docstring, or "".
        aliases: Names that types were stored under once, each with today's full name.
        snapshot: When snapshots are taken, in words; "" for never.
        state_message: Full name of the message that the state travels as; "" for the framework's own.
        findings: What the declaration is warned of.

    """

    name: str
    domain: str
    about: str
    fields: tuple[FieldEntry, ...]
    commands: tuple[MethodEntry, ...]
    events: tuple[EventEntry, ...]
    facts: tuple[MethodEntry, ...] = ()
    compensations: tuple[MethodEntry, ...] = ()
    undos: tuple[MethodEntry, ...] = ()
    upcasts: tuple[UpcastEntry, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    unknown: str = "tolerant"
    snapshot: str = ""
    version: int = 1
    state_message: str = ""
    findings: tuple[Finding, ...] = ()

    def data(self) -> dict[str, Any]:
        """As dicts, tuples, texts and numbers, ready for `json.dumps`."""
        found: dict[str, Any] = attrs.asdict(self)
        return found

    def text(self) -> str:
        """For people to read, in a terminal or a review."""
        return "\n".join(line.rstrip() for line in _Text(self).lines()) + "\n"

    def mermaid(self) -> str:
        """A flowchart in Mermaid's language, which GitHub and most viewers of Markdown draw."""
        from ._mermaid import flowchart

        return flowchart(self)


class _Text:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def lines(self) -> Iterator[str]:
        """The whole text."""
        it = self._catalogue
        yield f"{it.name} (domain {it.domain})" + (f": {it.about}" if it.about else "")
        yield from _section("state", map(str, it.fields))
        yield from _section("commands", self._deciding(it.commands))
        yield from _section("facts", self._deciding(it.facts))
        yield from _section("refused commands", self._deciding(it.compensations))
        yield from _section("commands to undo", self._deciding(it.undos))
        yield from _section("events", (f"{each.message}{_taken(each)}" for each in it.events))
        yield from _section("old events", self._old())
        yield from _section("options", self._options())
        yield from _section("findings", map(str, it.findings))

    def _deciding(self, entries: Iterable[MethodEntry]) -> Iterator[str]:
        for entry in entries:
            of_domain = f" of domain {entry.domain}" if entry.domain else ""
            yield f"{entry.message}{of_domain}" + (f": {entry.about}" if entry.about else "")
            yield f"  emits    {_events(entry.emits)}"
            if entry.rejections != Rejections():
                yield f"  rejects  {entry.rejections}"

    def _old(self) -> Iterator[str]:
        for upcast in self._catalogue.upcasts:
            yield f"{upcast.message.name} becomes {_events(upcast.into)}"
        for stored, today in self._catalogue.aliases:
            yield f"{stored} is stored for {today}"

    def _options(self) -> Iterator[str]:
        it = self._catalogue
        yield f"snapshots    {it.snapshot or 'never'}" + (f", as {it.state_message}" if it.state_message else "")
        yield f"version      {it.version}"
        yield f"unknown      {it.unknown}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield title
        yield from (f"  {line}" for line in found)


def _events(names: tuple[str, ...] | None) -> str:
    if names is None:
        return "unknown: its annotation does not say"
    return ", ".join(short(name) for name in names) or "nothing"


def _taken(event: EventEntry) -> str:
    return "" if event.applier else ", which changes no state"


def short(type_name: str) -> str:
    """A full name without its package."""
    return type_name.rpartition(".")[2]
