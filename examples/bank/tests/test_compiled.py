"""The messages that protoc compiles do everything that the generated ones do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from angzarr_domain import Aggregate, Rejected, Repository, aggregate, applies, handles
from angzarr_domain.books import compute_root
from angzarr_domain.embedded import Coordinator
from angzarr_domain.messages import schema_of
from angzarr_domain.testing import given
from examples.bank import Account, messages
from examples.bank.tests.pb.account_pb2 import AccountOpened, Deposit, Deposited, OpenAccount, Withdraw, Withdrawn


@aggregate(domain="account")
class CompiledAccount(Aggregate):
    """An account whose commands and events are compiled messages."""

    owner: str = ""
    balance: int = 0

    @handles
    def open(self, command: OpenAccount) -> AccountOpened:
        return AccountOpened(reference=command.reference, owner=command.owner)

    @handles
    def deposit(self, command: Deposit) -> Deposited:
        return Deposited(reference=command.reference, amount=command.amount)

    @handles
    def withdraw(self, command: Withdraw) -> Withdrawn:
        if command.amount > self.balance:
            raise Rejected("INSUFFICIENT_FUNDS", balance=self.balance)
        return Withdrawn(reference=command.reference, amount=command.amount)

    @applies
    def opened(self, event: AccountOpened) -> None:
        self.owner = event.owner

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance -= event.amount


def test_compiled_events_are_compared_by_value() -> None:
    """As generated ones are."""
    given(CompiledAccount, AccountOpened(owner="Ada"), Deposited(amount=100)).when(
        Withdraw(reference="a", amount=40)
    ).then(Withdrawn(reference="a", amount=40)).then_state(owner="Ada", balance=60)


def test_a_refusal_of_a_compiled_command() -> None:
    """Its code and details are the same."""
    given(CompiledAccount, Deposited(amount=100)).when(Withdraw(amount=101)).rejects("INSUFFICIENT_FUNDS", balance=100)


@pytest.mark.parametrize("compiled", [OpenAccount, Deposit, Withdraw, AccountOpened, Deposited, Withdrawn])
def test_compiled_and_generated_messages_are_of_one_schema(compiled: Any) -> None:
    """Same full name, same fields, same numbers: the compiled module is that of today's account.proto."""
    generated: Any = getattr(messages, compiled.__name__)
    assert compiled.DESCRIPTOR.full_name == generated.__protobuf_name__
    compiled_fields = {field.name: field.number for field in compiled.DESCRIPTOR.fields}
    assert compiled_fields == {name: schema.number for name, schema in schema_of(generated).items()}


def test_either_kind_reads_what_the_other_stored(tmp_path: Path) -> None:
    """What is stored is protobuf: the class of the messages can be changed on a data file."""
    root, data = compute_root("account", "CHK-1001"), tmp_path / "bank.db"
    with Coordinator([CompiledAccount], data) as coordinator, coordinator.client() as client:
        client.command(OpenAccount(reference="a", owner="Ada"), root).send_sync()
        client.command(Deposit(reference="b", amount=100), root).send_sync()
    with Coordinator([Account], data) as coordinator, coordinator.client() as client:
        client.command(messages.Withdraw(reference="c", amount=40), root).send_sync()
        assert Repository(Account, client).load(root).balance == 60
    with Coordinator([CompiledAccount], data) as coordinator, coordinator.client() as client:
        assert Repository(CompiledAccount, client).load(root) == CompiledAccount(owner="Ada", balance=60)
