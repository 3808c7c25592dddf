"""Every way the sandbox can misbehave: one charged post for a key, the right error, in time and in bounds.

``python -m tests.marks.faults --times 20`` runs it at full size; the test-suite asks once for each.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from coach.errors import PictureError
from coach.sandbox.faults import MODES
from coach.studio import GateLimits
from coach.studio.books import Books
from tests.marks import _fork
from tests.marks._world import World, ask_for, made

DEADLINE = 1.0
PAUSE = 0.02
MOST_MEMORY = 64.0
AT_ONCE = 4

GOOD = ("done", "paid")
LATE, LOST = ("timeout", "unknown"), ("connection_lost", "unknown")
UNWELL, BAD = ("service_error", "unknown"), ("bad_answer", "paid")
TOO_OFTEN = ("rate_limited", "unpaid")

EXPECTED = {
    **dict.fromkeys(("hang", "upload_stalled", "endless_continue", "stall", "drip"), LATE),
    **dict.fromkeys(("sse_stall", "sse_pings"), LATE),
    **dict.fromkeys(("closed", "reset", "reset_early", "not_http", "half_head", "endless_headers"), LOST),
    **dict.fromkeys(("half_body", "chunk_broken", "length_too_small", "sse_cut", "sse_unfinished"), LOST),
    **dict.fromkeys(("status_308", "status_408", "status_409", "status_500_early", "status_503"), UNWELL),
    **dict.fromkeys(("status_500", "status_502", "status_524", "sse_error"), UNWELL),
    **dict.fromkeys(("endless_body", "html_200", "empty_200", "json_cut"), BAD),
    **dict.fromkeys(("json_array", "json_deep", "gzip_bomb", "data_empty", "data_null", "url_only"), BAD),
    **dict.fromkeys(("b64_null", "b64_invalid", "b64_html", "b64_cut", "b64_huge"), BAD),
    **dict.fromkeys(("usage_missing", "sse_bad_preview", "sse_twice", "sse_wrong_type"), GOOD),
    **dict.fromkeys(("status_429", "status_429_1", "status_429_3600", "status_429_soon"), TOO_OFTEN),
    "status_400": ("invalid_request", "unpaid"),
    "status_400_blocked": ("moderation_blocked", "unpaid"),
    "status_400_bomb": ("invalid_request", "unpaid"),
    "status_401": ("bad_key", "unpaid"),
    "status_403": ("no_access", "unpaid"),
    "status_404": ("model_not_found", "unpaid"),
    "status_413": ("too_large", "unpaid"),
    "status_422": ("invalid_request", "unpaid"),
    "status_429_quota": ("over_quota", "unpaid"),
    "sse_blocked": ("moderation_blocked", "unknown"),
}
"""What a careful client says of each: the code, and what it knows of the money."""

ALSO = {
    # Once told to wait for long, our own gate says so to the others, and nothing is sent.
    **{mode: {("busy", "unpaid")} for mode in ("status_429", "status_429_3600", "status_429_soon")},
    # A stream that is cut where an event could end is one that never ended.
    "json_cut": {LOST},
}

# Nobody is to wait here, and every mode is to be met however often the one before failed.
LIMITS = GateLimits(at_once=AT_ONCE, patience=DEADLINE, failures=10**6)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A mode, and whether the answer it spoils is streamed."""

    mode: str
    streamed: bool

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.mode} {'stream' if self.streamed else 'json'}"


def cases() -> Iterator[Case]:
    """Every mode both ways, but those that are about streams only."""
    for mode in MODES.values():
        for streamed in (True,) if mode.streamed else (False, True):
            yield Case(mode=mode.name, streamed=streamed)


async def meet(world: World, case: Case, times: int) -> dict[str, Any]:
    """Ask for pictures of a service that misbehaves so; the first alone, so that its memory can be told."""
    headers = {"x-sandbox-fault": f"{case.mode}; seconds={PAUSE}"}
    async with world.studio(headers=headers, seconds=DEADLINE, limits=LIMITS) as (store, studio):

        async def once(number: int) -> tuple[str, str, float]:
            async with room:
                began, trial = time.monotonic(), f"trial {case.name} {number}"
                try:
                    await ask_for(store, studio, trial, previews=2 if case.streamed else 0)
                    ended = GOOD
                except PictureError as error:
                    ended = (error.code, error.paid)
                return (*ended, time.monotonic() - began)

        room = asyncio.Semaphore(AT_ONCE)
        await store.photos.primary("ana")  # everything is loaded before it is measured
        before = _reset_peak()
        outcomes = [await once(0)]
        grown = _memory("VmHWM") - before
        outcomes += await asyncio.gather(*(once(number) for number in range(1, times)))
        return {"outcomes": outcomes, "grown": grown}


