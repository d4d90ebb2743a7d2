"""Timing things against each other in one run: absolute times of a noisy machine say little, ratios say enough."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping


def compare(title: str, ways: Mapping[str, Callable[[], object]], *, rounds: int = 15, per: int = 1) -> None:
    """Time each way in turn, round by round, and print its median and its ratio to the first, the floor.

    Args:
        per: How many units one call does, for a time of each.

    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            started = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - started)
    floor = next(iter(times.values()))
    print(f"\n{title}")
    for name, taken in times.items():
        ratios = sorted(mine / base for mine, base in zip(taken, floor, strict=True))
        low, middle, high = ratios[0], statistics.median(ratios), ratios[-1]
        print(f"  {statistics.median(taken) / per * 1e6:9.2f} us  {middle:6.2f}  ({low:.2f} to {high:.2f})  {name}")
