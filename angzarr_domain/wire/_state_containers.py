"""Lists, dicts, sets and nested objects of a state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

from angzarr_domain.books import StateField, ValueKind, ValueType

from ._state_values import PLAIN, message, named, numbered
from ._state_walks import Reader, Reading, Unreadable, Unwritable, Writer, Writing, wrong
from .pb import messages as pb

#: Kinds whose values have an order that is the same in every process.
_ORDERED: Final = frozenset({ValueKind.INT, ValueKind.STR, ValueKind.BYTES, ValueKind.DATE, ValueKind.UUID})

Pair = tuple[Writer, Reader]


class Bindings:
    """How values are written and read; one function of each for each type.

    Args:
        records: The fields of the classes of nested objects, which may hold each other.

    """

    def __init__(self, records: Mapping[type[Any], tuple[StateField, ...]]) -> None:
        self._records = records
        self._made: dict[type[Any], Pair] = {}
        self._by_kind: Mapping[ValueKind, Callable[[Any, tuple[ValueType, ...]], Pair]] = {
            ValueKind.NAMED: lambda cls, _: named(cls),
            ValueKind.NUMBERED: lambda cls, _: numbered(cls),
            ValueKind.MESSAGE: lambda cls, _: message(cls),
            ValueKind.RECORD: lambda cls, _: self._record(cls),
            ValueKind.LIST: lambda cls, args: _sequence(cls, self.of(args[0])),
            ValueKind.TUPLE: lambda cls, args: _sequence(cls, self.of(args[0])),
            ValueKind.ROW: lambda cls, args: _row(cls, tuple(map(self.of, args))),
            ValueKind.SET: self._set,
            ValueKind.FROZENSET: self._set,
            ValueKind.DICT: self._dict,
            ValueKind.CHOICE: self._choice,
        }

    def of(self, value: ValueType) -> Pair:
        """The functions for a type."""
        plain = PLAIN.get(value.kind)
        return self._by_kind[value.kind](value.cls, value.args) if plain is None else plain

    def _record(self, cls: type[Any]) -> Pair:
        made = self._made.get(cls)
        if made is None:
            parts: list[tuple[str, Writer, Reader]] = []
            made = self._made[cls] = _record(cls, parts)
            # Filled in afterwards, since a class may hold itself.
            parts += [(field.name, *self.of(field.type)) for field in self._records[cls]]
        return made

    def _set(self, cls: Any, args: tuple[ValueType, ...]) -> Pair:
        return _set(cls, self.of(args[0]), ordered=args[0].kind in _ORDERED)

    def _dict(self, cls: Any, args: tuple[ValueType, ...]) -> Pair:
        return _dict(cls, self.of(args[0]), self.of(args[1]), ordered=args[0].kind in _ORDERED)

    def _choice(self, _cls: Any, options: tuple[ValueType, ...]) -> Pair:
        if len(options) == 2 and options[0].kind is ValueKind.NONE:  # noqa: PLR2004 - None sorts first
            return _optional(self.of(options[1]))
        return _choice([(option, *self.of(option)) for option in options])


def _sequence(cls: type[Any], element: Pair) -> Pair:
    write_one, read_one = element

    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        if type(value) is not cls:
            raise wrong(value, cls)
        if cls is list:
            walk.hold(value)
        into.items.SetInParent()
        add = into.items.values.add
        for item in value:
            write_one(item, add(), walk)

    def read(value: pb.StateValue, walk: Reading) -> Any:
        return cls([read_one(item, walk) for item in _items(value)])

    return write, read


def _row(cls: type[Any], parts: tuple[Pair, ...]) -> Pair:
    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        if type(value) is not cls:
            raise wrong(value, cls)
        if len(value) != len(parts):
            raise Unwritable(f"is a tuple of {len(value)} values; {len(parts)} are declared")
        into.items.SetInParent()
        for item, (write_one, _) in zip(value, parts, strict=True):
            write_one(item, into.items.values.add(), walk)

    def read(value: pb.StateValue, walk: Reading) -> Any:
        items = _items(value, len(parts))
        return cls([read_one(item, walk) for item, (_, read_one) in zip(items, parts, strict=True)])

    return write, read


def _record(cls: type[Any], parts: list[tuple[str, Writer, Reader]]) -> Pair:
    shared = cls.__hash__ is None
    # attrs keeps the hash of some classes in a slot that only __init__ fills.
    keeps_hash = hasattr(cls, "_attrs_cached_hash")

    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        if type(value) is not cls:
            raise wrong(value, cls)
        if shared:
            walk.hold(value)
        into.items.SetInParent()
        add = into.items.values.add
        for name, write_one, _ in parts:
            write_one(getattr(value, name), add(), walk)

    def read(value: pb.StateValue, walk: Reading) -> Any:
        # As copy and pickle do: __init__ would convert once more what it has converted before.
        made = object.__new__(cls)
        for item, (name, _, read_one) in zip(_items(value, len(parts)), parts, strict=True):
            object.__setattr__(made, name, read_one(item, walk))
        if keeps_hash:
            object.__setattr__(made, "_attrs_cached_hash", None)
        return made

    return write, read


def _set(cls: type[Any], element: Pair, *, ordered: bool) -> Pair:
    write_one, read_one = element

    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        if type(value) is not cls:
            raise wrong(value, cls)
        if cls is set:
            walk.hold(value)
        into.items.SetInParent()
        into.items.values.extend(written for _, written in _in_order(value, write_one, walk, ordered=ordered))

    def read(value: pb.StateValue, walk: Reading) -> Any:
        items = _items(value)
        found = cls([read_one(item, walk) for item in items])
        if len(found) != len(items):
            raise Unreadable("holds an element twice")
        return found

    return write, read


def _dict(cls: type[Any], key: Pair, item: Pair, *, ordered: bool) -> Pair:
    write_key, read_key = key
    write_item, read_item = item

    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        if type(value) is not cls:
            raise wrong(value, cls)
        walk.hold(value)
        number, walk.maps = walk.maps, walk.maps + 1
        entries = into.entries
        entries.SetInParent()
        places: dict[Any, int] = {}
        for place, (found, written) in enumerate(_in_order(value, write_key, walk, ordered=ordered)):
            places[found] = place
            entries.keys.append(written)
            write_item(value[found], entries.values.add(), walk)
        walk.note_order(number, [places[found] for found in value])

    def read(value: pb.StateValue, walk: Reading) -> dict[Any, Any]:
        if value.WhichOneof("kind") != "entries":
            raise Unreadable("is no mapping")
        order = walk.next_order()
        entries = value.entries
        if len(entries.keys) != len(entries.values):
            raise Unreadable("has keys without values")
        pairs = [(read_key(k, walk), read_item(v, walk)) for k, v in zip(entries.keys, entries.values, strict=True)]
        found = dict(pairs if order is None else _as_filled(pairs, order))
        if len(found) != len(pairs):
            raise Unreadable("holds a key twice")
        return found

    return write, read


def _as_filled(pairs: list[tuple[Any, Any]], order: list[int]) -> list[tuple[Any, Any]]:
    if sorted(order) != list(range(len(pairs))):
        raise Unreadable("was filled in an order that cannot be")
    return [pairs[place] for place in order]


def _in_order(
    values: Iterable[Any], write: Writer, walk: Writing, *, ordered: bool
) -> Iterable[tuple[Any, pb.StateValue]]:
    """The values with how they are written, in an order that neither filling nor hashing has a part in."""
    try:
        known = sorted(values) if ordered else list(values)
    except TypeError as error:
        raise Unwritable("holds keys or elements of other types than declared") from error
    written = [pb.StateValue() for _ in known]
    for value, into in zip(known, written, strict=True):
        write(value, into, walk)
    if ordered:
        return list(zip(known, written, strict=True))
    keyed = [
        (into.SerializeToString(deterministic=True), value, into) for value, into in zip(known, written, strict=True)
    ]
    return [(value, into) for _, value, into in sorted(keyed, key=itemgetter(0))]


def _optional(some: Pair) -> Pair:
    write_some, read_some = some

    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        if value is not None:
            write_some(value, into, walk)

    def read(value: pb.StateValue, walk: Reading) -> Any:
        return None if value.WhichOneof("kind") is None else read_some(value, walk)

    return write, read


def _choice(options: list[tuple[ValueType, Writer, Reader]]) -> Pair:
    by_class = {option.cls: (index, write) for index, (option, write, _) in enumerate(options)}
    if int not in by_class and float in by_class:
        by_class[int] = by_class[float]
    names = " or ".join(option.kind.value if option.cls is None else option.cls.__name__ for option, _, _ in options)

    def write(value: Any, into: pb.StateValue, walk: Writing) -> None:
        found = by_class.get(value.__class__)
        if found is None:
            raise Unwritable(f"is declared to hold a {names}, not a {type(value).__name__}")
        choice = into.choice
        choice.index = found[0]
        choice.value.SetInParent()
        found[1](value, choice.value, walk)

    def read(value: pb.StateValue, walk: Reading) -> Any:
        if value.WhichOneof("kind") != "choice" or value.choice.index >= len(options):
            raise Unreadable(f"is no {names}")
        return options[value.choice.index][2](value.choice.value, walk)

    return write, read


def _items(value: pb.StateValue, count: int | None = None) -> Any:
    if value.WhichOneof("kind") != "items":
        raise Unreadable("is no sequence")
    if count is not None and len(value.items.values) != count:
        raise Unreadable("has too many or too few parts")
    return value.items.values
