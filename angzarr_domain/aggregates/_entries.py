"""What an aggregate class declares, one value for each marked method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs


@attrs.frozen
class Handler:
    """One command handler, as collected from its class."""

    name: str
    command: type[Any]
    type_name: str
    function: Callable[..., Any] = attrs.field(repr=False)
    takes_context: bool = False
    #: What its annotation says it returns; None where the annotation says too little.
    emits: tuple[type[Any], ...] | None = None


@attrs.frozen
class Applier:
    """One event applier, as collected from its class."""

    name: str
    event: type[Any]
    type_name: str
    function: Callable[..., None] = attrs.field(repr=False)


@attrs.frozen
class FactHandler:
    """The handler of one type of facts from outside; it emits the fact, and flag events after it."""

    name: str
    fact: type[Any]
    type_name: str
    function: Callable[..., Any] = attrs.field(repr=False)
    takes_context: bool = False
    emits: tuple[type[Any], ...] | None = None


@attrs.frozen
class Compensator:
    """What is done when a command of this type, which the aggregate caused, was refused.

    Attributes:
        domain: Whose refusal it answers; None is that of any domain.

    """

    name: str
    command: type[Any]
    type_name: str
    function: Callable[..., Any] = attrs.field(repr=False)
    domain: str | None = None
    takes_context: bool = False
    emits: tuple[type[Any], ...] | None = None

    @property
    def key(self) -> str:
        """What it is looked up by: "domain:full.Type", or "full.Type" for any domain."""
        return compensation_key(self.domain, self.type_name)


@attrs.frozen
class Undoer:
    """What is done when a command of this type, which the aggregate executed, is to be undone."""

    name: str
    command: type[Any]
    type_name: str
    function: Callable[..., Any] = attrs.field(repr=False)
    takes_context: bool = False
    emits: tuple[type[Any], ...] | None = None


@attrs.frozen
class Upcast:
    """From an event as it was stored once to what it is today.

    Attributes:
        type_name: The full name of the old type.
        into: What it becomes, in the order it is written in the annotation; nothing if it is left out today.

    """

    name: str
    event: type[Any]
    type_name: str
    into: tuple[type[Any], ...]
    function: Callable[[Any], Any] = attrs.field(repr=False)


def compensation_key(domain: str | None, type_name: str) -> str:
    """The key of a refused command's type, of one domain or of any."""
    return type_name if domain is None else f"{domain}:{type_name}"
