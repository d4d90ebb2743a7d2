"""What is known of a state's fields: read from annotations by `aggregates`, written as bytes by `wire`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import attrs


class ValueKind(Enum):
    """What a value is, and so how it is written."""

    NONE = "None"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    STR = "str"
    BYTES = "bytes"
    DECIMAL = "Decimal"
    DATETIME = "datetime"
    DATE = "date"
    TIMEDELTA = "timedelta"
    UUID = "UUID"
    NAMED = "enum by name"
    NUMBERED = "enum by number"
    MESSAGE = "message"
    RECORD = "record"
    LIST = "list"
    TUPLE = "tuple"  # of any length
    ROW = "row"  # a tuple of one type for each place
    SET = "set"
    FROZENSET = "frozenset"
    DICT = "dict"
    CHOICE = "choice"  # one of several types


@attrs.frozen
class ValueType:
    """The type of a value.

    Attributes:
        cls: The class that its values have exactly; None for a choice.
        args: What it holds: elements, key and value, places, or the types to choose from.

    """

    kind: ValueKind
    cls: type[Any] | None = None
    args: tuple[ValueType, ...] = ()


@attrs.frozen
class StateField:
    """One field of a state, or of an object inside of it."""

    name: str
    type: ValueType


@attrs.frozen(eq=False)
class StateSchema:
    """All that is needed to write and read the states of one class.

    Attributes:
        cls: The class whose fields these are.
        records: The fields of the classes of nested objects.
        fingerprint: Of fields, types and version: a state that was written under another one is not read.
        version: What the author says the fields mean.
        appliers: Of the code that folds; another one only warns.
        message: The protobuf message that the state travels as; None for the framework's own.

    """

    cls: type[Any]
    fields: tuple[StateField, ...]
    records: Mapping[type[Any], tuple[StateField, ...]]
    fingerprint: str
    version: int = 1
    appliers: str = ""
    message: type[Any] | None = None


@attrs.frozen
class ReadState:
    """A state that was read.

    Attributes:
        values: By field name, for a new object: nothing else holds them.
        appliers: Of the code that folded it; "" if it did not say.

    """

    values: Mapping[str, Any]
    appliers: str = ""


@attrs.frozen
class UnfitState:
    """A state that is not to be folded onto.

    Attributes:
        why: What does not fit, for people; never what the state holds.
        version: The version it was written under; None if it did not say.

    """

    why: str
    version: int | None = None
