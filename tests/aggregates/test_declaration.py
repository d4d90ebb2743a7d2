"""What `@aggregate` refuses, with the remedy it names, and what it accepts."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from angzarr_domain.aggregates import definition_of
from angzarr_domain.exceptions import AngzarrError, DeclarationError, UsageError
from tests import ledger

HEAD = """
from __future__ import annotations
import abc, attrs, dataclasses, functools
from collections.abc import Iterable, Iterator, Generator
from typing import Annotated, Any, ClassVar, Generic, TypeVar
from angzarr_domain import *
from typing_extensions import TypeAliasType
from tests.ledger import *
Events = TypeAliasType("Events", Opened | Noted)
"""


def declared(source: str) -> Any:
    """The class `X` that this source declares, below imports that an author would have."""
    names: dict[str, Any] = {"__name__": __name__}
    exec(HEAD + textwrap.dedent(source), names)
    return names["X"]


def issues_of(source: str) -> list[str]:
    """What is wrong with the class."""
    with pytest.raises(DeclarationError) as caught:
        declared(source)
    return list(caught.value.issues)


MISTAKES: dict[str, tuple[str, str]] = {
    "a domain with a space": (
        """
        @aggregate(domain="my ledger")
        class X(Aggregate): ...
        """,
        "domain 'my ledger': use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or _",
    ),
    "no domain": (
        """
        @aggregate
        class X(Aggregate): ...
        """,
        "@aggregate names no domain: write @aggregate(domain=...)",
    ),
    "a domain by position": (
        """
        @aggregate("ledger")
        class X(Aggregate): ...
        """,
        "@aggregate names no domain: write @aggregate(domain=...)",
    ),
    "a function": (
        """
        @aggregate(domain="ledger")
        def X(): ...
        """,
        "@aggregate makes an aggregate of a class, and this is none",
    ),
    "no base": (
        """
        @aggregate(domain="ledger")
        class X: ...
        """,
        "it does not inherit from Aggregate: write class X(Aggregate)",
    ),
    "attrs below": (
        """
        @aggregate(domain="ledger")
        @attrs.define
        class X(Aggregate): ...
        """,
        "@aggregate makes the attrs class itself: remove the other decorator that makes fields",
    ),
    "a dataclass below": (
        """
        @aggregate(domain="ledger")
        @dataclasses.dataclass
        class X(Aggregate): ...
        """,
        "@aggregate makes the attrs class itself: remove the other decorator that makes fields",
    ),
    "an unslotted base": (
        """
        class Base(Aggregate):
            balance: int = 0

        @aggregate(domain="ledger")
        class X(Base): ...
        """,
        (
            "its base Base has no __slots__, so misspelt attributes would be accepted and its fields would be none: "
            "decorate it with @attrs.define, or give it __slots__ = ()"
        ),
    ),
    "a field without default": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            balance: int
        """,
        "field balance: has no default, so no fresh aggregate can be made; give it one",
    ),
    "a declared field without default": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            balance: int = attrs.field()
        """,
        "field balance: has no default, so no fresh aggregate can be made; give it one",
    ),
    "a shared list": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            notes: list[str] = []
        """,
        "field notes: all aggregates would share this list; use attrs.field(factory=list)",
    ),
    "a shared dict in a declared field": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            notes: dict[str, int] = attrs.field(default={})
        """,
        "field notes: all aggregates would share this dict; use attrs.field(factory=dict)",
    ),
    "a shared mutable value of another class": (
        """
        @attrs.define
        class Notes:
            texts: tuple[str, ...] = ()

        @aggregate(domain="ledger")
        class X(Aggregate):
            notes: Notes = Notes()
        """,
        "field notes: all aggregates would share this Notes; use attrs.field(factory=Notes)",
    ),
    "a field without annotation": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            balance = attrs.field(default=0)
        """,
        "field balance: has no annotation, so it is no field; write balance: TheType = ...",
    ),
    "a value without annotation that an applier sets": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            balance = 0
            @applies
            def deposited(self, event: Deposited) -> None:
                self.balance += event.amount
        """,
        "field balance: has no annotation, so it is no field; write balance: TheType = ...",
    ),
    "a field named like a method": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            balance: int = 0
            def balance(self) -> int: ...
        """,
        "field balance: a method has the same name and would be its default; rename one",
    ),
    "a field named root": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            root: str = ""
        """,
        "field root: every aggregate has a fact of that name; choose another",
    ),
    "a method named exists": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            def exists(self) -> bool: ...
        """,
        "exists: every aggregate has a fact of that name; choose another name for yours",
    ),
    "a private field": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            _balance: int = 0
        """,
        "field _balance: attrs would name its argument 'balance'; drop the underscore",
    ),
    "a default that fails": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            balance: int = attrs.field(factory=lambda: 1 // 0)
        """,
        "X() fails with ZeroDivisionError: the defaults have to make a fresh aggregate",
    ),
    "a frozen base": (
        """
        @attrs.frozen
        class Base(Aggregate):
            balance: int = 0

        @aggregate(domain="ledger")
        class X(Base): ...
        """,
        "X.balance cannot be set (FrozenInstanceError), but appliers change state: is a base of it frozen?",
    ),
    "a handler without annotation": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command): ...
        """,
        "X.open: command has no annotation; write command: TheMessage, or @handles(TheMessage)",
    ),
    "a handler of no message": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: int): ...
        """,
        "X.open: command is annotated int, which is no single message class; name one, or write @handles(TheMessage)",
    ),
    "a handler of two messages": (
        """
        @aggregate(domain="ledger", ignores=[Opened])
        class X(Aggregate):
            @handles
            def open(self, command: Open | Deposit): ...
        """,
        (
            "X.open: command is annotated tests.ledger.Open | tests.ledger.Deposit, which is no single message class; "
            "name one, or write @handles(TheMessage)"
        ),
    ),
    "an annotation for type checkers only": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Missing): ...
        """,
        (
            "X.open: its annotation 'Missing' cannot be resolved at run time "
            "(NameError: name 'Missing' is not defined); "
            "import the name outside of TYPE_CHECKING, or write @handles(TheMessage)"
        ),
    ),
    "a handler with too many parameters": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open, context: Context, more: int): ...
        """,
        (
            "X.open: takes (self, command: 'Open', context: 'Context', more: 'int'); "
            "it has to take (self, command) or (self, command, context)"
        ),
    ),
    "a handler with a keyword-only context": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open, *, context: Context): ...
        """,
        (
            "X.open: takes (self, command: 'Open', *, context: 'Context'); "
            "it has to take (self, command) or (self, command, context)"
        ),
    ),
    "an applier with a context": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @applies
            def opened(self, event: Opened, context: Context): ...
        """,
        "X.opened: takes (self, event: 'Opened', context: 'Context'); it has to take (self, event)",
    ),
    "an async handler": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            async def open(self, command: Open): ...
        """,
        "X.open: a handler is no async function; it decides, it does not wait",
    ),
    "an async applier": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @applies
            async def opened(self, event: Opened): ...
        """,
        "X.opened: an applier is no async function; it only folds an event into self",
    ),
    "an applier that yields": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @applies
            def opened(self, event: Opened):
                yield
        """,
        "X.opened: an applier does not yield; a generator would never run",
    ),
    "an applier that answers": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @applies
            def open(self, command: Open) -> list[Opened] | Noted: ...
        """,
        (
            "X.open: returns tests.ledger.Opened or tests.ledger.Noted, which an applier cannot: it changes self and "
            "returns nothing; @handles emits events"
        ),
    ),
    "a handler that returns a number": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open) -> int: ...
        """,
        "X.open: returns int; a handler returns an event, an iterable of events or None",
    ),
    "a handler that returns numbers": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open) -> Iterable[int]: ...
        """,
        "X.open: returns int; a handler returns an event, an iterable of events or None",
    ),
    "two handlers of one command": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open): ...
            @handles
            def start(self, command: Open): ...
        """,
        "X.open and X.start both handle tests.ledger.Open: remove one",
    ),
    "two appliers of one event": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @applies
            def opened(self, event: Opened): ...
            @applies
            def started(self, event: Opened): ...
        """,
        "X.opened and X.started both apply tests.ledger.Opened: remove one",
    ),
    "an event that nothing applies": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open) -> Opened: ...
        """,
        (
            "X.open: emits tests.ledger.Opened, which nothing applies; add an @applies method, "
            "or list it: @aggregate(..., ignores=[Opened])"
        ),
    ),
    "a command in place of an event": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open) -> Open: ...
        """,
        (
            "X.open: emits tests.ledger.Open, which is a command that X.open handles, not an event: "
            "return the event it leads to"
        ),
    ),
    "a yielded event that nothing applies": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open) -> Generator["Opened", None, str] | None: ...
        """,
        (
            "X.open: emits tests.ledger.Opened, which nothing applies; add an @applies method, "
            "or list it: @aggregate(..., ignores=[Opened])"
        ),
    ),
    "two classes of one event": (
        """
        @attrs.frozen
        class Other:
            __protobuf_name__: ClassVar[str] = "tests.ledger.Opened"

        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Open) -> Other: ...
            @applies
            def opened(self, event: Opened): ...
        """,
        (
            f"X.open: emits {__name__}.Other, but X.opened applies tests.ledger.Opened of the same name; "
            "use one of the two classes"
        ),
    ),
    "an event applied and ignored": (
        """
        @aggregate(domain="ledger", ignores=[Opened])
        class X(Aggregate):
            @applies
            def opened(self, event: Opened): ...
        """,
        "ignores tests.ledger.Opened, which X.opened applies; drop one",
    ),
    "ignoring no message": (
        """
        @aggregate(domain="ledger", ignores=[int])
        class X(Aggregate): ...
        """,
        "ignores <class 'int'>: that is no message class",
    ),
    "ignoring one class instead of a list": (
        """
        @aggregate(domain="ledger", ignores=Noted)
        class X(Aggregate): ...
        """,
        "ignores <class 'tests.ledger.Noted'>: takes a list of message classes; write ignores=[...]",
    ),
    "a static handler": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            @staticmethod
            def open(command: Open): ...
        """,
        "X.open: @handles marks a plain method, not a staticmethod",
    ),
    "a handler that is an applier": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            @applies
            def open(self, command: Open): ...
        """,
        "X.open: is marked @applies and @handles; a method has one mark, so write a second method",
    ),
    "a handler of two commands": (
        """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles(Open)
            @handles(Deposit)
            def open(self, command): ...
        """,
        "X.open: is marked @handles(Deposit) and @handles(Open); a method has one mark, so write a second method",
    ),
    "an override that lost its mark": (
        """
        @aggregate(domain="ledger")
        class X(Account):
            def withdrawn(self, event: Withdrawn) -> None: ...
        """,
        "X.withdrawn: overrides a method marked @applies without the mark; add @applies",
    ),
}


@pytest.mark.parametrize(("source", "issue"), [pytest.param(*case, id=name) for name, case in MISTAKES.items()])
def test_a_mistake_is_refused_at_import_with_its_remedy(source: str, issue: str) -> None:
    """Every mistake of a declaration is one line that names the method or field and says what to do."""
    assert issue in issues_of(source)


def test_a_class_that_attrs_refuses_is_a_declaration_error() -> None:
    """Whatever attrs says of it."""
    source = """
    @aggregate(domain="ledger")
    class X(Aggregate):
        one: int = attrs.field(default=0, alias="amount")
        other: int = attrs.field(default=0, alias="amount")
    """
    (issue,) = issues_of(source)

    assert issue.startswith("attrs cannot make a class of it: SyntaxError: duplicate argument 'amount'")


def test_all_mistakes_are_reported_at_once() -> None:
    """Nobody mends a class by importing it over and over."""
    source = """
    @aggregate(domain="Ledger")
    class X(Aggregate):
        balance: int
        @handles
        def open(self, command: int) -> str: ...
        @applies
        def opened(self, event): ...
    """

    assert len(issues_of(source)) == 5


def test_the_text_lists_every_issue() -> None:
    """One line to each issue, under the name of the class."""
    with pytest.raises(DeclarationError) as caught:
        declared("@aggregate(domain='L', ignores=[int])\nclass X(Aggregate): ...")

    assert str(caught.value).splitlines() == [
        "X is declared with 2 issues:",
        "  - AGG101 domain 'L': use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or _",
        "  - AGG109 ignores <class 'int'>: that is no message class",
    ]


def test_a_broken_applier_does_not_count_as_missing() -> None:
    """One mistake is one issue: the event is not reported as applied by nothing, too."""
    source = """
    @aggregate(domain="ledger")
    class X(Aggregate):
        @handles
        def open(self, command: Open) -> Opened: ...
        @applies
        def opened(self, event: Opened, more: int): ...
    """

    assert len(issues_of(source)) == 1


def test_a_declaration_error_is_one_of_ours() -> None:
    """Everything that goes wrong on purpose has one base."""
    assert issubclass(DeclarationError, AngzarrError)


@pytest.mark.parametrize("mark", ["handles", "applies"])
@pytest.mark.parametrize("target", ["int", "'open'", "property(lambda self: 1)"])
def test_what_can_carry_no_mark_is_refused(mark: str, target: str) -> None:
    """A mark is put on a function; a class in its place has to be a message."""
    with pytest.raises(UsageError):
        declared(f"X = {mark}({target})")


@pytest.mark.parametrize("mark", ["handles", "applies"])
def test_a_mark_with_empty_brackets_says_how_to_write_it(mark: str) -> None:
    """The brackets are for a message class."""
    with pytest.raises(UsageError, match=rf"write @{mark}, or @{mark}\(TheMessage\)"):
        declared(f"X = {mark}()")


ACCEPTED: dict[str, str] = {
    "the command by argument": """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles(Open)
            def open(self, command): ...
        """,
    "by argument, with a result only type checkers know": """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles(Open)
            def open(self, command) -> Missing: ...
        """,
    "an annotated message": """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(self, command: Annotated[Open, "first"]): ...
        """,
    "other names for the parameters": """
        @aggregate(domain="ledger")
        class X(Aggregate):
            @handles
            def open(account, wish: Open, /, at: Context): ...
        """,
    "a wrapped handler": """
        def logged(function):
            @functools.wraps(function)
            def wrapper(self, command):
                return function(self, command)
            return wrapper

        @aggregate(domain="ledger")
        class X(Aggregate):
            @logged
            @handles
            def open(self, command: Open): ...
        """,
    "a constant without annotation": """
        @aggregate(domain="ledger")
        class X(Aggregate):
            limit = 100
            @handles
            def open(self, command: Open):
                return Opened(owner=str(self.limit))
            @applies
            def opened(self, event: Opened) -> None: ...
        """,
    "class variables": """
        @aggregate(domain="ledger")
        class X(Aggregate):
            LIMIT: ClassVar[list[int]] = []
            @handles
            def open(self, command: Open): ...
        """,
    "a base made by attrs": """
        @attrs.define
        class Base(Aggregate):
            balance: int = 0

        @aggregate(domain="ledger")
        class X(Base):
            @handles
            def open(self, command: Open): ...
        """,
    "abstract and generic bases": """
        T = TypeVar("T")

        class Base(Aggregate, Generic[T], abc.ABC):
            __slots__ = ()
            @handles
            def open(self, command: Open): ...

        @aggregate(domain="ledger")
        class X(Base[int]): ...
        """,
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in ACCEPTED.items()])
def test_ways_to_declare_a_handler(source: str) -> None:
    """All of these handle the command."""
    assert list(definition_of(declared(source)).handlers) == ["tests.ledger.Open"]


@pytest.mark.parametrize(
    ("annotation", "emits"),
    [
        ("Opened", ("Opened",)),
        ("Opened | None", ("Opened",)),
        ("Opened | Noted", ("Opened", "Noted")),
        ("tuple[Opened, Noted]", ("Opened", "Noted")),
        ("tuple[Opened, ...]", ("Opened",)),
        ("list[Opened | Noted]", ("Opened", "Noted")),
        ("Iterator[Opened]", ("Opened",)),
        ("Generator[Opened, int, Noted]", ("Opened",)),
        ("None", ()),
        ("Events", ("Opened", "Noted")),
        ("list[Events]", ("Opened", "Noted")),
        ("Any", None),
        ("Iterable[Any]", None),
    ],
)
def test_what_a_handler_emits_is_read_from_its_annotation(annotation: str, emits: tuple[str, ...] | None) -> None:
    """So that an event nobody applies is found at import; an annotation that says too little is None."""
    cls = declared(
        f"""
        @aggregate(domain="ledger", ignores=[Opened, Noted])
        class X(Aggregate):
            @handles
            def open(self, command: Open) -> {annotation}: ...
        """
    )
    (handler,) = definition_of(cls).handlers.values()

    assert (None if handler.emits is None else tuple(event.__name__ for event in handler.emits)) == emits


def test_methods_are_inherited_by_a_decorated_subclass() -> None:
    """A subclass has its base's handlers and appliers, and may replace them under their names."""
    cls = declared(
        """
        @aggregate(domain="savings", ignores=[Noted])
        class X(Account):
            @handles
            def withdraw(self, command: Withdraw) -> None: ...
        """
    )
    definition = definition_of(cls)

    assert definition.handlers.keys() == definition_of(ledger.Account).handlers.keys()
    assert definition.handlers["tests.ledger.Withdraw"].function is vars(cls)["withdraw"]


