"""What every subcommand that serves has in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypedDict

from angzarr_domain.exceptions import AngzarrError, DeclarationError, InvalidArgument, UsageError

if TYPE_CHECKING:
    from angzarr_domain.hosting import ServerTls

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
        help="host:port, https://host:port, /absolute.sock, ./relative.sock or unix:PATH, repeatable "
        f"(without one: {without})",
    )
    parser.add_argument(
        "--check-state",
        action="store_true",
        default=None,
        help="find out, too, whether handlers change lists, dicts and the like of the state in place; "
        "a few microseconds a command (without it: as ANGZARR_CHECK_STATE says, 1 or 0, else not)",
    )
    parser.add_argument(
        "--tls-certificate",
        metavar="FILE",
        help="PEM: who this server is, for the addresses that are https://",
    )
    parser.add_argument("--tls-key", metavar="FILE", help="PEM: the certificate's key, without a passphrase")
    parser.add_argument(
        "--tls-client-ca",
        metavar="FILE",
        help="PEM: let in only clients with a certificate of these authorities (mTLS)",
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
        help="how long calls under way may take once it stops, unless it is interrupted again (default: %(default)s)",
    )


class ServingOptions(TypedDict):
    """How to serve."""

    tls: ServerTls | None
    socket_mode: int
    grace: float


def serving_options(args: argparse.Namespace) -> ServingOptions:
    """What the arguments of `add_serving_options` say. Raises UsageError where they make no sense together."""
    return ServingOptions(tls=_server_tls(args), socket_mode=args.socket_mode, grace=args.grace)


def _server_tls(args: argparse.Namespace) -> ServerTls | None:
    from angzarr_domain.hosting import ServerTls  # loads grpc, which the help of no subcommand needs

    certificate, key, clients = args.tls_certificate, args.tls_key, args.tls_client_ca
    if certificate is None and key is None and clients is None:
        return None
    if certificate is None or key is None:
        missing = "--tls-certificate" if certificate is None else "--tls-key"
        raise UsageError(f"a server needs its certificate and the key of it: give {missing} as well", field="tls")
    return ServerTls(certificate=certificate, key=key, client_ca=clients)


def announcing(domains: Iterable[str], kept: str = "") -> Callable[[tuple[str, ...]], None]:
    """What says, once it serves, where and what: for people, and for whoever started it and waits for the first line.

    Args:
        kept: Where the events are kept, if they are.

    """
    what = f"domains: {', '.join(sorted(domains))}" + (f"; events are kept in {kept}" if kept else "")
    return lambda addresses: print(f"serving on {' '.join(addresses)}\n{what}", flush=True)


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
