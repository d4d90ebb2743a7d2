"""The operator's kit: serve business logic over gRPC, as an Angzarr coordinator calls it."""

from ._aggregates import AggregateLogic
from ._host import Host
from ._logic import AcceptsFacts, BusinessLogic, CommandCall, FactCall, History
from ._remote import RemoteLogic
from ._serving import Serving
from ._tls import ServerTls

__all__ = [
    "AcceptsFacts",
    "AggregateLogic",
    "BusinessLogic",
    "CommandCall",
    "FactCall",
    "History",
    "Host",
    "RemoteLogic",
    "ServerTls",
    "Serving",
]
