"""RunPod's serverless endpoints: ``/run``, ``/status``, ``/cancel`` and ``/health``, a queue and workers.

Sources: runpod/docs a900806 (operation-reference.mdx, job-states.mdx, send-requests.mdx), runpod-python
07fc6e2 (what becomes of what a handler raises). **Invented**, because nobody says: the bodies of refusals,
and what cancelling a job that is over is answered with.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from coach.sandbox.errors import ApiError
from coach.sandbox.faults.job import RAISED
from coach.sandbox.intake import read_json
from coach.sandbox.log import Received
from coach.sandbox.runpod_worker import MOST_RESULT, Json, TooLarge, handle
from coach.sandbox.state import admit, received, service

SERVERS = {"100": "flux", "150": "flux-150", "schnell": "flux-schnell", "kontext": "flux-kontext"}
"""The ids of the endpoints there are, by what the settings call them."""

SECOND = 440
"""What a second of a worker costs, in micro-dollars."""

KEPT = 1800.0
"""Seconds for which a result can be fetched."""

WORKERS = 3
MOST_BODY = 10_000_000
_LIMITS = {"executionTimeout": (5_000, 604_800_000), "ttl": (10_000, 604_800_000)}
_RAISES = (LookupError, TypeError, ValueError, AttributeError, OSError)
"""What a handler raises when it is sent nonsense."""
_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})


@dataclass(kw_only=True)
class Job:
    """One job: what was sent, and how far it is."""

    endpoint: str
    sent: Json
    entry: Received
    ending: str | None
    id: str = field(default_factory=lambda: f"{uuid4()}-u1")
    status: str = "IN_QUEUE"
    queued: float = field(default_factory=time.monotonic)
    began: float | None = None
    done: float | None = None
    said: Json = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    def limit(self, name: str, usual: int) -> float:
        """A rule of its own, in seconds."""
        return float(self.sent.get("policy", {}).get(name, usual)) / 1000

    def end(self, status: str, said: Json) -> None:
        """It is over; from now on it is known what it costs."""
        self.status, self.said, self.done = status, said, time.monotonic()
        worked = self.worked
        self.entry.usage = None if worked is None else {"execution_ms": worked}
        self.entry.micros = math.ceil((worked or 0) / 1000) * SECOND

    @property
    def worked(self) -> int | None:
        """How long a worker worked on it, in milliseconds; one that began took some time."""
        if self.began is None:
            return None
        return max(1, round(((self.done or time.monotonic()) - self.began) * 1000))

    def body(self) -> Json:
        """As ``/status`` tells it: by the alphabet, so how it stands comes after what came of it."""
        told: Json = {"id": self.id, "status": self.status, **self.said}
        if self.began is not None:
            told |= {"delayTime": round((self.began - self.queued) * 1000), "workerId": "sandbox"}
        if self.done is not None and self.worked is not None and self.ending != "job_uncounted":
            told["executionTime"] = self.worked
        return dict(sorted(told.items()))


class Endpoints:
    """The endpoints' jobs.

    Attributes:
        kept: Seconds for which a result can be fetched.
        most_result: Bytes of the largest result.
    """

    def __init__(self) -> None:
        self.kept, self.most_result = KEPT, MOST_RESULT
        self._jobs: dict[str, Job] = {}
        self._workers = {each: asyncio.Semaphore(WORKERS) for each in SERVERS.values()}

    def begin(self, job: Job, *, delay: float, is_quick: bool) -> None:
        """Put a job into the queue."""
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._work(job, delay, is_quick))

    def get(self, endpoint: str, id: str) -> Job | None:
        """Look one up; ``None``: it never was, or is no longer."""
        now = time.monotonic()
        self._jobs = {name: each for name, each in self._jobs.items() if self._is_there(each, now)}
        job = self._jobs.get(id)
        return job if job and job.endpoint == endpoint else None

    def of(self, endpoint: str) -> list[Job]:
        """Every job of an endpoint that is remembered."""
        return [each for each in self._jobs.values() if each.endpoint == endpoint]

    def _is_there(self, job: Job, now: float) -> bool:
        if job.ending == "job_vanishes" and job.done is not None:
            return False
        alive = now - job.queued < job.limit("ttl", 86_400_000)
        if not alive and job.task:
            job.task.cancel()
        return alive and (job.done is None or now - job.done < self.kept)

    async def _work(self, job: Job, delay: float, is_quick: bool) -> None:
        if job.ending == "job_waits":
            return
        async with self._workers[job.endpoint]:
            if job.ending == "job_cancelled":
                await asyncio.sleep(delay)
                job.end("CANCELLED", {})
                return
            job.status, job.began = "IN_PROGRESS", time.monotonic()
            # Both words are in RunPod's list, described alike.
            job.status = "RUNNING" if int(job.id[:1], 16) % 2 else "IN_PROGRESS"
            try:
                async with asyncio.timeout(job.limit("executionTimeout", 600_000)):
                    said = await self._said(job, delay, is_quick)
            except TimeoutError:
                job.end("TIMED_OUT", {})
                return
            job.end("FAILED" if "error" in said else "COMPLETED", said)

    async def _said(self, job: Job, delay: float, is_quick: bool) -> Json:
        job.said = {"output": "progress: 0/20"}
        work = asyncio.to_thread(
            handle, job.id, job.sent, job.ending, is_quick=is_quick, most=self.most_result
        )
        try:
            said: Json = (await asyncio.gather(work, asyncio.sleep(delay)))[0]
        except TooLarge:
            await asyncio.Event().wait()
            raise
        except _RAISES as exc:
            told = {**RAISED, "error_type": str(type(exc)), "error_message": str(exc)}
            said = {"error": json.dumps(told)}
        if job.ending == "job_works":
            await asyncio.Event().wait()
        if job.ending == "job_timed_out":
            raise TimeoutError
        return said


async def run(request: Request) -> Response:
    """Take a job, and answer with its id."""
    endpoint, all, entry = _endpoint(request), _all(request), received(request)
    if len(await request.body()) > MOST_BODY:
        raise _error("The request is too large.", 413)
    body = await read_json(request)
    if not isinstance(body.get("input"), dict | str):
        raise _error("input is required", 400)
    _check_policy(body.get("policy", {}))
    _note(entry, endpoint, body)
    admit(request)
    entry.late = True
    fault = request.state.fault
    job = Job(endpoint=endpoint, sent=body, entry=entry, ending=fault.mode.name if fault else None)
    all.begin(job, delay=service(request).delay, is_quick=service(request).quick)
    return JSONResponse({"id": job.id, "status": job.status})


async def status(request: Request) -> Response:
    """How a job stands."""
    return JSONResponse(_found(request).body())


async def cancel(request: Request) -> Response:
    """Stop a job that is not over."""
    job = _found(request)
    if job.status not in _OVER:
        if job.task:
            job.task.cancel()
        job.end("CANCELLED", {})
    return JSONResponse({"id": job.id, "status": job.status})


async def health(request: Request) -> Response:
    """How an endpoint stands."""
    endpoint = _endpoint(request)
    received(request).micros = 0
    states = Counter(job.status for job in _all(request).of(endpoint))
    busy = states["IN_PROGRESS"] + states["RUNNING"]
    jobs = {
        "completed": states["COMPLETED"],
        "failed": states["FAILED"] + states["TIMED_OUT"],
        "inProgress": busy,
        "inQueue": states["IN_QUEUE"],
        "retried": 0,
    }
    return JSONResponse({"jobs": jobs, "workers": {"idle": max(0, WORKERS - busy), "running": busy}})


def _note(entry: Received, endpoint: str, body: Json) -> None:
    """For the log: what was sent, without the pictures and the bucket's key."""
    given = body["input"] if isinstance(body["input"], dict) else {}
    images, bucket = given.get("images"), body.get("s3Config")
    listed = images if isinstance(images, list) else []
    texts = [str(each.get("image")) for each in listed if isinstance(each, dict)]
    entry.model, entry.images = endpoint, tuple(hashlib.sha256(each.encode()).hexdigest() for each in texts)
    entry.params = {
        "prompt": _prompt(given.get("workflow")),
        "workflow": given.get("workflow"),
        "policy": body.get("policy"),
        "bucket": bucket.get("bucketName") if isinstance(bucket, dict) else None,
    }


