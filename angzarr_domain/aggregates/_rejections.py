"""Which rejections a handler may raise, as far as its code shows. Nothing of it is run."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, Final

import attrs

from angzarr_domain.exceptions import Rejected

from ._code import Named, named_by

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]*")


@attrs.frozen
class Rejections:
    """The codes that a method rejects with.

    Attributes:
        codes: In the order they are written, those of the methods and functions it calls included.
        complete: Whether these are all, as far as the code shows; some are computed, or the code cannot be read.

    """

    codes: tuple[str, ...] = ()
    complete: bool = True

    def __str__(self) -> str:
        known = ", ".join(self.codes)
        if self.complete:
            return known or "nothing"
        return f"{known}, and others that only show when it runs" if known else "unknown"


def rejections_of(cls: type[Any], function: Callable[..., Any]) -> Rejections:
    """What a handler may reject with.

    Calls are followed to methods of its class and to functions of the same package.
    """
    plain: Any = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        return Rejections(complete=False)
    found = list(_codes(cls, plain, set()))
    return Rejections(tuple(dict.fromkeys(code for code in found if code)), complete="" not in found)


def _codes(cls: type[Any], function: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    """Each code, "" for one that is computed."""
    seen.add(function)
    for what in named_by(cls, function):
        if _is_rejection(what.after) and not what.attribute and not _has_own_code(what.after):
            yield _constant(what)
        elif _is_rejection(what.value) and _has_own_code(what.value):
            yield _own_code(what.value)
        called = what.value.fget if isinstance(what.value, property) else what.value
        if isinstance(called, FunctionType) and called not in seen and _package(called) == _package(function):
            yield from _codes(cls, called, seen)


def _is_rejection(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Rejected)


def _constant(argument: Named) -> str:
    # A text that goes on after its last underscore is the beginning of one that is put together.
    text = argument.value if isinstance(argument.value, str) else ""
    return text if _CODE.fullmatch(text) and not text.endswith("_") else ""


def _has_own_code(rejection: type[Rejected]) -> bool:
    """Whether a class of the author's has a constructor, which chooses the code."""
    return rejection.__init__ is not Rejected.__init__


def _own_code(rejection: type[Rejected]) -> str:
    code = getattr(rejection.__init__, "__code__", None)
    constants = [] if code is None else [value for value in code.co_consts if isinstance(value, str)]
    codes = [value for value in constants if _CODE.fullmatch(value)]
    return codes[0] if len(codes) == 1 else ""


def _package(function: FunctionType) -> str:
    return function.__module__.partition(".")[0]
