from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from angzarr_domain.exceptions import AngzarrError

from ._components import refuse
from ._serving import SENSELESS

if TYPE_CHECKING:
    from angzarr_domain.books import Cover, EventPage, Snapshot
    from angzarr_domain.embedded import EventFile

    from ._serving import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare the subcommand."""
    parser = subparsers.add_parser(
        "import",
        help="put exported streams into the data file of a coordinator",
        description="Put exported streams into the data file of a coordinator that is not running, with their "
        "sequences, payloads and times. Each stream is stored whole or not at all; equal ones that are there already "
        "are passed over, others of the same name are refused. The files are read once before, and nothing is stored "
        "if one is damaged.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="what `export` wrote")
    parser.add_argument("--data", required=True, metavar="FILE", help="the data file, made if it is not there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import."""
    from angzarr_domain.embedded import EventFile  # loads grpc, which no help needs
    from angzarr_domain.histories import import_history

    try:
        for file in args.files:
            _check(file)
        with EventFile(args.data) as target:
            for file in args.files:
                counting = _Counting(target)
                try:
                    import_history(counting, file)
                except AngzarrError:
                    print(f"{file}: stopped, {counting}", file=sys.stderr)
                    raise
                print(f"{file}: {counting}")
    except SENSELESS as error:
        return refuse(error)
    return 0


def _check(path: str) -> None:
    """Raise what is wrong with the recording, before a data file is made for it, or a part of it stored."""
    from angzarr_domain.histories import open_recording

    if Path(path).exists() and not Path(path).is_file():
        return  # a pipe, which is read once
    with open_recording(path) as recording:
        for _ in recording.streams():
            pass


class _Counting:
    """Stores streams, and knows how many also when the import stops."""

    def __init__(self, target: EventFile) -> None:
        self._target = target
        self._stored = self._present = 0

    def restore(self, cover: Cover, pages: Iterable[EventPage], snapshot: Snapshot | None = None) -> bool:
        stored = self._target.restore(cover, pages, snapshot)
        self._stored += stored
        self._present += not stored
        return stored

    def __str__(self) -> str:
        return f"{self._stored} streams stored, {self._present} there already"
