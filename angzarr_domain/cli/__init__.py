"""`python -m angzarr_domain`: one module for each subcommand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from angzarr_domain.exceptions import AngzarrError

from . import _describe, _dev, _export, _generate, _host, _import, _replay_check
from ._endpoints import in_options

_COMMANDS = (_dev, _host, _generate, _describe, _export, _import, _replay_check)

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; the exit status is 0, 1 for what went wrong, 2 for arguments that make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m angzarr_domain", description="Event-sourced aggregates for Angzarr."
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.set_defaults(run=None)
    subparsers = parser.add_subparsers(metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(subparsers)
    args = parser.parse_args(argv)
    if args.version:
        print(f"angzarr-domain {version('angzarr-domain')}")  # asked now only: a source tree may not be installed
        return 0
    if args.run is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        status: int = args.run(args)
    except AngzarrError as error:
        print(f"angzarr_domain: {in_options(str(error))}", file=sys.stderr)
        return 1
    return status
