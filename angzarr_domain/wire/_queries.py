"""Queries and their answers; see `_books.py` for the pattern."""

from __future__ import annotations

from angzarr_domain.books import AggregateRoot, Query, SequenceRange, SequenceSet, TemporalQuery

from ._books import both, read_cover, read_moment, read_root, write_cover, write_moment, write_root
from .pb import messages as pb


def write_query(message: pb.Query, query: Query) -> None:
    if query.cover is not None:
        write_cover(message.cover, query.cover)
    match query.selection:
        case SequenceRange(lower=lower, upper=upper):
            message.range.SetInParent()
            message.range.lower = lower
            if upper is not None:
                message.range.upper = upper
        case SequenceSet(values=values):
            message.sequences.SetInParent()
            message.sequences.values.extend(values)
        case TemporalQuery() as point:
            write_point(message.temporal, point)
        case None:
            pass


def read_query(message: pb.Query) -> Query:
    return Query(
        cover=read_cover(message.cover) if message.HasField("cover") else None,
        selection=_read_selection(message),
    )


def _read_selection(message: pb.Query) -> SequenceRange | SequenceSet | TemporalQuery | None:
    match message.WhichOneof("selection"):
        case "range":
            upper = message.range.upper if message.range.HasField("upper") else None
            return SequenceRange(message.range.lower, upper)
        case "sequences":
            return SequenceSet(tuple(message.sequences.values))
        case "temporal":
            return read_point(message.temporal)
        case None:
            return None


def write_point(message: pb.TemporalQuery, point: TemporalQuery) -> None:
    message.SetInParent()
    if point.as_of_sequence is not None:
        if point.as_of_time_ns is not None:
            raise both("temporal", "as_of_sequence", "as_of_time_ns")
        message.as_of_sequence = point.as_of_sequence
    elif point.as_of_time_ns is not None:
        write_moment(message.as_of_time, point.as_of_time_ns)


def read_point(message: pb.TemporalQuery) -> TemporalQuery:
    which = message.WhichOneof("point_in_time")
    return TemporalQuery(
        as_of_sequence=message.as_of_sequence if which == "as_of_sequence" else None,
        as_of_time_ns=read_moment(message.as_of_time) if which == "as_of_time" else None,
    )


def write_aggregate_root(message: pb.AggregateRoot, value: AggregateRoot) -> None:
    message.domain = value.domain
    if value.root is not None:
        write_root(message.root, value.root)


def read_aggregate_root(message: pb.AggregateRoot) -> AggregateRoot:
    return AggregateRoot(message.domain, read_root(message.root, "root") if message.HasField("root") else None)
