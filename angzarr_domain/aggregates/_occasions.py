"""Decorators for what happens to an aggregate beside commands, and for events as they were stored once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any, Protocol, TypeVar, overload

from angzarr_domain.books import Message, is_message_type
from angzarr_domain.exceptions import UsageError

from ._context import Context
from ._marks import Kind, mark
from ._refusals import Escalation, Refused, Undo

#: A fact handler cannot answer with nothing: what happened outside has happened.
Recorded = Message | Iterable[Message]
Compensated = Message | Escalation | Iterable[Message | Escalation] | None
Undone = Message | Iterable[Message] | None
Upcasted = Message | tuple[Message, ...] | None

A = TypeVar("A")
M = TypeVar("M", bound=Message)


class _FactHandler(Protocol):
    __code__: CodeType

    def __call__(self, aggregate: Any, fact: Any, /) -> Recorded: ...


class _FactHandlerInContext(Protocol):
    __code__: CodeType

    def __call__(self, aggregate: Any, fact: Any, context: Context, /) -> Recorded: ...


class _Upcast(Protocol):
    __code__: CodeType

    def __call__(self, event: Any, /) -> Upcasted: ...


F = TypeVar("F", bound=_FactHandler | _FactHandlerInContext)
R = TypeVar("R", bound=Recorded)
C = TypeVar("C", bound=Compensated)
U = TypeVar("U", bound=Undone)
T = TypeVar("T", bound=Upcasted)
V = TypeVar("V", bound="_Upcast | staticmethod[[Any], Upcasted]")


class _MarksFactHandlerOf(Protocol[M]):
    @overload
    def __call__(self, method: Callable[[A, M], R], /) -> Callable[[A, M], R]: ...
    @overload
    def __call__(self, method: Callable[[A, M, Context], R], /) -> Callable[[A, M, Context], R]: ...


class _MarksCompensatorOf(Protocol[M]):
    @overload
    def __call__(self, method: Callable[[A, Refused[M]], C], /) -> Callable[[A, Refused[M]], C]: ...
    @overload
    def __call__(self, method: Callable[[A, Refused[M], Context], C], /) -> Callable[[A, Refused[M], Context], C]: ...


class _MarksUndoerOf(Protocol[M]):
    @overload
    def __call__(self, method: Callable[[A, Undo[M]], U], /) -> Callable[[A, Undo[M]], U]: ...
    @overload
    def __call__(self, method: Callable[[A, Undo[M], Context], U], /) -> Callable[[A, Undo[M], Context], U]: ...


class _MarksUpcastOf(Protocol[M]):
    @overload
    def __call__(self, function: staticmethod[[M], T], /) -> staticmethod[[M], T]: ...
    @overload
    def __call__(self, function: Callable[[M], T], /) -> Callable[[M], T]: ...


@overload
def accepts(message: type[M], /) -> _MarksFactHandlerOf[M]: ...  # pyright: ignore[reportOverlappingOverload]
@overload
def accepts(method: F, /) -> F: ...
def accepts(target: Any = None, /) -> Any:
    """Mark a method as the handler of one type of facts: events that happened outside and are only told.

    The method takes `(self, fact)` or `(self, fact, context)` and returns the fact, as it came or completed, or
    an iterable that begins with it: what follows are flag events, such as one that says the fact looks wrong. The
    type is read from the annotation, or given: `@accepts(PaymentSettled)`. Facts of undeclared types are refused.
    """
    return mark(Kind.ACCEPTS, target)


def compensates(command: type[M], /, *, domain: str | None = None) -> _MarksCompensatorOf[M]:
    """Mark a method as what is done when a command that this aggregate caused was refused.

    The method takes `(self, refused)` or `(self, refused, context)`, where `refused` is a `Refused[Credit]`, and
    returns events, None, or an `Escalation`. Several of one command run in the order they are declared in; the
    first escalation beats all events.

    Args:
        command: The type of the refused command.
        domain: Answers refusals of this domain only, before those that name none.

    """
    _check_named(Kind.COMPENSATES, command)
    marks: _MarksCompensatorOf[M] = mark(Kind.COMPENSATES, command, domain)
    return marks


def undoes(command: type[M], /) -> _MarksUndoerOf[M]:
    """Mark a method as what undoes a command that this aggregate executed. One for each type of command.

    The method takes `(self, undo)` or `(self, undo, context)`, where `undo` is an `Undo[Withdraw]`, and returns
    the events that make up for it, or None.
    """
    _check_named(Kind.UNDOES, command)
    marks: _MarksUndoerOf[M] = mark(Kind.UNDOES, command)
    return marks


@overload
def upcasts(message: type[M], /) -> _MarksUpcastOf[M]: ...  # pyright: ignore[reportOverlappingOverload]
@overload
def upcasts(function: V, /) -> V: ...
def upcasts(target: Any = None, /) -> Any:
    """Mark a static method as what turns an event of an older type into today's.

    It takes the old event and returns the new one, a tuple of new ones, or None for an event that means nothing
    any more; its annotations say which. It depends on the old event only. Stored events stay as they are. In
    either order with `@staticmethod`.
    """
    return mark(Kind.UPCASTS, target)


def _check_named(kind: Kind, command: Any) -> None:
    if not is_message_type(command) and not isinstance(command, type):
        raise UsageError(f"@{kind.value} names the type of a command: write @{kind.value}(TheCommand)", field="command")
