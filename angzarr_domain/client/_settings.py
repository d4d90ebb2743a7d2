"""What a channel may be told besides where to connect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from angzarr_domain.exceptions import UsageError

_MIB: Final = 1024 * 1024
_LARGEST: Final = 2**31 - 1


def _above_zero(_owner: object, field: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not 0 < value < float("inf"):
        raise UsageError(f"{field.name} is a number above 0, not {value}", field=field.name)


def _limit(_owner: object, field: attrs.Attribute[Any], value: int) -> None:
    if not 0 < value <= _LARGEST:
        raise UsageError(f"{field.name} is a number of bytes from 1 to {_LARGEST}, not {value}", field=field.name)


@attrs.frozen(kw_only=True)
class ChannelSettings:
    """How a channel connects, stays connected, and what it lets through.

    Attributes:
        connect_timeout: Seconds that connecting to one address may take, its handshakes included (C-0336).
        keepalive: Seconds after which an idle connection is probed, so that a dead one is noticed and firewalls keep a
            living one (C-0337); never unless given. Servers end connections that are probed more often than they
            allow: ours allow 5 seconds, others often 5 minutes.
        keepalive_timeout: Seconds that a probe may go unanswered.
        gzip: Compress what is sent; servers do not all read it.
        max_receive: Bytes that one answer may have. Coordinators send up to 10 MiB, gRPC itself would stop at 4.
        max_send: Bytes that one request may have.
        max_metadata: Bytes of headers and trailers; error details travel there, and the released engine puts whole
            books into them.
        options: Further options of gRPC by name; they win over those above.

    Raises:
        UsageError: A number that makes no sense.

    """

    connect_timeout: float = attrs.field(default=5.0, validator=_above_zero)
    keepalive: float | None = attrs.field(default=None, validator=_above_zero)
    keepalive_timeout: float = attrs.field(default=10.0, validator=_above_zero)
    gzip: bool = False
    max_receive: int = attrs.field(default=64 * _MIB, validator=_limit)
    max_send: int = attrs.field(default=_LARGEST, validator=_limit)
    max_metadata: int = attrs.field(default=64 * _MIB, validator=_limit)
    options: Mapping[str, int | str] = attrs.field(factory=dict[str, int | str])

    def as_options(self) -> dict[str, int | str]:
        """The options of gRPC that mean this."""
        # Between failures gRPC itself would wait up to two minutes.
        connect = _milliseconds(self.connect_timeout)
        found: dict[str, int | str] = {
            "grpc.max_receive_message_length": self.max_receive,
            "grpc.max_send_message_length": self.max_send,
            "grpc.max_metadata_size": self.max_metadata,
            "grpc.absolute_max_metadata_size": self.max_metadata,
            "grpc.min_reconnect_backoff_ms": connect,
            "grpc.initial_reconnect_backoff_ms": min(connect, 200),
            "grpc.max_reconnect_backoff_ms": min(connect, 5_000),
            # Or all clients of a process share one connection to a place, and the pauses after its failures (C-0340).
            "grpc.use_local_subchannel_pool": 1,
        }
        if self.keepalive is not None:
            found |= {
                "grpc.keepalive_time_ms": _milliseconds(self.keepalive),
                "grpc.keepalive_timeout_ms": _milliseconds(self.keepalive_timeout),
                # What counts in effect: gRPC waits a minute for the answer to a probe, whatever the line above says.
                "grpc.http2.ping_timeout_ms": _milliseconds(self.keepalive_timeout),
                "grpc.keepalive_permit_without_calls": 1,
                "grpc.http2.max_pings_without_data": 0,  # as many as it takes
            }
        return found | dict(self.options)


def _milliseconds(seconds: float) -> int:
    return max(1, min(_LARGEST, round(seconds * 1000)))
