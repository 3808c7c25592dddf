"""The sandbox's RunPod over plain HTTP: states, limits, refusals, and what a job costs."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from coach.sandbox import Sandbox
from coach.sandbox.app import create_app
from coach.sandbox.faults import Rule
from coach.studio.comfy import Workflow, build

Json = dict[str, Any]
WORKFLOW = build(Workflow(prompt="a hill", width=64, height=96, seed=7))


@contextmanager
def http(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    """A client of its RunPod."""
    url, headers = sandbox.settings["runpod_base_url"], {"Authorization": "Bearer any"}
    with httpx2.Client(base_url=url, headers=headers, timeout=20) as client:
        yield client


def run(client: httpx2.Client, given: Any = None, **more: Any) -> str:
    """Post a job; its id."""
    posted = client.post("/flux/run", json={"input": given or {"workflow": WORKFLOW}, **more})
    assert (posted.status_code, posted.json()["status"]) == (200, "IN_QUEUE")
    id: str = posted.json()["id"]
    return id


def ended(client: httpx2.Client, id: str) -> Json:
    """A job once it is over."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        told: Json = client.get(f"/flux/status/{id}").json()
        if told["status"] not in ("IN_QUEUE", "IN_PROGRESS", "RUNNING"):
            return told
        time.sleep(0.02)
    raise TimeoutError(told)


def test_a_job_goes_its_way_and_costs_the_time_it_took() -> None:
    with Sandbox(quick=True, delay=0.4) as sandbox, http(sandbox) as client:
        jobs = [run(client) for _ in range(5)]
        states = {client.get(f"/flux/status/{id}").json()["status"] for id in jobs}
        assert "IN_QUEUE" in states and states & {"IN_PROGRESS", "RUNNING"}, "three workers"
        health = client.get("/flux/health").json()
        assert health["workers"] == {"idle": 0, "running": 3} and health["jobs"]["inQueue"] == 2
        told = [ended(client, id) for id in jobs]
        assert list(told[0]) == sorted(told[0]) and told[0]["executionTime"] >= 400
        assert told[-1]["delayTime"] > told[0]["delayTime"]
        [image] = told[0]["output"]["images"]
        assert image["type"] == "base64" and base64.b64decode(image["data"]).startswith(b"\x89PNG")
        assert sandbox.totals.micros == sum(math.ceil(each["executionTime"] / 1000) * 440 for each in told)
        assert client.get("/flux/health").json()["jobs"]["completed"] == 5


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"images": []}, "Missing 'workflow' parameter"),
        ("{", "Invalid JSON format in input"),
        (
            {"workflow": WORKFLOW, "images": "a"},
            "'images' must be a list of objects with 'name' and 'image' keys",
        ),
        (
            {"workflow": WORKFLOW, "images": [{"name": "a", "image": "####"}]},
            "Failed to upload one or more input",
        ),
        (
            {"workflow": {**WORKFLOW, "25": {**WORKFLOW["25"], "inputs": {}}}},
            "• Node 25 (errors): [{'type': 'req",
        ),
        (
            {"workflow": {"1": {"class_type": "TeaCash", "inputs": {}}}},
            '. Raw response: {"error": {"type": "missing',
        ),
        ({"workflow": {"1": "a"}}, "a node is missing the class_type property"),
        ({"workflow": {"1": {"class_type": "CLIPTextEncode", "inputs": 3}}}, "error"),
        ({"workflow": []}, '"error_type": "<class \'AttributeError\'>"'),
    ],
)
def test_a_bad_input_ends_as_the_worker_ends_it(given: Any, error: str) -> None:
    with Sandbox(quick=True) as sandbox, http(sandbox) as client:
        told = ended(client, run(client, given))
        assert told["status"] == "FAILED" and error in told["error"]


def test_what_is_no_job_is_refused_unpaid() -> None:
    with Sandbox(quick=True) as sandbox, http(sandbox) as client:
        for body in ({}, {"input": 3}, {"input": {}, "policy": {"ttl": 3}}, {"input": {}, "policy": []}):
            assert client.post("/flux/run", json=body).status_code == 400
        large = {"input": {"workflow": "x" * 10_000_001}}
        assert client.post("/flux/run", json=large).status_code == 413
        assert client.post("/elsewhere/run", json={"input": {}}).status_code == 404
        assert client.get("/flux/status/never").status_code == 404
        bad = {"Authorization": "Bearer bad-key"}
        assert client.post("/flux/run", json={"input": {}}, headers=bad).status_code == 401
        assert sandbox.totals.charged == 0


def test_a_job_that_is_stopped_says_so_and_one_that_is_over_stays() -> None:
    faults = [Rule(mode="job_works", route="run", times=1)]
    with Sandbox(quick=True, faults=faults) as sandbox, http(sandbox) as client:
        id = run(client)
        assert client.post(f"/flux/cancel/{id}").json() == {"id": id, "status": "CANCELLED"}
        assert ended(client, id)["status"] == "CANCELLED"
        id = run(client)
        ended(client, id)
        assert client.post(f"/flux/cancel/{id}").json()["status"] == "COMPLETED"


def test_results_and_jobs_are_forgotten_in_time() -> None:
    app = create_app(quick=True)
    headers = {"Authorization": "Bearer any"}
    with TestClient(app, headers=headers) as client:
        posted = client.post("/v2/flux/run", json={"input": {"workflow": WORKFLOW}}).json()
        assert app.state.endpoints.kept == 1800
        while client.get(f"/v2/flux/status/{posted['id']}").json()["status"] != "COMPLETED":
            pass
        app.state.endpoints.kept = 0.0
        assert client.get(f"/v2/flux/status/{posted['id']}").status_code == 404