def _prompt(workflow: Any) -> str | None:
    nodes = workflow.values() if isinstance(workflow, dict) else ()
    encoders = [
        each for each in nodes if isinstance(each, dict) and each.get("class_type") == "CLIPTextEncode"
    ]
    given = encoders[0].get("inputs") if encoders else None
    text = given.get("text") if isinstance(given, dict) else None
    return text if isinstance(text, str) else None


def _check_policy(policy: Any) -> None:
    for name, (least, most) in _LIMITS.items():
        value = policy.get(name, least) if isinstance(policy, dict) else None
        if type(value) is not int or not least <= value <= most:
            raise _error(f"policy.{name} must be {least} to {most}", 400)


def _endpoint(request: Request) -> str:
    endpoint: str = request.path_params["endpoint"]
    if endpoint not in SERVERS.values():
        raise _error("endpoint not found", 404)
    return endpoint


def _found(request: Request) -> Job:
    received(request).micros = 0
    job = _all(request).get(_endpoint(request), request.path_params["id"])
    if job is None:
        raise _error("request does not exist", 404)
    return job


def _error(message: str, status: int) -> ApiError:
    error = ApiError(message, code=None, status=status)
    error.body = {"error": {"message": message}}
    return error


def _all(request: Request) -> Endpoints:
    found: Endpoints = request.app.state.endpoints
    return found
