"""The pytest plugin, in runs of pytest of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from angzarr_domain.embedded import Coordinator
from angzarr_domain.histories import export_history
from angzarr_domain.repositories import Repository
from angzarr_domain.testing import ROOT, given
from tests.ledger import Account, Deposit

pytest_plugins = ["pytester"]

BEGIN = """
    import pytest
    from angzarr_domain.testing import given
    from tests.ledger import Account, Deposit, Deposited, Open, Opened, Withdraw, Withdrawn
"""


# Loaded here, so that not every run loads it anew.
LOADED = (given, Repository)


def run(pytester: pytest.Pytester, test: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(_dedented(BEGIN) + _dedented(test))
    return pytester.runpytest_inprocess("-W", "default", *arguments)


def _dedented(text: str) -> str:
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines) + "\n"


# --- scenarios that expect nothing ---


def test_a_scenario_that_expects_nothing_is_warned_of(pytester: pytest.Pytester) -> None:
    """It would hold whatever the aggregate answers; the warning says of which, and what to write."""
    result = run(
        pytester,
        """
        def test_it():
            given(Account).when(Deposit(amount=1))
        """,
    )

    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(
        ["*ScenarioUnfinished: *::test_it: this scenario expects nothing: <Account: Deposit(amount=1) -> Deposited*"]
    )


def test_a_warning_can_be_made_a_failure(pytester: pytest.Pytester) -> None:
    """As any other: by `filterwarnings`."""
    result = run(
        pytester,
        """
        def test_it():
            given(Account).when(Deposit(amount=1)).when(Deposit(amount=2))
        """,
        "-W",
        "error::angzarr_domain.testing.ScenarioUnfinished",
    )

    result.assert_outcomes(failed=1)


def test_whoever_looks_is_not_warned(pytester: pytest.Pytester) -> None:
    """Expecting, reading, and going on are looking."""
    result = run(
        pytester,
        """
        def test_it():
            begin = given(Account)
            begin.when(Deposit(amount=1)).then(Deposited(amount=1))
            begin.when(Deposit(amount=1)).then_state(balance=1)
            begin.when(Deposit(amount=1)).then_holds(lambda account: account.balance)
            begin.when(Deposit(amount=1)).when(Withdraw(amount=1)).then(Withdrawn(amount=1))
            begin.when(Withdraw()).then_nothing()
            begin.when(Withdraw(amount=1)).rejects("INSUFFICIENT_FUNDS", balance=0)
            looked = begin.when(Deposit()).events, begin.when(Deposit()).rejection, begin.when(Deposit()).state
        """,
        "-W",
        "error",
    )

    result.assert_outcomes(passed=1)


def test_a_test_that_fails_is_not_warned_of(pytester: pytest.Pytester) -> None:
    """It says enough."""
    result = run(
        pytester,
        """
        def test_it():
            given(Account).when(Deposit(amount=1))
            assert False
        """,
    )

    result.assert_outcomes(failed=1)


# --- comparisons ---


def test_two_aggregates_are_compared_field_by_field(pytester: pytest.Pytester) -> None:
    """Only what differs is shown."""
    result = run(
        pytester,
        """
        def test_it():
            assert Account(owner="ada", balance=1) == Account(owner="ada", balance=2)
        """,
    )

    result.stdout.fnmatch_lines(["*assert Account == Account", "*  balance: 1 != 2"])
    result.stdout.no_fnmatch_line("E*owner: *")


def test_rows_of_events_are_compared_field_by_field(pytester: pytest.Pytester) -> None:
    """With what one side has and the other has not."""
    result = run(
        pytester,
        """
        def test_it():
            found = given(Account).when(Deposit(amount=1)).events
            assert found == (Deposited(amount=2), Opened())
        """,
    )

    result.stdout.fnmatch_lines(["*  [[]0].amount: 1 != 2", "*  [[]1]: (absent) != Opened(owner='')"])


def test_events_of_two_types_are_told_apart(pytester: pytest.Pytester) -> None:
    """Their fields may be alike."""
    result = run(
        pytester,
        """
        def test_it():
            assert Deposited(amount=1) == Withdrawn(amount=1)
        """,
    )

    result.stdout.fnmatch_lines(["*  one is a Deposited, the other a Withdrawn"])


def test_other_values_are_left_to_pytest(pytester: pytest.Pytester) -> None:
    """And other operators."""
    result = run(
        pytester,
        """
        def test_values():
            assert {"a": 1} == {"a": 2}

        def test_operators():
            assert Deposited(amount=1) != Deposited(amount=1)
        """,
    )

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*Differing items:"])


# --- fixtures ---


def test_each_test_has_a_coordinator_of_its_own(pytester: pytest.Pytester) -> None:
    """With a client and repositories; the marker names the aggregates."""
    result = run(
        pytester,
        """
        from angzarr_domain.testing import ROOT

        pytestmark = pytest.mark.angzarr(components=[Account])

        @pytest.mark.parametrize("time", ["first", "second"])
        def test_it(angzarr_client, angzarr_repository, time):
            angzarr_client.command(Open(owner="ada"), ROOT).send_sync()
            assert angzarr_repository(Account).load(ROOT).owner == "ada"
        """,
        "--strict-markers",
    )

    result.assert_outcomes(passed=2)


def test_events_may_be_in_a_file(pytester: pytest.Pytester) -> None:
    """For what memory cannot show."""
    result = run(
        pytester,
        """
        @pytest.mark.angzarr(components=[Account], file=True)
        def test_it(angzarr_coordinator, tmp_path):
            assert (tmp_path / "angzarr.db").exists()
        """,
    )

    result.assert_outcomes(passed=1)


def test_a_fixture_may_name_the_aggregates(pytester: pytest.Pytester) -> None:
    """For a whole folder, say."""
    result = run(
        pytester,
        """
        @pytest.fixture
        def angzarr_components():
            return [Account]

        def test_it(angzarr_coordinator):
            assert angzarr_coordinator.domains == ("ledger",)
        """,
    )

    result.assert_outcomes(passed=1)


def test_the_configuration_may_name_the_aggregates(pytester: pytest.Pytester) -> None:
    """For a whole project."""
    pytester.makeini("[pytest]\nangzarr_components = tests.ledger:Account")
    result = run(pytester, "def test_it(angzarr_coordinator): assert angzarr_coordinator.domains == ('ledger',)")

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("", "*which aggregates? Name them by a marker*"),
        ("tests.ledger:Acount", "*'tests.ledger:Acount', which is not*"),
    ],
)
def test_aggregates_that_nobody_names_are_asked_for(pytester: pytest.Pytester, setting: str, says: str) -> None:
    """With the ways there are."""
    pytester.makeini(f"[pytest]\nangzarr_components = {setting}")
    result = run(pytester, "def test_it(angzarr_coordinator): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([says])


# --- recordings ---


CHANGED = """
    from angzarr_domain import Aggregate, aggregate, applies, handles
    from tests.ledger import Deposit, Deposited, Noted

    @aggregate(domain="ledger", ignores=[Noted])
    class Account(Aggregate):
        owner: str = ""
        balance: int = 0

        @handles
        def deposit(self, command: Deposit) -> Deposited:
            return Deposited(amount=command.amount)

        @applies
        def deposited(self, event: Deposited) -> None:
            self.balance += 2 * event.amount
