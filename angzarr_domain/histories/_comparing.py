from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ._findings import Difference
from ._lines import to_text

_ABSENT: Final = object()


def differences(recorded: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[Difference]:
    """What differs between two states, as deep inside as it can be told."""
    for field in dict.fromkeys((*recorded, *today)):
        yield from _within(field, recorded.get(field, _ABSENT), today.get(field, _ABSENT))


def _within(way: str, recorded: Any, today: Any) -> Iterator[Difference]:
    # By their texts: to Python 1, 1.0 and True are equal.
    if _text(recorded) == _text(today):
        return
    if _is_plain(recorded) and _is_plain(today):
        for key in dict.fromkeys((*recorded, *today)):
            name = f'{way}["{key}"]' if "$is" not in recorded else f"{way}.{key}"
            yield from _within(name, recorded.get(key, _ABSENT), today.get(key, _ABSENT))
    elif isinstance(recorded, list) and isinstance(today, list) and len(recorded) == len(today):  # pyright: ignore[reportUnknownArgumentType] - of anything
        for index, pair in enumerate(zip(recorded, today, strict=True)):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - as above
            yield from _within(f"{way}[{index}]", *pair)
    else:
        yield Difference(way, _text(recorded), _text(today))


def _is_plain(value: Any) -> bool:
    """Whether it is an object whose keys are places: not a tag around one value."""
    return isinstance(value, dict) and ("$is" in value or not any(str(key).startswith("$") for key in value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - of anything


def _text(value: Any) -> str | None:
    return None if value is _ABSENT else to_text(value)
