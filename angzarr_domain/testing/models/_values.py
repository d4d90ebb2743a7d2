"""Values of single fields: mostly small ones that meet again, sometimes the edges of what fits, rarely anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import attrs
from hypothesis import strategies as st

from angzarr_domain.testing._defaults import NOW, ROOT

from ._limits import NO_LIMITS, Limits
from ._pool import Pool

Values = st.SearchStrategy[Any]

# Of 20 values of a field, so many are small ones, then so many seen before, new ones, and edges; the last is anything.
_SMALL, _SEEN, _FRESH, _EDGES = 9, 14, 17, 19

_LONGEST: Final = dt.timedelta(seconds=315_576_000_000)  # what a protobuf Duration can hold


@attrs.frozen(eq=False)
class Source:
    """Where values of one kind come from.

    Attributes:
        small: What is taken most, and what failures are reduced to.
        fresh: Values that are probably new.
        edges: Where code goes wrong.
        anything: All that the kind can hold.
        near: The values around one that was seen.

    """

    type: type[Any]
    small: Values
    fresh: Values
    edges: tuple[Any, ...]
    anything: Values
    near: Callable[[Any], Iterator[Any]] = lambda value: iter((value,))


def scalars(kind: str, limits: Limits, pool: Pool | None) -> Values:
    """Values of a scalar kind within these limits, some of them met before.

    Without a pool, nothing is met before.
    """
    if limits.options is not None:
        return st.sampled_from([option for option in limits.options if option is not None])
    if kind == "bool":
        return st.booleans().filter(limits.accepts)
    if limits.patterns:
        source = _matching(limits)
    elif kind in _RANGES:
        source = _integers(*_RANGES[kind], limits)
    else:
        source = _sized(kind, limits) if kind in {"string", "bytes"} else _SOURCES[kind]
    # Filtered once, since a filter is dear; the range of integers is theirs already.
    fit = limits.accepts
    if kind not in _RANGES and limits != NO_LIMITS:
        source = attrs.evolve(
            source,
            small=source.small.filter(fit),
            fresh=source.fresh.filter(fit),
            edges=tuple(filter(fit, source.edges)),
            anything=source.anything.filter(fit),
        )
    return _mixed(source, limits, pool)


_LOTS: Final = st.integers(0, 19)


@st.composite
def _mixed(draw: st.DrawFn, source: Source, limits: Limits, pool: Pool | None) -> Any:
    lot = draw(_LOTS)
    if lot < _SMALL:
        return draw(source.small)
    if lot < _SEEN:
        seen = [] if pool is None else pool.of(source.type)
        near = dict.fromkeys(other for value in seen for other in source.near(value) if limits.accepts(other))
        return list(near)[draw(st.integers(0, len(near) - 1))] if near else draw(source.small)
    if lot < _FRESH:
        return draw(source.fresh)
    if source.edges and lot < _EDGES:
        return source.edges[draw(st.integers(0, len(source.edges) - 1))]
    return draw(source.anything)


_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    **dict.fromkeys(("int32", "sint32", "sfixed32"), (-(2**31), 2**31 - 1)),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), (-(2**63), 2**63 - 1)),
    **dict.fromkeys(("uint32", "fixed32"), (0, 2**32 - 1)),
    **dict.fromkeys(("uint64", "fixed64"), (0, 2**64 - 1)),
}


def _integers(low: int, high: int, limits: Limits) -> Source:
    if limits.low is not None:
        low = max(low, _whole(limits.low, up=True) + (limits.low_open and limits.low == int(limits.low)))
    if limits.high is not None:
        high = min(high, _whole(limits.high, up=False) - (limits.high_open and limits.high == int(limits.high)))
    start = min(max(low, 0), high)  # as near to 0 as it gets
    step = 1 if start + 5 <= high or start == low else -1
    small = sorted((start, max(low, min(high, start + 5 * step))))
    edges = (-1, 10, 100, 1000, low, low + 1, high - 1, high, 2**31, 2**32, 2**53 + 1)

    def near(value: int) -> Iterator[int]:
        return (other for other in (value, value + 1, value - 1) if low <= other <= high)

    return Source(
        int,
        st.integers(*small),
        st.integers(max(low, min(start, high - 1000)), min(high, start + 1000)),
        tuple(edge for edge in edges if low <= edge <= high),
        st.integers(low, high),
        near,
    )


def _whole(bound: Any, *, up: bool) -> int:
    return -int(-bound // 1) if up else int(bound // 1)


def _sized(kind: str, limits: Limits) -> Source:
    least, most = limits.shortest, 12 if limits.longest is None else limits.longest
    most = max(least, most)
    if kind == "bytes":
        small = st.sampled_from([letter * max(1, least) for letter in (b"a", b"b", b"c")])
        return Source(
            bytes,
            small,
            st.binary(min_size=least, max_size=min(most, least + 4)),
            (b"", b"\0" * max(1, least), b"\xff" * most),
            st.binary(min_size=least, max_size=most),
        )
    return Source(
        str,
        st.sampled_from([letter * max(1, least) for letter in "abc"]),
        st.text("abcdefghij", min_size=max(1, least), max_size=max(1, least, min(most, 3))),
        ("", " " * max(1, least), "é" * max(1, least), "\0", "0", "a" * most),
        st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most),
    )


def _matching(limits: Limits) -> Source:
    pattern, method = limits.patterns[0]
    found = st.from_regex(pattern, fullmatch=method == "fullmatch")
    return Source(str if isinstance(pattern.pattern, str) else bytes, found, found, (), found)


def _moments(value: dt.datetime) -> Iterator[dt.datetime]:
    for step in (dt.timedelta(0), dt.timedelta(microseconds=1), dt.timedelta(microseconds=-1)):
        try:
            yield value + step
        except OverflowError:
            continue


_HOURS = st.integers(0, 48).map(lambda hours: dt.timedelta(hours=hours))
_REALS: Final = (0.0, -0.0, 0.1, -1.0, 1e9, -1e9, float("inf"), float("-inf"), float("nan"))

_SOURCES: Final[Mapping[str, Source]] = {
    "double": Source(
        float, st.integers(0, 5).map(float), st.floats(0, 1000, width=32), (*_REALS, 1e308), st.floats(allow_nan=False)
    ),
    "float": Source(
        float,
        st.integers(0, 5).map(float),
        st.floats(0, 1000, width=32),
        _REALS,
        st.floats(allow_nan=False, width=32),
    ),
    "timestamp": Source(
        dt.datetime,
        _HOURS.map(lambda hours: NOW + hours),
        st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001 - zone given beside it
        (NOW, dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(1, 1, 1, tzinfo=dt.UTC), NOW.replace(microsecond=1)),
        st.datetimes(timezones=st.just(dt.UTC)),
        _moments,
    ),
    "duration": Source(
        dt.timedelta,
        _HOURS,
        st.timedeltas(dt.timedelta(0), dt.timedelta(days=30)),
        (dt.timedelta(0), dt.timedelta(microseconds=-1), _LONGEST, -_LONGEST),
        st.timedeltas(-_LONGEST, _LONGEST),
    ),
    "uuid": Source(
        UUID,
        st.integers(1, 3).map(lambda number: UUID(int=number)),
        st.uuids(),
        (ROOT, UUID(int=0), UUID(int=2**128 - 1)),
        st.uuids(),
    ),
}
