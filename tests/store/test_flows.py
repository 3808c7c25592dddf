"""Flows and their runs: each is its owner's, a run is of the flow as it was, and is asked for once."""

import asyncio

import pytest

from coach.errors import Conflict, NotFound
from coach.store import FlowRuns, Flows, Happenings, Store

GRAPH = {"nodes": [{"id": "a"}], "edges": []}
BODY = {"node": "a", "again": True}


async def test_a_key_asks_for_one_run_and_one_more_picture(store: Store) -> None:
    flows, runs = Flows(store.database), FlowRuns(store.database)
    flow = await flows.add("anna", GRAPH, title=" My\ncat ", tenant="t")
    assert flow.title == "My cat" and await flows.get("anna", flow.id) == flow
    asked = [runs.begin("anna", flow.id, key="k", body=BODY, holder=str(n), again="a") for n in range(8)]
    begun = await asyncio.gather(*asked)
    assert sum(is_new for _, is_new in begun) == 1 and len({run.id for run, _ in begun}) == 1
    more, _ = await runs.begin("anna", flow.id, key="l", body=BODY, holder="1", again="a")
    assert (begun[0][0].again, more.again) == ({"a": 1}, {"a": 2})
    assert (await flows.get("anna", flow.id)).again == {"a": 2}
    with pytest.raises(Conflict, match="another run"):
        await runs.begin("anna", flow.id, key="k", body={}, holder="1")


async def test_a_run_is_of_the_flow_as_it_was_until_it_ends(store: Store) -> None:
    flows, runs = Flows(store.database), FlowRuns(store.database)
    flow = await flows.add("anna", GRAPH)
    run, _ = await runs.begin("anna", flow.id, key="k", body={}, holder="1")
    changed = await flows.change("anna", flow.id, {"nodes": [], "edges": []})
    assert changed.title == flow.title and changed.updated_at > flow.updated_at
    assert (await runs.get("anna", run.id)).graph == GRAPH
    await Happenings(store.database).append("anna", flow.id, [("node", {})], turn_id=run.id)
    with pytest.raises(Conflict, match="being run"):
        await flows.remove("anna", flow.id)
    await runs.end(run, "done")
    assert (await runs.get("anna", run.id)).graph is None
    await flows.remove("anna", flow.id)
    assert await Happenings(store.database).after("anna", flow.id, 0) == []
    with pytest.raises(NotFound):
        await runs.get("anna", run.id)


async def test_somebody_elses_flow_is_as_one_that_is_not_there(store: Store) -> None:
    flows, runs = Flows(store.database), FlowRuns(store.database)
    flow = await flows.add("anna", GRAPH)
    run, _ = await runs.begin("anna", flow.id, key="k", body={}, holder="1")
    said = set()
    for flow_id, run_id in ((flow.id, run.id), ("none", "none")):
        for asked in (
            flows.get("ben", flow_id),
            flows.change("ben", flow_id, {}),
            flows.remove("ben", flow_id),
            runs.begin("ben", flow_id, key="k", body={}, holder="1"),
            runs.get("ben", run_id),
        ):
            with pytest.raises(NotFound) as refused:
                await asked
            said.add(str(refused.value).replace(flow_id, "…").replace(run_id, "…"))
    assert said == {"There is no flow '…'.", "There is no run '…'."}
    assert await flows.list("ben") == [] and await flows.list("anna") == [flow]
