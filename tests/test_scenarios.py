"""The public scenarios for clients: each is named by the test that shows it, or here with the reason why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The suites for stores are tests, too, which others run.
FOLDERS = ("tests", "examples", "angzarr_domain/testing/contracts")

REQUIRED = {
    "commands": "303-318 344",
    "queries": "235 345 385-401",
    "connections": "225-230 319-340",
    "a coordinator that takes commands": "191-208",
    "a coordinator that answers queries": "231-245 346",
    "what-ifs": "266-280",
    "errors": "95 131 205 279 341-364",
    "retries": "127-130",
    "decoding": "365-384 474",
    "identity": "107-110 114 485",
    "helpers of testers": "99 115-120",
    "destinations": "52-53 132-135 182-183",
}

ELSEWHERE = {
    52: "superseded: destinations hold no sequences, since reactions are stamped with their cause",
    53: "superseded, as C-0052",
    95: "its names are AngzarrError and Rejected here; the table of docs/how-to/migrating.md has both",
    197: "about projectors, which no part of this package runs yet; test_modes shows that the mode is asked for",
    198: "about projectors, as C-0197",
    199: "about sagas, as C-0197",
    239: "named timelines are refused, commands and queries alike, until they are built: test_a_named_edition",
    240: "about named timelines, as C-0239",
}

_IDS = re.compile(r"C-(\d{4})(?: to C-(\d{4}))?")


def _numbers(text: str) -> set[int]:
    spans = [span.split("-") for span in text.split()]
    return {number for span in spans for number in range(int(span[0]), int(span[-1]) + 1)}


def _named() -> Iterator[int]:
    for folder in FOLDERS:
        for path in ROOT.joinpath(folder).rglob("*.py"):
            if path == Path(__file__):
                continue
            for first, last in _IDS.findall(path.read_text()):
                yield from range(int(first), int(last or first) + 1)


@pytest.mark.parametrize("topic", REQUIRED)
def test_every_scenario_has_a_test(topic: str) -> None:
    """Whoever looks for a scenario by its id finds a test, or the reason why there is none."""
    missing = _numbers(REQUIRED[topic]) - ELSEWHERE.keys() - set(_named())

    assert [f"C-{number:04}" for number in sorted(missing)] == []


def test_no_reason_outlives_its_cause() -> None:
    """A scenario that has a test needs no reason why it has none, and one that nobody asks for needs neither."""
    asked = {number for numbers in REQUIRED.values() for number in _numbers(numbers)}

    assert ELSEWHERE.keys() & set(_named()) == set()
    assert ELSEWHERE.keys() <= asked
