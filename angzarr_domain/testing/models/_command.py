from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from hypothesis import strategies as st

from angzarr_domain.books import Message
from angzarr_domain.exceptions import UsageError, listed

from ._messages import Recipes
from ._values import Values

M = TypeVar("M", bound=Message)


def command(message_type: type[M], /, *, fields: Mapping[str, Values] | None = None) -> st.SearchStrategy[M]:
    """Any message of one class, command or not, for properties of your own.

    Args:
        message_type: The class, of either kind.
        fields: Strategies for fields, by name.

    Raises:
        UsageError: It is no message class, or neither it nor what it holds has such a field.

    """
    recipes = Recipes(fields=dict(fields or {}))
    made: st.SearchStrategy[M] = recipes.message(message_type)
    unused = recipes.unused([message_type])
    if unused:
        raise UsageError(f"{message_type.__name__} has no field {listed(unused)}", field="fields")
    return made
