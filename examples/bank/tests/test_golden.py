"""Streams of the bank as they were recorded once: today's classes still mean the same by them."""

from __future__ import annotations

from pathlib import Path

from angzarr_domain.histories import replay_check
from examples.bank import components

GOLDEN = Path(__file__).with_name("golden") / "bank.jsonl"


def test_recorded_streams_fold_to_the_recorded_states() -> None:
    """Accounts and transfers of every kind, and an account of the bank's first version, after each of their events."""
    report = replay_check(components, [GOLDEN])

    assert report.ok, str(report)
    assert {finding.domain for finding in report.findings} == {"account", "transfer"}
