"""Long calls as tasks, in raw JSON over real HTTP and stdio: the official client has nothing for them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp_types import HEADER_MISMATCH, INVALID_PARAMS, MISSING_REQUIRED_CLIENT_CAPABILITY

import coach
from coach.adapters.mcp import CALL_ID
from coach.adapters.mcp._talks import KIND
from coach.adapters.mcp._tasks import TASKS, TTL
from coach.pending import CallRecord, bound, digest_of
from coach.sandbox import Sandbox
from coach.store.lease import held
from tests._environment import environment
from tests._terms import asked, begin, confirming
from tests._tree import ROOT
from tests.server._serve import Served, an_app, serving, settings_for

REVISION = "2026-07-28"
MAKE = {"name": "generate_identity_image", "arguments": {"identity_id": "i1"}}
ASKED = {"identity_id": "i1", "prompt": None, "anyway": False}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(quick=True) as running:
        yield running


@pytest.fixture
async def served(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(an_app(settings_for(sandbox, tmp_path), faces=None)) as running:
        yield running


@pytest.fixture
async def ann(served: Served) -> AsyncIterator[Raw]:
    async with served.client("ann") as client:
        yield Raw(client)


@pytest.fixture
async def bob(served: Served) -> AsyncIterator[Raw]:
    async with served.client("bob") as client:
        yield Raw(client)


class Raw:
    """A client that has tasks, and can ask its user, unless the test says otherwise."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def ask(
        self, method: str, params: dict[str, Any], *, can: Any = None, named: str | None = None, **meta: Any
    ) -> Any:
        """A result, or an error."""
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": REVISION,
            "Mcp-Method": method,
            "Mcp-Name": named or params.get("name") or params.get("taskId") or "",
        }
        sent = await self._client.post("/mcp", json=request(method, params, can, meta), headers=headers)
        answer = (
            sent.text.rpartition("data: ")[2] if "event-stream" in sent.headers["content-type"] else sent.text
        )
        answered = json.loads(answer)
        return answered.get("result") or answered["error"]

    async def ended(self, task_id: str) -> Any:
        """A task, when it is not at work any more."""
        while (task := await self.ask("tasks/get", {"taskId": task_id}))["status"] == "working":
            pass
        return task


def request(method: str, params: dict[str, Any], can: Any = None, meta: Any = None) -> dict[str, Any]:
    can = {"elicitation": {"form": {}}, "extensions": {TASKS: {}}} if can is None else can
    own = {
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": can,
    }
    return {
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        "params": {**params, "_meta": {**own, **(meta or {})}},
    }


async def about_to_see(store: coach.Store, photo: bytes | None) -> str:
    """Ann has all that a picture needs; her conversation's id."""
    identity = await store.identities.add("ann", "Night-sky guide")
    await store.identities.update("ann", identity.handle, visualization="On a hill at night, with stars.")
    talk = await store.conversations.only("ann", of=KIND, coach="reference", phase="introduction")
    await store.conversations.move("ann", talk.id, "identity_visualization")
    if photo is not None:
        await store.consents.give("ann", statement="yes")
        await store.photos.add("ann", photo)
    return talk.id


async def test_a_picture_is_a_task_that_ends_with_what_a_plain_call_gives(
    served: Served, ann: Raw, photo_bytes: bytes
) -> None:
    store = served.here.store
    await about_to_see(store, photo_bytes)
    found = await ann.ask("server/discover", {})
    assert found["capabilities"]["extensions"] == {TASKS: {}} and "tasks" not in found["capabilities"]
    task = await ann.ask("tools/call", MAKE)
    assert (task["resultType"], task["status"]) == ("task", "working")
    assert task["ttlMs"] == TTL.total_seconds() * 1000
    assert not {"result", "error", "inputRequests", "requestState", "content"} & task.keys()
    ended = await ann.ended(task["taskId"])
    assert (ended["resultType"], ended["status"], ended["createdAt"]) == (
        "complete",
        "completed",
        task["createdAt"],
    )
    plain = await ann.ask("tools/call", MAKE, can={}, **{CALL_ID: task["taskId"]})
    kept = {name: plain[name] for name in ("content", "structuredContent", "isError")}
    assert {name: ended["result"].get(name) for name in kept} == kept
    assert kept["content"][1]["uri"] == "coach://pictures/i1/v1"
    assert (await ann.ask("tasks/cancel", {"taskId": task["taskId"]})).keys() == {"resultType", "_meta"}
    assert len(await store.versions.list("ann", "i1")) == 1


async def test_what_a_person_has_to_answer_is_asked_before_there_is_a_task(
    served: Served, ann: Raw, photo_bytes: bytes
) -> None:
    store = served.here.store
    await about_to_see(store, None)
    first = await ann.ask("tools/call", MAKE)
    assert first["resultType"] == "input_required"
    await store.photos.add("ann", photo_bytes)
    agrees = {"action": "accept", "content": {"statement": "This is me, and I am an adult."}}
    answer = {"requestState": first["requestState"], "inputResponses": {"answer": agrees}}
    task = await ann.ask("tools/call", {**MAKE, **answer})
    assert task["resultType"] == "task"
    assert (await ann.ended(task["taskId"]))["result"]["structuredContent"]["state"] == "done"


