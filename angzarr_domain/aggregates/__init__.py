"""The author's kit: declare an aggregate, fold its history, decide its commands. No I/O, no protobuf."""

from ._accept import accept, fact_handler_of
from ._base import Aggregate, Facts, facts_of, keep_facts
from ._changes import Change, changes
from ._compensate import Compensation, compensate, compensators_of, undo, undoer_of
from ._context import Context, utc_now
from ._decide import Decision, decide, handler_of
from ._definition import AggregateDefinition, aggregate, definition_of
from ._entries import Applier, Compensator, FactHandler, Handler, Undoer, Upcast
from ._findings import Finding
from ._marks import applies, handles
from ._occasions import accepts, compensates, undoes, upcasts
from ._refusals import Escalation, Refused, Undo
from ._replay import Fold, Replayed, advance, replay
from ._snapshots import SnapshotPolicy

__all__ = [
    "Aggregate",
    "AggregateDefinition",
    "Applier",
    "Change",
    "Compensation",
    "Compensator",
    "Context",
    "Decision",
    "Escalation",
    "FactHandler",
    "Facts",
    "Finding",
    "Fold",
    "Handler",
    "Refused",
    "Replayed",
    "SnapshotPolicy",
    "Undo",
    "Undoer",
    "Upcast",
    "accept",
    "accepts",
    "advance",
    "aggregate",
    "applies",
    "changes",
    "compensate",
    "compensates",
    "compensators_of",
    "decide",
    "definition_of",
    "fact_handler_of",
    "facts_of",
    "handler_of",
    "handles",
    "keep_facts",
    "replay",
    "undo",
    "undoer_of",
    "undoes",
    "upcasts",
    "utc_now",
]
