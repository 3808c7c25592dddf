"""The ledger beside the picture service's own count: how often it charged, and how much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from coach.studio import Generation
from coach.studio.books import Books
from tests.marks._world import PERSON, World

_BOTH = ("endless_body", "html_200", "empty_200", "gzip_bomb", "json_array", "json_deep", "usage_missing")

UNCOUNTED = {f"{mode} {way}" for mode in _BOTH for way in ("json", "stream")} | {
    *(f"{mode} stream" for mode in ("data_empty", "data_null", "url_only", "sse_twice")),
    "json_cut json",  # a stream that is cut is in doubt
}
"""The cases whose answer holds no count, or two: such a picture is booked at its quote."""


async def compare(world: World, cases: Mapping[str, str]) -> list[str]:
    """Settle the doubts about some trials by the sandbox's log, as an operator would; say what then differs.

    The log remembers its last 1000 requests one by one: call it before there are more.

    Args:
        cases: How the sandbox misbehaved, by the name of the trial.
    """
    requests = await _answered(world)
    by_id = {request["request_id"]: request["micros"] or 0 for request in requests}
    async with world.studio() as (store, studio):
        books, wrong = Books(store.database), []
        for doubt in await books.in_doubt():
            # Nothing of its answer came when it has no id; then only what was asked for tells which it was.
            micros = by_id[doubt.request_id] if doubt.request_id else sum(_charges(requests, doubt))
            await books.settle(doubt.id, charged=micros > 0, micros=micros or None, who="the trial")
        for trial, case in cases.items():
            for entry in await studio.generations(PERSON, trial):
                charges = _charges(requests, entry.generation)
                wrong += [
                    f"{trial}: {each}"
                    for each in _differ(entry.generation, charges, uncounted=case in UNCOUNTED)
                ]
    return wrong


async def add_up(world: World, charged: int) -> list[str]:
    """What is wrong with the accounts of everything; the service says it charged for ``charged`` requests."""
    async with world.studio() as (store, _):
        books = Books(store.database)
        lines = await books.spending()
        counted = sum(line.pictures for line in lines), sum(line.in_doubt for line in lines)
        wrong = await books.differences()
    if counted != (charged, 0):
        wrong.append(f"{counted[0]} charged and {counted[1]} in doubt, and {charged} charged by the service")
    return wrong


def _differ(row: Generation, charges: list[int], *, uncounted: bool) -> Iterator[str]:
    if len(charges) > 1:
        yield f"charged {len(charges)} times"
    if (row.paid == "paid") != bool(charges):
        yield f"{row.paid} in the ledger, and charged {len(charges)} times"
    if row.paid != "paid" or row.error_code == "resolved":
        return
    cost, spent, quote = row.actual_micros, row.spent_micros, row.quote_micros
    if (cost is None) != uncounted or cost not in (None, sum(charges)):
        yield f"cost {cost}, charged {charges}"
    if cost is None and (spent != quote or spent < sum(charges)):
        yield f"spent {spent}, quoted {quote}, charged {charges}"


def _charges(requests: list[dict[str, Any]], row: Generation) -> list[int]:
    """What each post of a generation was charged, in micro-dollars; those that cost nothing are left out."""
    mine = [request for request in requests if request["params"].get("prompt") == row.prompt]
    return [request["micros"] for request in mine if request["micros"]]


async def _answered(world: World) -> list[dict[str, Any]]:
    """The sandbox's log, once everything in it was answered: the price of the rest is not known yet."""
    async with asyncio.timeout(60):
        while True:
            requests: list[dict[str, Any]] = world.ask("/sandbox/log")["requests"]
            if all(request["seconds"] is not None for request in requests):
                return requests
            await asyncio.sleep(0.05)
