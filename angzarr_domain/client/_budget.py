"""How long a flow may take, and what its calls carry along."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, Literal

import attrs

from angzarr_domain.exceptions import DeadlineExceeded, UsageError

from ._policies import RetryPolicy
from ._transports.base import CORRELATION_ID_HEADER, CallOptions

Metadata = Iterable[tuple[str, str | bytes]]

# Seconds. gRPC counts nanoseconds since 1970, and takes what does not fit for a time long past.
_LONGEST: Final = 1e8

_KEY: Final = re.compile(r"[0-9a-z_.-]+")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")


class Default(Enum):
    """Stands for "as the client was told when it was made", where None means something else."""

    TIMEOUT = "the client's own timeout"
    RETRY = "the client's own retry policy"


#: Seconds; None for no bound; unset for the client's own.
Timeout = float | Literal[Default.TIMEOUT] | None
#: None for no second attempt; unset for the client's own.
Retrying = RetryPolicy | Literal[Default.RETRY] | None


@attrs.frozen
class Budget:
    """What one flow may spend: its calls share the time, and carry the same metadata."""

    expires: float | None = None
    metadata: tuple[tuple[str, str | bytes], ...] = ()
    retry: RetryPolicy | None = None

    @classmethod
    def of(cls, timeout: float | None, metadata: Metadata = (), retry: RetryPolicy | None = None) -> Budget:
        """A budget that starts now. More than three years are no bound: gRPC cannot count as far as that.

        Raises:
            UsageError: The timeout is not above 0, or the metadata cannot travel.

        """
        if timeout is not None and not timeout > 0:
            raise UsageError(f"a timeout is above 0 seconds, or None for no bound, not {timeout}", field="timeout")
        if isinstance(metadata, Mapping):
            raise UsageError("metadata is pairs, since a key may occur twice: pass its .items()", field="metadata")
        pairs = tuple(metadata)
        for key, value in pairs:
            _check_pair(key, value)
        expires = None if timeout is None or timeout > _LONGEST else time.monotonic() + timeout
        return cls(expires, pairs, retry)

    @classmethod
    def rest_of(cls, options: CallOptions) -> Budget:
        """What further calls may spend that stand for one with these options, made now."""
        return cls(None if options.timeout is None else time.monotonic() + options.timeout, options.metadata)

    @property
    def correlation_id(self) -> str:
        """What the calls carry in their header, or ""."""
        found = dict(self.metadata).get(CORRELATION_ID_HEADER, "")
        return found if isinstance(found, str) else ""

    def keeping(self, seconds: float) -> Budget:
        """The same, but for these seconds, which are kept for what follows; half of the time if that is less."""
        if self.expires is None:
            return self
        remaining = max(self.expires - time.monotonic(), 0)
        return attrs.evolve(self, expires=self.expires - min(seconds, remaining / 2))

    def remaining(self) -> float | None:
        """Seconds that are left, below 0 where none are; None for no bound."""
        return None if self.expires is None else self.expires - time.monotonic()

    def without_retries(self) -> Budget:
        """The same, but each call is made once."""
        return self if self.retry is None else attrs.evolve(self, retry=attrs.evolve(self.retry, attempts=1))

    def options(self, correlation_id: str = "") -> CallOptions:
        """The options of the next call.

        Raises:
            DeadlineExceeded: There is no time left, so the call is not made.

        """
        remaining = self.remaining()
        if remaining is not None and remaining <= 0:
            raise DeadlineExceeded("the time for this was used up before the next call: give it a larger timeout=")
        own = None if self.retry is None else self.retry.attempt_timeout
        timeout = min((seconds for seconds in (remaining, own) if seconds is not None), default=None)
        return CallOptions(timeout, (*self.metadata, *_header(correlation_id, self.metadata)))


def _check_pair(key: str, value: str | bytes) -> None:
    binary = key.endswith("-bin")
    fits = isinstance(value, bytes) if binary else isinstance(value, str) and _VALUE.fullmatch(value)
    if not _KEY.fullmatch(key) or key.startswith("grpc-") or not fits:
        raise UsageError(
            f"metadata {key!r} cannot travel: keys are lower-case and do not start with grpc-; values are printable "
            "ASCII, or bytes where the key ends in -bin",
            field="metadata",
        )


def _header(correlation_id: str, metadata: tuple[tuple[str, str | bytes], ...]) -> Metadata:
    # Whatever cannot travel as a header still travels in the body, which is what servers read.
    given = any(key == CORRELATION_ID_HEADER for key, _ in metadata)
    return (
        ()
        if given or not correlation_id or not _VALUE.fullmatch(correlation_id)
        else ((CORRELATION_ID_HEADER, correlation_id),)
    )
