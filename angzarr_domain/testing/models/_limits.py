"""What attrs validators allow, read from the validators themselves."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import reduce
from typing import Any, Final

import attrs
from attrs import validators

# The classes behind attrs' functions have no public names, and some of them no known types.
_NUMBER: Final[Any] = type(validators.ge(0))
_IN: Final[Any] = type(validators.in_([]))
_LONGEST: Final[Any] = type(validators.max_len(0))
_SHORTEST: Final[Any] = type(validators.min_len(0))
_PATTERN: Final[Any] = type(validators.matches_re(""))
_INSTANCE: Final[Any] = type(validators.instance_of(int))
_OPTIONAL: Final[Any] = type(validators.optional(validators.ge(0)))
_AND: Final[Any] = type(validators.and_())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
_ITEMS: Final[Any] = type(validators.deep_iterable(validators.ge(0)))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


@attrs.frozen
class Limits:
    """What a field takes, as far as its validators can be read; the rest shows when a message is made.

    Attributes:
        low: The least value, or the bound itself where `low_open`.
        options: All that there is to choose from.
        patterns: Regular expressions with the name of the method that they have to pass.
        required: Whether None is refused.
        items: What each item takes.

    """

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False
    shortest: int = 0
    longest: int | None = None
    options: tuple[Any, ...] | None = None
    patterns: tuple[tuple[re.Pattern[Any], str], ...] = ()
    required: bool = False
    items: Limits | None = None

    def accepts(self, value: Any) -> bool:
        """Whether a single value passes what was read."""
        if self.options is not None and value not in self.options:
            return False
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        if self.high is not None and (value > self.high or (self.high_open and value == self.high)):
            return False
        sized = isinstance(value, (str, bytes))
        if sized and not self.shortest <= len(value) <= (len(value) if self.longest is None else self.longest):
            return False
        return all(getattr(pattern, method)(value) for pattern, method in self.patterns)


NO_LIMITS: Final = Limits()


def limits_of(validator: Any) -> Limits:
    """What a field's validator says; nothing for one that is no validator of attrs."""
    if isinstance(validator, _AND):
        return reduce(_both, map(limits_of, validator._validators), NO_LIMITS)  # noqa: SLF001 - attrs has no other way
    if isinstance(validator, _OPTIONAL):
        return attrs.evolve(limits_of(validator.validator), required=False)
    found = _of_one(validator)
    return NO_LIMITS if found is None else attrs.evolve(found, required=None not in (found.options or ()))


def _of_one(validator: Any) -> Limits | None:
    return next((read(validator) for kind, read in _READERS if isinstance(validator, kind)), None)


def _of_items(validator: Any) -> Limits:
    whole = NO_LIMITS if validator.iterable_validator is None else limits_of(validator.iterable_validator)
    return attrs.evolve(whole, items=limits_of(validator.member_validator))


def _of_number(validator: Any) -> Limits:
    compare, bound = validator.compare_func, validator.bound
    if compare in {operator.ge, operator.gt}:
        return Limits(low=bound, low_open=compare is operator.gt)
    return Limits(high=bound, high_open=compare is operator.lt)


_READERS: Final[tuple[tuple[Any, Callable[[Any], Limits]], ...]] = (
    (_NUMBER, _of_number),
    (_IN, lambda found: Limits(options=tuple(found.options))),
    (_LONGEST, lambda found: Limits(longest=found.max_length)),
    (_SHORTEST, lambda found: Limits(shortest=found.min_length)),
    (_PATTERN, lambda found: Limits(patterns=((found.pattern, found.match_func.__name__),))),
    (_ITEMS, _of_items),
    (_INSTANCE, lambda _: NO_LIMITS),
)


def _both(left: Limits, right: Limits) -> Limits:
    low, low_open = _tighter((left.low, left.low_open), (right.low, right.low_open), operator.gt)
    high, high_open = _tighter((left.high, left.high_open), (right.high, right.high_open), operator.lt)
    longest = [limit.longest for limit in (left, right) if limit.longest is not None]
    if left.options is None or right.options is None:
        options = right.options if left.options is None else left.options
    else:
        options = tuple(option for option in left.options if option in right.options)
    return Limits(
        low,
        high,
        low_open,
        high_open,
        max(left.shortest, right.shortest),
        min(longest, default=None),
        options,
        left.patterns + right.patterns,
        left.required or right.required,
        left.items or right.items,
    )


def _tighter(left: tuple[Any, bool], right: tuple[Any, bool], beats: Any) -> tuple[Any, bool]:
    if left[0] is None or right[0] is None:
        return right if left[0] is None else left
    if left[0] == right[0]:
        return left[0], left[1] or right[1]
    return left if beats(left[0], right[0]) else right
