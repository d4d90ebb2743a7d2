from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from angzarr_domain.exceptions import AngzarrError

from ._components import load_components, refuse

if TYPE_CHECKING:
    from ._serving import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "replay-check",
        help="fold recorded streams with today's classes, and compare the states with the recorded ones",
        description="Fold recorded streams with today's classes, and compare the states with the recorded ones.",
        epilog="Exit status: 0 when every stream folds to its recorded state, 1 when one does not, 2 when that cannot "
        "be told: a file or a class cannot be used.",
    )
    parser.add_argument(
        "components",
        metavar="MODULE:NAME",
        help="a list of aggregate classes, or one, such as examples.bank:components",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="what `export` wrote")
    parser.add_argument("--update", action="store_true", help="record the states anew, on purpose, instead of checking")
    parser.add_argument(
        "--states",
        type=int,
        metavar="N",
        help="with --update: after every N events of a stream, and after the last one (without it: as in the file)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, or with --update record."""
    from angzarr_domain.histories import replay_check  # loads protobuf, which no help needs

    try:
        components = load_components(args.components)
        if args.update:
            return _update(args, components)
        report = replay_check(components, args.files)
    except AngzarrError as error:
        return refuse(error)  # nothing was found out
    print(report)
    return 0 if report.ok else 1


def _update(args: argparse.Namespace, components: tuple[type[Any], ...]) -> int:
    from angzarr_domain.histories import record_states  # as above

    for file in args.files:
        changed = record_states(file, components, states_every=args.states)
        print(f"{'recorded' if changed else 'unchanged'}: {file}")
    return 0
