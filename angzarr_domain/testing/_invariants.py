"""What always has to hold of an aggregate, said as a function."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from angzarr_domain.aggregates import Aggregate
from angzarr_domain.books import Message
from angzarr_domain.exceptions import UsageError

A = TypeVar("A", bound=Aggregate)

#: Takes the aggregate, or the aggregate and its events so far; returns False or raises AssertionError where it is
#: broken. None, as a function that only asserts returns, holds.
Invariant: TypeAlias = Callable[[A], object] | Callable[[A, tuple[Message, ...]], object]

_LAMBDA: Final = "<lambda>"
_POSITIONAL: Final = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}


def invariant_name(invariant: Callable[..., object]) -> str:
    """What reports call it; a lambda, by where it stands."""
    name = getattr(invariant, "__name__", None)
    code = getattr(invariant, "__code__", None)
    if name == _LAMBDA and code is not None:
        return f"the lambda in {Path(code.co_filename).name}, line {code.co_firstlineno}"
    return repr(invariant) if name is None else name


def takes_history(invariant: Callable[..., object]) -> bool:
    """Whether it asks for the events beside the aggregate.

    Raises:
        UsageError: It takes neither one argument nor two.

    """
    parameters = inspect.signature(invariant).parameters.values()
    needed = [p for p in parameters if p.kind in _POSITIONAL and p.default is inspect.Parameter.empty]
    named = any(p.kind is inspect.Parameter.KEYWORD_ONLY and p.default is inspect.Parameter.empty for p in parameters)
    if len(needed) not in {1, 2} or named:
        raise UsageError(
            f"the invariant {invariant_name(invariant)} takes {inspect.signature(invariant)}; "
            "it has to take (aggregate) or (aggregate, history)",
            field="invariants",
        )
    return len(needed) == 2  # noqa: PLR2004 - the aggregate and its history


def broken_by(invariant: Callable[..., object], state: Aggregate, history: tuple[Message, ...]) -> str | None:
    """How the state breaks it: what it raised or returned; None where it holds."""
    # It gets a copy: what it does to it must not show anywhere else.
    arguments: tuple[Any, ...] = (
        (copy.deepcopy(state), history) if takes_history(invariant) else (copy.deepcopy(state),)
    )
    try:
        answer = invariant(*arguments)
    except AssertionError as error:
        return f"it raised {_first_line(error)}"
    except Exception as error:  # noqa: BLE001 - what it says of this state, it cannot say
        return f"it fails with {_first_line(error)}"
    return None if answer is None or answer else f"it returned {answer!r}"


def _first_line(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