async def test_no_task_for_who_has_none(served: Served, ann: Raw, photo_bytes: bytes) -> None:
    await about_to_see(served.here.store, photo_bytes)
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        error = await ann.ask(method, {"taskId": "t1", "inputResponses": {}}, can={})
        assert error["code"] == MISSING_REQUIRED_CLIENT_CAPABILITY
        assert error["data"] == {"requiredCapabilities": {"extensions": {TASKS: {}}}}
    watch = {"notifications": {"taskIds": ["t1"]}}
    error = await ann.ask("subscriptions/listen", watch, can={})
    assert error["code"] == MISSING_REQUIRED_CLIENT_CAPABILITY
    for can, meta in (({}, {}), (None, {CALL_ID: "mine"})):
        made = await ann.ask("tools/call", MAKE, can=can, **meta)
        assert made["resultType"] == "complete" and made["structuredContent"]["state"] == "done"
    quick = await ann.ask(
        "tools/call", {"name": "show_identity_versions", "arguments": {"identity_id": "i1"}}
    )
    assert quick["resultType"] == "complete"


async def test_a_task_is_its_persons_alone_and_has_its_time(
    served: Served, ann: Raw, bob: Raw, photo_bytes: bytes
) -> None:
    store = served.here.store
    where = await about_to_see(store, photo_bytes)
    task = {"taskId": (await ann.ask("tools/call", MAKE))["taskId"]}
    old = left("t" + "0" * 32, where, created_at=datetime.now(UTC) - TTL)
    plain = left("m1", where)
    for record in (old, plain):
        await store.calls.begin(record)
    unknown = await bob.ask("tasks/get", {"taskId": "t" + "f" * 32})
    assert unknown["code"] == INVALID_PARAMS
    for client, tried in ((bob, task["taskId"]), (ann, old.call_id), (ann, plain.call_id), (ann, "x" * 9000)):
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            assert await client.ask(method, {"taskId": tried, "inputResponses": {}}) == unknown
    wrong = await ann.ask("tasks/get", task, named="another")
    assert wrong["code"] == HEADER_MISMATCH
    assert (await ann.ended(task["taskId"]))["status"] == "completed"


def left(call_id: str, conversation_id: str, **more: Any) -> CallRecord:
    """A call whose process died."""
    given: dict[str, Any] = {
        "user_id": "ann",
        "conversation_id": conversation_id,
        "call_id": call_id,
        "action": MAKE["name"],
        "arguments": ASKED,
        "digest": digest_of(str(MAKE["name"]), ASKED),
        "phase": "identity_visualization",
        "prompt_version": "",
        "state": "running",
        "created_at": datetime.now(UTC),
    }
    return CallRecord(**given | more)


async def test_a_restart_says_what_is_known_and_asks_again_for_what_had_its_yes(
    served: Served, ann: Raw, photo_bytes: bytes
) -> None:
    store = served.here.store
    where = await about_to_see(store, photo_bytes)
    turn = await begin(confirming(served.here.coach), conversation_id=where)
    question = await asked(turn, str(MAKE["name"]))
    shown = await store.calls.find("ann", where, question.call_id)
    assert shown is not None
    died = left("t" + "1" * 32, where)
    agreed = bound(replace(shown, call_id="t" + "2" * 32, state="running"), question.terms)
    for record in (died, agreed):
        await store.calls.begin(record)
    async with held(store.conversations, "ann", where, patience=0):  # another process is at work
        assert (await ann.ask("tasks/get", {"taskId": died.call_id}))["status"] == "working"
    cut_off = await ann.ask("tasks/get", {"taskId": died.call_id})
    assert (cut_off["status"], cut_off["result"]["isError"]) == ("completed", True)
    assert "cut off" in cut_off["result"]["content"][0]["text"]
    assert await store.versions.list("ann", "i1") == []  # to look pays nothing

    waits = await ann.ask("tasks/get", {"taskId": agreed.call_id})
    [(key, shows)] = waits["inputRequests"].items()
    assert waits["status"] == "input_required" and shows["method"] == "elicitation/create"
    cannot_ask = await ann.ask("tasks/get", {"taskId": agreed.call_id}, can={"extensions": {TASKS: {}}})
    assert cannot_ask["result"]["structuredContent"]["state"] == "waiting"
    for answer in ({"other": {"action": "accept"}}, {key: {"action": "cancel"}}):
        await ann.ask("tasks/update", {"taskId": agreed.call_id, "inputResponses": answer})
        assert (await ann.ask("tasks/get", {"taskId": agreed.call_id})) == waits
    yes = {"taskId": agreed.call_id, "inputResponses": {key: {"action": "accept", "content": {}}}}
    for _ in range(2):
        assert (await ann.ask("tasks/update", yes))["resultType"] == "complete"
    assert (await ann.ended(agreed.call_id))["result"]["structuredContent"]["state"] == "done"
    assert len(await store.versions.list("ann", "i1")) == 1


def test_over_stdio(sandbox: Sandbox, tmp_path: Path, photo_bytes: bytes) -> None:
    home = {"COACH_HOME": str(tmp_path / "home"), **environment(sandbox)}

    async def before() -> None:
        settings = coach.Settings.read(home=tmp_path / "home", openai_api_key=sandbox.api_key)
        async with coach.open("coach.reference", settings) as opened:
            await about_to_see(opened.service("store", coach.Store), photo_bytes)

    asyncio.run(before())
    command = [sys.executable, "-W", "error", "-m", "coach", "mcp", "--user", "ann"]
    env, pipe = {**os.environ, **home, "PYTHONPATH": str(ROOT)}, subprocess.PIPE
    with subprocess.Popen(command, env=env, cwd=tmp_path, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None and process.stdout is not None

        def ask(method: str, params: dict[str, Any]) -> Any:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(json.dumps(request(method, params)).encode() + b"\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())["result"]

        task = ask("tools/call", MAKE)
        assert (task["resultType"], task["status"]) == ("task", "working")
        while (now := ask("tasks/get", {"taskId": task["taskId"]}))["status"] == "working":
            assert now["statusMessage"].endswith("what is begun is finished and kept.")
        assert now["result"]["content"][1]["uri"] == "coach://pictures/i1/v1"
        process.terminate()
