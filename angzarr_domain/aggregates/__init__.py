"""The author's kit: declare an aggregate, fold its history, decide its commands. No I/O, no protobuf."""

from ._accept import accept, fact_handler_of
from ._base import Aggregate, Facts, facts_of, keep_facts
from ._catalogue import Catalogue, EventEntry, FieldEntry, MessageEntry, MethodEntry, UpcastEntry
from ._changes import Change, changes
from ._compensate import Compensation, compensate, compensators_of, undo, undoer_of
from ._context import Context, utc_now
from ._counting import SnapshotCounters, count_snapshots, snapshot_counters
from ._decide import Decision, decide, handler_of
from ._definition import AggregateDefinition, aggregate, definition_of
from ._describe import describe
from ._entries import Applier, Compensator, FactHandler, Handler, Undoer, Upcast
from ._evolution import todays_name, upcasted, upcasted_singly
from ._findings import Finding
from ._guard import state_checked
from ._marks import applies, handles
from ._occasions import accepts, compensates, undoes, upcasts
from ._refusals import Escalation, Refused, Undo
from ._rejections import Rejections
from ._replay import Fold, Replayed, advance, replay
from ._restoring import foundation_after, read_state
from ._schema import state_schema, unencodable_fields
from ._snapshots import Foundation, SnapshotPolicy
from ._taking import snapshot_due, state_payload, take_snapshot

__all__ = [
    "Aggregate",
    "AggregateDefinition",
    "Applier",
    "Catalogue",
    "Change",
    "Compensation",
    "Compensator",
    "Context",
    "Decision",
    "Escalation",
    "EventEntry",
    "FactHandler",
    "Facts",
    "FieldEntry",
    "Finding",
    "Fold",
    "Foundation",
    "Handler",
    "MessageEntry",
    "MethodEntry",
    "Refused",
    "Rejections",
    "Replayed",
    "SnapshotCounters",
    "SnapshotPolicy",
    "Undo",
    "Undoer",
    "Upcast",
    "UpcastEntry",
    "accept",
    "accepts",
    "advance",
    "aggregate",
    "applies",
    "changes",
    "compensate",
    "compensates",
    "compensators_of",
    "count_snapshots",
    "decide",
    "definition_of",
    "describe",
    "fact_handler_of",
    "facts_of",
    "foundation_after",
    "handler_of",
    "handles",
    "keep_facts",
    "read_state",
    "replay",
    "snapshot_counters",
    "snapshot_due",
    "state_checked",
    "state_payload",
    "state_schema",
    "take_snapshot",
    "todays_name",
    "undo",
    "undoer_of",
    "undoes",
    "unencodable_fields",
    "upcasted",
    "upcasted_singly",
    "upcasts",
    "utc_now",
]
