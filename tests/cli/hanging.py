"""An aggregate whose handler never returns; run as a program, asks a host of it for that."""

import sys
import threading

from angzarr_domain.aggregates import Aggregate, aggregate, handles
from angzarr_domain.exceptions import AngzarrError
from examples.bank.messages import Deposit
from tests.hosting.asking import handle, request


@aggregate(domain="ledger")
class Hanging(Aggregate):
    balance: int = 0

    @handles
    def hang(self, command: Deposit) -> None:
        sys.stdout.write("hanging\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    try:
        handle(sys.argv[1], request(Deposit()))
    except AngzarrError as error:
        sys.stdout.write(f"{error.code}\n")
