from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

import attrs

from angzarr_domain.exceptions import UsageError


@attrs.frozen
class Facts:
    """What is known of a loaded aggregate beside its state."""

    root: UUID | None = None
    exists: bool = False
    next_sequence: int = 0


NO_FACTS = Facts()


class Aggregate:
    """Base of every aggregate class; `@aggregate` makes the attrs class of it.

    Built by hand, in a test say, an aggregate does not exist yet and has no root. Copies and pickles keep these facts;
    `attrs.evolve` calls the constructor, so what it gives is built by hand.
    """

    # A slot of the base is invisible to attrs: not in init, equality, repr or fields. And the base has to be
    # slotted, or `self.balnce = 3` would be accepted.
    __slots__ = ("_angzarr_facts",)
    _angzarr_facts: Facts
    #: What an object of the class wears while a handler decides on it; made with the first decision.
    __angzarr_guarded__: ClassVar[type[Any] | None] = None

    if TYPE_CHECKING:
        __attrs_attrs__: ClassVar[Any]

    def __new__(cls, *_args: object, **_kwargs: object) -> Self:
        self = super().__new__(cls)
        # Always set: reading an empty slot through getattr costs fifteen times as much.
        object.__setattr__(self, "_angzarr_facts", NO_FACTS)
        return self

    @property
    def root(self) -> UUID:
        """Which aggregate this is.

        Raises:
            UsageError: It was built by hand, so it has no root.

        """
        root = self._angzarr_facts.root
        if root is None:
            raise UsageError(
                f"this {type(self).__name__} was built by hand and has no root: load it, or ask context.root"
            )
        return root

    @property
    def exists(self) -> bool:
        """Whether it has any history."""
        return self._angzarr_facts.exists

    @property
    def next_sequence(self) -> int:
        """The sequence its next event will get."""
        return self._angzarr_facts.next_sequence


def facts_of(aggregate: Aggregate) -> Facts:
    """The facts an aggregate keeps."""
    return aggregate._angzarr_facts  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - this module owns the slot


def keep_facts(aggregate: Aggregate, facts: Facts) -> None:
    """Give an aggregate its facts."""
    object.__setattr__(aggregate, "_angzarr_facts", facts)
