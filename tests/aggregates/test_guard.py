"""A handler cannot change the state it decides on, and to its code the state is what it always is."""

from __future__ import annotations

import abc
import copy
import pickle
import threading
import traceback
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar
from uuid import UUID

import attrs
import pytest

from angzarr_domain import Aggregate, Rejected, aggregate, applies, handles
from angzarr_domain.aggregates import Facts, Replayed, decide, definition_of, keep_facts, state_checked
from angzarr_domain.exceptions import HandlerFailed, StateMutated, Status
from tests.ledger import Deposit, Deposited, Noted, Open, Opened

T = TypeVar("T")


@attrs.define
class Line:
    """A part of a state that can be changed in place."""

    amount: int = 0


@aggregate(domain="box", ignores=[Noted])
class Box(Aggregate):
    """Its handler does whatever a test wants done from inside a handler."""

    total: int = 0
    items: list[str] = attrs.field(factory=list[str])
    counts: dict[str, int] = attrs.field(factory=dict[str, int])
    seen: set[str] = attrs.field(factory=set[str])
    queue: deque[str] = attrs.field(factory=deque[str])
    tally: Counter[str] = attrs.field(factory=Counter[str])
    found: defaultdict[str, list[str]] = attrs.field(factory=lambda: defaultdict[str, list[str]](list))
    line: Line = attrs.field(factory=Line)

    @property
    def double(self) -> int:
        return self.total * 2

    @double.setter
    def double(self, value: int) -> None:
        self.total = value // 2

    @handles
    def act(self, command: Open) -> Any:
        return ACT[0](self)

    @handles
    def second(self, command: Deposit) -> Deposited:
        self.total = command.amount
        return Deposited(amount=command.amount)

    @applies
    def opened(self, event: Opened) -> None:
        self.total += 1

    @applies
    def deposited(self, event: Deposited) -> None:
        self.total += event.amount

    @classmethod
    def made(cls, total: int) -> Box:
        return cls(total=total)


ACT: list[Callable[[Box], Any]] = []


def act(does: Callable[[Box], T], state: Box | None = None, *, check_state: bool = False) -> T:
    """What it gives inside of a handler."""
    answers: list[T] = []

    def inside(box: Box) -> None:
        answers.append(does(box))

    ACT[:] = [inside]
    replayed = Replayed(Box() if state is None else state, 0, had_history=False)
    with state_checked(check=check_state):
        decide(definition_of(Box), replayed, Open())
    return answers[0]


def guilty(error: BaseException) -> str:
    """The function of this file that is deepest in its traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.name for frame in frames if frame.filename == __file__][-1]


def put(box: Box) -> None:
    box.total = 5


# --- what is refused ---


def test_an_assignment_raises_at_its_line() -> None:
    """The last frame of the author's is the guilty one; the error names field and handler."""
    with pytest.raises(StateMutated) as caught:
        act(put)

    assert guilty(caught.value) == "put"
    assert (caught.value.field, caught.value.handler, caught.value.code) == ("total", "Box.act", "STATE_MUTATED")
    assert str(caught.value) == (
        "Box.act sets self.total, but a handler only decides: answer with an event, and let the @applies method of "
        "that event change the state"
    )


def test_it_is_an_internal_failure_of_the_handler() -> None:
    """So that whoever catches failures of handlers catches this one, and a peer is told INTERNAL."""
    assert issubclass(StateMutated, HandlerFailed)
    assert StateMutated("total", "Box.act").status is Status.INTERNAL


def test_the_state_is_as_it_was() -> None:
    """The assignment never takes effect."""
    box = Box(total=3)

    with pytest.raises(StateMutated):
        act(put, box)

    assert box == Box(total=3)


