from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ._components import load_components, refuse
from ._endpoints import add_tls_options, called_with, is_secure
from ._serving import SENSELESS, add_serving_options, announcing, serving_options

if TYPE_CHECKING:
    from ._serving import Subparsers


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
        "--history",
        metavar="ENDPOINT",
        help="the coordinator, to read the events from that a snapshot which does not fit stands for",
    )
    add_tls_options(parser, "the --history endpoint")
    add_serving_options(parser, without="as the environment says, else localhost:50052")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal."""
    from angzarr_domain.hosting import Host  # loads grpc, which the help of no subcommand needs

    try:
        tls = called_with(args, secure=is_secure(args.history))
        components = load_components(args.components)
        host = Host(components, history=args.history, history_tls=tls, check_state=args.check_state)
        host.serve(*args.addresses, **serving_options(args), announce=announcing(host.domains))
    except SENSELESS as error:
        return refuse(error)
    return 0