def test_a_mark_put_back_by_the_last_class_is_enough() -> None:
    """What counts is the method that is called."""
    cls = declared(
        """
        class Base(Account):
            __slots__ = ()
            def withdrawn(self, event: Withdrawn) -> None: ...

        @aggregate(domain="savings", ignores=[Noted])
        class X(Base):
            @applies
            def withdrawn(self, event: Withdrawn) -> None: ...
        """
    )

    assert definition_of(cls).appliers["tests.ledger.Withdrawn"].name == "X.withdrawn"


def test_the_definition_of_an_undecorated_subclass_is_refused() -> None:
    """A definition belongs to one class, since a subclass may have changed what it says."""

    class Savings(ledger.Account):
        pass

    with pytest.raises(UsageError, match=r"its base Account is; that is not inherited.*put @aggregate"):
        definition_of(Savings)


def test_marks_leave_the_function_as_it_is() -> None:
    """A decorated method is called, stepped into and read like any other."""
    function = vars(ledger.Account)["withdraw"]

    assert (function.__module__, function.__qualname__) == ("tests.ledger", "Account.withdraw")
    assert not hasattr(function, "__wrapped__")


def test_calling_a_handler_is_an_ordinary_call() -> None:
    """Nothing of the framework stands between a test and a method."""
    account = ledger.Account(balance=5)

    assert account.withdraw(ledger.Withdraw(amount=3)) == ledger.Withdrawn(amount=3)


def test_a_definition_reads_well() -> None:
    """Its repr says what the class takes."""
    cls = declared("@aggregate(domain='ledger')\nclass X(Aggregate): ...")

    assert repr(definition_of(cls)) == "<AggregateDefinition X of domain 'ledger': handles nothing; applies nothing>"


def test_a_definition_can_be_a_key() -> None:
    """Hosts keep tables by definition; a definition is equal to itself only."""
    definition = definition_of(ledger.Account)

    assert {definition: 1}[definition_of(ledger.Account)] == 1


def test_a_definition_names_every_message_once() -> None:
    """What a codec has to know to read the aggregate's pages."""
    names = [message.__name__ for message in definition_of(ledger.Account).message_types]

    assert names == ["Open", "Deposit", "Withdraw", "Opened", "Deposited", "Withdrawn", "Noted"]
