"""The author's kit: declare an aggregate, fold its history, decide its commands. No I/O, no protobuf."""

from ._base import Aggregate, Facts, facts_of, keep_facts
from ._changes import Change, changes
from ._context import Context, utc_now
from ._decide import Decision, decide, handler_of
from ._definition import AggregateDefinition, Applier, Handler, aggregate, definition_of
from ._marks import applies, handles
from ._replay import Fold, Replayed, advance, replay

__all__ = [
    "Aggregate",
    "AggregateDefinition",
    "Applier",
    "Change",
    "Context",
    "Decision",
    "Facts",
    "Fold",
    "Handler",
    "Replayed",
    "advance",
    "aggregate",
    "applies",
    "changes",
    "decide",
    "definition_of",
    "facts_of",
    "handler_of",
    "handles",
    "keep_facts",
    "replay",
    "utc_now",
]
