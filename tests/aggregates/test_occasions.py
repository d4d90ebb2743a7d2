"""What `@aggregate` refuses of facts, compensations, undoing, upcasts and its options, and what it accepts."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from typing import Any

import pytest

from angzarr_domain import accepts, compensates, undoes, upcasts
from angzarr_domain.aggregates import SnapshotPolicy, definition_of
from angzarr_domain.exceptions import DeclarationError, UsageError
from tests.counter import Counter

HEAD = """
from __future__ import annotations
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from angzarr_domain.aggregates import *
from tests.ledger import *
from tests.wallet import Put, Take
from tests import counter
"""


def declared(source: str) -> Any:
    """The class `X` that this source declares, below imports that an author would have."""
    names: dict[str, Any] = {"__name__": __name__}
    exec(HEAD + textwrap.dedent(source), names)
    return names["X"]


def inside(body: str, options: str = "") -> str:
    """A class with these methods."""
    return f'@aggregate(domain="x"{options})\nclass X(Aggregate):\n' + textwrap.indent(textwrap.dedent(body), "    ")


DEPOSITED = "@applies\ndef deposited(self, event: Deposited) -> None: ...\n"

MISTAKES: dict[str, tuple[str, str]] = {
    "a fact that nothing applies": (
        inside("@accepts\ndef f(self, fact: Deposited) -> Deposited: return fact"),
        (
            "X.f: emits tests.ledger.Deposited, which nothing applies; add an @applies method, "
            "or list it: @aggregate(..., ignores=[Deposited])"
        ),
    ),
    "a flag event that nothing applies": (
        inside(DEPOSITED + "@accepts\ndef f(self, fact: Deposited) -> Iterable[Deposited | Noted]: return [fact]"),
        (
            "X.f: emits tests.ledger.Noted, which nothing applies; add an @applies method, "
            "or list it: @aggregate(..., ignores=[Noted])"
        ),
    ),
    "a fact that is not recorded": (
        inside(DEPOSITED + "@accepts\ndef f(self, fact: Deposited) -> None: ..."),
        (
            "X.f: returns nothing, but a fact is always recorded: return the Deposited itself first, "
            "then the events it gives rise to, such as Iterable[Deposited | ...]"
        ),
    ),
    "a fact replaced by another event": (
        inside("@accepts\ndef f(self, fact: Deposited) -> Noted: ...", ", ignores=[Deposited, Noted]"),
        (
            "X.f: returns tests.ledger.Noted, but a fact is always recorded: return the Deposited itself first, "
            "then the events it gives rise to, such as Iterable[Deposited | ...]"
        ),
    ),
    "two handlers of one fact": (
        inside(
            DEPOSITED
            + "@accepts\ndef f(self, fact: Deposited) -> Deposited: ...\n"
            + "@accepts\ndef g(self, fact: Deposited) -> Deposited: ..."
        ),
        "X.f and X.g both accept tests.ledger.Deposited: remove one",
    ),
    "an async fact handler": (
        inside(DEPOSITED + "@accepts\nasync def f(self, fact: Deposited) -> Deposited: ..."),
        "X.f: a fact handler is no async function; it decides, it does not wait",
    ),
    "a fact handler that takes nothing": (
        inside("@accepts\ndef f(self) -> Deposited: ..."),
        "X.f: takes (self) -> 'Deposited'; it has to take (self, fact) or (self, fact, context)",
    ),
    "a compensator of another command than its mark": (
        inside("@compensates(Put)\ndef f(self, refused: Refused[Take]) -> None: ..."),
        (
            "X.f: refused is annotated Refused[Take], but "
            "@compensates(Put) gives it Refused[Put]; annotate it so, or name the other command in the mark"
        ),
    ),
    "a compensator that takes the command": (
        inside("@compensates(Put)\ndef f(self, refused: Put) -> None: ..."),
        (
            "X.f: refused is annotated Put, but @compensates(Put) gives it Refused[Put]; annotate it so, "
            "or name the other command in the mark"
        ),
    ),
    "an undoer that takes a refusal": (
        inside("@undoes(Put)\ndef f(self, undo: Refused[Put]) -> None: ..."),
        (
            "X.f: undo is annotated Refused[Put], but "
            "@undoes(Put) gives it Undo[Put]; annotate it so, or name the other command in the mark"
        ),
    ),
    "an async compensator": (
        inside("@compensates(Put)\nasync def f(self, refused: Refused[Put]) -> None: ..."),
        "X.f: it decides, it does not wait; write a plain function, not an async one",
    ),
    "a compensation that nothing applies": (
        inside("@compensates(Put)\ndef f(self, refused: Refused[Put]) -> Deposited | Escalation: ..."),
        (
            "X.f: emits tests.ledger.Deposited, which nothing applies; add an @applies method, "
            "or list it: @aggregate(..., ignores=[Deposited])"
        ),
    ),
    "a compensator of no domain": (
        inside('@compensates(Put, domain="")\ndef f(self, refused: Refused[Put]) -> None: ...'),
        "X.f: domain '': use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or _",
    ),
    "a compensator of a domain with a colon": (
        inside('@compensates(Put, domain="a:b")\ndef f(self, refused: Refused[Put]) -> None: ...'),
        "X.f: domain 'a:b': use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or _",
    ),
    "a type both qualified and not": (
        inside(
            "@compensates(Put)\ndef f(self, refused: Refused[Put]) -> None: ...\n"
            '@compensates(Put, domain="wallet")\ndef g(self, refused: Refused[Put]) -> None: ...'
        ),
        (
            "X.f compensates tests.wallet.Put of any domain and X.g of domain 'wallet': AMBIGUOUS_COMPENSATION; "
            "give each of them a domain, or none of them"
        ),
    ),
    "two classes of one refused command": (
        inside(
            "class Other:\n    __protobuf_name__ = 'tests.wallet.Put'\n    __protobuf_fields__ = ()\n"
            "@compensates(Put)\ndef f(self, refused: Refused[Put]) -> None: ...\n"
            "@compensates(Other)\ndef g(self, refused): return None"
        ),
        (
            "X.f compensates tests.wallet.Put and X.g tests.aggregates.test_occasions.X.Other of the same name; "
            "use one of the two classes"
        ),
    ),
    "two undoers of one command": (
        inside(
            "@undoes(Put)\ndef f(self, undo: Undo[Put]) -> None: ...\n"
            "@undoes(Put)\ndef g(self, undo: Undo[Put]) -> None: ..."
        ),
        "X.f and X.g both undo tests.wallet.Put: remove one",
    ),
    "an upcast that is no static method": (
        inside(DEPOSITED + "@upcasts\ndef f(event: Noted) -> Deposited: ..."),
        "X.f: @upcasts marks a static method, since an old event has no aggregate yet; add @staticmethod",
    ),
    "an upcast of a class method": (
        inside(DEPOSITED + "@classmethod\n@upcasts\ndef f(cls, event: Noted) -> Deposited: ..."),
        "X.f: @upcasts marks a static method, since an old event has no aggregate yet; add @staticmethod",
    ),
    "a static handler": (
        inside("@staticmethod\n@handles\ndef f(command: Open) -> None: ..."),
        "X.f: @handles marks a plain method, not a staticmethod",
    ),
    "an upcast that takes self": (
        inside(DEPOSITED + "@staticmethod\n@upcasts\ndef f(self, event: Noted) -> Deposited: ..."),
        "X.f: takes (self, event: 'Noted') -> 'Deposited'; it has to take (event)",
    ),
    "an upcast that does not say what becomes of it": (
        inside(DEPOSITED + "@staticmethod\n@upcasts\ndef f(event: Noted): ..."),
        (
            "X.f: does not say what the old event becomes; annotate the answer: -> New, -> tuple[New, Newer], "
            "or -> None for an event that is left out today"
        ),
    ),
    "an upcast into anything": (
        inside(DEPOSITED + "@staticmethod\n@upcasts\ndef f(event: Noted) -> Any: ..."),
        (
            "X.f: returns Any, which does not say what the old event becomes; name the message classes: "
            "-> New, -> tuple[New, Newer], or -> None for an event that is left out today"
        ),
    ),
    "an upcast into itself": (
        inside("@staticmethod\n@upcasts\ndef f(event: Noted) -> Noted: ..."),
        (
            "X.f: turns tests.ledger.Noted into itself; an upcast gives an event of another type, "
            "so give the new shape a name of its own"
        ),
    ),
    "an upcast that yields": (
        inside(DEPOSITED + "@staticmethod\n@upcasts\ndef f(event: Noted) -> Iterator[Deposited]:\n    yield"),
        "X.f: an upcast is no async function and does not yield; return a tuple of events",
    ),
    "an old event that is applied as it is": (
        inside(DEPOSITED + "@staticmethod\n@upcasts\ndef f(event: Deposited) -> None: ..."),
        (
            "X.f: turns tests.ledger.Deposited into today's event, but X.deposited applies it as it is; "
            "drop the applier, or the upcast"
        ),
    ),
    "an old event that is ignored": (
        inside("@staticmethod\n@upcasts\ndef f(event: Noted) -> None: ...", ", ignores=[Noted]"),
        "X.f: turns tests.ledger.Noted into today's event, but ignores lists it; drop one of the two",
    ),
    "an old event that is still emitted": (
        inside(
            DEPOSITED + "@staticmethod\n@upcasts\ndef f(event: Noted) -> Deposited: ...\n"
            "@handles\ndef g(self, command: Open) -> Noted: ..."
        ),
        "X.g: emits tests.ledger.Noted, which X.f replaces; emit what it becomes today",
    ),
    "two upcasts of one event": (
        inside(
            DEPOSITED + "@staticmethod\n@upcasts\ndef f(event: Noted) -> Deposited: ...\n"
            "@staticmethod\n@upcasts\ndef g(event: Noted) -> Deposited: ..."
        ),
        "X.f and X.g both upcast tests.ledger.Noted: remove one",
    ),
    "an alias that is no full name": (
        inside(DEPOSITED, ', aliases={"/old.Deposited": Deposited}'),
        "aliases '/old.Deposited': an alias is the full name of a stored type, such as \"bank.v0.Deposited\"",
    ),
    "an alias of today's name": (
        inside(DEPOSITED, ', aliases={"tests.ledger.Deposited": Deposited}'),
        "aliases 'tests.ledger.Deposited': that is today's name of Deposited already; drop it",
    ),
    "an alias that is another known event": (
        inside(DEPOSITED, ', ignores=[Noted], aliases={"tests.ledger.Noted": Deposited}'),
        "aliases 'tests.ledger.Noted': events of that name are known as Noted; drop one of the two",
    ),
    "an alias of an event that nothing applies": (
        inside(DEPOSITED, ', aliases={"old.Withdrawn": Withdrawn}'),
        (
            "aliases 'old.Withdrawn': nothing applies tests.ledger.Withdrawn; add an @applies method, "
            "or list it in ignores"
        ),
    ),
    "an alias of no message": (
        inside(DEPOSITED, ', aliases={"old.Withdrawn": 5}'),
        "aliases 'old.Withdrawn': 5 is no message class; name today's class of that event",
    ),
    "aliases in a list": (
        inside("", ', aliases=["old.Withdrawn"]') + "    ...",
        "aliases ['old.Withdrawn']: takes a mapping; write aliases={\"old.full.Name\": TheClass}",
    ),
    "an unknown way to take unknown events": (
        inside("...", ', unknown="lax"'),
        'unknown \'lax\': write unknown="tolerant" or unknown="strict"',
    ),
    "a snapshot every 0 events": (
        inside("...", ", snapshot=0"),
        "snapshot 0: give a number of events from 1 on, such as 100, or a SnapshotPolicy",
    ),
    "a snapshot always": (
        inside("...", ", snapshot=True"),
        "snapshot True: give a number of events from 1 on, such as 100, or a SnapshotPolicy",
    ),
    "version 0": (
        inside("...", ", version=0"),
        "version 0: give a whole number from 1 on, and raise it by one each time",
    ),
    "a state that is no message": (
        inside("...", ", state=int"),
        "state <class 'int'>: that is no message class; generate it from a .proto, or leave it out",
    ),
    "an override without its mark": (
        (
            "class Base(Aggregate):\n"
            "    __slots__ = ()\n"
            "    @compensates(Put)\n"
            "    def f(self, refused: Refused[Put]) -> None: ...\n"
            '@aggregate(domain="x")\n'
            "class X(Base):\n"
            "    def f(self, refused: Refused[Put]) -> None: ...\n"
        ),
        "X.f: overrides a method marked @compensates without the mark; add @compensates",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_at_import_with_its_remedy(name: str) -> None:
    """One line for each mistake, which says where it is and what to do."""
    source, issue = MISTAKES[name]
    with pytest.raises(DeclarationError) as refused:
        declared(source)

    assert list(refused.value.issues) == [issue]


def test_every_kind_of_method_is_collected_once() -> None:
    """By the full names that are looked up at run time."""
    definition = definition_of(Counter)

    assert {key: [each.name for each in entries] for key, entries in definition.compensators.items()} == {
        "tests.counter.Reserve": ["Counter.first", "Counter.second"],
        "payment:tests.counter.Charge": ["Counter.not_paid"],
        "tests.counter.Shout": ["Counter.unheard", "Counter.escalated", "Counter.escalated_again"],
    }
    assert {name: each.name for name, each in definition.undoers.items()} == {
        "tests.counter.Increase": "Counter.decrease"
    }
    assert {name: each.takes_context for name, each in definition.facts.items()} == {
        "tests.counter.Reading": True,
        "tests.counter.Click": False,
    }


def test_compensators_of_several_domains_are_not_ambiguous() -> None:
    """Each domain has its own."""
    definition = definition_of(
        declared(
            inside(
                '@compensates(Put, domain="a")\ndef f(self, refused: Refused[Put]) -> None: ...\n'
                '@compensates(Put, domain="b")\ndef g(self, refused: Refused[Put]) -> None: ...'
            )
        )
    )

    assert list(definition.compensators) == ["a:tests.wallet.Put", "b:tests.wallet.Put"]


def test_the_declaration_order_counts_bases_first() -> None:
    """What a base declares runs before what its subclass adds."""
    definition = definition_of(
        declared(
            "class Base(Aggregate):\n"
            "    __slots__ = ()\n"
            "    @compensates(Put)\n"
            "    def z(self, refused: Refused[Put]) -> None: ...\n"
            '@aggregate(domain="x")\n'
            "class X(Base):\n"
            "    @compensates(Put)\n"
            "    def a(self, refused: Refused[Put]) -> None: ...\n"
        )
    )

    assert [each.name for each in definition.compensators["tests.wallet.Put"]] == ["X.z", "X.a"]


@pytest.mark.parametrize(
    "decorators", ["@staticmethod\n@upcasts", "@upcasts\n@staticmethod", "@staticmethod\n@upcasts(Noted)"]
)
@pytest.mark.parametrize(
    ("answer", "into"),
    [
        ("Deposited", ["Deposited"]),
        ("tuple[Deposited, Opened]", ["Deposited", "Opened"]),
        ("tuple[Deposited, ...]", ["Deposited"]),
        ("Deposited | None", ["Deposited"]),
        ("None", []),
    ],
)
def test_an_upcast_says_what_the_old_event_becomes(decorators: str, answer: str, into: list[str]) -> None:
    """One event, several, or none; in either order with @staticmethod."""
    body = f"{decorators}\ndef f(event: Noted) -> {answer}: ...\n@applies\ndef o(self, event: Opened) -> None: ...\n"
    upcast = definition_of(declared(inside(DEPOSITED + body))).upcasts["tests.ledger.Noted"]

    assert ([each.__name__ for each in upcast.into], upcast.name) == (into, "X.f")


def test_the_options_go_into_the_definition() -> None:
    """As they were given; a number is a snapshot every so many events."""
    options = ', ignores=[Noted], aliases={"old.Noted": Noted}, unknown="strict", snapshot=9, version=3, state=Opened'
    definition = definition_of(declared(inside("...", options)))

    assert {name: each.__name__ for name, each in definition.aliases.items()} == {"old.Noted": "Noted"}
    assert (definition.unknown, definition.snapshot, definition.version) == ("strict", SnapshotPolicy(every=9), 3)
    assert definition.state_message is not None
    assert definition.state_message.__name__ == "Opened"


def test_without_options_nothing_is_asked_for() -> None:
    """No snapshots, tolerant, version 1."""
    definition = definition_of(Counter)

    assert (definition.unknown, definition.snapshot, definition.version) == ("tolerant", None, 1)
    assert (definition.aliases, definition.upcasts, definition.state_message) == ({}, {}, None)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"every": 5, "slower_than": timedelta(1)},
        {"every": 0},
        {"every": True},
        {"slower_than": timedelta(0)},
        {"slower_than": 20},
    ],
)
def test_a_snapshot_policy_has_one_rule(arguments: dict[str, Any]) -> None:
    """A number of events from 1 on, or a time above zero."""
    with pytest.raises(UsageError):
        SnapshotPolicy(**arguments)


def test_all_message_types_are_known() -> None:
    """Facts, refused commands and commands to undo among them, for clients and codecs."""
    names = {each.__name__ for each in definition_of(Counter).message_types}

    assert {"Reading", "Click", "Reserve", "Charge", "Shout", "Increase", "Flagged"} <= names


MARKS: dict[str, tuple[Any, Any]] = {
    "accepts nothing": (accepts, None),
    "accepts a plain class": (accepts, int),
    "compensates nothing": (compensates, None),
    "compensates a function": (compensates, len),
    "undoes a plain class": (undoes, int),
    "undoes a function": (undoes, len),
    "upcasts nothing": (upcasts, None),
}


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_that_names_no_message_is_refused(name: str) -> None:
    """At the decorator, which says how it is written."""
    mark, target = MARKS[name]
    with pytest.raises(UsageError):
        mark(target)
