"""What it costs that a handler cannot change its state: python -m benchmarks.guard.

The floor is the call of a handler without any guard. A busy machine makes all of them slower alike: look at the
differences to the floor, which are the guard's, and at the ratio to a whole decision.
"""

from __future__ import annotations

from angzarr_domain.aggregates import Replayed, decide, definition_of, state_checked
from angzarr_domain.aggregates._guard import Guard
from benchmarks.ratios import compare
from examples.bank.account import Account
from examples.bank.messages import AccountOpened, Deposit

CALLS = 2_000


def opened() -> Account:
    """An account on which a hundred operations were done."""
    account = Account()
    account.opened(AccountOpened(reference="r", number="1", owner="ada"))
    account.applied |= {f"r{index}" for index in range(100)}
    return account


def main() -> None:
    """A handler called bare, under guard, with contents compared, and as part of a whole decision."""
    account, command = opened(), Deposit(reference="new", amount=5)
    definition, replayed = definition_of(Account), Replayed(account, 3, had_history=True)

    def bare() -> None:
        for _ in range(CALLS):
            account.deposit(command)

    def guarded() -> None:
        for _ in range(CALLS):
            with Guard(account, "Account.deposit") as state:
                state.deposit(command)

    def compared() -> None:
        with state_checked():
            guarded()

    def decided() -> None:
        for _ in range(CALLS):
            decide(definition, replayed, command)

    compare(
        "a handler, called",
        {"bare": bare, "under guard": guarded, "and its contents compared": compared, "in a whole decision": decided},
        per=CALLS,
    )


if __name__ == "__main__":
    main()
