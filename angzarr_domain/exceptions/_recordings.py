from __future__ import annotations

import re
from typing import ClassVar

from ._base import AngzarrError, Status


class RecordingError(AngzarrError):
    """A file of recorded streams that cannot be read, written or carried on. What was there is left as it was.

    `code` says why: RECORDING_UNUSABLE, there is no such file, or the system refuses it; RECORDING_FOREIGN, it is no
    recording; RECORDING_NEWER, its format is of another version; RECORDING_DAMAGED, it ends too early, or a line was
    changed since it was written.
    """

    codes: ClassVar[tuple[str, ...]] = (
        "RECORDING_UNUSABLE",
        "RECORDING_FOREIGN",
        "RECORDING_NEWER",
        "RECORDING_DAMAGED",
    )
    default_status = Status.DATA_LOSS

    def __init__(self, message: str, *, path: str = "", line: int | None = None, code: str | None = None) -> None:
        super().__init__(
            message,
            code=code,
            details={**({"path": path} if path else {}), **({} if line is None else {"line": line})},
        )

    @property
    def path(self) -> str:
        """The file, or ""."""
        return self.details.get("path", "")

    @property
    def line(self) -> int | None:
        """The line it is about, from 1; None where it is about the whole file."""
        text = self.details.get("line", "")
        return int(text) if re.fullmatch("[0-9]{1,18}", text) else None
