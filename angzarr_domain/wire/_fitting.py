"""Cuts what an error says to what every peer takes.

gRPC peers read 8 KiB of trailers unless told otherwise. Of an error that is over it they see neither class nor code,
only that something was too large. So its parts have these bounds, and together, in the longest form in which they may
travel (the text in percent encoding and once more in the details, the details in base64), they stay below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Final

#: Bytes of the text in percent encoding, in which whatever is not plain ASCII takes three.
MAX_TEXT: Final = 1_500
MAX_CODE: Final = 200
#: Bytes of one detail, name and value, and of all of them.
MAX_DETAIL: Final = 1_200
MAX_DETAILS: Final = 2_500

_CUT: Final = "... (cut)"
_LEFT_OUT: Final = "..."
_ROOM_TO_SAY_SO: Final = 50
_ENTRY: Final = 8  # what an entry of a map takes besides its name and value
_AS_IT_IS: Final = frozenset(range(0x20, 0x7F)) - {ord("%")}


def fitting_text(text: str) -> str:
    """The text, or its beginning and that it was cut."""
    return _cut(text, MAX_TEXT, _percent_encoded)


def fitting_code(code: str) -> str:
    """The code; one over the bound was never meant to be decided on."""
    return _cut(code, MAX_CODE, _encoded)


def fitting_details(details: Mapping[str, str]) -> dict[str, str]:
    """The details in their order, long ones cut; under the name "..." how many are left out, if any are."""
    room = MAX_DETAILS - _ROOM_TO_SAY_SO
    found: dict[str, str] = {}
    for name, value in details.items():
        key = _cut(name, MAX_DETAIL // 2, _encoded)
        cut = _cut(value, MAX_DETAIL - _encoded(key), _encoded)
        room -= _encoded(key) + _encoded(cut) + _ENTRY
        if room < 0:
            return {**found, _LEFT_OUT: f"{len(details) - len(found)} more details did not fit"}
        found[key] = cut
    return found


def _cut(text: str, most: int, size: Callable[[str], int]) -> str:
    if len(text) <= most and size(text) <= most:
        return text
    room = most - len(_CUT)
    kept = sum(1 for total in accumulate(map(size, text[:room])) if total <= room)
    return text[:kept] + _CUT


def _encoded(text: str) -> int:
    return len(text.encode())


def _percent_encoded(text: str) -> int:
    return sum(1 if byte in _AS_IT_IS else 3 for byte in text.encode())
