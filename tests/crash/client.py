"""One caller of the crash test: sends deposits for ever, and writes down what it sent and what was acknowledged.

    python client.py ENDPOINT LOG NAME

Its log is the only witness outside the coordinator. Each line is written before or after a call, never during:
"sent REFERENCE ROOT" and "acknowledged REFERENCE ROOT SEQUENCE". It stops when its standard input ends.
"""

from __future__ import annotations

import random
import select
import sys
import time
from pathlib import Path
from uuid import UUID

from angzarr_domain import AngzarrError, DomainClient
from angzarr_domain.books import compute_root
from examples.bank.messages import Deposit

ACCOUNTS: list[UUID] = [compute_root("account", f"crash-{number}") for number in range(4)]


def told_to_stop() -> bool:
    """Whether the test closed our standard input."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def main(endpoint: str, log: Path, name: str) -> None:
    """Send until told to stop, through as many coordinators as it takes."""
    dice = random.Random(name)
    number = 0
    with log.open("a", buffering=1) as lines:
        while not told_to_stop():
            with DomainClient.connect(endpoint) as client:
                while not told_to_stop():
                    number += 1
                    reference, root = f"{name}-{number}", dice.choice(ACCOUNTS)
                    lines.write(f"sent {reference} {root}\n")
                    try:
                        result = client.command(Deposit(amount=1, reference=reference), root).send_sync(timeout=5)
                    except AngzarrError as error:
                        # Not stored, or nobody knows: either way it is never sent again.
                        lines.write(f"lost {reference} {error.code}\n")
                        break
                    lines.write(f"acknowledged {reference} {root} {result.pages[0].sequence}\n")
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