async def meet_all(world: World, met: list[Case]) -> list[dict[str, Any]]:
    """Meet many cases once, several at a time; what each takes of time and memory is not told apart."""
    room = asyncio.Semaphore(2 * AT_ONCE)

    async def one(case: Case) -> dict[str, Any]:
        async with room:
            found = await meet(world, case, 1)
            return {"outcomes": [(*ended, 0.0) for *ended, _ in found["outcomes"]], "grown": 0.0}

    return list(await asyncio.gather(*map(one, met)))


def faults(world: World) -> dict[str, int]:
    """How often the sandbox misbehaved in each way so far."""
    counted: dict[str, int] = world.ask("/sandbox/log")["faults"]
    return counted


def judge(case: Case, times: int, posts: int, found: dict[str, Any]) -> list[str]:
    """What is wrong with how a case ended."""
    wrong = []
    if MODES[case.mode].charged and posts > times:
        wrong.append(f"{posts} charged posts for {times} keys")
    ended = {(code, paid) for code, paid, _ in found["outcomes"]}
    if not ended <= {EXPECTED[case.mode]} | ALSO.get(case.mode, set()):
        wrong.append(f"ended as {sorted(ended)}, not {EXPECTED[case.mode]}")
    slowest = max(seconds for *_, seconds in found["outcomes"])
    if slowest > DEADLINE + 1:
        wrong.append(f"took {slowest:.1f} s")
    if found["grown"] > MOST_MEMORY:
        wrong.append(f"took {found['grown']:.0f} MB")
    return [f"{case.name}: {each}" for each in wrong]


def apart(world: World, met: list[Case], times: int) -> Iterator[str]:
    """Meet each case by itself."""
    for case in met:
        before = faults(world).get(case.mode, 0)
        found = _fork.run(partial(meet, world, case, times))
        yield from judge(case, times, faults(world).get(case.mode, 0) - before, found)


def together(world: World, met: list[Case]) -> Iterator[str]:
    """Meet all cases at once, and each once; a mode both ways counts as one key each."""
    found = _fork.run(partial(meet_all, world, met))
    posts = faults(world)
    keys = Counter(case.mode for case in met)
    for case, one in zip(met, found, strict=True):
        yield from judge(case, keys[case.mode], posts.get(case.mode, 0), one)


async def books(world: World) -> list[str]:
    """Settle what is in doubt by the service's own count, and compare the sums."""
    entries = {one["request_id"]: one for one in world.ask("/sandbox/log")["requests"]}
    async with world.studio() as (store, _):
        kept = Books(store.database)
        for doubt in await kept.in_doubt():
            charged = (entries.get(doubt.request_id or "") or {}).get("micros")
            await kept.settle(doubt.id, charged=bool(charged), micros=charged or None, who="the trial")
        return await kept.differences()


def _memory(what: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise LookupError(what)


def _reset_peak() -> float:
    """Forget the highest use of memory so far; gives what is used now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def main() -> int:
    """Meet every mode and say what was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=20, help="pictures asked for in each mode")
    parser.add_argument("--together", action="store_true", help="once each, all at the same time")
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--mode", choices=sorted(MODES), action="append", help="only this one")
    asked = parser.parse_args()
    met = [case for case in cases() if asked.mode is None or case.mode in asked.mode]
    with made(asked.on, "coach", "sandbox", "--quick", "--delay", "0") as world:
        wrong = list(together(world, met) if asked.together else apart(world, met, asked.times))
        wrong += _fork.run(partial(books, world))
    sys.stdout.write(
        f"{len(met)} cases of {len(MODES)} modes, {asked.times} times each, {len(wrong)} wrong\n"
    )
    for each in wrong:
        sys.stdout.write(f"  {each}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
