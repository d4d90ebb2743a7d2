"""An aggregate written with angzarr-client decides behind our coordinator, by the released protocol."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from angzarr_domain import DomainClient, Rejected, Repository
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import Conflict, InvalidArgument
from tests.wallet import Label, Put, Take, Wallet, WasPut, WasTaken

pytestmark = [pytest.mark.process, pytest.mark.once]


@pytest.fixture(scope="module", name="client")
def _client(logic: str) -> Iterator[DomainClient]:
    with Coordinator(targets={"wallet": logic}) as coordinator, coordinator.client(aggregates=[Wallet]) as client:
        yield client


@pytest.fixture(name="root")
def _root() -> UUID:
    return uuid4()


def test_events_are_stored(client: DomainClient, root: UUID) -> None:
    """What the aggregate decides becomes history, in the order of the commands."""
    for amount in (5, 6):
        client.command(Put(amount=amount), root).send_sync()
    result = client.command(Take(amount=11), root).send_sync()

    assert (result.events, [page.sequence for page in result.pages]) == ((WasTaken(amount=11),), [2])
    pages = client.query("wallet", root).get_pages()
    assert [page.decode() for page in pages] == [WasPut(amount=5), WasPut(amount=6), WasTaken(amount=11)]


def test_every_page_says_when(client: DomainClient, root: UUID) -> None:
    """That package stamps nothing, so the coordinator does."""
    result = client.command(Put(amount=5), root).send_sync()

    assert all(page.created_at_ns for page in result.pages)


def test_a_repository_folds_its_history(client: DomainClient, root: UUID) -> None:
    """Types are compared by their names, whatever stands before them in a type URL."""
    repository = Repository(Wallet, client)
    repository.execute(root, Put(amount=5))
    repository.execute(root, Take(amount=2))

    assert repository.load(root).balance == 3


def test_a_rejection(client: DomainClient, root: UUID) -> None:
    """Arrives with its reason; that package gives it no code."""
    client.command(Put(amount=5), root).send_sync()

    with pytest.raises(Rejected, match="there is not so much in it") as caught:
        client.command(Take(amount=6), root).send_sync()

    assert caught.value.is_precondition_failed
    assert len(client.query("wallet", root).get_pages()) == 1


def test_a_command_it_does_not_know(client: DomainClient, root: UUID) -> None:
    """Is the invalid argument that it answers with."""
    with pytest.raises(InvalidArgument, match="Unknown command"):
        client.command("wallet", root).with_command(Label(text="x")).send_sync()


def test_a_conflict(client: DomainClient, root: UUID) -> None:
    """The coordinator checks the sequence before the aggregate is asked."""
    client.command(Put(amount=5), root).send_sync()

    with pytest.raises(Conflict) as caught:
        client.command(Take(amount=9), root).with_sequence(0).send_sync()

    assert (caught.value.expected, caught.value.actual) == (0, 1)


def test_a_what_if(client: DomainClient, root: UUID) -> None:
    """Is decided by that aggregate as well, now and at a point, and stores nothing."""
    client.command(Put(amount=5), root).send_sync()
    client.command(Put(amount=6), root).send_sync()

    assert client.command(Take(amount=11), root).speculate().events == (WasTaken(amount=11),)
    with pytest.raises(Rejected):
        client.command(Take(amount=11), root).speculate(as_of=0)
    assert len(client.query("wallet", root).get_pages()) == 2
