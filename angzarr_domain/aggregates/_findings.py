"""What a declaration is warned of."""

from __future__ import annotations

from typing import Literal

import attrs


@attrs.frozen
class Finding:
    """One thing to look at in a declaration that is otherwise accepted.

    Attributes:
        code: A stable name to look up or silence it by.
        subject: The class, method or field it is about.

    """

    code: str
    severity: Literal["error", "warning"]
    subject: str
    text: str
