from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from angzarr_domain.exceptions import UsageError

from ._components import load_components, refuse
from ._endpoints import add_tls_options, called_with, is_secure
from ._serving import SENSELESS, add_serving_options, announcing, serving_options

if TYPE_CHECKING:
    from angzarr_domain.hosting import BusinessLogic

    from ._serving import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "dev",
        help="run a coordinator: take commands, store events, answer queries",
        description="Run a coordinator until SIGTERM or SIGINT, for aggregates in this process, for business logic of "
        "any language served elsewhere, or for both.",
    )
    parser.add_argument(
        "components",
        nargs="?",
        metavar="MODULE:NAME",
        help="a list of aggregate classes, or one, such as examples.bank:components",
    )
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="where events are kept, made if it is not there (without it: in memory, gone when this stops)",
    )
    parser.add_argument(
        "--target",
        dest="targets",
        action="append",
        default=[],
        metavar="DOMAIN=ENDPOINT",
        help="where the business logic of a domain is served, such as account=localhost:50052, repeatable",
    )
    add_tls_options(parser, "a --target")
    add_serving_options(parser, without="localhost:1310")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until a signal."""
    from angzarr_domain.books import check_domain
    from angzarr_domain.embedded import Coordinator  # loads grpc, which the help of no subcommand needs
    from angzarr_domain.hosting import RemoteLogic

    try:
        targets = _targets(args.targets)
        if args.components is None and not targets:
            raise UsageError("who decides the commands? Name aggregates, MODULE:NAME, or --target DOMAIN=ENDPOINT")
        behind_tls = [domain for domain, endpoint in targets.items() if is_secure(endpoint)]
        tls = called_with(args, secure=bool(behind_tls))
        remote = [RemoteLogic([check_domain(each, "target")], targets.pop(each), tls=tls) for each in behind_tls]
        components = () if args.components is None else load_components(args.components)
        logics: list[type[Any] | BusinessLogic] = [*components, *remote]
        coordinator = Coordinator(logics, args.data, targets=targets, check_state=args.check_state)
        announce = announcing(coordinator.domains, args.data or "memory only")
        coordinator.serve(*args.addresses, **serving_options(args), announce=announce)
    except SENSELESS as error:
        return refuse(error)
    return 0


def _targets(given: list[str]) -> dict[str, str]:
    targets: dict[str, str] = {}
    for text in given:
        domain, equals, endpoint = text.partition("=")
        if not (equals and domain and endpoint):
            raise UsageError(f"{text!r} is not DOMAIN=ENDPOINT, such as account=localhost:50052", field="target")
        if domain in targets:
            raise UsageError(f"--target {domain} is given twice: each domain is decided in one place", field="target")
        targets[domain] = endpoint
    return targets
