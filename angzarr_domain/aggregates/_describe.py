"""From a class to its catalogue."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

import attrs

from angzarr_domain.books import type_name

from ._base import Aggregate
from ._catalogue import Catalogue, EventEntry, FieldEntry, MessageEntry, MethodEntry, UpcastEntry
from ._definition import AggregateDefinition, definition_of
from ._entries import Compensator, FactHandler, Handler, Undoer
from ._rejections import rejections_of
from ._snapshots import SnapshotPolicy


def describe(aggregate: type[Aggregate]) -> Catalogue:
    """All that an aggregate class declares: as data, `.text()` for people, `.mermaid()` for a picture.

    Rejections are found in the code of the handlers, without running it: codes that are written out, in the handler
    and in methods and functions of the same package that it calls.

    Raises:
        UsageError: The class is not decorated.

    """
    definition = definition_of(aggregate)
    compensators = [entry for entries in definition.compensators.values() for entry in entries]
    return Catalogue(
        name=aggregate.__name__,
        domain=definition.domain,
        about=_first_line(aggregate),
        fields=tuple(_fields(definition.cls)),
        commands=tuple(_decides(definition, entry, entry.command) for entry in definition.handlers.values()),
        events=tuple(_events(definition)),
        facts=tuple(_decides(definition, entry, entry.fact) for entry in definition.facts.values()),
        compensations=tuple(_decides(definition, entry, entry.command) for entry in compensators),
        undos=tuple(_decides(definition, entry, entry.command) for entry in definition.undoers.values()),
        upcasts=tuple(
            UpcastEntry(upcast.name, _message(upcast.event), tuple(map(type_name, upcast.into)))
            for upcast in definition.upcasts.values()
        ),
        aliases=tuple((stored, type_name(today)) for stored, today in definition.aliases.items()),
        unknown=definition.unknown,
        snapshot=_policy(definition.snapshot),
        version=definition.version,
        state_message="" if definition.state_message is None else type_name(definition.state_message),
        findings=definition.findings,
    )


def _decides(
    definition: AggregateDefinition[Any], entry: Handler | FactHandler | Compensator | Undoer, message: type[Any]
) -> MethodEntry:
    return MethodEntry(
        method=entry.name,
        about=_first_line(entry.function),
        message=_message(message),
        emits=None if entry.emits is None else tuple(map(type_name, entry.emits)),
        rejections=rejections_of(definition.cls, entry.function),
        domain=entry.domain if isinstance(entry, Compensator) else None,
    )


def _events(definition: AggregateDefinition[Any]) -> Iterator[EventEntry]:
    for applier in definition.appliers.values():
        yield EventEntry(_message(applier.event), applier.name)
    for event in definition.ignores.values():
        yield EventEntry(_message(event))


def _message(cls: type[Any]) -> MessageEntry:
    descriptor = getattr(cls, "DESCRIPTOR", None)
    if descriptor is not None:
        fields = [FieldEntry(field.name, _compiled_type(field)) for field in descriptor.fields]
    else:
        fields = [attrs.evolve(field, default="") for field in _fields(cls)]
    return MessageEntry(type_name(cls), cls.__name__, tuple(fields))


def _compiled_type(field: Any) -> str:
    named = field.message_type or field.enum_type
    # The numbers are those of protobuf's FieldDescriptor.CppType.
    plain = {1: "int", 2: "int", 3: "int", 4: "int", 5: "float", 6: "float", 7: "bool", 9: "str"}
    kind = plain.get(field.cpp_type, "") if named is None else str(named.name)
    kind = "bytes" if kind == "str" and field.type == _BYTES else kind
    many = field.is_repeated if hasattr(field, "is_repeated") else field.label == _REPEATED
    return f"repeated {kind}" if many else kind


_BYTES = 12
_REPEATED = 3


def _fields(cls: type[Any]) -> Iterator[FieldEntry]:
    for attribute in attrs.fields(cls):
        yield FieldEntry(attribute.name, _type_text(attribute.type), _default_text(attribute.default))


def _type_text(annotation: Any) -> str:
    if annotation is None:
        return "unknown"
    plain = isinstance(annotation, type) and not hasattr(annotation, "__args__")
    # Modules say where a class is, which a reader of the catalogue seldom asks.
    return annotation.__qualname__ if plain else re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(annotation))


def _default_text(default: Any) -> str:
    if default is attrs.NOTHING:
        return ""
    factory = getattr(default, "factory", None)
    if factory is None:
        return f"{type(default).__name__}.{default.name}" if isinstance(default, Enum) else repr(default)
    made = typing.get_origin(factory) or factory
    return f"{made.__qualname__}()" if isinstance(made, type) else "(computed)"


def _policy(policy: SnapshotPolicy | None) -> str:
    if policy is None:
        return ""
    if policy.every is not None:
        return f"every {policy.every} events"
    return f"when folding takes longer than {policy.slower_than}"


def _first_line(documented: Any) -> str:
    own = vars(documented).get("__doc__") if isinstance(documented, type) else documented.__doc__
    return (inspect.cleandoc(own).partition("\n")[0].strip() if own else "").rstrip(".")
