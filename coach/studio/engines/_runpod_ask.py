"""What RunPod is asked: a workflow for ComfyUI, the pictures that it works from, and the job's rules."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from coach.studio.comfy import Definitions, Finding, Graph, Workflow, build, own_definitions, validate
from coach.studio.engines import Order
from coach.studio.faults import fault

MOST_BODY = 10_000_000
"""Bytes of a request at most (runpod/docs a900806, send-requests.mdx: 10 MB)."""

WAITS = timedelta(hours=1)
"""How long a job may wait for a worker: what nobody waits for any more is not begun hours later."""

KEPT = timedelta(minutes=30)
"""For how long a result can be fetched (runpod/docs a900806, operation-reference.mdx)."""


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket for results that are too large for an answer. RunPod's workers are given its key.

    Attributes:
        endpoint: The server's address, e.g. ``https://s3.eu-central-1.amazonaws.com``.
    """

    endpoint: str
    name: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    async def empty(self, job: str) -> bool:
        """Delete what is there of a job, by its id (runpod-python names what it puts there so); whether
        there was anything.

        Raises:
            StoreUnavailable: The bucket cannot be used now.
            SettingsError: ``boto3`` is not installed.
        """
        from coach.store import S3Blobs

        blobs = S3Blobs(self.endpoint, self.name, self.access_key, self.secret_key)
        return bool((await blobs.empty(job)).blobs)


def body_of(
    order: Order, *, seconds: int, bucket: Bucket | None, definitions: Definitions | None = None
) -> dict[str, Any]:
    """The JSON that ``/run`` takes.

    Args:
        seconds: How long a worker may work on it.
        definitions: Of the nodes the workers have; ``None``: those that come with the library.

    Raises:
        PictureError: Unpaid. ``invalid_request``: the order has no workflow, or a mask; ``too_large``;
            ``workflow_refused`` or ``worker_lacks``: ComfyUI would not run the workflow.
    """
    given = order.params.get("workflow")
    if given is None or order.mask is not None:
        what = "no workflow" if given is None else "a mask, which its workflows do not take"
        raise fault("invalid_request", paid="unpaid", detail=f"The order for {order.model} has {what}.")
    workflow = Workflow.model_validate(given)
    named = zip(workflow.images, order.images, strict=True)
    images = [{"name": name, "image": image.data_url} for name, image in named]
    body: dict[str, Any] = {
        "input": {"workflow": _judged(workflow, definitions), **({"images": images} if images else {})},
        "policy": {
            "executionTimeout": seconds * 1000,
            "ttl": (seconds + int(WAITS.total_seconds())) * 1000,
        },
    }
    if bucket is not None:
        body["s3Config"] = {
            "accessId": bucket.access_key,
            "accessSecret": bucket.secret_key,
            "bucketName": bucket.name,
            "endpointUrl": bucket.endpoint,
        }
    if (size := len(json.dumps(body))) > MOST_BODY:
        detail = f"With its pictures the request has {size:,} bytes; RunPod takes {MOST_BODY:,}."
        raise fault("too_large", paid="unpaid", detail=detail)
    return body


def _judged(workflow: Workflow, definitions: Definitions | None) -> Graph:
    """The graph, which ComfyUI would run: what it refuses is paid for all the same, as a worker reads it."""
    graph, worker = build(workflow), workflow.worker
    known = own_definitions(worker.teacache) if definitions is None else definitions
    findings = validate(graph, known, images=workflow.images)
    if findings:
        code = "worker_lacks" if any(map(_is_missing, findings)) else "workflow_refused"
        wrong = "; ".join(f"node {found.node or '-'}, {found.type}: {found.say}" for found in findings[:5])
        raise fault(code, paid="unpaid", detail=f"Nothing was sent: ComfyUI would not run it. {wrong}")
    return graph


def _is_missing(found: Finding) -> bool:
    """Whether a node is not installed, or a file is not there."""
    of_file = (found.input or "").endswith(("_name", "_name1", "_name2")) and found.input != "sampler_name"
    return found.type == "missing_node_type" or (found.type == "value_not_in_list" and of_file)
