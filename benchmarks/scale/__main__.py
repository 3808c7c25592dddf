"""``python -m benchmarks.scale``: simulate coach from a thousand people to a million. See docs/scale.md."""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console

from benchmarks.scale import chart, report
from benchmarks.scale.parameters import Parameters
from benchmarks.scale.study import study


def main() -> None:
    """Run it from the command line."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    options.add_argument("--publish", action="store_true", help="write docs/scale.md and its chart")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    console, began = Console(stderr=True), time.monotonic()
    with console.status("Simulating") as status:
        found = study(Parameters(seed=given.seed), say=status.update)
    sys.stdout.write(report.text(found) + "\n")
    if given.publish:
        report.publish(found)
        chart.draw(found, report.DOCS / "scale.png")
    console.print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
