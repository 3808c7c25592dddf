"""``make bench``: measure everything, print it, and write it down. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from benchmarks import report
from benchmarks.measure import HERE, Bench, bench

RESULTS = HERE / "results"

# How many at once, and how many rounds of that.
FULL = {"json": {1: 7, 16: 5, 64: 3, 256: 2}, "sse": {1: 5, 16: 3, 64: 2, 256: 2}}
QUICK = {"json": {1: 3, 16: 2}, "sse": {1: 2, 16: 1}}


def measured(found: Bench, *, quick: bool) -> dict[str, Any]:
    """Everything there is to measure, in one run."""
    points = QUICK if quick else FULL
    ways = ("json", "sse")
    return {
        "cpu_ms": {way: found.cpu(way, points[way]) for way in ways},
        "memory_mb": {way: found.memory(way, [16] if quick else [1, 16, 64, 256]) for way in ways},
        "first_preview_ms": found.first_preview(5 if quick else 20),
        "action_ms": {way: found.action(way, 3 if quick else 9) for way in ("sse-small", "sse")},
        "conversations": found.conversations(30 if quick else 1000),
    }


def machine() -> str:
    """What it ran on, in one line."""
    system = f"{platform.system()} {platform.release()}, {datetime.now(UTC):%Y-%m-%d}"
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {system}"


def main() -> None:
    """Run it from the command line."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rounds, at most 16 at once")
    options.add_argument("--publish", action="store_true", help="write README.md and the chart too")
    options.add_argument("--again", action="store_true", help="only report the last run's results")
    given = options.parse_args()
    console = Console(stderr=True)
    began, stored = time.monotonic(), RESULTS / "results.json"
    if not given.again:
        with (
            console.status("Making the pictures") as status,
            bench(RESULTS / "work", say=status.update) as found,
        ):
            results = measured(found, quick=given.quick)
        results |= {"machine": machine(), "versions": found.versions}
        stored.write_text(json.dumps(results, indent=1) + "\n")
    results = json.loads(stored.read_text())
    report.show(results)
    report.draw(results, RESULTS / "chart.png")
    if given.publish:
        report.publish(results)
    console.print(f"{time.monotonic() - began:.0f} s; written to {RESULTS.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