ASSIGNMENTS: dict[str, tuple[Callable[[Box], Any], str, str]] = {
    "setattr": (lambda box: setattr(box, "total", 5), "total", "sets"),
    "a misspelt field": (lambda box: setattr(box, "totl", 5), "totl", "sets"),
    "delattr": (lambda box: delattr(box, "total"), "total", "deletes"),
    "a property": (lambda box: setattr(box, "double", 5), "double", "sets"),
    "its class": (lambda box: setattr(box, "__class__", Box), "__class__", "sets"),
    "its facts": (lambda box: setattr(box, "_angzarr_facts", 5), "_angzarr_facts", "sets"),
    "an applier called by hand": (lambda box: box.opened(Opened()), "total", "sets"),
    "another handler called by hand": (lambda box: box.second(Deposit(amount=3)), "total", "sets"),
}


@pytest.mark.parametrize(("does", "field", "verb"), ASSIGNMENTS.values(), ids=ASSIGNMENTS.keys())
def test_every_way_to_assign_is_refused(does: Callable[[Box], Any], field: str, verb: str) -> None:
    """Whoever does it: the handler that was asked is named."""
    with pytest.raises(StateMutated, match=rf"^Box\.act {verb} self\.{field}, but") as caught:
        act(does)

    assert caught.value.field == field


def test_a_generator_is_guarded_while_it_runs() -> None:
    """It is drained inside."""

    def yields(box: Box) -> Iterator[Opened]:
        yield Opened()
        box.total = 5

    ACT[:] = [yields]
    with pytest.raises(StateMutated, match=r"^Box\.act sets self\.total"):
        decide(definition_of(Box), Replayed(Box(), 0, had_history=False), Open())


def swallows(box: Box) -> Opened:
    with suppress(Exception):
        box.total = 5
    return Opened()


def turns_it_into_a_rejection(box: Box) -> None:
    try:
        box.total = 5
    except StateMutated as error:
        raise Rejected("NO") from error


def turns_it_into_another_error(box: Box) -> None:
    try:
        box.total = 5
    except StateMutated:
        raise KeyError("other") from None


@pytest.mark.parametrize("does", [swallows, turns_it_into_a_rejection, turns_it_into_another_error])
def test_swallowing_it_does_not_help(does: Callable[[Box], Any]) -> None:
    """The decision fails all the same, with the error of the guilty line."""
    with pytest.raises(StateMutated) as caught:
        act(does)

    assert guilty(caught.value) == does.__name__


def test_the_first_of_several_is_the_one_that_is_told() -> None:
    """It is where to begin."""

    def twice(box: Box) -> None:
        swallows(box)
        box.items = []

    with pytest.raises(StateMutated) as caught:
        act(twice)

    assert caught.value.field == "total"


# --- and taken off again ---


class Interrupt(BaseException):
    """No `Exception`, as KeyboardInterrupt and GeneratorExit are none."""


def raises(error: BaseException) -> Callable[[Box], Any]:
    def does(_box: Box) -> None:
        raise error

    return does


ENDINGS: dict[str, Callable[[Box], Any]] = {
    "an answer": lambda _box: None,
    "a rejection": raises(Rejected("NO")),
    "an exception": raises(ValueError("x")),
    "an interrupt": raises(Interrupt()),
    "an assignment": put,
    "an assignment behind its back": lambda box: object.__setattr__(box, "total", 0),
}


@pytest.mark.parametrize("does", ENDINGS.values(), ids=ENDINGS.keys())
def test_the_guard_is_always_taken_off(does: Callable[[Box], Any]) -> None:
    """Whatever the handler did: afterwards appliers can change the state."""
    box = Box()

    with suppress(HandlerFailed, Interrupt, IndexError):  # the last of those without an answer
        act(does, box)
    box.total = 9

    assert (type(box), box.total) == (Box, 9)


def test_an_interrupt_is_no_violation() -> None:
    """It goes through even after an assignment was swallowed."""

    def interrupted(box: Box) -> None:
        swallows(box)
        raise Interrupt

    with pytest.raises(Interrupt):
        act(interrupted)


# --- what it is to the author's code ---


def evolved(box: Box) -> Box:
    other: Any = box  # mypy takes no aggregate for an attrs class
    made: Box = attrs.evolve(other)
    return made


def both(does: Callable[[Box], T]) -> tuple[T, T]:
    """Inside of a handler, and outside."""
    return act(does, Box(total=3, items=["a"])), does(Box(total=3, items=["a"]))


