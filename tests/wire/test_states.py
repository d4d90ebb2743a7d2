"""States of aggregates as bytes: exactly what they were, the same in every process, or not at all."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from angzarr_domain import Aggregate, aggregate
from angzarr_domain.aggregates import definition_of, state_payload, state_schema
from angzarr_domain.books import Payload, ReadState, UnfitState
from angzarr_domain.exceptions import DeclarationError, StateNotEncodable
from angzarr_domain.messages import frozen, proto, proto_map
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Noted

CODEC = PayloadCodec()


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 9


@attrs.frozen
class Line:
    text: str
    price: Decimal = Decimal(0)
    tags: tuple[str, ...] = ()


@aggregate(domain="kinds")
class Kinds(Aggregate):
    whole: int = 0
    real: float = 0.0
    text: str = ""
    flag: bool = False
    blob: bytes = b""
    money: Decimal = Decimal(0)
    at: datetime | None = None
    day: date | None = None
    span: timedelta = timedelta()
    id: UUID | None = None
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    line: Line | None = None
    note: Noted | None = None
    either: int | str = 0
    pair: tuple[int, str] = (0, "")
    lines: list[Line] = attrs.field(factory=list[Line])
    names: set[str] = attrs.field(factory=set[str])
    frozen_names: frozenset[int] = frozenset()
    by_name: dict[str, list[int]] = attrs.field(factory=dict[str, list[int]])
    by_id: dict[UUID, Decimal] = attrs.field(factory=dict[UUID, Decimal])


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), ZoneInfo("Europe/Berlin")])
DECIMALS = st.decimals(allow_nan=False)
LINES = st.builds(Line, st.text(), DECIMALS, st.lists(st.text(), max_size=3).map(tuple))
KINDS = st.builds(
    Kinds,
    whole=st.integers(),
    real=st.floats(allow_nan=False),
    text=st.text(),
    flag=st.booleans(),
    blob=st.binary(),
    money=DECIMALS,
    at=st.none() | st.datetimes(timezones=ZONES, allow_imaginary=False),
    day=st.none() | st.dates(),
    span=st.timedeltas(),
    id=st.none() | st.uuids(),
    colour=st.sampled_from(Colour),
    level=st.sampled_from(Level),
    line=st.none() | LINES,
    note=st.none() | st.builds(Noted, text=st.text()),
    either=st.integers() | st.text(),
    pair=st.tuples(st.integers(), st.text()),
    lines=st.lists(LINES, max_size=3),
    names=st.sets(st.text(), max_size=4),
    frozen_names=st.frozensets(st.integers(), max_size=4),
    by_name=st.dictionaries(st.text(), st.lists(st.integers(), max_size=3), max_size=3),
    by_id=st.dictionaries(st.uuids(), DECIMALS, max_size=3),
)


def written(state: Aggregate) -> Payload:
    return state_payload(definition_of(type(state)), state, CODEC)


def read(cls: type[Aggregate], payload: Payload) -> ReadState | UnfitState:
    return CODEC.decode_state(state_schema(definition_of(cls)), payload)


def read_back(state: Aggregate) -> Any:
    found = read(type(state), written(state))
    assert isinstance(found, ReadState), found
    return type(state)(**found.values)


@settings(deadline=None, max_examples=60)
@given(state=KINDS)
def test_a_state_comes_back_as_it_was(state: Kinds) -> None:
    """Every kind of value, with its exact type: any size of number, a Decimal's exponent, a moment's zone."""
    again = read_back(state)

    assert again == state
    assert [
        (type(getattr(again, f.name)), repr(getattr(again, f.name)))
        for f in attrs.fields(Kinds)
        if f.name not in HASHED
    ] == [
        (type(getattr(state, f.name)), repr(getattr(state, f.name)))
        for f in attrs.fields(Kinds)
        if f.name not in HASHED
    ]


HASHED = {"names", "frozen_names"}  # shown in whatever order they hash to


@settings(deadline=None, max_examples=25)
@given(state=KINDS, seed=st.randoms())
def test_equal_sets_have_equal_bytes(state: Kinds, seed: Any) -> None:
    """However they were filled."""
    names = list(state.names)
    seed.shuffle(names)
    other = copy.deepcopy(state)
    other.names = set(names)

    assert written(other) == written(state)


def test_the_order_of_a_dict_is_kept() -> None:
    """Code that walks one may decide by that."""
    again = read_back(Kinds(by_name={"b": [1], "a": [2]}))

    assert list(again.by_name) == ["b", "a"]


def test_a_copy_shares_nothing() -> None:
    """Changing what was read changes no other reading."""
    payload = written(Kinds(by_name={"a": [1]}))
    first = read(Kinds, payload)
    assert isinstance(first, ReadState)
    first.values["by_name"]["a"].append(2)

    second = read(Kinds, payload)

    assert isinstance(second, ReadState)
    assert second.values["by_name"] == {"a": [1]}


@pytest.mark.process
def test_the_bytes_are_the_same_in_every_process() -> None:
    """Whatever the seed that strings are hashed with."""
    program = (
        "from tests.wire.test_states import *\n"
        "print(written(Kinds(names=set('abcdefgh'), frozen_names=frozenset(range(9)))).value.hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(found) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"whole": 1.5}, id="a float as a whole number"),
        pytest.param({"whole": True}, id="a bool as a whole number"),
        pytest.param({"text": None}, id="None as text"),
        pytest.param({"at": datetime(2026, 1, 1)}, id="a naive moment"),  # noqa: DTZ001 - the point
        pytest.param({"colour": "red"}, id="a value for its enum"),
        pytest.param({"names": ["a"]}, id="a list as a set"),
    ],
)
def test_what_is_not_as_annotated_is_not_written(wrong: dict[str, Any]) -> None:
    """It would come back as something else."""
    with pytest.raises(StateNotEncodable) as caught:
        written(Kinds(**wrong))

    assert caught.value.field in wrong


# --- what does not fit ---


def test_every_changed_byte_is_noticed() -> None:
    """Nothing is folded onto a state that is not what was written."""
    payload = written(Kinds(whole=5, names={"a"}))
    value = payload.value

    for place in range(len(value)):
        harmed = value[:place] + bytes([value[place] ^ 0x40]) + value[place + 1 :]
        assert isinstance(read(Kinds, Payload(payload.type_url, harmed)), UnfitState), place
    for end in range(len(value)):
        assert isinstance(read(Kinds, Payload(payload.type_url, value[:end])), UnfitState), end


def test_another_type_does_not_fit() -> None:
    """The text says which type there is, and which there should be."""
    found = read(Kinds, CODEC.encode(Noted(text="x")))

    assert found == UnfitState("it is a tests.ledger.Noted, not a angzarr_domain.v1.State")


def _account(version: int = 1, **fields: Any) -> type[Aggregate]:
    annotations: dict[str, type[Any]] = {name: type(value) for name, value in fields.items()}
    made = type("Account", (Aggregate,), {"__annotations__": annotations, "__module__": __name__, **fields})
    return aggregate(domain="account", version=version)(made)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        pytest.param(_account(balance=0), None, id="the same fields"),
        pytest.param(_account(balance=0.0), "types", id="another type"),
        pytest.param(_account(amount=0), "fields", id="another name"),
        pytest.param(_account(balance=0, owner=""), "fields", id="one field more"),
        pytest.param(_account(2, balance=0), "version 1, and this is version 2", id="another version"),
    ],
)
def test_a_state_fits_the_same_fields_and_version_only(other: type[Aggregate], why: str | None) -> None:
    """A default in the place of what is not there would be a lie."""
    found = read(other, written(_account(balance=0)(balance=7)))

    if why is None:
        assert isinstance(found, ReadState)
        assert found.values == {"balance": 7}
    else:
        assert isinstance(found, UnfitState)
        assert why in found.why
        assert found.version == 1


# --- as a message of its own ---


@frozen(kw_only=True)
class WalletState:
    __protobuf_name__: ClassVar[str] = "tests.wallet.WalletState"

    owner: str = proto(1, "string")
    balance: int = proto(2, "int64")
    names: tuple[str, ...] = proto(3, "string", repeated=True)
    spare: str = proto(4, "string")


@aggregate(domain="wallet", state=WalletState)
class Wallet(Aggregate):
    owner: str = ""
    balance: int = 0
    names: set[str] = attrs.field(factory=set[str])


def test_a_state_travels_as_the_message_it_declares() -> None:
    """Any reader of the message understands it; this one gets back what it was."""
    state = Wallet(owner="ada", balance=2**40, names={"c", "a", "b"})
    payload = written(state)

    assert CODEC.decode(payload, WalletState) == WalletState(owner="ada", balance=2**40, names=("a", "b", "c"))
    assert read_back(state) == state


def test_a_message_that_another_program_wrote_does_not_fit() -> None:
    """Without a stamp nothing says what it was folded by."""
    found = read(Wallet, CODEC.encode(WalletState(owner="ada")))

    assert found == UnfitState("nothing says what it was folded by")


def test_every_changed_byte_of_a_message_is_noticed() -> None:
    """The stamp covers the message that it follows."""
    payload = written(Wallet(owner="ada", balance=7))

    for place in range(len(payload.value)):
        harmed = payload.value[:place] + bytes([payload.value[place] ^ 1]) + payload.value[place + 1 :]
        assert isinstance(read(Wallet, Payload(payload.type_url, harmed)), UnfitState), place


def test_a_value_that_the_message_cannot_hold_is_not_written() -> None:
    """The message takes 64 bits."""
    with pytest.raises(StateNotEncodable):
        written(Wallet(balance=2**70))


@frozen(kw_only=True)
class LoanState:
    __protobuf_name__: ClassVar[str] = "tests.loans.LoanState"

    due: datetime | None = proto(1, "timestamp")
    owed: Mapping[str, int] = proto_map(2, "string", "int64")


@aggregate(domain="loans", state=LoanState)
class Loan(Aggregate):
    due: datetime | None = None
    owed: dict[str, int] = attrs.field(factory=dict[str, int])


def test_a_moment_in_a_zone_that_the_message_cannot_hold_is_not_written() -> None:
    """It would come back equal, and yet with another hour on its clock."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)

    assert read_back(Loan(due=noon)) == Loan(due=noon)
    with pytest.raises(StateNotEncodable, match="due: comes back from a LoanState as another value"):
        written(Loan(due=noon.astimezone(timezone(timedelta(hours=1)))))


def test_the_map_of_a_message_is_read_in_one_order() -> None:
    """Protobuf's own differs from process to process, and a state that was filled by it would, too."""
    owed = {f"k{number}": number for number in reversed(range(40))}

    found = CODEC.decode(CODEC.encode(LoanState(owed=owed)), LoanState).owed

    assert list(found) == sorted(owed)
    assert found == owed


def test_a_map_of_a_message_keeps_the_order_it_was_filled_in() -> None:
    """Protobuf's maps have none, so it travels beside the message."""
    found = read_back(Loan(owed={"z": 1, "a": 2, "m": 3}))

    assert list(found.owed) == ["z", "a", "m"]


def test_a_message_without_a_place_for_a_field() -> None:
    """Found at import."""
    with pytest.raises(DeclarationError, match="WalletState has no field colour: give the message a field"):

        @aggregate(domain="wallet", state=WalletState)
        class Coloured(Aggregate):
            owner: str = ""
            colour: str = ""
