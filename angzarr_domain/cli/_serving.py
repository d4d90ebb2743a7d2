"""What every subcommand that serves has in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from angzarr_domain.exceptions import AngzarrError, DeclarationError, InvalidArgument, UsageError

if TYPE_CHECKING:
    # argparse has no public name for it
    Subparsers = argparse._SubParsersAction[Any]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

#: Arguments that make no sense, whatever else is served or stored on this machine.
SENSELESS: Final[tuple[type[AngzarrError], ...]] = (UsageError, DeclarationError, InvalidArgument)


def add_serving_options(parser: argparse.ArgumentParser, *, without: str) -> None:
    """Where to serve, and how.

    Args:
        without: Where it serves when no address is given.

    """
    parser.add_argument(
        "--serve",
        dest="addresses",
        action="append",
        default=[],
        metavar="ADDRESS",
        help=f"host:port, /absolute.sock, ./relative.sock or unix:PATH, repeatable (without one: {without})",
    )
    parser.add_argument(
        "--socket-mode",
        type=socket_mode,
        default="600",
        metavar="MODE",
        help="permissions of socket files, in octal (default: %(default)s)",
    )
    parser.add_argument(
        "--grace",
        type=seconds,
        default="5",
        metavar="SECONDS",
        help="how long calls under way may take once it stops (default: %(default)s)",
    )


def announce(addresses: tuple[str, ...]) -> None:
    """Say in one line where it serves, for people and for whoever started it and waits."""
    print(f"serving on {' '.join(addresses)}", flush=True)


def socket_mode(text: str) -> int:
    """The permissions that octal digits mean."""
    mode = int(text, 8)
    if not 0 <= mode <= 0o777:  # noqa: PLR2004 - all there is
        raise ValueError(text)
    return mode


def seconds(text: str) -> float:
    """A number of seconds, 0 or more."""
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError(text)
    return number
