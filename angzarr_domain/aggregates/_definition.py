from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, dataclass_transform

import attrs

from angzarr_domain.exceptions import DeclarationError, UsageError

from ._base import Aggregate, Facts, keep_facts

A = TypeVar("A", bound=Aggregate)

DEFINITION = "__angzarr_definition__"


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


@attrs.frozen(eq=False)
class AggregateDefinition(Generic[A]):
    """All there is to know of an aggregate class, collected once. Everything downstream takes this.

    Attributes:
        handlers: By the full name of the command type.
        appliers: By the full name of the event type.
        ignores: Full names of events that are recorded but change no state.

    """

    cls: type[A]
    domain: str
    handlers: Mapping[str, Handler]
    appliers: Mapping[str, Applier]
    ignores: Mapping[str, type[Any]] = attrs.field(factory=dict[str, type[Any]])

    def __repr__(self) -> str:
        return (
            f"<AggregateDefinition {self.cls.__qualname__} of domain {self.domain!r}: "
            f"handles {', '.join(self.handlers) or 'nothing'}; applies {', '.join(self.appliers) or 'nothing'}>"
        )

    @property
    def message_types(self) -> tuple[type[Any], ...]:
        """Every command and event type the class names, each once."""
        commands = [handler.command for handler in self.handlers.values()]
        events = [applier.event for applier in self.appliers.values()]
        return tuple(dict.fromkeys([*commands, *events, *self.ignores.values()]))

    def fresh(self, facts: Facts) -> A:
        """The aggregate before its first event."""
        state = self.cls()
        keep_facts(state, facts)
        return state


def full_class_name(cls: type[Any]) -> str:
    """The class with its module, to tell apart two that stand for the same message."""
    return f"{cls.__module__}.{cls.__qualname__}"


def definition_of(cls: type[A]) -> AggregateDefinition[A]:
    """The definition of a class that `@aggregate` decorated.

    Raises:
        UsageError: It is not decorated; a subclass of a decorated class has to be decorated itself.

    """
    definition: Any = vars(cls).get(DEFINITION) if isinstance(cls, type) else None  # pyright: ignore[reportUnnecessaryIsInstance] - users pass what they like
    if not isinstance(definition, AggregateDefinition):
        if isinstance(vars(type(cls)).get(DEFINITION), AggregateDefinition):
            name = type(cls).__qualname__
            raise UsageError(f"this is an object of the class {name}: name the class itself, {name}", field="aggregate")
        name = getattr(cls, "__qualname__", repr(cls))
        base = next((b for b in getattr(cls, "__mro__", ()) if DEFINITION in vars(b)), None)
        why = f" (its base {base.__qualname__} is; that is not inherited)" if base else ""
        raise UsageError(f"{name} is not decorated{why}: put @aggregate(domain=...) on it", field="aggregate")
    return cast("AggregateDefinition[A]", definition)  # the class it hangs on is A


if TYPE_CHECKING:

    @dataclass_transform(field_specifiers=(attrs.field,))
    def aggregate(*, domain: str, ignores: Iterable[type[Any]] = ()) -> Callable[[type[A]], type[A]]:
        """Make a class an aggregate: an attrs class whose definition is collected and checked.

        Args:
            domain: The domain it owns: up to 64 of a-z, 0-9, "_" and "-", not starting with a digit or "-".
            ignores: Event types it emits that change no state, so that no applier is asked for.

        Raises:
            DeclarationError: At import, with every mistake of the class at once.

        """
        ...

else:
    # Only here, where type checkers do not look, can a bare @aggregate be told what it lacks.
    def aggregate(*bare: Any, domain: Any = None, ignores: Any = ()) -> Any:
        """Make a class an aggregate of this domain; `ignores` lists events it emits that change no state.

        Raises DeclarationError at import, with every mistake of the class at once.
        """
        from ._declaration import declare

        if bare or domain is None:
            name = getattr(bare[0], "__qualname__", "the class") if bare else "the class"
            raise DeclarationError(name, ["@aggregate names no domain: write @aggregate(domain=...)"])
        return lambda cls: declare(cls, domain, ignores)
