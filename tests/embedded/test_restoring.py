"""Streams recorded elsewhere, restored into a coordinator and into a data file."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from angzarr_domain.books import Cover, Edition, EventPage, Payload
from angzarr_domain.embedded import Coordinator, EventFile
from angzarr_domain.exceptions import AngzarrError, NotHandled, StoreError
from angzarr_domain.wire import PayloadCodec
from tests.ledger import Account, Deposit, Deposited

ROOT = UUID(int=7)
COVER = Cover("ledger", ROOT)
PAGES = tuple(
    EventPage(PayloadCodec().encode(Deposited(amount=amount)), sequence, 1_700_000_000_000_000_001 + sequence)
    for sequence, amount in enumerate([3, 4])
)


def test_a_restored_stream_is_gone_on_with() -> None:
    """Its pages are the recorded ones, to the nanosecond, and the next command is decided on them."""
    with Coordinator([Account]) as coordinator, coordinator.client() as client:
        assert coordinator.restore(COVER, iter(PAGES)) is True
        assert client.query("ledger", ROOT).get_pages() == PAGES
        assert client.command(Deposit(amount=1), ROOT).send_sync().pages[0].sequence == 2


def test_the_same_stream_again_is_no_change() -> None:
    """Restoring is idempotent."""
    with Coordinator([Account]) as coordinator:
        assert [coordinator.restore(COVER, PAGES) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    "others",
    [
        pytest.param(PAGES[:1], id="fewer pages"),
        pytest.param((*PAGES, EventPage(PAGES[0].event, 2, 5)), id="more pages"),
        pytest.param((PAGES[0], EventPage(PAGES[1].event, 1, 5)), id="another time"),
        pytest.param((PAGES[0], EventPage(Payload("/x.Y", b""), 1, PAGES[1].created_at_ns)), id="another event"),
    ],
)
def test_another_stream_of_the_same_name_is_refused(others: tuple[EventPage, ...]) -> None:
    """And what is there stays as it is."""
    with Coordinator([Account]) as coordinator, coordinator.client() as client:
        coordinator.restore(COVER, PAGES)
        with pytest.raises(StoreError) as refused:
            coordinator.restore(COVER, others)
        assert refused.value.code == "STREAM_DIFFERS"
        assert client.query("ledger", ROOT).get_pages() == PAGES


@pytest.mark.parametrize(
    ("cover", "code"),
    [
        pytest.param(Cover("ledger"), "PROTO_UUID_INVALID", id="no root"),
        pytest.param(Cover("", ROOT), "MISSING_DOMAIN", id="no domain"),
        pytest.param(Cover("ledger", ROOT, edition=Edition("what-if")), "NOT_SUPPORTED", id="a named timeline"),
        pytest.param(Cover("ledger", ROOT, ext=Payload("/x.Y", b"")), "NOT_SUPPORTED", id="ext"),
    ],
)
def test_what_cannot_be_kept_is_refused(cover: Cover, code: str) -> None:
    """Rather than kept in part."""
    with Coordinator([Account]) as coordinator, pytest.raises(AngzarrError) as refused:
        coordinator.restore(cover, PAGES)
    assert refused.value.code == code


def test_a_data_file_is_read_without_business_logic(tmp_path: Path) -> None:
    """Whoever archives streams needs none of the classes; commands are refused."""
    with EventFile(tmp_path / "bank.db") as file, file.client() as client:
        assert file.restore(COVER, PAGES)
        assert client.query("ledger", ROOT).get_pages() == PAGES
        with pytest.raises(NotHandled):
            client.command("ledger", ROOT).with_command(Deposit(amount=1)).send_sync()
    with Coordinator([Account], tmp_path / "bank.db") as coordinator, coordinator.client() as client:
        assert client.query("ledger", ROOT).get_pages() == PAGES