KINDS: list[type[Any]] = [Aggregate, Box, Line]
VIEWS: dict[str, Callable[[Box], Any]] = {
    "__class__": lambda box: box.__class__,
    "the name of its type": lambda box: type(box).__name__,
    "the full name of its type": lambda box: (type(box).__qualname__, type(box).__module__),
    "repr": repr,
    "equal to another": lambda box: box == Box(total=3, items=["a"]),
    "another equal to it": lambda box: Box(total=3, items=["a"]) == box,
    "different": lambda box: box == Box(),
    "isinstance": lambda box: [kind for kind in KINDS if isinstance(box, kind)],
    "a property": lambda box: box.double,
    "facts": lambda box: (box.exists, box.next_sequence),
    "asdict": attrs.asdict,
    "evolve": evolved,
    "attrs.fields": lambda box: attrs.fields(type(box)),
    "its definition": lambda box: definition_of(type(box)),
    "another of its type": lambda box: type(box)(total=9),
    "a class method": lambda box: box.made(9),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "how it is copied": lambda box: box.__reduce_ex__(4)[1],
    "dir": dir,
}


@pytest.mark.parametrize("does", VIEWS.values(), ids=VIEWS.keys())
def test_it_looks_like_itself(does: Callable[[Box], Any]) -> None:
    """Inside a handler as outside."""
    inside, outside = both(does)

    assert inside == outside
    assert type(inside) is type(outside)


COPIES: dict[str, Callable[[Box], Box]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda box: pickle.loads(pickle.dumps(box)),
    "evolve": evolved,
    "type(self)()": lambda box: type(box)(),
}


@pytest.mark.parametrize("make", COPIES.values(), ids=COPIES.keys())
def test_what_a_handler_makes_of_it_can_be_changed(make: Callable[[Box], Box]) -> None:
    """A what-if on a copy is the handler's own business."""

    def what_if(box: Box) -> int:
        other = make(box)
        other.opened(Opened())
        return other.total

    assert act(what_if) == 1


def test_a_copy_keeps_the_facts() -> None:
    """As it does outside."""
    box = Box()
    keep_facts(box, Facts(UUID(int=7), exists=True, next_sequence=4))

    assert act(lambda it: (copy.deepcopy(it).root, copy.copy(it).next_sequence), box) == (UUID(int=7), 4)


class Noticed(Aggregate):
    """A base that hears of its subclasses."""

    __slots__ = ()
    heard: list[str] = []  # noqa: RUF012 - the point of it

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Noticed.heard.append(cls.__name__)

    def greet(self) -> str:
        return "base"


@aggregate(domain="hook")
class Hooked(Noticed, abc.ABC, Generic[T]):
    """Generic, abstract, inherited, and with super()."""

    total: int = 0

    def greet(self) -> str:
        return f"{super().greet()} of {self.__class__.__name__}"

    @handles
    def act(self, command: Open) -> Opened:
        return Opened(owner=self.greet())

    @handles
    def fail(self, command: Deposit) -> Opened:
        self.total = 3
        return Opened()

    @applies
    def opened(self, event: Opened) -> None: ...


def test_super_and_generic_and_abstract_bases_work() -> None:
    """And a base's __init_subclass__ does not hear of the guard's class."""
    before = list(Noticed.heard)
    replayed = Replayed(Hooked[int](), 0, had_history=False)

    assert decide(definition_of(Hooked), replayed, Open()).events == (Opened(owner="base of Hooked"),)
    with pytest.raises(StateMutated):
        decide(definition_of(Hooked), replayed, Deposit())
    assert Noticed.heard == before


def test_a_subclass_of_an_aggregate_has_a_guard_of_its_own() -> None:
    """That of its base would make it one of its base."""

    @aggregate(domain="box", ignores=[Noted])
    class Larger(Box):
        more: int = 0

        @handles
        def act(self, command: Open) -> Any:
            self.more = 3

    act(repr)
    larger = Larger(total=1)

    with pytest.raises(StateMutated, match=r"^Larger\.act sets self\.more"):
        decide(definition_of(Larger), Replayed(larger, 0, had_history=False), Open())
    assert type(larger) is Larger


