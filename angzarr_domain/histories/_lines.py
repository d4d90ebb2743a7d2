"""Lines of a recording: one JSON object each, sealed with a check that depends on every line before."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

_SEALED: Final = re.compile(rb'(\{".*),"check":"([0-9a-f]{8})"\}', re.DOTALL)


class BrokenLineError(ValueError):
    """A line that is not as it was written; the text says in what way, and holds nothing of the line."""


def to_text(plain: Any) -> str:
    """The one JSON text of a plain value."""
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Seal:
    """Seals lines, or opens them, in their order: a line that was changed, moved or left out does not open."""

    def __init__(self) -> None:
        self._chain = b""

    def close(self, kind: str, body: Any) -> bytes:
        """The line of a record, with its line end."""
        # Half of a surrogate pair has no UTF-8; escaped it is the same JSON.
        content = f'{{"{kind}":{to_text(body)}'.encode("utf-8", "backslashreplace")
        return b'%s,"check":"%s"}\n' % (content, self._next(content))

    def open(self, line: bytes) -> tuple[str, Any]:
        """Kind and body of a line's record; BrokenLineError if it is not as it was written."""
        found = _SEALED.fullmatch(line.rstrip(b"\r\n"))
        if found is None:
            raise BrokenLineError("it is no whole line of a recording")
        if self._next(found[1]) != found[2]:
            raise BrokenLineError("it, or a line before it, was changed since it was written")
        ((kind, body),) = unsealed(line).items()
        return kind, body

    def _next(self, content: bytes) -> bytes:
        self._chain = hashlib.sha256(self._chain + content).digest()
        return self._chain.hex()[:8].encode()


def unsealed(line: bytes) -> dict[str, Any]:
    """The record of a line, whether or not its check is right; BrokenLineError if it is none at all."""
    try:
        record: Any = json.loads(line)
    except ValueError as error:
        raise BrokenLineError("it is not JSON") from error
    if not isinstance(record, dict):
        raise BrokenLineError("it is no JSON object")
    return {str(kind): body for kind, body in record.items() if kind != "check"}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - of anything
