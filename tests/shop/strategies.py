"""Hypothesis strategies for generated messages, from the fields they declare."""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from hypothesis import strategies as st

from angzarr_domain.messages import FieldSchema, FrozenMap, OpenEnum, Shape, schema_of

SIGNED_32, UNSIGNED_32 = st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**32 - 1)
SIGNED_64, UNSIGNED_64 = st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1)
KINDS: Mapping[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("int32", "sint32", "sfixed32"), SIGNED_32),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), SIGNED_64),
    **dict.fromkeys(("uint32", "fixed32"), UNSIGNED_32),
    **dict.fromkeys(("uint64", "fixed64"), UNSIGNED_64),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=8),
    "double": st.floats(allow_nan=False),
    "float": st.floats(allow_nan=False, width=32),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    "timestamp": st.datetimes(timezones=st.just(UTC)),
    "duration": st.timedeltas(timedelta(seconds=-315_576_000_000), timedelta(seconds=315_576_000_000)),
    "uuid": st.uuids(),
}


def messages(cls: type[Any], depth: int = 3) -> st.SearchStrategy[Any]:
    """Messages of a generated class, nested at most so deep."""
    return st.deferred(lambda: st.tuples(*(_part(part, depth) for part in _parts(cls)))).map(
        lambda parts: cls(**{name: value for part in parts for name, value in part.items()})
    )


def _parts(cls: type[Any]) -> list[dict[str, FieldSchema]]:
    # A field alone is a part, and so is a whole oneof.
    parts: dict[str, dict[str, FieldSchema]] = {}
    for name, field in schema_of(cls).items():
        parts.setdefault(f"oneof {field.oneof}" if field.oneof else name, {})[name] = field
    return list(parts.values())


def _part(part: dict[str, FieldSchema], depth: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of([_alone(name, _field(field, depth)) for name, field in part.items()])


def _alone(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return values.map(lambda value: {name: value})


def _field(field: FieldSchema, depth: int) -> st.SearchStrategy[Any]:
    if field.kind == "message" and depth == 0:
        return {Shape.OPTIONAL: st.none(), Shape.REPEATED: st.just(()), Shape.MAP: st.just(FrozenMap[Any, Any]())}[
            field.shape
        ]
    value = _value(field, depth)
    if field.shape is Shape.OPTIONAL:
        return st.none() | value
    if field.shape is Shape.REPEATED:
        return st.lists(value, max_size=3).map(tuple)
    if field.shape is Shape.MAP:
        return st.dictionaries(KINDS[field.key or ""], value, max_size=3)
    return value


def _value(field: FieldSchema, depth: int) -> st.SearchStrategy[Any]:
    if field.kind == "message":
        return messages(field.type, depth - 1)
    if field.kind == "enum":
        enum: type[OpenEnum] = field.type
        return st.sampled_from(enum) | SIGNED_32.map(enum)  # numbers of a newer .proto too
    return KINDS[field.kind]
