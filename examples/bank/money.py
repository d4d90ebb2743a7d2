"""Amounts as people write them, and as accounts keep them: minor units, two decimals to one unit."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

#: Before the point; the amount then fits its field by far.
_DIGITS: Final = 15


class NoAmount(ValueError):
    """Text that is no amount; says why."""


def parse_amount(text: str) -> int:
    """Minor units, exactly: "12.50" is 1250.

    Raises:
        NoAmount: It is no plain decimal number, not more than zero, too large, or finer than two decimals.

    """
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise NoAmount(f"{text!r} is no amount; write it like 12 or 12.50")
    if len(text.lstrip("-").partition(".")[0]) > _DIGITS:
        raise NoAmount(f"the amount {text:.40} has more than {_DIGITS} digits before the point")
    minor = Decimal(text) * 100
    if minor <= 0:
        raise NoAmount(f"the amount {text} is not more than zero")
    if minor != minor.to_integral_value():
        raise NoAmount(f"the amount {text} has more than two decimals")
    return int(minor)


def format_amount(minor: int) -> str:
    """As people read it: 123450 is "1,234.50"."""
    return f"{Decimal(minor) / 100:,.2f}"