"""


@pytest.fixture(name="golden")
def _golden(pytester: pytest.Pytester) -> Path:
    """A recording in a project whose class is the recorded one."""
    where = pytester.mkdir("golden") / "ledger.jsonl"
    with Coordinator([Account]) as coordinator, coordinator.client() as client:
        client.command(Deposit(amount=5), ROOT).send_sync()
        export_history(client, "ledger", where, components=[Account], states_every=0)
    _configure(pytester, "tests.ledger:Account")
    return where


def _configure(pytester: pytest.Pytester, component: str) -> None:
    pytester.makeini(f"[pytest]\nangzarr_components = {component}\nangzarr_golden = golden/*.jsonl")


def test_a_recording_is_a_test(pytester: pytest.Pytester, golden: Path) -> None:
    """It passes if today's classes fold it to the recorded states."""
    result = pytester.runpytest_inprocess("-v")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["golden/ledger.jsonl::recorded states PASSED*"])


def test_other_files_are_no_recordings(pytester: pytest.Pytester, golden: Path) -> None:
    """Only what the patterns say."""
    golden.rename(golden.with_name("other.json"))

    assert pytester.runpytest_inprocess().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_recording_that_folds_to_another_state_fails(pytester: pytest.Pytester, golden: Path) -> None:
    """Field by field, with the probable cause and what to do if it is meant."""
    pytester.makepyfile(changed_ledger=_dedented(CHANGED))
    pytester.syspathinsert()
    _configure(pytester, "changed_ledger:Account")
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*golden/ledger.jsonl:*: another state at event 1", "    balance: recorded 5, today 10", "probable cause: *"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_states_are_recorded_anew_on_request(pytester: pytest.Pytester, golden: Path) -> None:
    """After that, the recording passes."""
    pytester.makepyfile(changed_again=_dedented(CHANGED))
    pytester.syspathinsert()
    _configure(pytester, "changed_again:Account")

    pytester.runpytest_inprocess("--angzarr-golden-update").assert_outcomes(passed=1)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_damaged_recording_fails_in_its_own_words(pytester: pytest.Pytester, golden: Path) -> None:
    """With the line."""
    golden.write_text(golden.read_text()[:-30])
    result = pytester.runpytest_inprocess()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*golden/ledger.jsonl, line *"])
