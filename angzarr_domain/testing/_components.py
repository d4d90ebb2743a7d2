"""The aggregate classes that a project's pytest configuration names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from angzarr_domain.aggregates import Aggregate, definition_of
from angzarr_domain.exceptions import UsageError

if TYPE_CHECKING:
    import pytest


def components_of(config: pytest.Config) -> tuple[type[Aggregate], ...]:
    """The classes of the setting `angzarr_components`.

    Raises:
        UsageError: There is none, or a line of it names none.

    """
    lines: list[str] = config.getini("angzarr_components")
    if not lines:
        raise UsageError(
            "which aggregates? Name them by a marker, @pytest.mark.angzarr(components=[Account]), by a fixture "
            "angzarr_components of your own, or in the configuration of pytest: "
            'angzarr_components = ["bank.account:Account"]',
            field="angzarr_components",
        )
    return tuple(_component(line) for line in lines)


def _component(line: str) -> type[Aggregate]:
    module, _, name = line.partition(":")
    try:
        found: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"angzarr_components names {line!r}, which is not there: write package.module:Name", field=line
        ) from error
    return definition_of(found).cls
