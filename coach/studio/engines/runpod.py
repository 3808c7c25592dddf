"""FLUX on RunPod: ComfyUI workers that are rented by the second (worker-comfyui, and what answers like it).

A job has an id before a worker begins. It is written down first of all, with the endpoint it belongs to, so a
crash, a broken connection or a deadline does not lose the picture: the same job is looked at again. A job
whose process died between the post leaving and its id arriving stays in doubt.

What is charged is the time of a worker, whatever comes of it. ``executionTime`` says how long it worked on
the job; how long it took to start, and idled afterwards, is charged too and said nowhere.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from coach.errors import PictureError
from coach.fetch import Fetcher
from coach.studio.capabilities import Capabilities, Prices
from coach.studio.comfy import Definitions
from coach.studio.engines import Answer, Begun, Order, Received, Span
from coach.studio.engines._jobs import HUNG, PASSING, Arriving, Job, JobEngine
from coach.studio.engines._runpod_ask import KEPT, WAITS, Bucket, body_of
from coach.studio.engines._runpod_links import read_small, with_pictures
from coach.studio.engines._runpod_read import read_result
from coach.studio.engines._runpod_reply import FINAL, is_link, places_of
from coach.studio.engines._runpod_wire import RunPost, Wire
from coach.studio.faults import fault

BASE_URL = "https://api.runpod.ai/v2"
_JOB = re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class Health:
    """How an endpoint stands: its workers, and the jobs that wait and that are worked on."""

    idle: int
    running: int
    waiting: int
    in_progress: int


class RunPodEngine(JobEngine):
    """Pictures of a ComfyUI workflow (``Order.params["workflow"]``), as jobs of serverless endpoints.

    Args:
        key: RunPod's API key.
        endpoints: The id of the endpoint of each model.
        fetcher: Follows links to results that came by way of a bucket.
        usd: What a second of a worker costs; ``None``: not known.
        most: Seconds a worker may work on one job; RunPod ends it then.
        teacache: The version of ComfyUI-TeaCache in the workers, or ``off``; ``None``: as the table has it.
        definitions: Of the nodes the workers have, to judge workflows by before a worker is paid for;
            ``None``: those that come with the library, which know no files.
        bucket: Where results go that are too large for an answer; ``None``: they are lost.
        seconds: How long one picture may take in all. After that its job still goes on at the service.
        poll: Seconds between two looks at a job; they grow to five times that.
        looks: How often it is looked at, at most.
        url: The service's address.
        trust_env: Whether the environment may name a proxy.
    """

    name = service = "runpod"
    kept_for, stops_jobs = "about 30 minutes after it is done", True

    def __init__(
        self,
        *,
        key: str,
        endpoints: Mapping[str, str],
        fetcher: Fetcher,
        usd: Decimal | None = None,
        most: int = 700,
        teacache: str | None = None,
        definitions: Definitions | None = None,
        bucket: Bucket | None = None,
        seconds: float = 180,
        poll: float = 1,
        looks: int | None = 120,
        url: str = BASE_URL,
        trust_env: bool = True,
    ) -> None:
        super().__init__(seconds=seconds, poll=poll, looks=looks)
        self._wire = Wire(url, key, trust_env=trust_env)
        self._endpoints, self._fetcher, self._bucket = dict(endpoints), fetcher, bucket
        self._usd, self._most, self._teacache, self._definitions = usd, most, teacache, definitions
        self.keeps_jobs = WAITS + KEPT + timedelta(seconds=most)

    def offers(self, table: Capabilities) -> Capabilities:
        """The models that have an endpoint, at the operator's price."""
        micros = None if self._usd is None else self._usd * 1_000_000
        prices = Prices(second=micros, checked=table.checked, source="the operator")
        models = {name: each for name, each in table.models.items() if each.engine != self.service}
        for name in table.models.keys() & self._endpoints.keys():
            model = table.models[name]
            changed: dict[str, Any] = {"prices": prices, "seconds": self._most}
            if self._teacache and model.worker:
                changed["worker"] = model.worker.model_copy(update={"teacache": self._teacache})
            models[name] = model.model_copy(update=changed)
        return table.model_copy(update={"models": models})

    @asynccontextmanager
    async def send(self, order: Order, *, begun: Begun) -> AsyncIterator[Answer]:
        """See :class:`coach.studio.engines.Engine`."""
        endpoint, post = self._endpoints[order.model], RunPost()
        body = body_of(order, seconds=self._most, bucket=self._bucket, definitions=self._definitions)

        async def take(job: Job) -> None:
            await _begin(job, endpoint, await self._wire.run(post, endpoint, body))

        async with self._asked(post, take, begun) as answer:
            yield answer

    async def forget(self, job_id: str) -> bool:
        """Have a job stopped, and what it put into the bucket deleted.

        RunPod deletes no results; after half an hour it forgets them by itself.

        Returns:
            Whether there was anything of it.

        Raises:
            PictureError: It could not be asked; or ``kept_for_a_while``: the job is over, and its result can
                still be fetched.
            StoreUnavailable: The bucket cannot be used now.
        """
        async with self._wire.opened("POST", _place(job_id, "cancel")) as stopped:
            known = stopped is not None
        # What is stopped puts nothing more there.
        put = await self._bucket.empty(job_id.partition("/")[2]) if self._bucket else False
        if not known:
            return put
        async with self._wire.opened("GET", _place(job_id, "status")) as stands:
            if stands is not None and await self._has_result(stands):
                detail = f"The job {job_id} is over; RunPod forgets its result by itself."
                raise fault("kept_for_a_while", paid="unknown", detail=detail)
        return True

    async def health(self, model: str) -> Health:
        """How the endpoint of a model stands. It costs nothing.

        Raises:
            PictureError: It cannot be asked.
        """
        async with self._wire.opened("GET", f"/{self._endpoints[model]}/health") as answer:
            said = None if answer is None else await read_small(answer)
        if said is None:
            detail = f"The endpoint that is set for {model} is not there, or is no endpoint."
            raise fault("model_not_found", paid="unpaid", detail=detail)
        jobs, workers = _counts(said.get("jobs")), _counts(said.get("workers"))
        return Health(
            idle=workers.get("idle", 0),
            running=workers.get("running", 0),
            waiting=jobs.get("inQueue", 0),
            in_progress=jobs.get("inProgress", 0),
        )

    def read(self, body: Path, media_type: str, into: Path, where: Sequence[Span] | None = None) -> Received:
        """See :class:`coach.studio.engines.Engine`. ``usage`` has the milliseconds of a worker."""
        return read_result(body, into)

    async def _has_result(self, answer: Arriving) -> bool:
        """Whether there is a picture in an answer; our own bucket is empty."""
        places = places_of(await read_small(answer) or {})
        return answer.is_long or any(not (self._bucket and is_link(place)) for place in places)

    async def _opened(self, answer: Arriving) -> Answer:
        return await with_pictures(self._fetcher, answer)

    async def _look(self, job: Job) -> Arriving | None:
        """See :class:`JobEngine`."""
        job.wait = 0.0
        try:
            async with asyncio.timeout(HUNG):
                answer = await self._wire.ask("GET", _place(job.id, "status"))
                if answer is not None:
                    return await _if_final(answer)
        except PictureError as error:
            if error.code not in PASSING:
                detail = f"The job {job.id} cannot be looked at. {error.detail}"
                raise fault(error.code, paid="unknown", detail=detail, request_id=job.request_id) from None
            job.wait = error.retry_after or 0.0
            return None
        except TimeoutError:
            return None
        detail = f"The job {job.id} is no longer there; RunPod keeps them for {self.kept_for}."
        raise fault("interrupted", paid="unknown", detail=detail, request_id=job.request_id)


