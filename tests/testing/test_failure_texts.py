"""The text of a failure is what the kit is for."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

from angzarr_domain import Aggregate, Context, Rejected, aggregate, applies, handles
from angzarr_domain.exceptions import Status
from angzarr_domain.testing import ANY, Given, ScenarioFailed, given
from tests.ledger import Account, Deposit, Deposited, Noted, Open, Opened, Withdraw, Withdrawn


def text_of(expectation: Callable[[], object]) -> str:
    with pytest.raises(ScenarioFailed) as caught:
        expectation()
    return str(caught.value)


def cause_in(text: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith("probable cause: ")]
    return line.removeprefix("probable cause: ")


@pytest.fixture(name="ada")
def _ada() -> Given[Account]:
    return given(Account, Opened(owner="ada"), Deposited(amount=10))


def test_another_field_is_shown_whole(ada: Given[Account]) -> None:
    """Side by side, what differs, the probable cause, state before and after, history, and how to see it again."""
    assert (
        text_of(lambda: ada.when(Withdraw(amount=9)).then(Withdrawn(amount=8)))
        == """\
Account answers Withdraw(amount=9) otherwise than expected

  expected         actual
  ------------     ------------
  Withdrawn        Withdrawn
    amount = 8  !=   amount = 9

differs:
  events[0].amount: expected 8, actual 9

probable cause: the types are the ones expected: look at how Account.withdraw computes the fields that differ

state of Account before -> after:
  owner    'ada'
  balance  10     ->  1

history:
  0  Opened(owner='ada')
  1  Deposited(amount=10)

