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
        "account.proto into account_messages.py, and of the commands they declare into account_commands.py, with a "
        "method for each. Needs: pip install 'angzarr-domain[codegen]'",
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
    parser.add_argument(
        "--commands",
        action="append",
        default=[],
        type=_commands,
        metavar="DOMAIN=COMMAND,...",
        help="messages that are commands of this domain, repeatable; for those whose options do not say so",
    )
    parser.add_argument("--messages-only", action="store_true", help="no modules of commands")
    parser.add_argument(
        "--skeleton",
        metavar="DIR",
        help="folder to write a first draft of each aggregate to, account.py for the component AccountState; "
        "a file that exists stays as it is",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Generate, or with --check compare."""
    from angzarr_domain.codegen import plan  # loads protobuf, which no other subcommand's help needs

    commands: dict[str, list[str]] = {}
    for domain, names in args.commands:
        commands.setdefault(domain, []).extend(names)
    found = plan(
        args.protos,
        args.out,
        include=args.include,
        commands=commands,
        messages_only=args.messages_only,
        skeletons=args.skeleton,
    )
    if not args.check:
        found.write()
        for path in found.kept:
            print(f"kept {path}, which exists")
    for path in found.changed:
        print(f"not current: {path}" if args.check else f"wrote {path}", file=sys.stderr if args.check else sys.stdout)
    if args.check and found.changed:
        print("run the same command without --check", file=sys.stderr)
        return 1
    return 0


def _commands(text: str) -> tuple[str, list[str]]:
    domain, _, names = text.partition("=")
    commands = [name.strip() for name in names.split(",") if name.strip()]
    if not domain or not commands:
        raise argparse.ArgumentTypeError(f"{text!r} is not like account=OpenAccount,Deposit")
    return domain.strip(), commands
