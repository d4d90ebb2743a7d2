from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # argparse has no public name for it
    Subparsers = argparse._SubParsersAction[Any]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def add_parser(subparsers: Subparsers) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "generate",
        help="turn .proto files into modules of frozen attrs messages",
        description="Turn .proto files into readable Python modules of frozen attrs messages, "
        "account.proto into account_messages.py. Needs: pip install 'angzarr-domain[codegen]'",
    )
    parser.add_argument("protos", nargs="+", metavar="FILE.proto")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write the modules to")
    parser.add_argument(
        "-I",
        dest="include",
        action="append",
        default=[],
        metavar="PATH",
        help="where imports are found, repeatable; a file below it keeps its path below --out "
        "(without one: the folder of each file)",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a module is not current")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Generate, or with --check compare."""
    from angzarr_domain.codegen import generate  # loads protobuf, which no other subcommand's help needs

    changed = generate(args.protos, args.out, include=args.include, check=args.check)
    for path in changed:
        print(f"not current: {path}" if args.check else f"wrote {path}", file=sys.stderr if args.check else sys.stdout)
    if args.check and changed:
        print("run the same command without --check", file=sys.stderr)
        return 1
    return 0