to see it again:
  from angzarr_domain.testing import given
  from tests.ledger import Account, Deposited, Opened, Withdraw, Withdrawn

  given(
      Account,
      Opened(owner='ada'),
      Deposited(amount=10),
  ).when(Withdraw(amount=9)).then(Withdrawn(amount=8))"""
    )


def test_a_rejection_instead_of_events_is_shown(ada: Given[Account]) -> None:
    """With code, details and message."""
    text = text_of(lambda: ada.when(Withdraw(amount=11)).then(Withdrawn(amount=11)))

    assert "  Withdrawn      != rejected INSUFFICIENT_FUNDS\n" in text
    assert "    amount = 11  !=   balance = '10'\n" in text
    assert "                 !=   'not enough money'\n" in text
    assert cause_in(text) == (
        "Account.withdraw refused with INSUFFICIENT_FUNDS: either the history given does not allow the command, "
        "or the rule is too strict"
    )


def test_nothing_instead_of_events_is_shown(ada: Given[Account]) -> None:
    """The typical cause is a missing return."""
    text = text_of(lambda: ada.when(Withdraw(amount=0)).then(Withdrawn(amount=0)))

    assert "  Withdrawn     != (nothing)\n" in text
    assert "events[0]: expected Withdrawn(amount=0), actual (absent)" in text
    assert cause_in(text) == "Account.withdraw answered with nothing: a missing return or yield?"


def test_events_instead_of_nothing_are_shown(ada: Given[Account]) -> None:
    """The typical cause is a missing guard."""
    text = text_of(lambda: ada.when(Withdraw(amount=1)).then_nothing())

    assert "  (nothing)  != Withdrawn\n" in text
    assert cause_in(text) == "Account.withdraw emitted where nothing was expected: a missing guard?"
    assert text.endswith(").when(Withdraw(amount=1)).then_nothing()")


def test_another_order_is_named() -> None:
    """The events are right, their order is not."""
    scenario = given(Account, correlation_id="f").when(Deposit(amount=1))
    text = text_of(lambda: scenario.then(Noted(text="by f"), Deposited(amount=1)))

    assert cause_in(text) == "these are the events expected, in another order"


def test_events_besides_are_named() -> None:
    """By their types."""
    scenario = given(Account, correlation_id="f").when(Deposit(amount=1))

    assert cause_in(text_of(lambda: scenario.then(Deposited(amount=1)))) == "Account.deposit emitted besides Noted"


def test_other_types_are_named(ada: Given[Account]) -> None:
    """Those missing and those that came instead."""
    text = text_of(lambda: ada.when(Withdraw(amount=1)).then(Opened(owner="x")))

    assert cause_in(text) == "Account.withdraw did not emit Opened and emitted besides Withdrawn"


def test_events_instead_of_a_rejection_are_shown(ada: Given[Account]) -> None:
    """With what was asked for as expected side."""
    text = text_of(lambda: ada.when(Withdraw(amount=1)).rejects("INSUFFICIENT_FUNDS", balance=10))

    assert text.startswith("Account should have refused Withdraw(amount=1) with INSUFFICIENT_FUNDS\n")
    assert "  rejected INSUFFICIENT_FUNDS  != Withdrawn\n    balance = '10'             !=   amount = 1\n" in text
    assert cause_in(text) == (
        "Account.withdraw did not refuse: the history given does not break the rule, or the rule has a hole"
    )


def test_nothing_instead_of_a_rejection_is_shown(ada: Given[Account]) -> None:
    """Returning is not refusing."""
    text = text_of(lambda: ada.when(Withdraw()).rejects("NO_AMOUNT"))

    assert cause_in(text) == "Account.withdraw answered with nothing, which is no rejection: raise Rejected(...)"


def test_another_code_is_shown(ada: Given[Account]) -> None:
    """Another rule came first."""
    text = text_of(lambda: ada.when(Withdraw(amount=11)).rejects("FROZEN"))

    assert "  rejected FROZEN  != rejected INSUFFICIENT_FUNDS\n" in text
    assert "its message: not enough money" in text
    assert cause_in(text) == (
        "another rule refused first: Account.withdraw raised INSUFFICIENT_FUNDS, so FROZEN was not reached"
    )


@pytest.mark.parametrize("details", [{}, {"balance": 9}, {"balance": 10, "limit": 3}])
def test_other_details_are_shown(ada: Given[Account], details: dict[str, Any]) -> None:
    """Details are compared whole: a value that differs, one that was not named, one that is not there."""
    text = text_of(lambda: ada.when(Withdraw(amount=11)).rejects("INSUFFICIENT_FUNDS", **details))

    assert cause_in(text) == (
        "the code is right; details are compared whole, so name each one, with ANY where the value is free"
    )


def test_another_status_is_shown(ada: Given[Account]) -> None:
    """If it was asked for."""
    text = text_of(
        lambda: ada.when(Withdraw(amount=11)).rejects("INSUFFICIENT_FUNDS", status=Status.NOT_FOUND, balance=10)
    )

    assert "    status NOT_FOUND           !=   status FAILED_PRECONDITION\n" in text
    assert cause_in(text) == "code and details are right; Account.withdraw gives it status FAILED_PRECONDITION"
    assert text.endswith(".rejects('INSUFFICIENT_FUNDS', status=Status.NOT_FOUND, balance=10)")


def test_another_state_is_shown(ada: Given[Account]) -> None:
    """The fields that differ, and who sets them."""
    text = text_of(lambda: ada.when(Withdraw(amount=4)).then_state(owner="ada", balance=5))

    assert text.startswith("Account is in another state than expected: balance\n")
    assert "\ndiffers:\n  balance: expected 5, actual 6\n" in text
    assert cause_in(text) == "look at how Account.withdrawn sets balance"


def test_another_state_after_a_refusal_is_explained(ada: Given[Account]) -> None:
    """Nothing could change it."""
    text = text_of(lambda: ada.when(Withdraw(amount=11)).then_state(balance=-1))

    assert cause_in(text) == "the command was refused (INSUFFICIENT_FUNDS), so nothing could change balance"


def test_another_state_without_events_is_explained(ada: Given[Account]) -> None:
    """As above."""
    text = text_of(lambda: ada.when(Withdraw()).then_state(balance=1))

    assert cause_in(text) == "no event was applied, so nothing could change balance"


def test_another_state_of_a_history_is_shown(ada: Given[Account]) -> None:
    """Without any command."""
    text = text_of(lambda: ada.then_state(balance=11))

    assert "\nstate:\n  owner = 'ada'\n  balance = 10\n" in text
    assert cause_in(text) == "look at how Account.opened, Account.deposited sets balance"


def test_a_fresh_aggregate_has_no_history() -> None:
    """And the text says so."""
    assert "history:\n  (none: a fresh aggregate)\n" in text_of(lambda: given(Account).when(Open()).then_nothing())


def test_a_chain_is_shown_from_its_last_command(ada: Given[Account]) -> None:
    """What earlier commands led to is history, so one command shows it again."""
    text = text_of(lambda: ada.when(Deposit(amount=5)).when(Withdraw(amount=15)).then_nothing())

    assert "  2  Deposited(amount=5)\n" in text
    assert "      Deposited(amount=5),\n  ).when(Withdraw(amount=15)).then_nothing()" in text


def test_long_values_are_cut_in_the_columns_only() -> None:
    """They stand in full under what differs."""
    owner = "x" * 100
    text = text_of(lambda: given(Account).when(Open(owner=owner)).then(Opened(owner="y")))

    assert f"    owner = 'y'  !=   owner = '{'x' * 46}...\n" in text
    assert f"events[0].owner: expected 'y', actual '{owner}'" in text


# --- the reproducer ---


def reproducer(text: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in text.partition("to see it again:\n")[2].splitlines())


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(lambda: given(Account).when(Deposit(amount=1)).then_nothing(), id="nothing"),
        pytest.param(lambda: given(Account, Opened(owner="a'b")).when(Open()).then(Opened()), id="events"),
        pytest.param(lambda: given(Account, Opened()).when(Open()).rejects("X", root=UUID(int=1)), id="a rejection"),
        pytest.param(lambda: given(Account, Opened()).when(Open()).rejects("X", root=ANY), id="any"),
        pytest.param(lambda: given(Account).when(Open()).then_state(balance=1, owner=ANY), id="a state"),
        pytest.param(
            lambda: (
                given(
                    Account,
                    root=UUID(int=1),
                    now=datetime(2026, 5, 1, tzinfo=UTC),
                    ids=[UUID(int=9)],
                    correlation_id="f",
                )
                .when(Deposit(amount=1))
                .then_nothing()
            ),
            id="options",
        ),
    ],
)
def test_the_reproducer_fails_in_the_same_way(scenario: Callable[[], object]) -> None:
    """Pasted into a test, it gives the very same text."""
    text = text_of(scenario)

    assert text_of(lambda: exec(reproducer(text), {})) == text


def test_options_are_part_of_the_reproducer() -> None:
    """Those that were given."""
    text = text_of(lambda: given(Account, root=UUID(int=1), correlation_id="f").when(Deposit()).then_nothing())

    assert "      root=UUID('00000000-0000-0000-0000-000000000001'),\n      correlation_id='f',\n" in text


@aggregate(domain="drawing", ignores=[Noted])
class Drawing(Aggregate):
    @handles
    def draw(self, command: Open, context: Context) -> Noted:
        return Noted(text=str(context.new_id()))


def test_ids_drawn_along_a_chain_are_part_of_the_reproducer() -> None:
    """Alone, the command would draw others."""
    text = text_of(lambda: given(Drawing).when(Open()).when(Open()).then_nothing())

    assert "      ids=[UUID('00000000-0000-0000-0000-000000000002')],\n" in text


@aggregate(domain="compiled", ignores=[wrappers_pb2.StringValue])
class Echo(Aggregate):
    @handles(wrappers_pb2.Int32Value)
    def echo(self, command: wrappers_pb2.Int32Value) -> wrappers_pb2.StringValue:
        return wrappers_pb2.StringValue(value=str(command.value))


def test_compiled_messages_are_shown_as_python() -> None:
    """Their own repr cannot be pasted."""
    text = text_of(lambda: given(Echo).when(wrappers_pb2.Int32Value(value=3)).then(wrappers_pb2.StringValue(value="4")))

    assert "events[0].value: expected '4', actual '3'" in text
    assert ").when(Int32Value(value=3)).then(StringValue(value='4'))" in text


# --- what every run has to hold ---


def failing(
    handler: Callable[[Any, Any], Any],
    *,
    applied: type[Any] = Opened,
    applier: Callable[[Any, Any], None] | None = None,
) -> type[Any]:
    """An aggregate whose handler or applier is the one under test."""

    @aggregate(domain="failing")
    class Failing(Aggregate):
        total: int = 0
        notes: list[str] = attrs.field(factory=list[str])

        @handles(Open)
        def open(self, command: Open) -> Any:
            return handler(self, command)

        @applies(applied)
        def opened(self, event: Any) -> None:
            if applier is not None:
                applier(self, event)

    return Failing


def _adds(state: Any, _command: Any) -> Opened:
    state.notes.append("seen")
    return Opened()


def test_a_handler_that_changes_a_container_is_caught() -> None:
    """Each field it changed in place is named."""
    text = text_of(lambda: given(failing(_adds)).when(Open()))

    assert text.startswith(
        "Failing.open changed the aggregate: a handler answers with events, and appliers change state\n\n"
        "changed by the handler:\n  notes[0]: (absent) -> 'seen'\n"
    )


def test_a_handler_that_assigns_is_caught() -> None:
    """By the guard, which production has, too."""

    def assigns(state: Any, _command: Any) -> Opened:
        state.total += 1
        return Opened()

    text = text_of(lambda: given(failing(assigns)).when(Open()))

    assert text.startswith("Failing.open sets self.total, but a handler only decides: answer with an event")


def test_a_handler_that_changes_state_and_refuses_is_caught() -> None:
    """A rejection hides nothing."""

    def refuses(state: Any, _command: Any) -> None:
        state.notes.append("seen")
        raise Rejected("NO")

    assert "changed the aggregate" in text_of(lambda: given(failing(refuses)).when(Open()))


def test_a_handler_that_changes_its_command_is_caught() -> None:
    """Compiled messages can be changed."""

    @aggregate(domain="changing")
    class Changing(Aggregate):
        @handles(wrappers_pb2.Int32Value)
        def change(self, command: wrappers_pb2.Int32Value) -> None:
            command.value = 9

    text = text_of(lambda: given(Changing).when(wrappers_pb2.Int32Value(value=3)))

    assert text.startswith("Changing.change changed its command\n\nchanged by the handler:\n  value: 3 -> 9\n")


def test_an_unexpected_exception_shows_itself() -> None:
    """In a test, its text is what one wants to see; it is the cause of the failure, too."""

    def fails(_state: Any, _command: Any) -> None:
        raise KeyError("amount")

    with pytest.raises(ScenarioFailed, match=r"^Failing\.open raised KeyError\('amount'\)\n") as caught:
        given(failing(fails)).when(Open(owner="ada"))
    assert isinstance(caught.value.__cause__, KeyError)
    assert ").when(Open(owner='ada'))" in str(caught.value)


def test_the_traceback_of_an_unexpected_exception_begins_with_the_author() -> None:
    """The way there leads through this package alone, and would be most of what one sees."""

    def inner() -> None:
        raise KeyError("amount")

    def fails(_state: Any, _command: Any) -> None:
        inner()

    with pytest.raises(ScenarioFailed) as caught:
        given(failing(fails)).when(Open(owner="ada"))
    assert caught.value.__cause__ is not None
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__cause__.__traceback__)]
    assert frames[-2:] == ["fails", "inner"]
    assert not {"watched", "follow", "decide"} & set(frames)


def test_an_answer_that_is_no_event_is_a_failure() -> None:
    """As in production."""
    text = text_of(lambda: given(failing(lambda _state, _command: 5)).when(Open()))

    assert text.startswith("Failing.open answered with int, which is no event\n")


def _fails(_state: Any, _event: Any) -> None:
    raise ZeroDivisionError("by zero")


def test_a_failing_applier_shows_itself() -> None:
    """While new events are applied."""
    cls = failing(lambda _state, _command: Opened(), applier=_fails)

    assert text_of(lambda: given(cls).when(Open())).startswith("Failing.opened raised ZeroDivisionError('by zero')\n")


def test_a_failing_applier_shows_itself_in_the_history() -> None:
    """While the history is folded."""
    cls = failing(lambda _state, _command: None, applier=_fails)

    assert text_of(lambda: given(cls, Opened())).startswith("Failing.opened raised ZeroDivisionError('by zero')\n")


def test_a_state_that_replay_does_not_lead_to_is_caught() -> None:
    """Here an applier reads a clock of its own."""
    ticks = iter(range(100))

    def ticking(state: Any, _event: Any) -> None:
        state.total = next(ticks)

    cls = failing(lambda _state, _command: Opened(), applier=ticking)
    text = text_of(lambda: given(cls).when(Open()))

    assert text.startswith(
        "replay leads to another Failing than the one that decided\n\nlive -> replayed:\n  total: 0 -> 1\n"
    )
    assert cause_in(text).startswith("an applier or a default reads something else than self and its event")


def test_a_handler_that_answers_otherwise_the_second_time_is_caught() -> None:
    """Here it reads a clock of its own; context.now() and context.new_id() give the same again."""
    ticks = iter(range(100))
    text = text_of(lambda: given(failing(lambda _state, _command: Opened(owner=str(next(ticks))))).when(Open()))

    assert text.startswith(
        "Failing.open answers the same thing on the same state otherwise the second time\n\n"
        "first time -> second time:\n  events[0].owner: '0' -> '1'\n"
    )
    assert cause_in(text).startswith("a clock or a random source of its own (ask context.now() and context.new_id())")


def test_a_handler_that_fails_the_second_time_is_caught() -> None:
    """It uses up something outside."""
    ticks = iter(range(1))
    text = text_of(lambda: given(failing(lambda _state, _command: Opened(owner=str(next(ticks))))).when(Open()))

    assert "first time -> second time:\n  the second time it raised StopIteration()\n" in text


def test_a_clock_that_goes_on_gives_the_same_again() -> None:
    """A clock given to a scenario may tick: the handler is told the same moments the second time."""
    moments = iter(datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 9))

    @aggregate(domain="dated", ignores=[Noted])
    class Dated(Aggregate):
        @handles
        def note(self, command: Open, context: Context) -> Noted:
            return Noted(text=f"{context.now():%d} {context.now():%d}")

    scene = given(Dated, now=lambda: next(moments))
    scene.when(Open()).then(Noted(text="01 02")).when(Open()).then(Noted(text="03 04"))


def test_an_event_that_does_not_survive_its_encoding_is_caught() -> None:
    """A compiled message without a required field, say."""
    file = descriptor_pb2.FileDescriptorProto(name="half.proto", package="tests.half", syntax="proto2")
    described = file.message_type.add(name="Half")
    described.field.add(name="at", number=1, type=3, label=descriptor_pb2.FieldDescriptorProto.LABEL_REQUIRED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    half: type[Any] = message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.half.Half"))

    @aggregate(domain="half", ignores=[half])
    class Forgetful(Aggregate):
        @handles(Open)
        def open(self, command: Open) -> Any:
            return half()

    text = text_of(lambda: given(Forgetful).when(Open()))

    assert text.startswith("Half() does not survive its encoding: ")


def test_an_event_that_reads_back_as_another_is_caught() -> None:
    """A value that is more than its bytes hold."""

    class Odd(int):
        def __eq__(self, other: object) -> bool:
            return self is other

        __hash__ = int.__hash__

    cls = failing(lambda _state, _command: Deposited(amount=Odd(3)), applied=Deposited)
    text = text_of(lambda: given(cls).when(Open()))

    assert text.startswith(
        "Deposited does not survive its encoding: what is stored is another event\n\n"
        "emitted -> read back:\n  amount: 3 -> 3\n"
    )


def test_the_frames_of_the_kit_are_hidden() -> None:
    """Pytest shows the line of the test."""
    with pytest.raises(ScenarioFailed) as caught:
        given(Account).when(Deposit(amount=1)).then_nothing()

    hidden = [entry.frame.f_locals.get("__tracebackhide__", False) for entry in caught.traceback[1:]]

    assert hidden
    assert all(hidden)
