from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ._components import refuse
from ._serving import SENSELESS

if TYPE_CHECKING:
    from ._serving import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "import",
        help="put exported streams into the data file of a coordinator",
        description="Put exported streams into the data file of a coordinator that is not running, with their "
        "sequences, payloads and times. Each stream is stored whole or not at all; equal ones that are there already "
        "are passed over, others of the same name are refused.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="what `export` wrote")
    parser.add_argument("--data", required=True, metavar="FILE", help="the data file, made if it is not there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import."""
    from angzarr_domain.embedded import EventFile  # loads grpc, which no help needs
    from angzarr_domain.histories import import_history

    try:
        with EventFile(args.data) as target:
            for file in args.files:
                imported = import_history(target, file)
                print(f"{file}: {imported.stored} streams stored, {imported.present} there already")
    except SENSELESS as error:
        return refuse(error)
    return 0
