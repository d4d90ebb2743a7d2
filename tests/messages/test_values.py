"""Values that generated messages hold."""

import copy
import pickle

import pytest

from angzarr_domain.messages import FrozenMap
from tests.shop.orders_messages import OrderStatus, Scalars, Status


def test_an_enum_keeps_a_number_it_has_no_name_for() -> None:
    """Protobuf's enums are open: a peer with a newer .proto may send any int32."""
    unknown = OrderStatus(7)

    assert (unknown, int(unknown), unknown.name) == (OrderStatus(7), 7, "UNKNOWN_7")


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 1.5, "PLACED"])
def test_an_enum_refuses_what_no_peer_can_send(number: object) -> None:
    with pytest.raises(ValueError, match="OrderStatus"):
        OrderStatus(number)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("value", [OrderStatus.SENT, OrderStatus(7)])
def test_an_enum_survives_copies_and_pickles(value: OrderStatus) -> None:
    copies = [copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))]

    assert [(c, c.name) for c in copies] == [(value, value.name)] * 3


def test_an_enum_shows_itself_as_it_is_written() -> None:
    """Failure texts hold reproducers to paste."""
    assert (repr(OrderStatus.SENT), repr(OrderStatus(7))) == ("OrderStatus.SENT", "OrderStatus(7)")


def test_an_alias_is_the_member_of_its_number() -> None:
    assert (Status["RUNNING"].name, Status(1).name) == ("STARTED", "STARTED")


def test_a_frozen_map_equals_and_hashes_by_its_items() -> None:
    assert FrozenMap({"a": 1, "b": 2}) == {"b": 2, "a": 1}
    assert hash(FrozenMap({"a": 1, "b": 2})) == hash(FrozenMap({"b": 2, "a": 1}))


def test_a_frozen_map_never_changes() -> None:
    """Not by itself, and not by the mapping it was made from."""
    given = {"a": 1}
    frozen = FrozenMap(given)
    given["a"] = 2

    assert frozen["a"] == 1
    with pytest.raises(TypeError):
        frozen["a"] = 3  # type: ignore[index]  # that is the point
    with pytest.raises(AttributeError):
        frozen.items = dict  # type: ignore[assignment]  # that is the point


def test_a_frozen_map_survives_copies_and_pickles() -> None:
    frozen = FrozenMap({"a": 1})

    assert [copy.copy(frozen), copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))] == [frozen] * 3


def test_messages_survive_copies_and_pickles() -> None:
    message = Scalars(a_status=OrderStatus(7), a_string="x")

    assert [copy.copy(message), copy.deepcopy(message), pickle.loads(pickle.dumps(message))] == [message] * 3
