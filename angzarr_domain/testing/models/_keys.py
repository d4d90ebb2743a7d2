"""States as keys of a set: equal states have equal keys, whatever they are made of."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from angzarr_domain.testing._differences import parts_of


def key_of(value: Any) -> Hashable:
    """A key of all that a value consists of. Types count: 1 and True are two. The order of a mapping does not."""
    kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType] - of anything
    parts = parts_of(value)
    if parts is not None:
        return kind, frozenset((path, key_of(part)) for path, part in parts.items())
    # NaN is not equal to itself, and 0.0 is to -0.0; as text they are what they are.
    return (kind, value) if isinstance(value, Hashable) and not isinstance(value, float) else (kind, repr(value))
