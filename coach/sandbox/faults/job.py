"""How a job of RunPod's can end that was taken in good order, and the shapes of its good results.

Sources: runpod/docs a900806 (job-states.mdx), runpod-python 07fc6e2 (what becomes of a handler's ``error``
and of what it raises), worker-comfyui d2a5572 and before (handler.py), and reports of results that were too
large for RunPod, whose workers log it while the job goes on for everybody else.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from coach.sandbox.faults.mode import Answer, add

RAISED = {
    "error_type": "<class 'RuntimeError'>",
    "error_message": "CUDA error: an illegal memory access was encountered",
    "error_traceback": "Traceback (most recent call last): …",
    "hostname": "sandbox",
    "worker_id": "sandbox",
    "runpod_version": "1.12.0",
}
_OF_NODE = "Workflow execution error: Node Type: SamplerCustomAdvanced, Node ID: 13, Message: Out of memory"

FAILS: dict[str, dict[str, Any]] = {
    "job_no_comfy": {"error": "ComfyUI server (127.0.0.1:8188) not reachable after multiple retries."},
    "job_node_raised": {"error": "Job processing failed", "output": {"details": [_OF_NODE]}},
    "job_no_history": {"error": "Job processing failed, prompt ID not found in history."},
    "job_no_socket": {"error": "WebSocket communication error: Connection closed"},
    "job_no_http": {"error": "HTTP communication error with ComfyUI: 500 Server Error"},
    "job_raised": {"error": json.dumps(RAISED)},
    "job_odd": {"error": "Something else, with words of a prompt"},
    "job_odd_object": {"error": {"message": "Something else"}},
}
"""What the answer of a failed job says beside its state."""


async def _taken(answer: Answer) -> Response:
    """The post of the job is answered as it should be.

    Raises:
        ApiError: It is no such post.
    """
    body = await answer.body()
    if b'"IN_QUEUE"' not in body:
        raise answer.out_of_place("the post of a job")
    return Response(body, media_type="application/json")


_WHAT = {
    **dict.fromkeys(FAILS, "A job whose worker fails: {}."),
    "job_v4": "A job whose result is that of worker-comfyui before 5.0.0.",
    "job_results": "A job whose result is in output.job_results.",
    "job_nested": "A job whose result is in output.output.",
    "job_root": "A job whose result is beside its state.",
    "job_partial": "A job with a picture, and an error of another node.",
    "job_no_pictures": "A job that ends well, with no picture.",
    "job_bad_picture": "A job whose picture is not one.",
    "job_link_inside": "A job whose result is a link that leads inside.",
    "job_timed_out": "A job that worked too long.",
    "job_cancelled": "A job that somebody cancels while it waits.",
    "job_vanishes": "A job that is gone once it is done.",
    "job_waits": "A job that waits for a worker for ever.",
    "job_works": "A job that is worked on for ever.",
    "job_uncounted": "A job that ends well and does not say how long it took.",
    "job_too_large": "A job whose result is too large for an answer, unless it has a bucket.",
}
for _name, _what in _WHAT.items():
    add(_name, _what.format(_name.removeprefix("job_")), _taken, charged=True, job=True)
