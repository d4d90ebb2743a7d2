"""How long a peer asks to wait before the next attempt: in the details of an error, or in its trailers (C-0362)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from google.protobuf.message import DecodeError

from .pb import messages as pb

Trailers = Iterable[tuple[str, str | bytes]]

_RETRY_INFO: Final = pb.RetryInfo.DESCRIPTOR.full_name
_NANOS: Final = 10**9
#: gRPC's own word, milliseconds; a negative number asks for no further attempt.
_PUSHBACK: Final = "grpc-retry-pushback-ms"
#: HTTP's word, which proxies add: seconds, or a date.
_RETRY_AFTER: Final = "retry-after"


def wait_in_details(packed: Mapping[str, bytes]) -> float | None:
    """Seconds of the RetryInfo among the details of a google.rpc.Status, by type name."""
    if _RETRY_INFO not in packed:
        return None
    try:
        delay = pb.RetryInfo.FromString(packed[_RETRY_INFO]).retry_delay
    except DecodeError:
        return None
    return max(0.0, delay.seconds + delay.nanos / _NANOS)


def wait_in_trailers(trailers: Trailers) -> float | None:
    """Seconds that trailing metadata asks for; infinite where it asks for no further attempt."""
    said = {key: value for key, value in trailers if isinstance(value, str)}
    pushback = said.get(_PUSHBACK)
    if pushback is not None:
        # Whatever is no number of milliseconds means "not again", by gRPC's own rule.
        return int(pushback) / 1000 if re.fullmatch(r"\d{1,9}", pushback) else math.inf
    return _seconds(said.get(_RETRY_AFTER, ""))


def _seconds(text: str) -> float | None:
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without an offset is one of UTC, as HTTP has it.
    until = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def write_wait(seconds: float) -> tuple[str, bytes]:
    """The type name and bytes of a RetryInfo; infinity is written as a year."""
    nanoseconds = round(min(seconds, 365 * 86_400) * _NANOS)
    delay = pb.Duration(seconds=nanoseconds // _NANOS, nanos=nanoseconds % _NANOS)
    return _RETRY_INFO, pb.RetryInfo(retry_delay=delay).SerializeToString(deterministic=True)
