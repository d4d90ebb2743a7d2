"""What is remembered while a state is written or read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .pb import messages as pb

Writer: TypeAlias = "Callable[[Any, pb.StateValue, Writing], None]"
Reader: TypeAlias = "Callable[[pb.StateValue, Reading], Any]"


class Unwritable(Exception):
    """A value that cannot be written exactly; the text does not show it."""


class Unreadable(Exception):
    """A value that is not what its type says; the text does not show it."""


def wrong(value: object, cls: type[Any]) -> Unwritable:
    """The error for a value of another class: what is read back would be of the declared one."""
    return Unwritable(f"is declared to hold a {cls.__name__}, not a {type(value).__name__}")


class Writing:
    """One state being written.

    Args:
        encode: Gives the bytes of a message.

    """

    __slots__ = ("_held", "encode", "maps", "orders")

    def __init__(self, encode: Callable[[Any], bytes]) -> None:
        self.encode = encode
        #: How many dicts there were so far.
        self.maps = 0
        #: Of those that were not filled in order.
        self.orders: dict[int, list[int]] = {}
        self._held: set[int] = set()

    def hold(self, value: object) -> None:
        """Unwritable if something that can be changed is found twice: read back it would be two, which differ then."""
        key = id(value)
        if key in self._held:
            raise Unwritable(f"the same {type(value).__name__} is held twice in this state; give each place its own")
        self._held.add(key)

    def note_order(self, number: int, places: list[int]) -> None:
        """In which order the dict of this number was filled, as places in the order that it is written in."""
        if places != list(range(len(places))):
            self.orders[number] = places


class Reading:
    """One state being read.

    Args:
        decoder: Gives a decoder of messages of a class, for this thread.
        orders: See `Writing`.

    """

    __slots__ = ("_decoder", "_decoders", "_maps", "_orders")

    def __init__(self, decoder: Callable[[type[Any]], Callable[[bytes], Any]], orders: Mapping[int, list[int]]) -> None:
        self._maps = 0
        self._orders = orders
        self._decoder = decoder
        self._decoders: dict[type[Any], Callable[[bytes], Any]] = {}

    def decoder(self, cls: type[Any]) -> Callable[[bytes], Any]:
        """How a message of this class is decoded."""
        found = self._decoders.get(cls)
        if found is None:
            found = self._decoders[cls] = self._decoder(cls)
        return found

    def next_order(self) -> list[int] | None:
        """In which order the next dict was filled; None if in the order that it is written in."""
        self._maps += 1
        return self._orders.get(self._maps - 1)
