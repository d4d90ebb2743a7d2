"""Decorators put one frozen mark on a function and return that very function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from types import CodeType
from typing import Any, ParamSpec, Protocol, TypeVar, overload

import attrs

from angzarr_domain.books import Message, is_message_type
from angzarr_domain.exceptions import UsageError

from ._context import Context

Emits = Message | Iterable[Message] | None

MARK = "__angzarr_mark__"

A = TypeVar("A")
M_co = TypeVar("M_co", bound=Message, covariant=True)
M_contra = TypeVar("M_contra", bound=Message, contravariant=True)
M = TypeVar("M", bound=Message)
P = ParamSpec("P")


class Kind(Enum):
    """What a marked function does."""

    HANDLES = "handles"
    APPLIES = "applies"
    ACCEPTS = "accepts"
    COMPENSATES = "compensates"
    UNDOES = "undoes"
    UPCASTS = "upcasts"


@attrs.frozen
class Mark:
    """What a decorator says of a function. Without a message type, its annotation says it."""

    kind: Kind
    message: type[Any] | None = None
    #: Whose refusal a compensator answers; None is that of any domain.
    domain: str | None = None
    #: A mark that the same function carried already; the declaration refuses it.
    earlier: Mark | None = None


class _Handler(Protocol):
    # Tells type checkers that a class is no handler.
    __code__: CodeType

    def __call__(self, aggregate: Any, command: Any, /) -> Emits: ...


class _HandlerInContext(Protocol):
    __code__: CodeType

    def __call__(self, aggregate: Any, command: Any, context: Context, /) -> Emits: ...


class _Applier(Protocol):
    __code__: CodeType

    def __call__(self, aggregate: Any, event: Any, /) -> None: ...


H = TypeVar("H", bound=_Handler | _HandlerInContext)
F = TypeVar("F", bound=_Applier)
E = TypeVar("E", bound=Emits)


class _MarksHandlerOf(Protocol[M]):
    @overload
    def __call__(self, method: Callable[[A, M], E], /) -> Callable[[A, M], E]: ...
    @overload
    def __call__(self, method: Callable[[A, M, Context], E], /) -> Callable[[A, M, Context], E]: ...


class _MarksApplierOf(Protocol[M]):
    def __call__(self, method: Callable[[A, M], None], /) -> Callable[[A, M], None]: ...


# The overload for classes comes first: compiled messages have positional constructors, which look like methods.
@overload
def handles(message: type[M], /) -> _MarksHandlerOf[M]: ...  # pyright: ignore[reportOverlappingOverload]
@overload
def handles(method: H, /) -> H: ...
def handles(target: Any = None, /) -> Any:
    """Mark a method as the handler of one command type.

    The method takes `(self, command)` or `(self, command, context)` and returns an event, an iterable of events
    or None. It raises `Rejected` to refuse, and never changes `self`. The command type is read from the
    annotation, or given: `@handles(Withdraw)`.
    """
    return mark(Kind.HANDLES, target)


@overload
def applies(message: type[M], /) -> _MarksApplierOf[M]: ...  # pyright: ignore[reportOverlappingOverload]
@overload
def applies(method: F, /) -> F: ...
def applies(target: Any = None, /) -> Any:
    """Mark a method as the applier of one event type.

    The method takes `(self, event)`, changes `self` and returns nothing. It must depend on these two only: it
    runs again whenever history is replayed. The event type is read from the annotation, or given:
    `@applies(Withdrawn)`.
    """
    return mark(Kind.APPLIES, target)


def mark(kind: Kind, target: Any, domain: str | None = None) -> Any:
    """The target marked, or, where the target is a message type, what marks a method with it."""
    if target is None:
        raise UsageError(
            f"@{kind.value}() marks nothing: write @{kind.value}, or @{kind.value}(TheMessage)", field="method"
        )
    if is_message_type(target):

        def mark_of_message(method: Any) -> Any:
            return _put(kind, method, target, domain)

        return mark_of_message
    if isinstance(target, type):
        raise UsageError(
            f"@{kind.value}({target.__qualname__}): that is no message class; generate it from a .proto, "
            "or compile it with protoc",
            field="message",
        )
    return _put(kind, target)


def _put(kind: Kind, method: Any, message: type[Any] | None = None, domain: str | None = None) -> Any:
    try:
        setattr(method, MARK, Mark(kind, message, domain, mark_of(method)))
    except AttributeError as error:
        raise UsageError(
            f"@{kind.value} marks a plain method, or takes its message class; it got a {type(method).__name__}",
            field="method",
        ) from error
    return method


def mark_of(candidate: object) -> Mark | None:
    """The mark a function carries."""
    found = getattr(candidate, MARK, None)
    return found if isinstance(found, Mark) else None
