"""Shared by all benchmarks: medians, a stall probe, the output format.

These figures are taken on machines that stall at times. A stall probe (a small fixed spin loop) runs
before and after; where the two differ much, the run was disturbed and says so.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping

SPINS = 400_000
DISTURBED = 1.25  # ratio of the two probes from which a run counts as disturbed


def spin() -> float:
    """Milliseconds for a fixed amount of work: what this machine is worth right now."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        total = 0
        for number in range(SPINS):
            total += number & 7
        best = min(best, (time.perf_counter() - started) * 1000)
    return best


def arguments(description: str, **options: int | str) -> argparse.Namespace:
    """--json, and a --NAME for each option, of the type of its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    for name, default in options.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    return parser.parse_args()


def median_of(runs: int, call: Callable[[], float]) -> float:
    """The median of what ``call`` returns over some runs."""
    return statistics.median(call() for _ in range(runs))


def report(name: str, figures: Mapping[str, object], before_ms: float, as_json: bool) -> None:
    """Print the figures and how steady the machine was."""
    after_ms = spin()
    ratio = max(before_ms, after_ms) / min(before_ms, after_ms)
    steady = {
        "spin_before_ms": round(before_ms, 1),
        "spin_after_ms": round(after_ms, 1),
        "disturbed": ratio > DISTURBED,
    }
    if as_json:
        json.dump({"bench": name, **figures, **steady}, sys.stdout)
        sys.stdout.write("\n")
        return
    sys.stdout.write(f"{name}\n")
    for key, value in {**figures, **steady}.items():
        shown = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
        sys.stdout.write(f"  {key:<44} {shown}\n")
