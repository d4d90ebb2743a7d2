"""Model checking finds what no test thought of, and says it in few and small commands."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import given as property_of
from hypothesis import settings
from hypothesis import strategies as st

from angzarr_domain import Aggregate, Rejected, accepts, aggregate, applies, handles
from angzarr_domain.exceptions import UsageError
from angzarr_domain.messages import proto
from angzarr_domain.testing import ScenarioFailed
from angzarr_domain.testing.models import ModelFailed, NotExplored, check_aggregate, commands
from tests.ledger import Account, Deposit, Deposited, Noted, Open, Opened, Withdraw
from tests.testing.models.accounts import (
    Edgy,
    Forgetful,
    Mutating,
    Overdraft,
    Random,
    Sound,
    every_deposit_is_there,
    never_overdrawn,
)

RULES = (never_overdrawn, every_deposit_is_there)


def failure_of(cls: type[Account], **options: Any) -> ModelFailed:
    with pytest.raises(ModelFailed) as caught:
        check_aggregate(cls, invariants=RULES, **options)
    return caught.value


BUGS: dict[type[Account], tuple[str, list[Any]]] = {
    Overdraft: ("Overdraft breaks never_overdrawn: it returned False", [Withdraw(amount=1)]),
    Mutating: (
        "Mutating.withdraw changed the aggregate: a handler answers with events, and appliers change state",
        [Withdraw(amount=1)],
    ),
    Forgetful: (
        "Forgetful breaks every_deposit_is_there: it raised AssertionError: money is lost",
        [Deposit(amount=1), Withdraw(amount=1)],
    ),
    Random: ("replay leads to another Random than the one that decided", [Open(owner="a")]),
    Edgy: (
        "Edgy.withdraw raised ZeroDivisionError('integer division or modulo by zero')",
        [Deposit(amount=1), Withdraw(amount=1)],
    ),
}


@pytest.mark.parametrize("cls", BUGS, ids=lambda cls: cls.__name__)
def test_a_seeded_bug_is_found_and_repeated(cls: type[Account]) -> None:
    """The rule is named, the commands are the fewest and smallest, and the printed test fails by the same rule."""
    failure = failure_of(cls)

    assert (failure.rule, list(failure.commands)) == BUGS[cls]
    assert str(failure).startswith(failure.rule + "\n")
    namespace: dict[str, Any] = {}
    exec(failure.test, namespace)  # as somebody who pastes it
    (test,) = [value for name, value in namespace.items() if name.startswith("test_")]
    with pytest.raises(ScenarioFailed) as again:
        test()
    assert str(again.value).partition("\n")[0] == failure.rule


def test_the_text_shows_steps_states_and_a_test() -> None:
    """What was done and answered, what the last step changed, and a test to paste."""
    assert (
        str(failure_of(Forgetful))
        == """\
Forgetful breaks every_deposit_is_there: it raised AssertionError: money is lost

at step 2 of 2:
  1  Deposit(amount=1)   -> Deposited(amount=1)
  2  Withdraw(amount=1)  -> here

state of Forgetful before -> after:
  owner        ''
  balance      1
  withdrawals  0   ->  1

history:
  0  Deposited(amount=1)

a test that fails alike, to paste:

from angzarr_domain.testing import given
from tests.ledger import Deposit, Withdraw
from tests.testing.models.accounts import Forgetful, every_deposit_is_there, never_overdrawn


def test_forgetful_after_withdraw() -> None:
    (
        given(Forgetful)
        .when(Deposit(amount=1))
        .when(Withdraw(amount=1))
        .then_holds(never_overdrawn, every_deposit_is_there)
    )
