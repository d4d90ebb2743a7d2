from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ._base import AngzarrError, Status
from ._commands import Rejected


@cache
def _by_code() -> Mapping[str, type[AngzarrError]]:
    # Asked only once every module of this package is there.
    return _codes_below(AngzarrError)


def _codes_below(cls: type[AngzarrError]) -> dict[str, type[AngzarrError]]:
    found = dict.fromkeys(cls.codes, cls)
    for sub in cls.__subclasses__():
        # A user's subclass adds no framework code.
        if sub.__module__ == AngzarrError.__module__:
            found |= _codes_below(sub)
    return found


def is_framework_code(code: str) -> bool:
    """Whether the code is one of the framework's closed set; any other code is a rejection's."""
    return code in _by_code()


def restore(code: str, status: int, message: str, details: Mapping[str, str]) -> AngzarrError:
    """The error a peer reported: of the framework if the code is a listed one, else a `Rejected`."""
    cls = _by_code().get(code, Rejected)
    return cls.of(message, code, Status(status), details)
