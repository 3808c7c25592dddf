"""Runs of flows over HTTP: another picture of the same, what fails, several at once."""

import asyncio

from coach.sandbox import BLOCKED_INPUT, Sandbox
from tests.server._flows import agree, charged, draw, graph, image, transform
from tests.server._serve import Served, events_of


async def test_another_picture_of_the_same_is_made_when_it_is_wanted(
    served: Served, quick_sandbox: Sandbox
) -> None:
    async with served.client("ann") as ann:
        flow = await draw(ann, graph(transform("cat", "A cat"), transform("dog", "A dog")))
        await flow.run()
        with charged(quick_sandbox) as cost:
            assert await flow.run("cat", again=True, key="more") == {"cat": "done"}
            [first] = flow.told("image")[0]["pictures"]
            assert await flow.run("cat", again=True, key="more") == {"cat": "done"}
            [shown] = flow.told("image")[0]["pictures"]
            assert shown["version_id"] == first["version_id"]  # its link may be of another second
            assert await flow.run() == {"cat": "cached", "dog": "cached"}
        assert cost.pictures == 1
        assert (await ann.get(flow.path)).json()["again"] == {"cat": 1}
        other = {"json": {"node": "dog", "again": True}, "headers": {"Idempotency-Key": "more"}}
        assert (await ann.post(f"{flow.path}runs/", **other)).status_code == 409
        for body, field in (({"again": True}, "node"), ({"node": "x"}, None)):
            refused = await ann.post(f"{flow.path}runs/", json=body)
            assert refused.status_code in (404, 422) and refused.json().get("field") == field


async def test_what_fails_fails_only_what_is_made_from_it(served: Served, quick_sandbox: Sandbox) -> None:
    async with served.client("ann") as ann:
        bad = transform("bad", f"A {BLOCKED_INPUT}")
        nodes = [bad, transform("of_bad", "Warmer"), transform("good", "A cat"), transform("empty")]
        nodes += [image("to_come", None), transform("waits", "Warmer"), transform("odd", "A cat", size="7x7")]
        await agree(served, "ann")
        flow = await draw(ann, graph(*nodes, edges="bad>of_bad to_come>waits"))
        quoted = {each["id"]: each["error"] for each in (await flow.quote())["nodes"]}
        assert quoted["bad"] is quoted["of_bad"] is quoted["good"] is None
        assert quoted["odd"]["field"] == "size" and "1024x1536" in quoted["odd"]["allowed"]
        with charged(quick_sandbox) as cost:
            states = await flow.run()
        assert cost.pictures == 1
        assert states.pop("good") == "done" and set(states.values()) == {"failed"}
        told = {data["id"]: data for data in flow.told("node") if data["state"] == "failed"}
        assert {id: data["code"] for id, data in told.items()} == {
            "bad": "moderation_blocked",
            "of_bad": "source_failed",
            "empty": "input_refused",
            "waits": "input_refused",
            "odd": "input_refused",
        }
        assert told["bad"]["paid"] == "unpaid" and BLOCKED_INPUT not in told["bad"]["say"]
        assert (
            told["empty"]["field"] == "instructions" and told["waits"]["field"] == "nodes.to_come.data.upload"
        )
        assert flow.seen[-1][1] == "done" and flow.seen[-1][2]["state"] == "done"

        # What was refused unpaid is asked for again by the next run, and not before.
        asked = len(quick_sandbox.log)
        assert (await flow.run("bad")) == {"bad": "failed"}
        assert len(quick_sandbox.log) == asked + 1


async def test_two_runs_at_once_pay_once(served: Served, quick_sandbox: Sandbox) -> None:
    async with served.client("ann") as ann:
        nodes = transform("a", "A cat"), transform("b", "Warmer"), transform("c", "A dog")
        await agree(served, "ann")
        drawn = await draw(ann, graph(*nodes, edges="a>b"))
        flows = [drawn, *[await draw(ann, graph(*nodes, edges="a>b"))] * 2]
        with charged(quick_sandbox) as cost:
            states = await asyncio.gather(*(flow.run() for flow in flows))
        assert cost.pictures == 3
        assert all(state in ("done", "cached") for each in states for state in each.values())
        path, headers = f"{drawn.path}events/", {"Last-Event-ID": "2"}
        seen = []
        async with ann.stream("GET", path, headers=headers) as response:
            async for each in events_of(response):
                seen.append(each)
                if each[1] == "done":
                    break
        assert seen[0][0] == 3 and seen[-1][2] == drawn.seen[-1][2]