"""
    )


def test_the_printed_test_begins_where_the_search_did() -> None:
    """A history that was given is part of the test."""
    failure = failure_of(Forgetful, start=[Opened(owner="ada"), Deposited(amount=5)])

    assert "given(Forgetful, Opened(owner='ada'), Deposited(amount=5))\n" in failure.test
    assert failure.commands == (Withdraw(amount=1),)


def test_a_sound_aggregate_passes_and_says_what_was_tried() -> None:
    """Passing means something only beside what was reached."""
    coverage = check_aggregate(Sound, invariants=RULES, max_examples=40)

    assert coverage.tried["Withdraw"].accepted > 0
    assert coverage.tried["Withdraw"].rejected.keys() == {"AMOUNT_NOT_POSITIVE", "INSUFFICIENT_FUNDS"}
    assert coverage.events.keys() == {"Opened", "Deposited", "Withdrawn"}
    assert str(coverage).startswith(f"{coverage.steps} steps:\n  Open      accepted ")


def test_the_same_seed_tries_the_same() -> None:
    """A run can be repeated, on the next machine as well as on this one."""
    first, again = (check_aggregate(Sound, max_examples=20, seed=7) for _ in range(2))

    assert str(first) == str(again)


@aggregate(domain="ledger", ignores=[Noted])
class Closed(Sound):
    """Nothing can be withdrawn."""

    @handles
    def withdraw(self, command: Withdraw) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - narrower on purpose
        raise Rejected("CLOSED", "no")


def test_a_command_that_is_never_accepted_fails_the_run() -> None:
    """A check that reaches nothing would pass whatever the aggregate does."""
    with pytest.raises(NotExplored) as caught:
        check_aggregate(Closed, max_examples=10)

    text = str(caught.value)
    assert text.startswith("never accepted, so that nothing is known of what comes after: Withdraw\n")
    assert "(CLOSED " in text
    assert text.endswith("try more; or allow_unaccepted=[Withdraw]")


def test_a_command_may_be_allowed_never_to_be_accepted() -> None:
    """Where that is what the author means."""
    coverage = check_aggregate(Closed, max_examples=10, allow_unaccepted=[Withdraw])

    assert coverage.tried["Withdraw"].accepted == 0
    assert "events never seen: Withdrawn" in str(coverage)


@aggregate(domain="ledger")
class Told(Sound):
    """Records notes from outside, of which one is a bug."""

    notes: int = 0

    @accepts
    def note(self, fact: Noted) -> Noted:
        return fact

    @applies
    def noted(self, event: Noted) -> None:
        self.notes += 1


def two_notes_at_most(account: Told) -> bool:
    return account.notes <= 2


def test_facts_are_steps_too() -> None:
    """What comes in from outside leads to states as commands do."""
    with pytest.raises(ModelFailed) as caught:
        check_aggregate(Told, invariants=[two_notes_at_most])

    assert len(caught.value.commands) == 3
    assert caught.value.test.count(".when_fact(Noted(text=") == 3


def test_strategies_of_the_author_are_used() -> None:
    """For whole commands by class, for fields by name."""
    own = {Deposit: st.just(Deposit(amount=77))}
    seen: set[object] = set()

    def note(_: Account, history: tuple[object, ...]) -> None:
        seen.update(history)

    check_aggregate(Sound, invariants=[note], commands=own, fields={"Open.owner": st.just("eve")}, max_examples=10)

    assert {event for event in seen if isinstance(event, (Deposited, Opened))} == {
        Deposited(amount=77),
        Opened(owner="eve"),
    }


@pytest.mark.parametrize(
    ("options", "field"),
    [
        pytest.param({"commands": {Deposited: st.just(Deposited(amount=1))}}, "commands", id="a command of others"),
        pytest.param({"fields": {"amuont": st.just(1)}}, "fields", id="a misspelt field"),
        pytest.param({"without": [Deposited]}, "without", id="leaving out a stranger"),
        pytest.param({"without": [Open, Deposit, Withdraw]}, "without", id="leaving out all"),
        pytest.param({"allow_unaccepted": [Deposited]}, "allow_unaccepted", id="allowing a stranger"),
        pytest.param({"max_examples": 0}, "max_examples", id="no example"),
        pytest.param({"invariants": [lambda: True]}, "invariants", id="an invariant of nothing"),
    ],
)
def test_what_fits_nothing_is_refused(options: dict[str, Any], field: str) -> None:
    """Before anything is tried."""
    with pytest.raises(UsageError) as caught:
        check_aggregate(Sound, **options)

    assert caught.value.field == field


def test_commands_for_properties_of_ones_own() -> None:
    """The strategy gives each of the commands, and nothing else."""
    seen: set[type[object]] = set()

    @settings(database=None, derandomize=True, max_examples=40)
    @property_of(commands(Account))
    def look(command: object) -> None:
        seen.add(type(command))

    look()

    assert seen == {Open, Deposit, Withdraw}


@attrs.frozen(kw_only=True)
class Picky:
    __protobuf_name__: ClassVar[str] = "tests.ledger.Picky"

    number: int = proto(1, "int64")

    def __attrs_post_init__(self) -> None:
        if self.number != 123_456_789:
            raise ValueError("not this one")


@aggregate(domain="ledger")
class Chooser(Aggregate):
    @handles
    def choose(self, command: Picky) -> None:
        """Nothing comes of it."""


def test_no_command_can_be_made() -> None:
    """Checks that no value of ours passes: said, with what to do about it."""
    with pytest.raises(UsageError, match=r"none of 30 attempts at a Picky was accepted by its own checks"):
        check_aggregate(Chooser)
