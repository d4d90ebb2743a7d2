"""A coordinator in this process: events in memory or in one SQLite file, served or not.

`Coordinator([Account], "bank.db").client()` gives a `DomainClient` without any socket.
"""

from ._coordinator import Coordinator
from ._event_file import EventFile
from ._store.base import DeferredKey, EventStore, HeadMoved, Stream

__all__ = ["Coordinator", "DeferredKey", "EventFile", "EventStore", "HeadMoved", "Stream"]
