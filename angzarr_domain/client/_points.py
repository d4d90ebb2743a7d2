"""Points in history, as callers name them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from angzarr_domain.books import NOW, TemporalQuery, check_sequence, to_nanoseconds
from angzarr_domain.exceptions import InvalidArgument, UsageError

#: A sequence, inclusive; an aware datetime, inclusive; None for now.
AsOf = int | datetime | None

_RFC_3339: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")


def point_of(as_of: AsOf) -> TemporalQuery:
    """The point in the protocol's words.

    Raises:
        InvalidArgument: A number that is no sequence.
        UsageError: A naive datetime, which names no moment; or something else altogether.

    """
    match as_of:
        case None:
            return TemporalQuery(as_of_sequence=NOW)
        case datetime():
            return TemporalQuery(as_of_time_ns=to_nanoseconds(as_of))
        case int():
            return TemporalQuery(as_of_sequence=check_sequence(as_of, "as_of"))
        case _:
            raise UsageError(f"as_of is a sequence or a datetime, not {type(as_of).__name__}", field="as_of")


def parse_time(text: str) -> int:
    """Nanoseconds since 1970 UTC of an RFC 3339 text, such as 2026-03-01T10:04:30.5Z.

    Raises:
        InvalidArgument: TIMESTAMP_PARSE_FAILED: it is none, or has no offset and so names no moment (C-0391).

    """
    parts = _RFC_3339.fullmatch(text)
    if parts is None:
        raise _unreadable(text)
    day, time, fraction, offset = parts.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{offset.upper()}")
    except ValueError as error:
        raise _unreadable(text) from error
    return to_nanoseconds(moment) + int((fraction or "0").ljust(9, "0"))


def _unreadable(text: str) -> InvalidArgument:
    return InvalidArgument(
        f"{text[:80]!r} is no RFC 3339 time: write it like 2026-03-01T10:04:30Z or 2026-03-01T11:04:30.25+01:00",
        field="as_of_time",
        code="TIMESTAMP_PARSE_FAILED",
    )
