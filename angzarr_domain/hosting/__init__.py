"""The operator's kit: serve business logic over gRPC, as an Angzarr coordinator calls it."""

from ._aggregates import AggregateLogic
from ._host import Host
from ._logic import BusinessLogic, CommandCall, History
from ._remote import RemoteLogic
from ._serving import Serving
from ._tls import ServerTls

__all__ = ["AggregateLogic", "BusinessLogic", "CommandCall", "History", "Host", "RemoteLogic", "ServerTls", "Serving"]
