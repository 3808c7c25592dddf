"""Runs of flows whose process dies or stops in the middle: carried on, and nothing is paid twice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from coach.sandbox import Sandbox
from coach.server.runs import Run
from coach.settings import Settings
from tests.server._aged import age
from tests.server._dying import die
from tests.server._flows import Drawn, agree, charged, draw, graph, transform
from tests.server._serve import an_app, events_of, serving, settings_for

CHAIN = graph(transform("a", "A cat"), transform("b", "Warmer"), transform("c", "In Rome"), edges="a>b b>c")


async def drawn(settings: Settings) -> str:
    """The id of a flow of Ann's, who has agreed that pictures are sent."""
    async with serving(an_app(settings)) as served, served.client("ann") as ann:
        await agree(served, "ann")
        return (await draw(ann, CHAIN)).id


@asynccontextmanager
async def carried_on(settings: Settings, flow_id: str) -> AsyncIterator[Drawn]:
    """The flow on a new server, once its run has come to its end there."""
    async with serving(an_app(settings)) as served, served.client("ann") as ann:
        flow = Drawn(client=ann, id=flow_id)
        async with ann.stream("GET", f"{flow.path}events/") as response:
            async for each in events_of(response):
                flow.seen.append(each)
                if each[1] == "done":
                    break
        yield flow


def ended(flow: Drawn) -> dict[str, str]:
    return {data["id"]: data["state"] for data in flow.told("node")}


async def test_a_run_whose_process_dies_is_carried_on_and_pays_nothing_twice(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(quick_sandbox, tmp_path, database_url)
    flow_id = await drawn(settings)
    with charged(quick_sandbox) as cost:
        await die(settings, "flow", flow_id, "after_received:2")
        async with carried_on(settings, flow_id) as flow:
            assert ended(flow) == {"a": "cached", "b": "cached", "c": "done"}
            assert [name for _, name, _ in flow.seen].count("run") == 1
            assert await flow.run(key="k") == {"a": "cached", "b": "cached", "c": "done"}
            assert set((await flow.run()).values()) == {"cached"}
    assert cost.pictures == 3


async def test_what_was_out_when_its_process_died_is_told_and_asked_for_only_when_that_is_wanted(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(quick_sandbox, tmp_path, database_url)
    flow_id, failed = await drawn(settings), {"a": "cached", "b": "failed", "c": "failed"}
    with charged(quick_sandbox) as cost:
        await die(settings, "flow", flow_id, "after_sending:2")
        async with carried_on(settings, flow_id) as flow:
            assert ended(flow) == failed
            told = flow.told("node", "b")[-1]
            assert (told["paid"], told["code"]) == ("unknown", "interrupted")
            assert await flow.run() == failed
            assert quick_sandbox.log[-1].route.endswith("/generations"), "nothing was asked for since"
            assert await flow.run("b", again=True) == {"a": "cached", "b": "done"}
            assert await flow.run() == {"a": "cached", "b": "cached", "c": "done"}
    assert cost.pictures == 3


async def test_a_run_is_left_to_the_next_process_when_the_server_stops(
    database_url: str, tmp_path: Path
) -> None:
    with Sandbox(quick=True, delay=1.0) as sandbox:
        settings = settings_for(sandbox, tmp_path, database_url)
        flow_id = await drawn(settings)
        async with serving(an_app(settings)) as served:
            flow = await served.here.runs.flows.get("ann", flow_id)
            begun = await served.here.runs.begin(flow, Run(), key="k")
            async for some in served.here.live.watch("ann", flow_id, work=begun):
                if any(each.kind == "progress" and each.data["id"] == "b" for each in some):
                    break
        assert sandbox.totals.charged < 3, "what was sent is received, and nothing more is begun"
        await age(settings)
        async with carried_on(settings, flow_id) as again:
            assert ended(again) == {"a": "cached", "b": "cached", "c": "done"}
            assert again.seen[-1][2]["turn_id"] == begun.id
        assert sandbox.totals.charged == 3
