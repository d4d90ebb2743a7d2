"""The caller's side: clients that send commands and read events, over gRPC or any other transport.

`DomainClient` is the place to start. Flows, steps and transports are for code that is built on clients.
"""

from ._abuilders import AsyncCommandBuilder, AsyncQueryBuilder, AsyncReadyCommand
from ._aclient import AsyncAggregateClient, AsyncDomainClient, AsyncQueryClient, AsyncSpeculativeClient
from ._aconnection import AsyncConnection
from ._arun import arun
from ._budget import Budget, Default, Metadata, Timeout
from ._builders import CommandBuilder, ReadyCommand
from ._client import AggregateClient, DomainClient, QueryClient, SpeculativeClient
from ._connection import Connection, KnownTypes
from ._decoding import decode_event, decode_events, events_from_response
from ._delivering import deliver
from ._endpoints import Endpoint, parse_endpoint
from ._flows import MOST_IN_BETWEEN, speculate
from ._points import AsOf, point_of
from ._policies import RetryPolicy
from ._query_builder import QueryBuilder
from ._reading import PAGES_AT_A_TIME, read_range
from ._results import CommandResult
from ._retrying import ask, retried
from ._settings import ChannelSettings
from ._speaking import Protocol
from ._steps import Call, Drain, Flow, Sleep, Step, run
from ._tls import Tls
from ._transports.base import DEFAULT_TIMEOUT, AsyncTransport, CallOptions, Transport
from ._transports.grpc import GrpcTransport, open_channel
from ._transports.grpc_aio import AsyncGrpcTransport
from ._transports.recording import RecordedCall, RecordingTransport
from ._transports.threads import ThreadedTransport

__all__ = [
    "DEFAULT_TIMEOUT",
    "MOST_IN_BETWEEN",
    "PAGES_AT_A_TIME",
    "AggregateClient",
    "AsOf",
    "AsyncAggregateClient",
    "AsyncCommandBuilder",
    "AsyncConnection",
    "AsyncDomainClient",
    "AsyncGrpcTransport",
    "AsyncQueryBuilder",
    "AsyncQueryClient",
    "AsyncReadyCommand",
    "AsyncSpeculativeClient",
    "AsyncTransport",
    "Budget",
    "Call",
    "CallOptions",
    "ChannelSettings",
    "CommandBuilder",
    "CommandResult",
    "Connection",
    "Default",
    "DomainClient",
    "Drain",
    "Endpoint",
    "Flow",
    "GrpcTransport",
    "KnownTypes",
    "Metadata",
    "Protocol",
    "QueryBuilder",
    "QueryClient",
    "ReadyCommand",
    "RecordedCall",
    "RecordingTransport",
    "RetryPolicy",
    "Sleep",
    "SpeculativeClient",
    "Step",
    "ThreadedTransport",
    "Timeout",
    "Tls",
    "Transport",
    "arun",
    "ask",
    "decode_event",
    "decode_events",
    "deliver",
    "events_from_response",
    "open_channel",
    "parse_endpoint",
    "point_of",
    "read_range",
    "retried",
    "run",
    "speculate",
]
