"""What the log says of an exception that nobody meant to raise."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Final

logger: Final = logging.getLogger("angzarr_domain.hosting")


def log_failure(where: str, error: BaseException) -> None:
    """Log the frames of an exception and of those that caused it.

    Their texts go out at DEBUG only: they carry payloads (`invalid literal ... 'secret'`).
    """
    for index, each in enumerate(_chain(error)):
        frames = "".join(traceback.format_tb(each.__traceback__)).rstrip()
        begin = f"{where} raised" if index == 0 else "caused by"
        logger.error("%s %s\n%s", begin, type(each).__name__, frames)
    logger.debug("%s raised, in full", where, exc_info=error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
