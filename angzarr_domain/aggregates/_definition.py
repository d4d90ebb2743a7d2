from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, dataclass_transform

import attrs

from angzarr_domain.exceptions import DeclarationError, UsageError

from ._base import Aggregate, Facts, keep_facts
from ._entries import Applier, Compensator, FactHandler, Handler, Undoer, Upcast
from ._findings import Finding, wrong
from ._snapshots import SnapshotPolicy

A = TypeVar("A", bound=Aggregate)

DEFINITION = "__angzarr_definition__"


@attrs.frozen(eq=False)
class AggregateDefinition(Generic[A]):
    """All there is to know of an aggregate class, collected once. Everything downstream takes this.

    Attributes:
        handlers: By the full name of the command type.
        appliers: By the full name of the event type.
        ignores: Full names of events that are recorded but change no state.
        facts: Fact handlers by the full name of the fact's type.
        compensators: By "domain:full.Type" or "full.Type" of the refused command, in the order they run in.
        undoers: By the full name of the type of the command to undo.
        upcasts: By the full name of the old event's type.
        aliases: Today's class by the full name that events of it were stored under once.
        unknown: Whether a fold skips events of types that nobody knows, or refuses them.
        version: Of the state's meaning, raised by the author.
        state_message: What the state travels as, if not as the framework's own message.
        findings: What the declaration is warned of.

    """

    cls: type[A]
    domain: str
    handlers: Mapping[str, Handler]
    appliers: Mapping[str, Applier]
    ignores: Mapping[str, type[Any]] = attrs.field(factory=dict[str, type[Any]])
    facts: Mapping[str, FactHandler] = attrs.field(factory=dict[str, FactHandler])
    compensators: Mapping[str, tuple[Compensator, ...]] = attrs.field(factory=dict[str, "tuple[Compensator, ...]"])
    undoers: Mapping[str, Undoer] = attrs.field(factory=dict[str, Undoer])
    upcasts: Mapping[str, Upcast] = attrs.field(factory=dict[str, Upcast])
    aliases: Mapping[str, type[Any]] = attrs.field(factory=dict[str, type[Any]])
    unknown: Literal["tolerant", "strict"] = "tolerant"
    snapshot: SnapshotPolicy | None = None
    version: int = 1
    state_message: type[Any] | None = None
    findings: tuple[Finding, ...] = ()
    #: Types of stored events that were skipped, and said to be, in this process.
    unknown_seen: set[str] = attrs.field(factory=set[str], init=False, repr=False)

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
        caused = [each.command for entry in self.compensators.values() for each in entry]
        facts = [handler.fact for handler in self.facts.values()]
        undone = [undoer.command for undoer in self.undoers.values()]
        older = [upcast.event for upcast in self.upcasts.values()]
        return tuple(dict.fromkeys([*commands, *events, *self.ignores.values(), *facts, *caused, *undone, *older]))

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
    def aggregate(
        *,
        domain: str,
        ignores: Iterable[type[Any]] = (),
        aliases: Mapping[str, type[Any]] = ...,
        unknown: Literal["tolerant", "strict"] = "tolerant",
        snapshot: int | SnapshotPolicy | None = None,
        version: int = 1,
        state: type[Any] | None = None,
    ) -> Callable[[type[A]], type[A]]:
        """Make a class an aggregate: an attrs class whose definition is collected and checked.

        Args:
            domain: The domain it owns: up to 64 of a-z, 0-9, "_" and "-", not starting with a digit or "-".
            ignores: Event types it emits that change no state, so that no applier is asked for.
            aliases: Full names that events were stored under before their type was renamed, each with today's
                class of the same fields.
            unknown: What a fold does about an event type that nobody knows: "tolerant" skips it and warns once
                for each type, "strict" refuses the history.
            snapshot: When the state is written down beside the events: after so many of them, or as a
                `SnapshotPolicy` says. Without it, never.
            version: Of the state's meaning. Raise it when appliers mean something else by the same fields; older
                snapshots are then not used.
            state: A message class that the state travels as, by equal field names, for readers in other languages.

        Raises:
            DeclarationError: At import, with every mistake of the class at once.

        """
        ...

else:
    # Only here, where type checkers do not look, can a bare @aggregate be told what it lacks.
    def aggregate(
        *bare: Any,
        domain: Any = None,
        ignores: Any = (),
        aliases: Any = None,
        unknown: Any = "tolerant",
        snapshot: Any = None,
        version: Any = 1,
        state: Any = None,
    ) -> Any:
        """Make a class an aggregate of this domain; `ignores` lists events it emits that change no state.

        Raises DeclarationError at import, with every mistake of the class at once.
        """
        from ._declaration import declare
        from ._options import Options

        if bare or domain is None:
            name = getattr(bare[0], "__qualname__", "the class") if bare else "the class"
            raise DeclarationError(name, [wrong("AGG101", "@aggregate names no domain: write @aggregate(domain=...)")])
        options = Options(domain, ignores, {} if aliases is None else aliases, unknown, snapshot, version, state)
        return lambda cls: declare(cls, options)
