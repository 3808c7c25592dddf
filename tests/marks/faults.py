"""Every way the sandbox can misbehave: the right error, in time and in bounds, and a ledger with its sums.

``python -m tests.marks.faults --times 20`` runs it at full size; the test-suite asks once for each.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from coach.errors import PictureError
from coach.sandbox.faults import MODES
from coach.studio import GateLimits
from tests.marks import _fork
from tests.marks._counts import add_up, compare
from tests.marks._memory import memory, reset_peak
from tests.marks._world import World, ask_for, made

SHORT, LONG = 1.0, 60.0
"""Seconds a picture may take: of a service that would never be done, and of any other."""
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
    **dict.fromkeys(("usage_missing", "sse_bad_preview", "sse_twice", "sse_wrong_type", "other_face"), GOOD),
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
    **{mode: {("busy", "unpaid")} for mode, end in EXPECTED.items() if end == TOO_OFTEN},
    # A stream that is cut where an event could end is one that never ended.
    "json_cut": {LOST},
}

# Nobody is to wait here, and every mode is to be met however often the one before failed.
LIMITS = GateLimits(at_once=AT_ONCE, patience=SHORT, failures=10**6)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A mode, and whether the answer it spoils is streamed."""

    mode: str
    streamed: bool

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.mode} {'stream' if self.streamed else 'json'}"

    @property
    def late(self) -> bool:
        """Whether only the deadline ends it."""
        return EXPECTED[self.mode] == LATE

    @property
    def seconds(self) -> float:
        """How long one picture may take."""
        return SHORT if self.late else LONG

    def trials(self, times: int) -> list[str]:
        """The names of its pictures."""
        return [f"trial {self.name} {number}" for number in range(times)]


def every_case() -> Iterator[Case]:
    """Every mode both ways, but those that are about streams only. Agents and jobs are other services."""
    for mode in (each for each in MODES.values() if not (each.agent or each.job)):
        for streamed in (True,) if mode.streamed else (False, True):
            yield Case(mode=mode.name, streamed=streamed)


async def meet(world: World, case: Case, times: int) -> dict[str, Any]:
    """Ask for pictures of a service that misbehaves so; the first alone, so that its memory can be told."""
    headers = {"x-sandbox-fault": f"{case.mode}; seconds={PAUSE}"}
    async with world.studio(headers=headers, seconds=case.seconds, limits=LIMITS) as (store, studio):

        async def once(trial: str) -> tuple[str, str, float]:
            async with room:
                began = time.monotonic()
                try:
                    await ask_for(store, studio, trial, previews=2 if case.streamed else 0)
                    ended = GOOD
                except PictureError as error:
                    ended = (error.code, error.paid)
                return (*ended, time.monotonic() - began)

        room = asyncio.Semaphore(AT_ONCE)
        await store.photos.primary("ana")  # everything is loaded before it is measured
        before = reset_peak()
        first, *others = case.trials(times)
        outcomes = [await once(first)]
        grown = memory("VmHWM") - before
        outcomes += await asyncio.gather(*map(once, others))
        return {"outcomes": outcomes, "grown": grown}


async def meet_all(world: World, met: list[Case]) -> list[dict[str, Any]]:
    """Meet many cases once, several at a time; what each takes of time and memory is not told apart."""
    room = asyncio.Semaphore(2 * AT_ONCE)

    async def one(case: Case) -> dict[str, Any]:
        async with room:
            found = await meet(world, case, 1)
            return {"outcomes": [(*ended, 0.0) for *ended, _ in found["outcomes"]], "grown": 0.0}

    return list(await asyncio.gather(*map(one, met)))


def judge(case: Case, found: dict[str, Any]) -> list[str]:
    """What is wrong with how a case ended."""
    wrong = []
    ended = {(code, paid) for code, paid, _ in found["outcomes"]}
    if not ended <= {EXPECTED[case.mode]} | ALSO.get(case.mode, set()):
        wrong.append(f"ended as {sorted(ended)}, not {EXPECTED[case.mode]}")
    slowest = max(seconds for *_, seconds in found["outcomes"])
    if slowest > case.seconds + 1:
        wrong.append(f"took {slowest:.1f} s")
    if found["grown"] > MOST_MEMORY:
        wrong.append(f"took {found['grown']:.0f} MB")
    return [f"{case.name}: {each}" for each in wrong]


def apart(world: World, met: list[Case], times: int) -> Iterator[str]:
    """Meet each case by itself, and compare the ledger with the service after each."""
    for case in met:
        yield from judge(case, _fork.run(partial(meet, world, case, times)))
        yield from _fork.run(partial(compare, world, dict.fromkeys(case.trials(times), case.name)))


def together(world: World, met: list[Case]) -> Iterator[str]:
    """Meet all cases at once, and each once; those with a short deadline when the others are done."""
    for late in (False, True):
        some = [case for case in met if case.late == late]
        for case, one in zip(some, _fork.run(partial(meet_all, world, some)), strict=True):
            yield from judge(case, one)
    cases = {trial: case.name for case in met for trial in case.trials(1)}
    yield from _fork.run(partial(compare, world, cases))


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
    met = [case for case in every_case() if asked.mode is None or case.mode in asked.mode]
    with made(asked.on, "coach", "sandbox", "--quick", "--delay", "0") as world:
        wrong = list(together(world, met) if asked.together else apart(world, met, asked.times))
        charged = world.ask("/sandbox/log")["charged"]
        wrong += _fork.run(partial(add_up, world, charged))
    times = 1 if asked.together else asked.times
    sys.stdout.write(
        f"{len(met)} cases of {len(MODES)} modes, {times} times each, {charged} charged, {len(wrong)} wrong\n"
    )
    for each in wrong:
        sys.stdout.write(f"  {each}\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
