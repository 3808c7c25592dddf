"""Flows in code: what is made from what, side by side, paid once, and no more than may be spent."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

from coach import Context
from coach.errors import CoachError
from coach.events import Progress
from coach.flows import Flow, FlowEvent, NodeChanged, quote_flow, run_flow
from coach.sandbox import Sandbox
from coach.sandbox.faults import Rule
from coach.store import Store
from coach.studio import Budgets, GateLimits, GptImageEngine, Spool, Studio
from tests.server._flows import graph, text, transform

CHAIN = Flow.model_validate(
    graph(
        text("t", "A cat"), transform("a"), transform("b", "Warmer"), transform("c", "A dog"), edges="t>a a>b"
    )
)


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(quick=True, faults=getattr(request, "param", ())) as running:
        yield running


@asynccontextmanager
async def studio(store: Store, folder: Path, sandbox: Sandbox, **options: Any) -> AsyncIterator[Studio]:
    """A studio with a spool of its own, as another machine has it."""
    async with AsyncOpenAI(api_key="a-key", base_url=sandbox.base_url) as client:
        yield Studio(store=store, engine=GptImageEngine(client), spool=Spool(folder), **options)


def context(**more: str) -> Context:
    return Context(user_id="ann", conversation_id="flow", **more)


@pytest.fixture(autouse=True)
async def agreed(store: Store) -> None:
    await store.consents.give("ann", statement="yes")


async def test_two_machines_at_once_pay_once(store: Store, tmp_path: Path, sandbox: Sandbox) -> None:
    async with studio(store, tmp_path / "1", sandbox) as one, studio(store, tmp_path / "2", sandbox) as other:
        runs = [run_flow(CHAIN, studio=each, store=store, ctx=context()) for each in (one, other)]
        first, second = await asyncio.gather(*runs)
        quoted = await quote_flow(CHAIN, studio=one, store=store, user_id="ann")
    assert sandbox.totals.charged == 3
    made = [
        {id: each.generated and each.generated.versions for id, each in run.items()}
        for run in (first, second)
    ]
    assert made[0] == made[1] and all(made[0].values())
    assert quoted.micros == 0 and all(each.cached for each in quoted.nodes)


async def test_no_more_is_spent_than_a_run_may(store: Store, tmp_path: Path, sandbox: Sandbox) -> None:
    async with studio(store, tmp_path, sandbox) as free:
        quoted = {
            each.id: each for each in (await quote_flow(CHAIN, studio=free, store=store, user_id="ann")).nodes
        }
    worst = (quoted["a"].micros or 0) + (quoted["b"].micros or 0)
    assert quoted["b"].references == () and quoted["b"].mode == "edit"
    limits = GateLimits(at_once=1)
    async with studio(store, tmp_path, sandbox, budgets=Budgets(turn=worst), limits=limits) as poor:
        results = await run_flow(CHAIN, studio=poor, store=store, ctx=context(turn_id="run"))
        refused = [each.error for each in results.values() if each.error]
        assert len(refused) == 1 and "budget" in str(vars(refused[0]))
        paid = sum(each.generated.actual_micros or 0 for each in results.values() if each.generated)
        assert paid == sandbox.totals.micros <= worst
        later = await run_flow(CHAIN, studio=poor, store=store, ctx=context(turn_id="next run"))
    assert all(each.generated for each in later.values()) and sandbox.totals.charged == 3


@pytest.mark.parametrize("sandbox", [[Rule(mode="half_body", times=1)]], indirect=True)
async def test_what_may_have_been_charged_is_told_and_not_asked_for_again_by_itself(
    store: Store, tmp_path: Path, sandbox: Sandbox
) -> None:
    flow = Flow.model_validate(graph(transform("a", "A cat"), transform("b", "Warmer"), edges="a>b"))
    both = Flow.model_validate(graph(transform("a", "A cat"), transform("c", "A dog")))
    async with studio(store, tmp_path, sandbox) as here:
        for turn in ("one", "two"):
            results = await run_flow(flow, studio=here, store=store, ctx=context(turn_id=turn))
            assert getattr(results["a"].error, "paid", None) == "unknown"
            assert "not made" in str(results["b"].error)
        quoted = await quote_flow(flow, studio=here, store=store, user_id="ann")
        assert quoted.micros == 0 and all(each.error for each in quoted.nodes)
        asked = len(sandbox.log)
        results = await run_flow(both, studio=here, store=store, ctx=context(turn_id="three"))
        assert results["c"].state == "done" and len(sandbox.log) == asked + 1
        again = await run_flow(flow, studio=here, store=store, ctx=context(turn_id="four"), again={"a": 1})
        assert [each.state for each in again.values()] == ["done", "done"]


async def test_what_listens_can_end_a_run(store: Store, tmp_path: Path, sandbox: Sandbox) -> None:
    heard: list[FlowEvent] = []

    async def tell(event: FlowEvent) -> None:
        heard.append(event)
        if isinstance(event, NodeChanged) and (event.id, event.state) == ("a", "done"):
            raise CoachError("Enough.")

    async with studio(store, tmp_path, sandbox, limits=GateLimits(at_once=1)) as here:
        with pytest.raises(CoachError, match="Enough"):
            await run_flow(CHAIN, studio=here, store=store, ctx=context(), node="b", tell=tell)
        await here.close()
    assert sandbox.totals.charged == 1
    assert {each.call_id for each in heard if isinstance(each, Progress)} == {"a"}
