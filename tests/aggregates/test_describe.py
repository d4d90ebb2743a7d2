"""The catalogue of a class: what it declares, as data, as text, and as a picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any, ClassVar

import attrs
import pytest

from angzarr_domain import (
    Aggregate,
    Escalation,
    Refused,
    Rejected,
    Undo,
    accepts,
    aggregate,
    applies,
    compensates,
    describe,
    handles,
    undoes,
    upcasts,
)
from angzarr_domain.aggregates import (
    EventEntry,
    FieldEntry,
    MessageEntry,
    MethodEntry,
    Rejections,
    SnapshotPolicy,
    UpcastEntry,
    definition_of,
)
from angzarr_domain.aggregates._rejections import rejections_of
from angzarr_domain.exceptions import UsageError
from examples.bank.tests.pb import account_pb2
from tests.ledger import Deposit, Deposited, Noted, Open, Opened, Withdraw, Withdrawn


class Mood(Enum):
    GOOD = "good"


@attrs.frozen
class Old:
    """An event of the past."""

    __protobuf_name__: ClassVar[str] = "tests.v0.Old"
    amount: int = 0


@aggregate(domain="purse", ignores=[Noted], aliases={"tests.v0.Opened": Opened}, snapshot=100, version=3)
class Purse(Aggregate):
    """Keeps money.

    And more that is not the first line.
    """

    owner: str = ""
    total: int = 0
    mood: Mood = Mood.GOOD
    parts: dict[str, int] = attrs.field(factory=dict[str, int])

    @handles
    def open(self, command: Open) -> Opened:
        """Begin."""
        if self.owner:
            raise Rejected("EXISTS", "it was opened before")
        return Opened(owner=command.owner)

    @handles
    def deposit(self, command: Deposit) -> Iterator[Deposited | Noted]:
        self.check()
        yield Deposited(amount=command.amount)

    @handles
    def withdraw(self, command: Withdraw) -> Iterable[Any]:
        raise Rejected(f"NO_{command.amount}")

    @accepts
    def told(self, fact: Noted) -> Noted:
        return fact

    @compensates(Open, domain="bank")
    def refused(self, refused: Refused[Open]) -> Noted | Escalation:
        return Noted()

    @undoes(Deposit)
    def undone(self, undo: Undo[Deposit]) -> Withdrawn:
        return Withdrawn()

    @staticmethod
    @upcasts
    def old(event: Old) -> Deposited:
        return Deposited(amount=event.amount)

    @applies
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @applies
    def deposited(self, event: Deposited) -> None:
        self.total += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.total -= event.amount

    def check(self) -> None:
        if not self.owner:
            raise Rejected("UNKNOWN", "open it first")


PURSE = describe(Purse)
OWNER, AMOUNT = FieldEntry("owner", "str"), FieldEntry("amount", "int")


def test_it_says_what_the_class_is() -> None:
    """Its name, its domain, and the first line of what it says of itself."""
    assert (PURSE.name, PURSE.domain, PURSE.about) == ("Purse", "purse", "Keeps money")


def test_fields_have_types_and_defaults() -> None:
    """As they are written."""
    assert [str(field) for field in PURSE.fields] == [
        "owner: str = ''",
        "total: int = 0",
        "mood: Mood = Mood.GOOD",
        "parts: dict[str, int] = dict()",
    ]


def test_commands_have_fields_events_and_rejections() -> None:
    """Those of the methods they call included."""
    opening, depositing, withdrawing = PURSE.commands

    assert opening == MethodEntry(
        "Purse.open",
        "Begin",
        MessageEntry("tests.ledger.Open", "Open", (OWNER,)),
        ("tests.ledger.Opened",),
        Rejections(("EXISTS",)),
    )
    assert depositing.emits == ("tests.ledger.Deposited", "tests.ledger.Noted")
    assert depositing.rejections == Rejections(("UNKNOWN",))
    assert (withdrawing.emits, withdrawing.rejections) == (None, Rejections(complete=False))


def test_events_say_who_applies_them() -> None:
    """Ignored ones are applied by nobody."""
    assert [(event.message.name, event.applier) for event in PURSE.events] == [
        ("Opened", "Purse.opened"),
        ("Deposited", "Purse.deposited"),
        ("Withdrawn", "Purse.withdrawn"),
        ("Noted", ""),
    ]
    assert PURSE.events[1] == EventEntry(
        MessageEntry("tests.ledger.Deposited", "Deposited", (AMOUNT,)), "Purse.deposited"
    )


def test_everything_else_that_is_declared() -> None:
    """Facts, compensations, undoing, upcasts, aliases, options, findings."""
    (fact,), (compensation,), (undo,) = PURSE.facts, PURSE.compensations, PURSE.undos

    assert (fact.message.name, fact.emits) == ("Noted", ("tests.ledger.Noted",))
    assert (compensation.message.name, compensation.domain) == ("Open", "bank")
    assert (undo.message.name, undo.emits) == ("Deposit", ("tests.ledger.Withdrawn",))
    assert PURSE.upcasts == (
        UpcastEntry("Purse.old", MessageEntry("tests.v0.Old", "Old", (AMOUNT,)), ("tests.ledger.Deposited",)),
    )
    assert PURSE.aliases == (("tests.v0.Opened", "tests.ledger.Opened"),)
    assert (PURSE.snapshot, PURSE.version, PURSE.unknown) == ("every 100 events", 3, "tolerant")
    assert [finding.code for finding in PURSE.findings] == ["AGG404"]


def test_a_policy_of_time_is_told_in_words() -> None:
    """As the policy says."""
    from datetime import timedelta

    @aggregate(domain="slow", snapshot=SnapshotPolicy(slower_than=timedelta(milliseconds=20)))
    class Slow(Aggregate): ...

    assert describe(Slow).snapshot == "when folding takes longer than 0:00:00.020000"


def test_compiled_messages_have_their_fields() -> None:
    """With the types that Python has for them."""

    @aggregate(domain="compiled", ignores=[account_pb2.Deposited])
    class Compiled(Aggregate):
        @handles(account_pb2.Deposit)
        def deposit(self, command: Any) -> None: ...

    (command,) = describe(Compiled).commands

    assert str(command.message) == "Deposit(reference: str, amount: int)"


def test_a_class_that_is_not_decorated_is_refused() -> None:
    """It declares nothing."""
    with pytest.raises(UsageError, match="put @aggregate"):
        describe(Aggregate)


# --- for people ---

TEXT = """\
Purse (domain purse): Keeps money

