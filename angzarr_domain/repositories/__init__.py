"""The caller with a model: load aggregates, send them commands, preview, and read their history.

Loading, executing and previewing are flows (see `angzarr_domain.client`), shared with the asynchronous twin.
"""

from angzarr_domain.aggregates import Change

from ._arepository import AsyncRepository
from ._executing import DEFAULT_ATTEMPTS, Executed
from ._history import AsyncHistory, History, HistoryStep
from ._previewing import Preview
from ._repository import Repository
from ._verifying import SnapshotCheck

__all__ = [
    "DEFAULT_ATTEMPTS",
    "AsyncHistory",
    "AsyncRepository",
    "Change",
    "Executed",
    "History",
    "HistoryStep",
    "Preview",
    "Repository",
    "SnapshotCheck",
]
