"""What an applier asks beside its event and its state, seen in its code: clocks, random sources, facts."""

from __future__ import annotations

import builtins
import datetime as dt
import dis
import inspect
import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

import attrs

_MOMENTS: Final = {"now", "utcnow", "today"}
_FACTS: Final = {"exists", "next_sequence"}
_DRAWS: Final = "random uniform triangular randint randrange choice choices sample shuffle getrandbits randbytes gauss"
# Compared by identity: what is asked may be any object.
_IMPURE: Final = {
    id(getattr(module, name))
    for module, names in (
        (time, "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns"),
        (uuid, "uuid1 uuid4"),
        (os, "urandom"),
        (random, f"{_DRAWS} normalvariate lognormvariate expovariate vonmisesvariate gammavariate betavariate"),
        (secrets, "choice randbelow randbits token_bytes token_hex token_urlsafe"),
    )
    for name in names.split()
}
_UNKNOWN: Final = object()


@attrs.frozen
class Asked:
    """One thing that a function asks, such as `datetime.now`, or `self.exists`.

    Attributes:
        file: Where the code is.
        line: In that file; 0 where that is not known.
        by: The function that asks, "" for the one that was looked at.

    """

    what: str
    file: str
    line: int
    by: str = ""

    @property
    def place(self) -> str:
        """Where it is asked."""
        return f"{Path(self.file).name}:{self.line}" + (f", in {self.by}" if self.by else "")


def impure_calls(cls: type[Any], function: Callable[..., Any]) -> list[Asked]:
    """Clocks and random sources that an applier names, also in what it defines inside and in functions it calls.

    Functions are followed one level deep: those of its module and of its class.
    """
    called: list[FunctionType] = []
    found = _asked(cls, function, called)
    for each in dict.fromkeys(called):
        found += _asked(cls, each, [], by=each.__qualname__)
    return found


def _asked(cls: type[Any], function: Callable[..., Any], called: list[FunctionType], by: str = "") -> list[Asked]:
    named = _named(cls, function, called)
    return [Asked(what.name, code.co_filename, line, by) for what, line, code in named if _is_impure(what)]


def facts_read(cls: type[Any], function: Callable[..., Any]) -> list[Asked]:
    """Facts of the aggregate that an applier reads: they are known only once all events are folded."""
    return [
        Asked(what.name, code.co_filename, line)
        for what, line, code in _named(cls, function, [])
        if what.owner is cls and what.attribute in _FACTS
    ]


@attrs.frozen
class _Named:
    """Something that code names: `datetime.now` is the attribute now of the class datetime."""

    name: str
    value: Any
    owner: Any = _UNKNOWN
    attribute: str = ""


_NOTHING: Final = _Named("", _UNKNOWN)


def _is_impure(what: _Named) -> bool:
    if isinstance(what.owner, type) and issubclass(what.owner, dt.date) and what.attribute in _MOMENTS:
        return True
    return id(what.value) in _IMPURE


def _named(
    cls: type[Any], function: Callable[..., Any], called: list[FunctionType]
) -> Iterator[tuple[_Named, int, CodeType]]:
    plain: Any = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        return
    closure: dict[str, Any] = dict(inspect.getclosurevars(plain).nonlocals) if plain.__closure__ else {}
    names = {**vars(builtins), **plain.__globals__, **closure}
    own = plain.__code__.co_varnames[: plain.__code__.co_argcount][:1]
    for code in _nested(plain.__code__):
        for what, instruction in _walk(code, {**names, **dict.fromkeys(own, cls)}):
            if isinstance(what.value, FunctionType) and what.value.__module__ == plain.__module__:
                called.append(what.value)
            positions = instruction.positions
            yield what, (positions.lineno if positions else None) or 0, code


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _walk(code: CodeType, names: dict[str, Any]) -> Iterator[tuple[_Named, dis.Instruction]]:
    """What the code names, one attribute after the other; nothing of it is run."""
    current, known = _NOTHING, dict(names)
    for instruction in dis.get_instructions(code):
        operation, argument = instruction.opname, instruction.argval
        if operation in {"LOAD_ATTR", "LOAD_METHOD"}:
            current = _attribute(current, str(argument))
        elif operation == "IMPORT_NAME":
            current = _Named(str(argument), sys.modules.get(str(argument), _UNKNOWN))
        elif operation == "IMPORT_FROM":  # which leaves the module where it is
            imported = _attribute(current, str(argument))
            known[str(argument)] = imported.value
            yield imported, instruction
            continue
        elif operation.startswith("LOAD_"):
            # A superinstruction loads two.
            name = str(argument[-1] if isinstance(argument, tuple) else argument)  # pyright: ignore[reportUnknownArgumentType] - of names
            current = _Named(name, known.get(name, _UNKNOWN))
        elif operation == "STORE_FAST" and isinstance(current.value, ModuleType):
            known[str(argument)] = current.value
            continue
        else:
            # What stands between a name and its attribute changes neither.
            current = current if operation in {"PUSH_NULL", "CACHE", "NOP"} else _NOTHING
            continue
        if current is not _NOTHING:
            yield current, instruction


def _attribute(of: _Named, name: str) -> _Named:
    if of.value is _UNKNOWN:
        return _NOTHING
    # Of modules and classes only: to ask an object for an attribute may run its code.
    followed = isinstance(of.value, (ModuleType, type))
    value: Any = inspect.getattr_static(of.value, name, _UNKNOWN) if followed else _UNKNOWN
    if type(value) in {staticmethod, classmethod}:
        value = getattr(value, "__func__", _UNKNOWN)
    return _Named(f"{of.name}.{name}", value, of.value, name)