state
  owner: str = ''
  total: int = 0
  mood: Mood = Mood.GOOD
  parts: dict[str, int] = dict()

commands
  Open(owner: str): Begin
    emits    Opened
    rejects  EXISTS
  Deposit(amount: int)
    emits    Deposited, Noted
    rejects  UNKNOWN
  Withdraw(amount: int)
    emits    unknown: its annotation does not say
    rejects  unknown

facts
  Noted(text: str)
    emits    Noted

refused commands
  Open(owner: str) of domain bank
    emits    Noted

commands to undo
  Deposit(amount: int)
    emits    Withdrawn

events
  Opened(owner: str)
  Deposited(amount: int)
  Withdrawn(amount: int)
  Noted(text: str), which changes no state

old events
  Old becomes Deposited
  tests.v0.Opened is stored for tests.ledger.Opened

options
  snapshots    every 100 events
  version      3
  unknown      tolerant

findings
"""


def test_the_text_has_all_of_it() -> None:
    """In an order that reads well."""
    text, findings = PURSE.text().split("findings\n")

    assert text + "findings\n" == TEXT
    assert findings.startswith("  AGG404 Purse.withdraw: returns Iterable[Any], which names no event classes")


def test_the_picture_has_all_of_it() -> None:
    """Commands lead to events, events to the state; rejections are dotted and drawn once."""
    lines = [line.strip() for line in PURSE.mermaid().splitlines()]

    assert lines[0] == "flowchart LR"
    assert {
        'c0["Open"]',
        "c0 --> e0",
        'c0 -.-> x0{{"EXISTS"}}',
        'c2 -- emits --> c2x(["unknown"])',
        'f0["fact Noted"]',
        'r0["refused: Open"]',
        'u0["undo Deposit"]',
        'e0(["Opened"])',
        "e0 --> state",
        'o0(["old Old"])',
        "o0 -- upcast --> e1",
        ('state[("Purse<br/>owner: str<br/>total: int<br/>mood: Mood<br/>parts: dict#91;str, int#93;")]'),
    } <= set(lines)
    assert "e3 --> state" not in lines  # Noted is ignored


def test_the_data_is_json() -> None:
    """For whatever tool wants to know."""
    data = json.loads(json.dumps(PURSE.data()))

    assert data["commands"][0]["rejections"] == {"codes": ["EXISTS"], "complete": True}
    assert data["events"][3] == {
        "message": {
            "type_name": "tests.ledger.Noted",
            "name": "Noted",
            "fields": [{"name": "text", "type": "str", "default": ""}],
        },
        "applier": "",
    }


# --- rejections in code ---


class Frozen(Rejected):
    def __init__(self, by: str) -> None:
        super().__init__("FROZEN", f"by {by}")


class Named(Rejected):
    """A class for catching, which leaves the code to whoever raises it."""


class Computed(Rejected):
    def __init__(self, code: str) -> None:
        super().__init__(code)


def refuse_outside(text: str) -> None:
    if not text:
        raise Rejected("EMPTY")


CODE = "NAMED_ELSEWHERE"


class Refusing:
    @property
    def able(self) -> bool:
        raise Rejected("UNABLE")

    def written_out(self) -> None:
        if self:
            raise Rejected("ONE", "text", detail=1)
        raise Rejected("TWO")

    def outside(self) -> None:
        refuse_outside("")

    def property_asked(self) -> bool:
        return self.able

    def indirect(self) -> None:
        self.outside()

    def nested(self) -> Callable[[], None]:
        def inner() -> None:
            raise Rejected("INNER")

        return inner

    def own_class(self) -> None:
        raise Frozen("ada")

    def class_without_code(self) -> None:
        raise Named("NAMED")

    def endless(self) -> None:
        self.endless()
        raise Rejected("ENDLESS")

    def catching(self) -> None:
        try:
            self.written_out()
        except Rejected as error:
            raise Rejected("THREE") from error

    def imported(self) -> None:
        from angzarr_domain.exceptions import Rejected as No

        raise No("IMPORTED")

    def none(self) -> bool:
        return isinstance(self, Rejected)

    def by_constant(self) -> None:
        raise Rejected(CODE)

    def put_together(self) -> None:
        raise Rejected(f"CODE_{self}")

    def computed_class(self) -> None:
        raise Computed("x")

    def some_computed(self) -> None:
        if self:
            raise Rejected("ONE")
        raise Rejected(str(self))


@pytest.mark.parametrize(
    ("method", "codes"),
    [
        (Refusing.written_out, ["ONE", "TWO"]),
        (Refusing.outside, ["EMPTY"]),
        (Refusing.property_asked, ["UNABLE"]),
        (Refusing.indirect, ["EMPTY"]),
        (Refusing.nested, ["INNER"]),
        (Refusing.own_class, ["FROZEN"]),
        (Refusing.class_without_code, ["NAMED"]),
        (Refusing.endless, ["ENDLESS"]),
        (Refusing.catching, ["ONE", "TWO", "THREE"]),
        (Refusing.imported, ["IMPORTED"]),
        (Refusing.none, []),
        (Refusing.by_constant, ["NAMED_ELSEWHERE"]),
    ],
)
def test_codes_are_found_where_they_are_written(method: Callable[..., Any], codes: list[str]) -> None:
    """In the method, in what it calls, and in classes of rejections."""
    found = rejections_of(Refusing, method)

    assert sorted(found.codes) == sorted(codes)
    assert found.complete


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (Refusing.put_together, "unknown"),
        (Refusing.computed_class, "unknown"),
        (Refusing.some_computed, "ONE, and others that only show when it runs"),
        (len, "unknown"),
    ],
)
def test_codes_that_only_show_when_it_runs_are_said_to_be_unknown(method: Callable[..., Any], text: str) -> None:
    """Rather than left out."""
    assert str(rejections_of(Refusing, method)) == text


def test_no_source_is_needed() -> None:
    """The code says it."""
    names: dict[str, Any] = {"Rejected": Rejected, "__name__": "elsewhere"}
    exec("class X:\n    def f(self):\n        raise Rejected('HIDDEN')", names)

    assert rejections_of(names["X"], names["X"].f) == Rejections(("HIDDEN",))


def test_describing_runs_nothing_of_the_class() -> None:
    """It only reads."""
    before = definition_of(Purse)

    assert describe(Purse) == PURSE
    assert definition_of(Purse) is before
