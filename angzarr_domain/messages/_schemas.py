from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

import attrs

from angzarr_domain.exceptions import UsageError

#: Key of a field's schema in the metadata of its attrs attribute.
SCHEMA: Final = "protobuf"


class Shape(Enum):
    """How many values a field holds, and whether it knows that it was set."""

    SINGLE = "single"  # a zero value and an absent one are the same
    OPTIONAL = "optional"  # None is absent; members of a oneof and messages are so
    REPEATED = "repeated"
    MAP = "map"


@attrs.frozen
class FieldSchema:
    """Where a field stands in its .proto: what a codec needs to know.

    Attributes:
        kind: Protobuf's name of the scalar type, or one of enum, message, timestamp, duration, uuid.
        find_type: Gives the class of an enum or message; None for other kinds.
        key: The kind of a map's keys.
        oneof: The oneof it belongs to.
        packed: Whether repeated numbers are written as one run, proto3's default.

    """

    number: int
    kind: str
    shape: Shape = Shape.SINGLE
    find_type: Callable[[], type[Any]] | None = None
    key: str | None = None
    oneof: str | None = None
    packed: bool = True

    @property
    def type(self) -> type[Any]:
        """The class of an enum or message field.

        Raises:
            UsageError: The kind has no class of its own.

        """
        if self.find_type is None:
            raise UsageError(f"{self.kind} fields have no message or enum class", field="type")
        return self.find_type()


def schema_of(message_type: type[Any]) -> Mapping[str, FieldSchema]:
    """The fields of a generated message class by attribute name, in the order of the class.

    Raises:
        UsageError: It is no attrs class, or has a field without a place in the .proto.

    """
    if not attrs.has(message_type):
        raise UsageError(f"{message_type.__qualname__} is no attrs class: generate messages from a .proto")
    found: dict[str, FieldSchema] = {}
    for attribute in attrs.fields(message_type):
        schema = attribute.metadata.get(SCHEMA)
        if not isinstance(schema, FieldSchema):
            raise UsageError(
                f"{message_type.__qualname__}.{attribute.name} has no place in a .proto: declare it with proto(...)",
                field=attribute.name,
            )
        found[attribute.name] = schema
    return found
