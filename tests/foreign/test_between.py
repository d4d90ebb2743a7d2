"""Our coordinator between two programs of angzarr-client's, all three processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import serving

pytestmark = [pytest.mark.process, pytest.mark.once]


def test_a_coordinator_between_programs_of_the_released_protocol(
    caller: list[str], logic: str, tmp_path: Path, short_path: Path
) -> None:
    """Commands, conflicts, rejections, queries and what-ifs of the one, decided by the other, kept by ours."""
    front = f"unix:{short_path}/front.sock"
    options = ("--target", f"wallet={logic}", "--data", str(tmp_path / "wallet.db"), "--serve", front)

    def came_of(*steps: str) -> dict[str, Any]:
        ran = subprocess.run([*caller, front, *steps], check=True, capture_output=True, text=True, timeout=120)
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    with serving(sys.executable, "dev", *options, cwd=tmp_path, says="front.sock"):
        came = came_of("at_the_next_sequence", "stale_strict", "rejected", "streamed", "what_if_now", "unknown_command")
    with serving(sys.executable, "dev", *options, cwd=tmp_path, says="front.sock"):
        later = came_of("rejected")

    assert came["at_the_next_sequence"]["answer"]["pages"] == [[1, "WasTaken", 3]]
    assert came["stale_strict"]["status"] == "FAILED_PRECONDITION"
    assert came["stale_strict"]["text"].startswith("Sequence mismatch")
    assert came["rejected"] == {"status": "FAILED_PRECONDITION", "text": "there is not so much in it"}
    assert came["streamed"]["answer"]["pages"] == [[n, "WasPut", n] for n in range(4)]
    assert came["what_if_now"]["answer"]["pages"] == [[4, "WasTaken", 3]]
    assert (came["unknown_command"]["status"], "Unknown command" in came["unknown_command"]["text"]) == (
        "INVALID_ARGUMENT",
        True,
    )
    # The first step of that name put something in already, so its command for a new aggregate is stale now.
    assert later["rejected"]["text"].startswith("Sequence mismatch")
