"""Business logic written with angzarr-client: a wallet, served until the end of its standard input.

The transport is that of the environment, as angzarr-client reads it. Runs in an environment that has angzarr-client
and nothing of this project.
"""

from __future__ import annotations

import sys

import wares
from angzarr_client import CommandHandler, CommandHandlerGrpc, CommandRejectedError, applies, handles
from angzarr_client.proto.angzarr import command_handler_pb2_grpc
from angzarr_client.server import create_server


class Wallet(CommandHandler):
    domain = "wallet"

    def _create_empty_state(self) -> wares.Balance:
        return wares.Balance()

    @applies(wares.WasPut)
    def apply_was_put(self, state: wares.Balance, event: wares.WasPut) -> None:
        state.amount += event.amount

    @applies(wares.WasTaken)
    def apply_was_taken(self, state: wares.Balance, event: wares.WasTaken) -> None:
        state.amount -= event.amount

    @handles(wares.Put)
    def put(self, command: wares.Put) -> wares.WasPut:
        # Does not look at the state: angzarr-client then answers with the whole history and the new event.
        return wares.WasPut(amount=command.amount)

    @handles(wares.Take)
    def take(self, command: wares.Take) -> wares.WasTaken:
        if command.amount > self.state.amount:
            raise CommandRejectedError("there is not so much in it")
        return wares.WasTaken(amount=command.amount)


def main() -> None:
    add = command_handler_pb2_grpc.add_CommandHandlerServiceServicer_to_server
    server, address = create_server(add, CommandHandlerGrpc(Wallet))
    server.start()
    print(f"serving {address}", flush=True)  # noqa: T201 - what its starter waits for
    sys.stdin.read()
    server.stop(None).wait()


main()
