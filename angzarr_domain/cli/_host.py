from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from angzarr_domain.exceptions import DeclarationError, InvalidEndpoint, UsageError

from ._components import load_components, refuse

if TYPE_CHECKING:
    # argparse has no public name for it
    Subparsers = argparse._SubParsersAction[Any]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def add_parser(subparsers: Subparsers) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "host",
        help="serve aggregates to an Angzarr coordinator",
        description="Serve aggregates to an Angzarr coordinator until SIGTERM or SIGINT.",
    )
    parser.add_argument(
        "components",
        metavar="MODULE:NAME",
        help="a list of aggregate classes, or one, such as examples.bank:components",
    )
    parser.add_argument(
        "--serve",
        dest="addresses",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="host:port, /absolute.sock, ./relative.sock or unix:PATH, repeatable "
        "(without one: as the environment says, else localhost:50052)",
    )
    parser.add_argument(
        "--history",
        metavar="ENDPOINT",
        help="the coordinator, to read the events from that a snapshot which does not fit stands for",
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
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal."""
    from angzarr_domain.hosting import Host  # loads grpc, which the help of no subcommand needs

    try:
        host = Host(load_components(args.components), history=args.history)
        host.serve(*args.addresses, socket_mode=args.socket_mode, grace=args.grace, announce=announce)
    except (UsageError, DeclarationError, InvalidEndpoint) as error:
        return refuse(error)
    return 0


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
