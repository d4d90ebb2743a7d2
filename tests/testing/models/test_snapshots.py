"""A search meets states that no snapshot holds, or holds as another."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from angzarr_domain import aggregate, applies
from angzarr_domain.testing import ScenarioFailed
from angzarr_domain.testing.models import ModelFailed, check_aggregate
from tests.ledger import Deposit, Deposited, Noted
from tests.testing.models.accounts import Sound


@aggregate(domain="ledger", ignores=[Noted], snapshot=2)
class Keeper(Sound):
    """Keeps deposits, from the second on, in another type than it says."""

    deposits: list[int] = attrs.field(factory=list[int])

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount
        kept = [*self.deposits, event.amount]
        another: Any = tuple(kept)
        self.deposits = another if len(kept) > 1 else kept


def test_a_state_that_no_snapshot_holds_is_found() -> None:
    """Each state that is reached is held to its snapshot; the printed test fails alike."""
    with pytest.raises(ModelFailed) as caught:
        check_aggregate(Keeper)

    failure = caught.value
    assert failure.commands == (Deposit(amount=1), Deposit(amount=1))
    assert failure.rule.startswith("after event 1, no snapshot can hold Keeper: ")
    namespace: dict[str, Any] = {}
    exec(failure.test, namespace)
    with pytest.raises(ScenarioFailed, match="no snapshot can hold Keeper"):
        namespace["test_keeper_after_deposit"]()
