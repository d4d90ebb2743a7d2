"""What an applier asks beside its event and its state, seen in its code: clocks, random sources, facts."""

from __future__ import annotations

import datetime as dt
import os
import random
import secrets
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, Final

import attrs

from ._code import Named, named_by

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
    found: list[Asked] = []
    for what in named_by(cls, function):
        if isinstance(what.value, FunctionType) and what.value.__module__ == function.__module__:
            called.append(what.value)
        if _is_impure(what):
            found.append(Asked(what.name, what.file, what.line, by))
    return found


def facts_read(cls: type[Any], function: Callable[..., Any]) -> list[Asked]:
    """Facts of the aggregate that an applier reads: they are known only once all events are folded."""
    return [
        Asked(what.name, what.file, what.line)
        for what in named_by(cls, function)
        if what.owner is cls and what.attribute in _FACTS
    ]


def _is_impure(what: Named) -> bool:
    if isinstance(what.owner, type) and issubclass(what.owner, dt.date) and what.attribute in _MOMENTS:
        return True
    return id(what.value) in _IMPURE
