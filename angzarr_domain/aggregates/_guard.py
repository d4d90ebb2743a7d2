"""While a handler decides, its aggregate wears a class that refuses to be changed.

Nothing is copied and nothing compared: `__class__` is swapped for an empty subclass of the same layout, so the very
line that assigns raises, and appliers, which run outside, pay nothing. To the author's code the aggregate stays what it
is: `__class__`, equality, repr, copies and pickles are those of the real class, and so is what `type(self)(...)` makes.

Not noticed by the class alone: `object.__setattr__(self, ...)`, and what is done to a list or dict that a field holds.
`state_checked` finds those, by comparing the fields before and after (see `_contents`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from angzarr_domain.exceptions import StateMutated

from ._base import Aggregate
from ._contents import Contents
from ._definition import DEFINITION

A = TypeVar("A", bound=Aggregate)

# Under its own name an assignment to `__class__` would meet the guard.
_set_class: Final[Callable[[object, type], None]] = object.__dict__["__class__"].__set__

#: Who decides on an aggregate at the moment, by its id. Never more than one: see `Guard.__enter__`.
_deciding: Final[dict[int, Guard[Any]]] = {}

_checked: Final = ContextVar("angzarr_state_checked", default=False)


@contextmanager
def state_checked(*, check: bool = True) -> Generator[None, None, None]:
    """Inside, a handler fails that changed in place what a field holds: `self.items.append(...)`.

    Costs a copy and a comparison of each list, dict and the like, one level deep, for every handler that is called. The
    state is then no longer what it was: whoever keeps it for longer than one command decides on a copy.

    Raises:
        StateMutated: When the handler has ended, naming the field; from whatever calls the handler.

    """
    token = _checked.set(check)
    try:
        yield
    finally:
        _checked.reset(token)


class Guard(Generic[A]):
    """`with Guard(state, "Account.withdraw") as state:` whatever changes the state raises StateMutated, at its line.

    An aggregate that is being decided on already, by a handler further up or by another thread that shares it, is lent
    as a copy: so each decision has an object, and a guard, to itself.

    Args:
        state: The aggregate the handler decides on.
        handler: Who is to be named.

    Raises:
        StateMutated: Also at the end of the block, if the handler swallowed the first one, whatever it answered or
            raised instead; exceptions that are no `Exception`, such as KeyboardInterrupt, go through.

    """

    # Made for each command, so every call and every lock counts here.
    __slots__ = ("_contents", "_handler", "_real", "_state", "_violation")

    def __init__(self, state: A, handler: str) -> None:
        self._state = state
        self._handler = handler
        self._contents: Contents | None = None
        self._violation: StateMutated | None = None

    def __enter__(self) -> A:
        state = self._state
        if _deciding.setdefault(id(state), self) is not self:
            self._state = state = copy.deepcopy(state)
            _deciding[id(state)] = self
        self._real = real = type(state)
        try:
            if _checked.get():
                self._contents = Contents(state)
            guarded = real.__angzarr_guarded__
            if guarded is None or guarded.__angzarr_real__ is not real:
                guarded = guarded_class(real)
            _set_class(state, guarded)
        except BaseException:  # an interrupt, say: no block will take it off
            self._take_off()
            raise
        return state

    def __exit__(self, kind: object, error: BaseException | None, frames: TracebackType | None) -> None:
        self._take_off()
        if self._contents is not None and self._violation is None:
            field = self._contents.changed(self._state)
            if field is not None:
                self._violation = StateMutated(field, self._handler, change="changes what is in")
        violation = self._violation
        if violation is not None and violation is not error and (error is None or isinstance(error, Exception)):
            raise violation  # its traceback leads to the guilty line, whatever the handler made of it

    def _take_off(self) -> None:
        _set_class(self._state, self._real)
        _deciding.pop(id(self._state), None)

    def violated(self, field: str, change: str) -> StateMutated:
        """The error to raise; the first one is remembered, in case the handler swallows it."""
        error = StateMutated(field, self._handler, change=change)
        if self._violation is None:
            self._violation = error
        return error


def _refusal(state: object, field: str, change: str) -> StateMutated:
    guard = _deciding.get(id(state))
    # None for a thread that the handler started, if the handler ends at this very moment.
    return StateMutated(field, type(state).__name__, change=change) if guard is None else guard.violated(field, change)


class Guarded:
    """What a guarded class has before the real one in its bases."""

    __slots__ = ()
    __angzarr_real__: type[Any]

    # A guarded class is none of the author's subclasses: their hook does not hear of it.
    def __init_subclass__(cls) -> None:
        pass

    # `type(self)(...)` makes an aggregate as `self.__class__(...)` does, which may be set up and changed.
    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls.__angzarr_real__(*args, **kwargs)

    def __setattr__(self, name: str, value: object) -> None:
        raise _refusal(self, name, "sets")

    def __delattr__(self, name: str) -> None:
        raise _refusal(self, name, "deletes")

    def __reduce_ex__(self, protocol: Any) -> Any:
        # copy and pickle: the class that is asked to make the copy is the real one.
        reduced: Any = super().__reduce_ex__(protocol)
        if isinstance(reduced, str):
            return reduced
        make, arguments, *state = reduced
        return _unguarded(make), tuple(_unguarded(each) for each in arguments), *state


def _unguarded(part: Any) -> Any:
    real: Any = getattr(part, "__angzarr_real__", None) if isinstance(part, type) else None
    return part if real is None else real


def guarded_class(real: type[Any]) -> type[Any]:
    """The class that an aggregate of this class wears while a handler decides; made once.

    Raises:
        TypeError: The class cannot have a subclass of the same layout, say since its metaclass forbids any.

    """
    guarded: Any = real.__angzarr_guarded__
    if guarded is None or guarded.__angzarr_real__ is not real:  # that of a base
        names = {
            "__slots__": (),
            "__module__": real.__module__,
            "__qualname__": real.__qualname__,
            "__doc__": real.__doc__,
            "__class__": property(lambda _self: real),
            "__angzarr_real__": real,
            DEFINITION: vars(real).get(DEFINITION),  # for definition_of(type(self))
        }
        make: Any = type(real)  # the author may have a metaclass
        # Should two threads make one at the same time, either will do.
        guarded = make(real.__name__, (Guarded, real), names)
        real.__angzarr_guarded__ = guarded
    made: type[Any] = guarded
    return made
