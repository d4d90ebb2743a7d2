from __future__ import annotations

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from angzarr_domain.exceptions import NotFound, UsageError

from ._components import load_components, refuse
from ._endpoints import add_tls_options, bytes_of, called_with, is_secure
from ._serving import SENSELESS

if TYPE_CHECKING:
    from angzarr_domain.client import DomainClient

    from ._serving import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "export",
        help="write the streams of a coordinator to a file of JSON lines",
        description="Write the streams of a coordinator, or of its data file, to a file of JSON lines.",
    )
    parser.add_argument("endpoint", nargs="?", metavar="ENDPOINT", help="of the coordinator, such as localhost:1310")
    add_tls_options(parser, "ENDPOINT")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="holds the bearer token to show to ENDPOINT")
    parser.add_argument("--data", type=Path, metavar="FILE", help="the data file of a coordinator that is not running")
    parser.add_argument("--out", required=True, metavar="FILE", help="what to write; - is the standard output")
    parser.add_argument("--domain", metavar="DOMAIN", help="whose streams (without it: those of every domain)")
    parser.add_argument(
        "--root", dest="roots", action="append", metavar="UUID", help="just this stream of the domain, repeatable"
    )
    parser.add_argument(
        "--components", metavar="MODULE:NAME", help="aggregate classes, to show events readably and to record states"
    )
    parser.add_argument(
        "--states",
        type=int,
        metavar="N",
        help="record the state after every N events of a stream, and after the last one; 0 is after the last one only",
    )
    parser.add_argument(
        "--mask",
        action="append",
        default=[],
        metavar="FIELD",
        help="make up the values of this field, such as owner or AccountOpened.owner, repeatable; needs --components "
        "that know every type in the streams",
    )
    parser.add_argument(
        "--mask-key",
        type=Path,
        metavar="FILE",
        help="what the made-up values are drawn by: the same file gives the same ones (without it: drawn anew)",
    )
    parser.add_argument("--no-snapshots", dest="snapshots", action="store_false", help="leave the snapshots out")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Export."""
    from angzarr_domain.histories import export_history, export_lines  # loads protobuf, which no help needs

    try:
        components = () if args.components is None else load_components(args.components)
        if args.states is not None and not components:
            raise UsageError("who folds the states? Name aggregates, --components MODULE:NAME", field="components")
        if args.mask_key is not None and not args.mask:
            raise UsageError("a key masks nothing: name the fields, --mask FIELD", field="mask")
        options: dict[str, Any] = {
            "components": components,
            "mask": args.mask,
            "mask_key": None if args.mask_key is None else bytes_of(args.mask_key, "mask-key"),
            "states_every": args.states,
            "snapshots": args.snapshots,
        }
        with _client(args) as client:
            if args.domain is not None and not args.roots:
                _look_for(args.domain, client)
            if args.out == "-":
                for line in export_lines(client, args.domain, args.roots, **options):
                    sys.stdout.buffer.write(line)
                return 0
            exported = export_history(client, args.domain, args.out, args.roots, **options)
    except SENSELESS as error:
        return refuse(error)
    print(f"wrote {args.out}: {exported.streams} streams, {exported.pages} events")
    return 0


def _look_for(domain: str, client: DomainClient) -> None:
    """Raise NotFound unless there is a stream of it: the name may be misspelt."""
    from angzarr_domain.books import check_domain

    check_domain(domain)
    others: set[str] = set()
    for found in client.query.get_aggregate_roots():
        if found.domain == domain:
            return
        others.add(found.domain)
    there = f"there are streams of: {', '.join(sorted(others))}" if others else "there are none at all"
    raise NotFound(f"there is no stream of domain {domain}; {there}")


@contextmanager
def _client(args: argparse.Namespace) -> Generator[DomainClient]:
    from angzarr_domain.client import DomainClient  # loads grpc, which no help needs
    from angzarr_domain.embedded import EventFile

    endpoint: str | None = args.endpoint
    data: Path | None = args.data
    if endpoint is not None and data is None:
        tls, token = called_with(args, secure=is_secure(endpoint)), _token(args.token_file)
        with DomainClient.connect(endpoint, tls=tls, token=token) as client:
            yield client
    elif data is not None and endpoint is None:
        called_with(args, secure=False)
        if args.token_file is not None:
            raise UsageError("--token-file is for an ENDPOINT: a data file asks for none", field="token")
        if not data.exists():
            raise UsageError(f"there is no data file {data}", field="data")  # opening it would make one
        with EventFile(data) as file, file.client() as client:
            yield client
    else:
        raise UsageError("what to export: name an ENDPOINT, or a data file, --data FILE", field="endpoint")


def _token(path: Path | None) -> str | None:
    return None if path is None else bytes_of(path, "token-file").decode("ascii", "replace").strip()
