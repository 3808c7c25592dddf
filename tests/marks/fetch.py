"""Links to servers that mean no good, at full size: each refused in time, and little memory taken.

``python -m tests.marks.fetch`` asks each by itself, for its memory, and then many times at once. The
laboratory in which links lead inside is in ``tests/fetch/test_lab.py``, at full size.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from functools import partial
from typing import Any

from coach.errors import FetchRefused
from coach.fetch import Fetcher
from tests.fetch._hostile import GOOD, SERVERS, hostile, link_to
from tests.marks import _fork
from tests.marks._memory import memory, reset_peak

MOST_MEMORY = 64.0
"""MB that one fetch may take."""

LATE = 0.5
"""Seconds after its time within which a fetch is over."""


async def meet(origin: str, name: str, times: int, limits: dict[str, Any]) -> dict[str, Any]:
    """Ask for one link, measured, and then so often again at once."""
    fetcher = Fetcher(trusted=[origin], **limits)
    await fetcher.get(link_to(origin, "good"))  # everything is loaded before it is measured
    before = reset_peak()
    first = await ended(fetcher, link_to(origin, name))
    grown = memory("VmHWM") - before
    others = await asyncio.gather(*(ended(fetcher, link_to(origin, name)) for _ in range(times - 1)))
    return {"outcomes": [first, *others], "grown": grown}


async def ended(fetcher: Fetcher, link: str) -> tuple[str, float, int]:
    """Why it was refused, or ``served``; after how many seconds and bytes."""
    began, pieces, reason = time.monotonic(), [], "served"
    try:
        async with fetcher.open(link) as fetching:
            async for piece in fetching.chunks():
                pieces.append(piece)  # kept, as by one who wants the whole
    except FetchRefused as exc:
        reason = exc.reason
    return reason, time.monotonic() - began, len(b"".join(pieces))


def judge(name: str, found: dict[str, Any], limits: dict[str, Any]) -> list[str]:
    """What is wrong with how a link ended."""
    expected = SERVERS[name][1] if name in SERVERS else "served"
    (first, *_), *others = found["outcomes"]
    wrong = [] if first == expected else [f"ended as {first}, not {expected}"]
    # With many at once the time of a long stream may be over before its length.
    late = {"too_slow"} if expected == "too_large" else set()
    wrong += [f"then as {reason}" for reason, *_ in others if reason not in {expected, *late}]
    slowest = max(seconds for _, seconds, _ in found["outcomes"])
    if slowest > limits["seconds"] + LATE:
        wrong.append(f"took {slowest:.1f} s")
    if (most := max(count for *_, count in found["outcomes"])) > limits["most_bytes"]:
        wrong.append(f"took {most} bytes")
    if found["grown"] > MOST_MEMORY:
        wrong.append(f"took {found['grown']:.0f} MB")
    return [f"{name}: {each}" for each in wrong]


def main() -> int:
    """Ask for them all, and say what was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=10, help="how often each is asked for")
    parser.add_argument("--seconds", type=float, default=20.0, help="a fetch's time")
    parser.add_argument("--server", choices=[*SERVERS, *GOOD], action="append", help="only this one")
    asked = parser.parse_args()
    limits = {"seconds": asked.seconds, "most_bytes": 20 * 2**20}
    with hostile() as origin:
        names = asked.server or [*SERVERS, *GOOD]
        found = {name: _fork.run(partial(meet, origin, name, asked.times, limits)) for name in names}
    wrong = [each for name in names for each in judge(name, found[name], limits)]
    slowest = max(seconds for met in found.values() for _, seconds, _ in met["outcomes"])
    sys.stdout.write(
        f"{len(names)} servers, {asked.times} times each: the last one over after {slowest:.2f} s, "
        f"{max(met['grown'] for met in found.values()):.0f} MB at most; {len(wrong)} wrong\n"
    )
    for each in wrong:
        sys.stdout.write(f"  {each}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