def _place(job_id: str, what: str) -> str:
    """Where a job is asked for.

    Raises:
        PictureError: ``interrupted``: it is no job of RunPod's.
    """
    if not _JOB.fullmatch(job_id):
        raise fault("interrupted", paid="unknown", detail="The ledger's job is none of RunPod's.")
    endpoint, _, job = job_id.partition("/")
    return f"/{endpoint}/{what}/{job}"


async def _begin(job: Job, endpoint: str, answer: Arriving) -> None:
    """Learn the id of a job that was posted; nothing else of the answer matters."""
    job.request_id = answer.request_id
    try:
        said = await read_small(answer)
    finally:
        await answer.close()
    id = said.get("id") if said else None
    found = f"{endpoint}/{id}" if isinstance(id, str) else ""
    if not _JOB.fullmatch(found):
        detail = "The service took the job and gave it no id."
        raise fault("bad_answer", paid="unknown", detail=detail, request_id=job.request_id)
    job.id = found


async def _if_final(answer: Arriving) -> Arriving | None:
    """The answer, when its job is over; else it is closed."""
    final = False
    try:
        said = await read_small(answer)
        # RunPod says last how a job stands; what is too long to be looked into first has a picture.
        final = answer.is_long or (said is not None and said.get("status") in FINAL)
    finally:
        if not final:
            await answer.close()
    return answer if final else None


def _counts(said: object) -> dict[str, int]:
    given = said if isinstance(said, Mapping) else {}
    return {str(name): count for name, count in given.items() if type(count) is int}
