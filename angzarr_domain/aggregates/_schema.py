"""What the fields of a state hold, read from their annotations once, and the fingerprint of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

import attrs

from angzarr_domain.books import StateField, StateSchema, ValueKind, ValueType, type_name
from angzarr_domain.exceptions import StateNotEncodable

from ._annotated_values import NotAValue, Values
from ._definition import AggregateDefinition
from ._sources import fingerprint_of_source

_SCHEMAS: Final[WeakKeyDictionary[AggregateDefinition[Any], StateSchema]] = WeakKeyDictionary()


def unencodable_fields(cls: type[Any]) -> list[tuple[str, str]]:
    """The fields of an aggregate class that no snapshot can hold, each with what to do about it."""
    return _read(cls)[2]


def state_schema(definition: AggregateDefinition[Any]) -> StateSchema:
    """What is needed to write and read the states of an aggregate.

    Raises:
        StateNotEncodable: A field's type cannot be written.

    """
    found = _SCHEMAS.get(definition)
    return _SCHEMAS.setdefault(definition, _schema(definition)) if found is None else found


def _schema(definition: AggregateDefinition[Any]) -> StateSchema:
    fields, records, unencodable = _read(definition.cls)
    if unencodable:
        field, why = unencodable[0]
        raise StateNotEncodable(definition.cls.__name__, field, why)
    message = definition.state_message
    # Two aggregates may share a domain, and so a stream: the name keeps one from reading what the other wrote.
    lines = [f"{definition.cls.__name__} version {definition.version}"]
    lines += [f"{field.name}: {_Text(records).of(field.type)}" for field in sorted(fields, key=lambda each: each.name)]
    if message is not None:
        lines.append(f"as {_Text(records).of_message(message)}")
    return StateSchema(
        definition.cls,
        fields,
        records,
        hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32],
        definition.version,
        fingerprint_of_source(_folding(definition)),
        message,
    )


def _folding(definition: AggregateDefinition[Any]) -> list[Callable[..., Any]]:
    appliers = [definition.appliers[name].function for name in sorted(definition.appliers)]
    return [*appliers, *(definition.upcasts[name].function for name in sorted(definition.upcasts))]


def _read(
    cls: type[Any],
) -> tuple[tuple[StateField, ...], Mapping[type[Any], tuple[StateField, ...]], list[tuple[str, str]]]:
    values = Values()
    found: list[StateField] = []
    unencodable: list[tuple[str, str]] = []
    for attribute in attrs.fields(cls):
        try:
            found.append(StateField(attribute.name, values.of_attribute(cls, attribute)))
        except NotAValue as issue:
            unencodable.append((attribute.name, str(issue)))
    return tuple(found), values.records, unencodable


class _Text:
    """A type as text that says all that its bytes depend on. Nested classes count by what they hold, not by name."""

    def __init__(self, records: Mapping[type[Any], tuple[StateField, ...]]) -> None:
        self._records = records
        self._seen: dict[type[Any], int] = {}

    def of(self, value: ValueType) -> str:
        """The text of a type."""
        cls = value.cls
        if value.kind is ValueKind.RECORD and cls is not None:
            return self._once(cls, lambda: ", ".join(f"{f.name}: {self.of(f.type)}" for f in self._records[cls]))
        if value.kind is ValueKind.MESSAGE and cls is not None:
            return self.of_message(cls)
        if value.kind is ValueKind.NAMED and cls is not None:
            return f"enum {sorted(cls.__members__)}"
        if value.kind is ValueKind.NUMBERED and cls is not None:
            return f"enum {sorted((name, int(member.value)) for name, member in cls.__members__.items())}"
        return f"{value.kind.value}[{', '.join(map(self.of, value.args))}]" if value.args else value.kind.value

    def of_message(self, cls: type[Any]) -> str:
        """The text of a message class, of either kind."""
        descriptor = getattr(cls, "DESCRIPTOR", None)
        if descriptor is not None:
            return self._of_descriptor(descriptor)
        return f"{type_name(cls)} {self._once(cls, lambda: self._of_generated(cls))}"

    def _of_generated(self, cls: type[Any]) -> str:
        lines: list[str] = []
        for attribute in attrs.fields(cls):
            # As `angzarr_domain.messages` writes it, which this part does not know.
            schema = attribute.metadata["protobuf"]
            kind = self.of_message(schema.find_type()) if schema.kind == "message" else schema.kind
            lines.append(f"{schema.number} {attribute.name} {schema.shape.value} {schema.key or ''} {kind}")
        return ", ".join(sorted(lines))

    def _of_descriptor(self, descriptor: Any) -> str:
        def listed() -> str:
            return ", ".join(
                f"{field.number} {field.name} "
                + (str(field.type) if field.message_type is None else self._of_descriptor(field.message_type))
                for field in sorted(descriptor.fields, key=lambda each: each.number)
            )

        return f"{descriptor.full_name} {self._once(descriptor, listed)}"

    def _once(self, cls: Any, text: Callable[[], str]) -> str:
        if cls in self._seen:
            return f"#{self._seen[cls]}"
        self._seen[cls] = len(self._seen)
        return f"{{{text()}}}"
