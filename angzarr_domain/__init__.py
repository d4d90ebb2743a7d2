"""Event-sourced aggregates for Angzarr.

The author's words are here at once and load neither grpc nor protobuf; the caller's load on first use. The
rooms further in: `angzarr_domain.testing`, `.embedded`, `.hosting`, `.books`, `.exceptions`.
"""

from typing import TYPE_CHECKING

from .aggregates import (
    Aggregate,
    Context,
    Escalation,
    Refused,
    Undo,
    accepts,
    aggregate,
    applies,
    compensates,
    describe,
    handles,
    undoes,
    upcasts,
)
from .exceptions import AngzarrError, Rejected

if TYPE_CHECKING:
    from .client import (
        AggregateClient,
        AsyncAggregateClient,
        AsyncDomainClient,
        AsyncQueryClient,
        AsyncSpeculativeClient,
        DomainClient,
        QueryClient,
        SpeculativeClient,
    )
    from .repositories import AsyncRepository, Repository
else:
    # Out of sight of type checkers, which would otherwise accept any misspelt name.
    _LAZY = {
        "AggregateClient": "client",
        "AsyncAggregateClient": "client",
        "AsyncDomainClient": "client",
        "AsyncQueryClient": "client",
        "AsyncRepository": "repositories",
        "AsyncSpeculativeClient": "client",
        "DomainClient": "client",
        "QueryClient": "client",
        "Repository": "repositories",
        "SpeculativeClient": "client",
    }

    def __getattr__(name: str) -> object:
        module = _LAZY.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{module}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "Aggregate",
    "AggregateClient",
    "AngzarrError",
    "AsyncAggregateClient",
    "AsyncDomainClient",
    "AsyncQueryClient",
    "AsyncRepository",
    "AsyncSpeculativeClient",
    "Context",
    "DomainClient",
    "Escalation",
    "QueryClient",
    "Refused",
    "Rejected",
    "Repository",
    "SpeculativeClient",
    "Undo",
    "accepts",
    "aggregate",
    "applies",
    "compensates",
    "describe",
    "handles",
    "undoes",
    "upcasts",
]
