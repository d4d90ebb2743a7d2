"""A program written with angzarr-client calls our coordinator, by the released protocol."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from angzarr_domain import DomainClient
from angzarr_domain.embedded import Coordinator
from tests.wallet import Wallet, WasPut

pytestmark = [pytest.mark.process, pytest.mark.once]

Book = dict[str, Any]
ANSWERS: dict[str, Book] = {
    "on_a_new_root": {"pages": [[0, "WasPut", 5]], "next_sequence": 1},
    "at_the_next_sequence": {"pages": [[1, "WasTaken", 3]], "next_sequence": 2},
    "without_a_lock": {"pages": [[1, "WasPut", 6]], "next_sequence": 2},
    "whole_history": {"pages": [[n, "WasPut", n] for n in range(4)], "next_sequence": 4},
    "a_range": {"pages": [[1, "WasPut", 1], [2, "WasPut", 2]], "next_sequence": 3},
    "as_of_a_sequence": {"pages": [[0, "WasPut", 0], [1, "WasPut", 1]], "next_sequence": 2},
    "streamed": {"pages": [[n, "WasPut", n] for n in range(4)], "next_sequence": 4},
    "by_correlation_id": {"pages": [[2, "WasPut", 2]]},
    "unknown_root": {"pages": [], "next_sequence": 0},
    "what_if_now": {"pages": [[4, "WasTaken", 3]]},
}
REFUSALS = {
    "stale_by_default": ("FAILED_PRECONDITION", "Sequence mismatch: the command expects 0, the stream is at 1"),
    "stale_strict": ("FAILED_PRECONDITION", "Sequence mismatch: the command expects 0, the stream is at 1"),
    "rejected": ("FAILED_PRECONDITION", "there is not so much in it"),
    "what_if_in_the_past": ("FAILED_PRECONDITION", "there is not so much in it"),
    "unknown_command": ("UNIMPLEMENTED", "no aggregate of domain wallet handles tests.wallet.Balance"),
    "unknown_domain": ("UNIMPLEMENTED", "domain nowhere is not served here; handled here: wallet"),
    "without_a_root": ("INVALID_ARGUMENT", "names its root"),
    "no_domain": ("INVALID_ARGUMENT", "no domain"),
    "what_if_of_a_saga": ("UNIMPLEMENTED", ""),
}


@pytest.fixture(scope="module", name="coordinator")
def _coordinator() -> Iterator[tuple[Coordinator, str]]:
    with Coordinator([Wallet]) as coordinator, coordinator.start("127.0.0.1:0") as serving:
        yield coordinator, serving.addresses[0]


@pytest.fixture(scope="module", name="came")
def _came(caller: list[str], coordinator: tuple[Coordinator, str]) -> dict[str, Any]:
    """What came of every step: an answer, or a status with its text."""
    command = [*caller, coordinator[1], *ANSWERS, *REFUSALS]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("step", ANSWERS)
def test_an_answer(came: dict[str, Any], step: str) -> None:
    """Commands, queries and what-ifs are answered as that package reads them."""
    answer = came[step]["answer"]

    assert {name: answer[name] for name in ANSWERS[step]} == ANSWERS[step]
    assert answer["cover"][:2] == ["wallet", str(uuid5(NAMESPACE_OID, step))]


@pytest.mark.parametrize(("step", "refusal"), REFUSALS.items(), ids=REFUSALS)
def test_a_refusal(came: dict[str, Any], step: str, refusal: tuple[str, str]) -> None:
    """Conflicts, rejections and requests that make no sense have the statuses that callers of that package expect."""
    assert came[step]["status"] == refusal[0]
    assert refusal[1] in came[step]["text"]


def test_the_correlation_id(came: dict[str, Any]) -> None:
    """Is that of the command, in what it led to, and in what is found by it."""
    assert came["on_a_new_root"]["answer"]["cover"][2] == "order-7"
    assert came["by_correlation_id"]["answer"]["cover"][2] == "by_correlation_id-2"


def test_both_generations_see_one_history(came: dict[str, Any], coordinator: tuple[Coordinator, str]) -> None:
    """What that program stored is there for callers of the newest protocol, on the same port."""
    assert "answer" in came["whole_history"]
    with DomainClient.connect(coordinator[1], aggregates=[Wallet]) as client:
        pages = client.query("wallet", uuid5(NAMESPACE_OID, "whole_history")).get_pages()

    assert [page.decode() for page in pages] == [WasPut(amount=n) for n in range(4)]
