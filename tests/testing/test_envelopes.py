"""Covers, pages and books in a few words."""

from __future__ import annotations

import time
from uuid import UUID

import pytest

from angzarr_domain.books import CommandBook, CommandPage, Cover, EventBook, MergeStrategy, Payload
from angzarr_domain.exceptions import InvalidArgument
from angzarr_domain.testing import (
    ScenarioContext,
    make_command_book,
    make_command_page,
    make_cover,
    make_event_book,
    make_event_page,
    make_timestamp,
    uuid_for,
    uuid_obj_for,
    uuid_str_for,
)
from tests.wallet import Put, WasPut

COVER = Cover("wallet", uuid_obj_for("alice"))
PUT = Payload("/tests.wallet.Put", b"\x08\x05")
WAS_PUT = Payload("/tests.wallet.WasPut", b"\x08\x05")


def test_a_timestamp() -> None:
    """Is now."""
    assert time.time_ns() <= make_timestamp() <= time.time_ns()


@pytest.mark.parametrize("root", [uuid_for("alice"), uuid_str_for("alice"), uuid_obj_for("alice")])
def test_a_cover(root: UUID | bytes | str) -> None:
    """The root in whatever form, and no correlation id unless given (C-0118)."""
    assert make_cover("wallet", root) == COVER
    assert make_cover("wallet", root, "order-7") == Cover("wallet", uuid_obj_for("alice"), "order-7")


@pytest.mark.parametrize("root", [b"", b"alice", "alice"])
def test_a_cover_of_no_root(root: bytes | str) -> None:
    """A name is no root yet."""
    with pytest.raises(InvalidArgument) as caught:
        make_cover("wallet", root)

    assert (caught.value.code, caught.value.field) == ("PROTO_UUID_INVALID", "cover.root")


@pytest.mark.parametrize("event", [WasPut(amount=5), WAS_PUT])
def test_an_event_page(event: WasPut | Payload) -> None:
    """A message is encoded, a payload stays as it is; it is created now."""
    page = make_event_page(3, event)

    assert (page.sequence, page.event) == (3, WAS_PUT)
    assert page.created_at_ns is not None
    assert page.created_at_ns <= time.time_ns()


def test_an_event_book() -> None:
    """What comes next is the number of its pages, 0 without any, unless given (C-0119)."""
    pages = [make_event_page(n, WAS_PUT) for n in range(2)]

    assert make_event_book(COVER) == EventBook(COVER, next_sequence=0)
    assert make_event_book(COVER, pages) == EventBook(COVER, tuple(pages), next_sequence=2)
    assert make_event_book(COVER, pages, next_sequence=9).next_sequence == 9


def test_a_command_page() -> None:
    """A sequence and a command, and no more."""
    assert make_command_page(4, Put(amount=5)) == CommandPage(PUT, 4, MergeStrategy.UNSPECIFIED)


def test_a_command_book() -> None:
    """For a new aggregate unless another sequence is given."""
    assert make_command_book(COVER, PUT) == CommandBook(COVER, (CommandPage(PUT, 0),))
    assert make_command_book(COVER, PUT, 4) == CommandBook(COVER, (CommandPage(PUT, 4),))


def test_a_scenarios_history() -> None:
    """Events become pages from 0 on, of the aggregate that the scenario is about."""
    context = ScenarioContext(domain="wallet", root=uuid_for("alice"))
    context.add_event(WasPut(amount=5))
    context.add_event(WAS_PUT)

    book = context.event_book()

    assert (book.cover, book.next_sequence) == (COVER, 2)
    assert [(page.sequence, page.event) for page in book.pages] == [(0, WAS_PUT), (1, WAS_PUT)]


def test_a_scenario_that_is_new() -> None:
    """Has no history, and is about nothing yet."""
    assert ScenarioContext().event_book() == EventBook(Cover(), next_sequence=0)


def test_a_scenario_starts_over() -> None:
    """Everything is as in the beginning: domain, root, events, and what steps left behind (C-0120)."""
    context = ScenarioContext("wallet", uuid_for("alice"), [WAS_PUT], result=1, error=ValueError(), state=2)

    context.reset()

    assert context == ScenarioContext()
