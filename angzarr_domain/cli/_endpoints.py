"""What every subcommand that calls an endpoint has in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from angzarr_domain.exceptions import UsageError

if TYPE_CHECKING:
    import argparse

    from angzarr_domain.client import Tls

# What the package's errors say to those who write Python, and what it is on the command line. The longer ones first.
_OPTIONS: Final = (
    ("tls=ServerTls(certificate=..., key=...)", "--tls-certificate FILE --tls-key FILE"),
    ("Tls(certificate=..., key=...)", "--certificate FILE --key FILE"),
    ("Tls(ca=...)", "--ca FILE"),
    ("Tls(server_name=...)", "--server-name NAME"),
    (": use https://, a socket, or allow it by token_in_plaintext=True", ": use https:// or a socket"),
)


def add_tls_options(parser: argparse.ArgumentParser, endpoint: str) -> None:
    """Whom to trust at an endpoint that is https://, and who calls.

    Args:
        endpoint: What it is called in the help.

    """
    parser.add_argument(
        "--ca",
        metavar="FILE",
        help=f"PEM: the authorities to trust where {endpoint} is https:// (without it: those of the system)",
    )
    parser.add_argument(
        "--certificate", metavar="FILE", help=f"PEM: who calls, where {endpoint} asks for it (mTLS); needs --key"
    )
    parser.add_argument("--key", metavar="FILE", help="PEM: the key of --certificate, without a passphrase")
    parser.add_argument(
        "--server-name", metavar="NAME", help="the name to expect in the server's certificate, instead of the host"
    )


def called_with(args: argparse.Namespace, *, secure: bool) -> Tls | None:
    """What the arguments of `add_tls_options` say, if anything.

    Args:
        secure: Whether there is an endpoint that is https://.

    Raises:
        UsageError: They make no sense together, or there is no such endpoint.

    """
    from angzarr_domain.client import Tls  # loads grpc, which no help needs

    given = {
        "--ca": args.ca,
        "--certificate": args.certificate,
        "--key": args.key,
        "--server-name": args.server_name,
    }
    named = [option for option, value in given.items() if value is not None]
    if not named:
        return None
    if not secure:
        raise UsageError(f"{named[0]} is for endpoints that are https://, and there is none", field="tls")
    if (args.certificate is None) != (args.key is None):
        missing = "--certificate" if args.certificate is None else "--key"
        raise UsageError(f"a certificate and its key go together: give {missing} as well", field="tls")
    return Tls(ca=args.ca, certificate=args.certificate, key=args.key, server_name=args.server_name or "")


def is_secure(endpoint: str | None) -> bool:
    """Whether TLS is asked for. Raises InvalidEndpoint where the text is none."""
    from angzarr_domain.client import parse_endpoint  # loads grpc, which no help needs

    return endpoint is not None and parse_endpoint(endpoint).secure


def bytes_of(path: Path, field: str) -> bytes:
    """What a file of an option holds. Raises UsageError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", field=field) from error


def in_options(text: str) -> str:
    """An error's text in terms of the command line."""
    for argument, option in _OPTIONS:
        text = text.replace(argument, option)
    return text
