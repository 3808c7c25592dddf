"""What the end of a job says: each text that worker-comfyui fails with, and each shape that is odd."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from coach.errors import PictureError
from coach.studio.engines._runpod_read import read_result
from coach.studio.engines._runpod_reply import paid_of, places_of, usage_of, why_none
from tests.studio._service import store

Json = dict[str, Any]
TOO_SMALL = {
    "type": "value_smaller_than_min",
    "message": "Value -1 smaller than min of 0",
    "details": "noise_seed",
    "extra_info": {"received_value": -1},
}
NOT_THERE = {
    "type": "value_not_in_list",
    "message": "Value not in list",
    "details": "lora_1_name: 'a secret name.safetensors' not in ['None']",
}
GONE = {
    "error": {
        "type": "missing_node_type",
        "message": "Node 'TeaCache' not found. The custom node may not be installed.",
        "details": "Node ID '#41'",
        "extra_info": {"node_id": "41", "class_type": "TeaCache", "node_title": "TeaCache"},
    },
    "node_errors": {},
}
OLDER = {"error": {**GONE["error"], "type": "invalid_prompt", "extra_info": {}}, "node_errors": {}}


def refused(id: str, error: Json, kind: str) -> str:
    """The text of a refused workflow, with Python's own spelling in it, as the worker has it."""
    return f"Workflow validation failed:\n• Node {id} (errors): {[error]}\n• Node {id} (class_type): {kind}"


TEXTS = {
    "Please provide input": ("invalid_request", "Please provide input"),
    "Invalid JSON format in input": ("invalid_request", "Invalid JSON format"),
    "Missing 'workflow' parameter": ("invalid_request", "Missing 'workflow' parameter"),
    "'images' must be a list of objects with 'name' and 'image' keys": (
        "invalid_request",
        "'images' must be",
    ),
    "ComfyUI server (127.0.0.1:8188) not reachable after multiple retries.": (
        "service_error",
        "ComfyUI server",
    ),
    "Failed to upload one or more input images": ("invalid_image", "Failed to upload"),
    refused("25", TOO_SMALL, "RandomNoise"): (
        "workflow_refused",
        "Workflow validation failed; node 25; value_smaller_than_min; noise_seed",
    ),
    refused("43", NOT_THERE, "easy loraStack"): (
        "worker_lacks",
        "Workflow validation failed; node 43; value_not_in_list",
    ),
    f"{GONE['error']['message']}. Raw response: {json.dumps(GONE)}": (
        "worker_lacks",
        "missing_node_type; TeaCache",
    ),
    f"Cannot execute because node TeaCache does not exist.. Raw response: {json.dumps(OLDER)}": (
        "worker_lacks",
        "invalid_prompt",
    ),
    "Prompt has no outputs. Raw response: {}": ("service_error", "not known"),
    "Job processing failed": ("service_error", "Job processing failed"),
    "Job processing failed, prompt ID not found in history.": ("service_error", "Job processing failed"),
    "WebSocket communication error: [Errno 111]": ("service_error", "WebSocket communication error"),
    "HTTP communication error with ComfyUI: 500": ("service_error", "HTTP communication error"),
    "An unexpected error occurred: a secret prompt": ("service_error", "not known"),
    "500": ("service_error", "not known"),
}


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_of_the_worker_is_typed(text: str, wrapped: bool) -> None:
    code, why = TEXTS[text]
    error = json.dumps({"error_type": "<class 'ValueError'>", "error_message": text}) if wrapped else text
    found = why_none({"id": "a-1", "status": "FAILED", "error": error, "executionTime": 310, "delayTime": 5})
    assert (found.code, found.paid) == (code, "paid")
    assert why in found.detail or (wrapped and "ValueError" in found.detail)
    assert ("ValueError" in found.detail) is wrapped
    assert "secret" not in found.detail and "a-1 is FAILED" in found.detail
    assert found.usage == {"execution_ms": 310, "delay_ms": 5}
    assert str(found).endswith("It was charged.") and not str(found).startswith("No picture was made.")


def test_the_nodes_that_raised_are_named_without_what_they_said() -> None:
    details = ["Workflow execution error: Node Type: KSampler, Node ID: 13, Message: a secret"]
    found = why_none({"status": "FAILED", "error": "Job processing failed", "output": {"details": details}})
    assert "node 13 (KSampler)" in found.detail and "secret" not in found.detail


@pytest.mark.parametrize("given", [1, True, {"a": "secret"}, "secret", ["secret", 1]])
def test_details_of_any_form_are_no_reason_to_fail(given: object) -> None:
    found = why_none({"status": "FAILED", "output": {"details": given, "errors": given}})
    assert found.code == "service_error" and "secret" not in found.detail


def test_a_long_text_is_read_in_a_moment_and_told_in_short() -> None:
    long = "does not exist " * 60_000
    error = json.dumps({"error_type": "x" * 900_000, "error_message": long})
    began = time.process_time()
    found = why_none({"status": "FAILED", "error": error})
    assert time.process_time() - began < 1 and len(found.detail) < 400
    lacks = why_none({"status": "FAILED", "error": f"{long}\nRaw response: "})
    assert (found.code, lacks.code) == ("service_error", "worker_lacks")


@pytest.mark.parametrize(
    ("worked", "paid"),
    [(2400, "paid"), (0, "unpaid"), (None, "unknown"), ("2400", "unknown"), (-1, "unknown")],
)
def test_what_is_paid_is_the_time_of_a_worker(worked: object, paid: str) -> None:
    answer = {"status": "TIMED_OUT", "executionTime": worked}
    assert paid_of(answer) == why_none(answer).paid == paid
    assert why_none(answer).code == "timeout"
    assert usage_of(answer) == ({"execution_ms": worked} if paid in ("paid", "unpaid") else None)


@pytest.mark.parametrize(
    ("answer", "places"),
    [
        (
            {"output": {"images": [{"type": "base64", "data": "a"}, {"type": "s3_url", "data": "b"}]}},
            ["a", "b"],
        ),
        ({"output": {"images": [], "message": "a"}}, ["a"]),
        ({"output": {"message": "a"}, "images": ["b"]}, ["a"]),
        ({"output": {"job_results": {"images": ["a", {"data": "b"}]}}}, ["a", "b"]),
        ({"output": {"output": {"images": ["a"]}}}, ["a"]),
        ({"images": ["a"]}, ["a"]),
        ({"output": {"images": [{"filename": "a.png"}]}}, []),
        ({"output": {"images": [None, 3]}}, []),
        ({"output": [{"images": ["a"]}]}, []),
        ({"output": "a", "images": {"b": "c"}}, []),
        ({"output": None}, []),
    ],
)
def test_the_first_shape_that_holds_anything_counts(answer: Json, places: list[str]) -> None:
    assert places_of(answer) == places


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"status": "COMPLETED", "output": {"images": ["' + b"A" * 100,
        b'{"status": "COMPLETED", "executionTime": 3, "output": {"images": ["\\u00000", "\\u00009", "x"]}}',
        b'{"status": "COMPLETED", "executionTime": 3, "output": {"images": ["' + b"A" * 100 + b'"]}}',
    ],
)
def test_what_is_no_result_is_refused_and_kept(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        read_result(store(tmp_path / "a", body), tmp_path / "b")
    paid = "paid" if b"executionTime" in body else "unknown"
    assert (caught.value.code, caught.value.paid) == ("bad_answer", paid)
    assert not list(tmp_path.glob("b.*"))