# --- one object, several decisions ---


def test_a_decision_within_a_decision_has_a_copy() -> None:
    """It is guarded on its own; what it violates is its own failure."""

    def nested(box: Box) -> str:
        replayed = Replayed(box, 0, had_history=False)
        with pytest.raises(StateMutated) as caught:
            decide(definition_of(Box), replayed, Deposit(amount=3))
        with pytest.raises(StateMutated):
            box.total = 5
        return caught.value.handler

    box = Box()

    with pytest.raises(StateMutated, match=r"^Box\.act sets"):
        act(nested, box)
    assert (type(box), box.total) == (Box, 0)


def test_threads_that_share_an_object_are_guarded_each() -> None:
    """Until each of them is done; afterwards the object is as it was."""
    box, met = Box(total=1), threading.Barrier(2)
    found: list[object] = []

    def waits(it: Box) -> None:
        met.wait(10)
        found.append(it.total)
        met.wait(10)

    def decides() -> None:
        decide(definition_of(Box), Replayed(box, 0, had_history=False), Open())

    ACT[:] = [waits]
    threads = [threading.Thread(target=decides) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert (found, type(box), box) == ([1, 1], Box, Box(total=1))


def test_a_thread_of_the_handlers_own_is_refused_too() -> None:
    """The object is guarded, not the thread."""
    caught: list[StateMutated] = []

    def works(box: Box) -> None:
        try:
            box.total = 5
        except StateMutated as error:
            caught.append(error)

    def starts(box: Box) -> None:
        thread = threading.Thread(target=works, args=(box,))
        thread.start()
        thread.join(10)

    with pytest.raises(StateMutated):
        act(starts)
    assert [error.handler for error in caught] == ["Box.act"]


# --- what is in it ---

IN_PLACE: dict[str, tuple[str, Callable[[Box], Any]]] = {
    "a list": ("items", lambda box: box.items.append("b")),
    "a list sorted": ("items", lambda box: box.items.reverse()),
    "a dict": ("counts", lambda box: box.counts.update(a=1)),
    "a set": ("seen", lambda box: box.seen.add("a")),
    "a deque": ("queue", lambda box: box.queue.append("a")),
    "a Counter": ("tally", lambda box: box.tally.update(["a"])),
    "a defaultdict that is read": ("found", lambda box: box.found["a"]),
    "an attrs class": ("line", lambda box: setattr(box.line, "amount", 3)),
    "a field behind the guard's back": ("total", lambda box: object.__setattr__(box, "total", 5)),
}


@pytest.mark.parametrize(("field", "does"), IN_PLACE.values(), ids=IN_PLACE.keys())
def test_what_is_changed_in_place_is_found_where_it_is_looked_for(field: str, does: Callable[[Box], Any]) -> None:
    """With check_state, after the handler answered, refused or failed."""
    with pytest.raises(StateMutated, match=rf"^Box\.act changes what is in self\.{field}, but") as caught:
        act(does, Box(items=["a", "b"]), check_state=True)
    assert caught.value.field == field


@pytest.mark.parametrize("error", [Rejected("NO"), ValueError("x")])
def test_it_is_found_whatever_the_handler_raised(error: Exception) -> None:
    """A refusal that leaves something behind is worse than none."""

    def leaves(box: Box) -> None:
        box.items.append("c")
        raise error

    with pytest.raises(StateMutated, match=r"changes what is in self\.items"):
        act(leaves, check_state=True)


READINGS: dict[str, Callable[[Box], Any]] = {
    "repr": repr,
    "a deep copy": copy.deepcopy,
    "a change of a copy": lambda box: box.items.copy().append("b"),
    "nothing": lambda _box: None,
}


@pytest.mark.parametrize("does", READINGS.values(), ids=READINGS.keys())
def test_what_was_only_read_is_no_violation(does: Callable[[Box], Any]) -> None:
    """Reading, copying and changing the copy are what handlers do."""
    box = Box(items=["a"], counts={"a": 1}, line=Line(3))

    act(does, box, check_state=True)

    assert box == Box(items=["a"], counts={"a": 1}, line=Line(3))
