"""A small aggregate and its messages, for tests of what surrounds an aggregate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from angzarr_domain import Aggregate, Rejected, aggregate, applies, handles
from angzarr_domain.messages import frozen, proto


@frozen(kw_only=True)
class Put:
    __protobuf_name__: ClassVar[str] = "tests.wallet.Put"
    __angzarr_domain__: ClassVar[str] = "wallet"

    amount: int = proto(1, "int64")


@frozen(kw_only=True)
class Take:
    __protobuf_name__: ClassVar[str] = "tests.wallet.Take"
    __angzarr_domain__: ClassVar[str] = "wallet"

    amount: int = proto(1, "int64")


@frozen(kw_only=True)
class Label:
    """Names no domain of its own."""

    __protobuf_name__: ClassVar[str] = "tests.wallet.Label"

    text: str = proto(1, "string")


@frozen(kw_only=True)
class PutCoins:
    """One event for each."""

    __protobuf_name__: ClassVar[str] = "tests.wallet.PutCoins"
    __angzarr_domain__: ClassVar[str] = "wallet"

    count: int = proto(1, "int32")


@frozen(kw_only=True)
class WasPut:
    __protobuf_name__: ClassVar[str] = "tests.wallet.WasPut"

    amount: int = proto(1, "int64")


@frozen(kw_only=True)
class WasTaken:
    __protobuf_name__: ClassVar[str] = "tests.wallet.WasTaken"

    amount: int = proto(1, "int64")


@frozen(kw_only=True)
class WasLabelled:
    __protobuf_name__: ClassVar[str] = "tests.wallet.WasLabelled"

    text: str = proto(1, "string")


@aggregate(domain="wallet")
class Wallet(Aggregate):
    """Coins in a wallet that may have a label."""

    balance: int = 0
    label: str = ""

    @handles
    def put(self, command: Put) -> WasPut:
        return WasPut(amount=command.amount)

    @handles
    def put_coins(self, command: PutCoins) -> Iterator[WasPut]:
        for _ in range(command.count):
            yield WasPut(amount=1)

    @handles
    def take(self, command: Take) -> WasTaken:
        if command.amount > self.balance:
            raise Rejected("NOT_ENOUGH", "there is not so much in it", balance=self.balance)
        return WasTaken(amount=command.amount)

    @handles
    def write(self, command: Label) -> WasLabelled | None:
        return None if command.text == self.label else WasLabelled(text=command.text)

    @applies
    def was_put(self, event: WasPut) -> None:
        self.balance += event.amount

    @applies
    def was_taken(self, event: WasTaken) -> None:
        self.balance -= event.amount

    @applies
    def was_labelled(self, event: WasLabelled) -> None:
        self.label = event.text
