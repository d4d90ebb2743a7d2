"""Aware datetimes with their zones: what a clock there shows, so that nothing of the value is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

from ._state_walks import Reading, Unreadable, Unwritable, Writing, wrong
from .pb import messages as pb

_MICROSECOND: Final = timedelta(microseconds=1)
_START: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - what a clock shows, wherever it hangs


def write_moment(value: Any, into: pb.StateValue, _walk: Writing) -> None:
    """A datetime; Unwritable if it is naive, or its zone has no name that another process knows."""
    if type(value) is not datetime:
        raise wrong(value, datetime)
    moment, zone = into.moment, value.tzinfo
    moment.clock_us = (value.replace(tzinfo=None) - _START) // _MICROSECOND
    if value.fold:
        moment.fold = True
    if zone is UTC:
        moment.SetInParent()
    elif type(zone) is timezone:
        _write_offset(zone, moment)
    elif type(zone) is ZoneInfo and zone.key:
        moment.zone = zone.key
    elif zone is None:
        raise Unwritable("is a naive datetime, which names no moment; give it a tzinfo, such as datetime.UTC")
    else:
        raise Unwritable(f"is a datetime with a {type(zone).__name__}; use datetime.UTC, timezone or ZoneInfo(key)")


def _write_offset(zone: timezone, moment: pb.StateMoment) -> None:
    offset = zone.utcoffset(None)
    moment.offset_us = offset // _MICROSECOND
    name = zone.tzname(None)
    if name != timezone(offset).tzname(None):
        moment.offset_name = name


def read_moment(value: pb.StateValue, _walk: Reading) -> datetime:
    """See `write_moment`."""
    if value.WhichOneof("kind") != "moment":
        raise Unreadable("is no moment")
    moment = value.moment
    try:
        days, rest = divmod(moment.clock_us, 86_400_000_000)
        shown = _START + timedelta(days=days, microseconds=rest)
        return shown.replace(tzinfo=_zone(moment), fold=int(moment.fold))
    except (ValueError, OverflowError, OSError, LookupError) as error:
        raise Unreadable("is a moment, or in a zone, that this Python cannot tell") from error


def _zone(moment: pb.StateMoment) -> timezone | ZoneInfo:
    if moment.zone:
        return ZoneInfo(moment.zone)
    offset = timedelta(microseconds=moment.offset_us)
    if moment.offset_name:
        return timezone(offset, moment.offset_name)
    return timezone(offset) if offset else UTC
