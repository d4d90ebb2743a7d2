from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from ._components import load_components, refuse
from ._serving import SENSELESS

if TYPE_CHECKING:
    from angzarr_domain.aggregates import Catalogue

    from ._serving import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "describe",
        help="show what aggregates declare: commands, events, rejections, state",
        description="Show what aggregates declare: their commands, events, rejections and state. Nothing is run.",
    )
    parser.add_argument(
        "components",
        metavar="MODULE:NAME",
        help="a list of aggregate classes, or one, such as examples.bank:components",
    )
    parser.add_argument(
        "--format",
        choices=("text", "mermaid", "json"),
        default="text",
        help="text for people, a Markdown page with a Mermaid chart of each, or a JSON list (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the catalogues."""
    from angzarr_domain.aggregates import describe

    try:
        catalogues = [describe(component) for component in load_components(args.components)]
    except SENSELESS as error:
        return refuse(error)
    if args.format == "json":
        print(json.dumps([catalogue.data() for catalogue in catalogues], indent=2))
    else:
        print("\n".join(map(_chart if args.format == "mermaid" else _text, catalogues)), end="")
    return 0


def _text(catalogue: Catalogue) -> str:
    return catalogue.text()


def _chart(catalogue: Catalogue) -> str:
    return f"## {catalogue.name}\n\n```mermaid\n{catalogue.mermaid()}```\n"
