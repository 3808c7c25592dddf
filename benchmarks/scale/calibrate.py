"""The simulation held against a real run: the same pictures, asked for at the same moments, in both."""

from __future__ import annotations

import heapq
import json
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from benchmarks.scale.model import quantile, simulate
from benchmarks.scale.parameters import Parameters
from benchmarks.scale.traffic import Picture

ENOUGH = 0.15
"""The mark: waiting times differ by no more than that."""

FLOOR = 0.25
"""Seconds: what waits less was begun at once (the mark for start-to-run). A share of less says nothing."""


class Measured(BaseModel):
    """One picture of a real run; all moments in seconds from any common beginning.

    Attributes:
        arrived: When it was asked for.
        started: When a worker sent it.
        ended: When that worker's slot was free again.
        worker: Which one it was.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    arrived: float
    started: float
    ended: float
    worker: str

    @model_validator(mode="after")
    def _in_order(self) -> Measured:
        if not self.arrived <= self.started <= self.ended:
            raise ValueError("arrived, started and ended must come in this order")
        return self


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Waiting times in seconds, and by what share they differ.

    Attributes:
        measured, simulated: By name: ``mean``, ``p50``, ``p95``.
        hop: Seconds from a free slot to the next post, as measured: see :func:`hop_of`.
        off: By the same names: the difference as a share of what was measured, or of :data:`FLOOR` if that is
            more.
    """

    measured: dict[str, float]
    simulated: dict[str, float]
    hop: float
    off: dict[str, float]

    @property
    def close(self) -> bool:
        """Whether all of them are within :data:`ENOUGH`."""
        return all(off <= ENOUGH for off in self.off.values())


def read_trace(path: Path) -> list[Measured]:
    """Read a trace: JSON lines, one picture each, in any order.

    A line: ``{"arrived": 0.31, "started": 4.02, "ended": 6.11, "worker": "w2"}``; others are passed over.

    Raises:
        ValueError: A line is no such picture, or there is none; it names the line.
    """
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            found.append(Measured.model_validate_json(line))
        except ValidationError as error:
            raise ValueError(f"{path.name}, line {number}: {error.errors()[0]['msg']}.") from None
    if not found:
        raise ValueError(f"{path.name}: there is no picture in it.")
    return found


def compare(measured: Sequence[Measured], *, slots: int, given: Parameters | None = None) -> Comparison:
    """Simulate a real run without faults, and compare how long its pictures waited.

    Arrivals, service times, the number of workers and what it takes them to go on to the next picture are the
    run's own. What is simulated is all in between: who waits for a slot, for the limits, and how long.

    Args:
        measured: Every picture of the run.
        slots: How many a worker made at the same time.
        given: The limits that were in force (``tier``, ``at_once``, ``margin``); the rest is not used. Left
            out: tier 5, and nothing at once beyond the slots.

    Raises:
        ValueError: There is none.
    """
    if not measured:
        raise ValueError("There is no picture to compare.")
    workers = len({each.worker for each in measured})
    given = replace(given or Parameters(), workers=workers, slots=slots, refused=0.0, deaths=0.0)
    hop = hop_of(measured, slots=slots)
    given = replace(given, hop=given.hop if hop is None else hop)
    first = min(each.arrived for each in measured)
    same = [
        Picture(asked=each.arrived - first, seconds=each.ended - each.started, person=number)
        for number, each in enumerate(sorted(measured, key=lambda each: each.arrived))
    ]
    real = _figures([each.started - each.arrived for each in measured])
    ours = _figures(simulate(given, pictures=same).waits())
    off = {name: abs(ours[name] - real[name]) / max(real[name], FLOOR) for name in real}
    return Comparison(measured=real, simulated=ours, hop=given.hop, off=off)


def hop_of(measured: Sequence[Measured], *, slots: int) -> float | None:
    """How long a slot was free while somebody waited: the mean, but for the slowest one in twenty.

    So a worker that stops to take pictures does not pass for a slow one.

    Returns:
        ``None``: nobody ever waited for a slot.
    """
    free: defaultdict[str, list[float]] = defaultdict(list)
    gaps = []
    for each in sorted(measured, key=lambda each: each.started):
        ends = free[each.worker]
        if len(ends) == slots:
            since = heapq.heappop(ends)
            if each.arrived <= since <= each.started:
                gaps.append(each.started - since)
        heapq.heappush(ends, each.ended)
    gaps.sort()
    kept = gaps[: math.ceil(len(gaps) * 0.95)]
    return sum(kept) / len(kept) if kept else None


def _figures(waits: Sequence[float]) -> dict[str, float]:
    ascending = sorted(waits)
    mean = sum(ascending) / len(ascending)
    return {"mean": mean, "p50": quantile(ascending, 0.5), "p95": quantile(ascending, 0.95)}


def main() -> int:
    """``python -m benchmarks.scale.calibrate TRACE SLOTS``: print the comparison; 1 if it is not close."""
    found = compare(read_trace(Path(sys.argv[1])), slots=int(sys.argv[2]))
    sys.stdout.write(json.dumps({**vars(found), "close": found.close}, indent=1) + "\n")
    return 0 if found.close else 1


if __name__ == "__main__":
    sys.exit(main())
