"""What an accepted declaration is worth a look for."""

from __future__ import annotations

import dis
import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from angzarr_domain.exceptions import DeclarationWarning

from ._definition import AggregateDefinition
from ._entries import Applier, Compensator, FactHandler, Handler, Undoer
from ._findings import Finding, warned, wrong
from ._purity import facts_read, impure_calls
from ._schema import unencodable_fields
from ._syntax import mutations, syntax_of

_CHANGES = {"STORE_ATTR", "DELETE_ATTR", "STORE_SUBSCR", "DELETE_SUBSCR"}

Emitter = Handler | FactHandler | Compensator | Undoer


def unwritable(definition: AggregateDefinition[Any]) -> list[str]:
    """The fields that keep the snapshots from being taken that the declaration asks for."""
    if definition.snapshot is None:
        return []
    return [wrong("AGG127", f"field {name}: {why}", name) for name, why in unencodable_fields(definition.cls)]


def look_at(definition: AggregateDefinition[Any]) -> tuple[Finding, ...]:
    """Every warning of a declaration."""
    return (
        *_fields(definition),
        *_unemitted(definition),
        *(finding for emitter in emitters_of(definition) for finding in _answers(emitter)),
        *(finding for emitter in emitters_of(definition) for finding in _mutating(emitter)),
        *(finding for applier in definition.appliers.values() for finding in _impure(definition.cls, applier)),
    )


def warn_of(findings: tuple[Finding, ...], stacklevel: int) -> None:
    """One Python warning each, at the line of the class."""
    for finding in findings:
        warnings.warn(str(finding), DeclarationWarning, stacklevel=stacklevel + 1)


def emitters_of(definition: AggregateDefinition[Any]) -> list[Emitter]:
    """Every method that may emit events."""
    compensators = [entry for entries in definition.compensators.values() for entry in entries]
    return [*definition.handlers.values(), *definition.facts.values(), *compensators, *definition.undoers.values()]


def _fields(definition: AggregateDefinition[Any]) -> Iterator[Finding]:
    if definition.snapshot is None:
        for name, why in unencodable_fields(definition.cls):
            yield warned("AGG401", f"{definition.cls.__name__}.{name}", f"no snapshot could hold it: {why}")


def _unemitted(definition: AggregateDefinition[Any]) -> Iterator[Finding]:
    emitters = emitters_of(definition)
    if not emitters or any(emitter.emits is None for emitter in emitters):
        return  # a handler that does not say what it emits may emit this
    emitted = {event for emitter in emitters for event in emitter.emits or ()}
    emitted |= {fact.fact for fact in definition.facts.values()}
    emitted |= {event for upcast in definition.upcasts.values() for event in upcast.into}
    emitted |= set(definition.aliases.values())
    for applier in definition.appliers.values():
        if applier.event not in emitted:
            text = (
                f"applies {applier.type_name}, which nothing emits: name it in the annotation of its handler, turn it "
                "into today's event by @upcasts, or drop the applier, unless stored streams hold such events"
            )
            yield warned("AGG402", applier.name, text)


def _answers(emitter: Emitter) -> Iterator[Finding]:
    if emitter.emits is not None:
        return
    annotation = inspect.signature(emitter.function).return_annotation
    if annotation is inspect.Signature.empty:
        text = "does not say what it emits, so nothing can be checked: annotate its answer with the event classes"
        yield warned("AGG403", emitter.name, text)
    else:
        text = f"returns {annotation}, which names no event classes: name them, such as Iterable[Opened | Deposited]"
        yield warned("AGG404", emitter.name, text)


def _mutating(emitter: Emitter) -> Iterator[Finding]:
    # Reading the source of every handler takes time, so only that of those is read which change anything at all.
    plain: Any = inspect.unwrap(emitter.function)
    if not any(instruction.opname in _CHANGES for instruction in dis.get_instructions(plain)):
        return
    syntax = syntax_of(plain)
    for name, line in mutations(syntax) if syntax else ():
        text = (
            f"changes self.{name} ({Path(plain.__code__.co_filename).name}:{line}), which fails when it runs: answer "
            "with an event, and change the state in its applier"
        )
        yield warned("AGG406", emitter.name, text)


def _impure(cls: type[Any], applier: Applier) -> Iterator[Finding]:
    for asked in impure_calls(cls, applier.function):
        text = (
            f"asks {asked.what} ({asked.place}), so that each replay leads to another state: let the handler ask its "
            "context, and put the answer into the event"
        )
        yield warned("AGG405", applier.name, text)
    for asked in facts_read(cls, applier.function):
        text = f"reads {asked.what} ({asked.place}), which is not known while events are folded: keep a field of it"
        yield warned("AGG407", applier.name, text)
