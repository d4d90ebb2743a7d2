"""What older generations of the protocol know and do not know. `_mending.py` has what becomes of their messages."""

from __future__ import annotations

from typing import Any, Final

import attrs

from angzarr_domain.books import CommandBook, Cover, SyncMode
from angzarr_domain.exceptions import NotSupported

from .pb import interim, released

# Of an enum on the wire.
_HIGHEST: Final = 2**31 - 1

#: What the type URLs of the framework's own payloads begin with there.
FRAMEWORK_PREFIX: Final = "type.angzarr.io/"


@attrs.frozen
class Dialect:
    """One older generation.

    Messages and values are of any kind here: the two older generations have the same shapes in different classes.

    Attributes:
        name: What errors call it.
        package: Its protobuf package.
        pb: Its message classes.
        last_mode: The highest number of its SyncMode.
        has_ext: Whether a cover has the clients' slot.
        has_page_mode: Whether a single page may say how it is carried out.
        no_op: The type URL of what stands for an event that has not happened.

    """

    name: str
    package: str
    pb: Any
    last_mode: int
    has_ext: bool
    has_page_mode: bool
    no_op: str = attrs.field(
        init=False, default=attrs.Factory(lambda self: f"{FRAMEWORK_PREFIX}{self.package}.NoOp", takes_self=True)
    )

    def lower_mode(self, mode: int) -> int:
        """The older number of a SyncMode."""
        if mode <= SyncMode.CASCADE:
            return less_one(mode)
        if mode - 1 <= self.last_mode:
            return mode - 1
        if mode == SyncMode.DECISION:
            return 0  # the nearest: it waits for no more than the decision and its storage
        raise NotSupported(f"SyncMode {mode} by {self.name}: its coordinator would publish the events all the same")

    def lift_mode(self, number: int) -> int:
        """The newest number of a SyncMode; what this generation does not know is ASYNC there."""
        return number + 1 if 0 <= number <= self.last_mode else SyncMode.ASYNC

    def check_kept(self, book: CommandBook | None) -> None:
        """Refuse a command that says something which this generation cannot carry.

        Raises:
            NotSupported: A cover's ext, or a page's own mode.

        """
        if book is None:
            return
        self.check_cover(book.cover)
        if not self.has_page_mode and any(page.sync_mode is not None for page in book.pages):
            raise NotSupported(f"a mode on a single page by {self.name}: say it in the request")

    def check_cover(self, cover: Cover | None) -> None:
        """Refuse a cover whose ext would be lost."""
        if cover is not None and cover.ext is not None and not self.has_ext:
            raise NotSupported(f"cover.ext by {self.name}: it would be lost on the way")


RELEASED_DIALECT: Final = Dialect("the released protocol", "angzarr", released, 2, has_ext=False, has_page_mode=False)
INTERIM_DIALECT: Final = Dialect(
    "the protocol of May 2026", "angzarr_client.proto.angzarr.v1", interim, 4, has_ext=True, has_page_mode=True
)


def less_one(number: int) -> int:
    """The older number of an enum that counts from 1 in the newest generation; what is unset there is the first."""
    return max(number - 1, 0)


def one_more(number: int) -> int:
    """The newest number of such an enum. What has no number here keeps its own, and is refused by whoever reads it."""
    return number + 1 if 0 <= number < _HIGHEST else number
