"""``/v1/responses``: one picture as the image tool of a text model, in the background.

Talk goes to :mod:`coach.sandbox.responses_talk`, and nothing else is there.

Sources: openai-python 3.51.0 (types/responses/response_create_params.py, tool_param.py, response.py,
response_output_item.py) and OpenAI's guides to background mode and to the image tool. What is drawn, what is
refused and what it costs is as on the images routes; a refused picture is one whose job failed at it.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from coach.sandbox import errors
from coach.sandbox.images import Job, drawn, make_job
from coach.sandbox.intake import open_images, read_json
from coach.sandbox.responses_intake import Asked, of_tool, read_asked, wants_picture
from coach.sandbox.responses_talk import talk
from coach.sandbox.rules import BLOCKED_INPUT, BLOCKED_OUTPUT, check
from coach.sandbox.state import admit, received, service

KEPT = 600.0
"""Seconds for which a job that is done is kept (OpenAI background mode guide: roughly 10 minutes)."""

_READ, _WRITTEN = 0.25, 1.2
"""US dollars per million tokens of the text model: those of gpt-5.6-luna, its input written to the cache."""
_AROUND, _WORDS, _SEEN = 1000, 200, 1024
"""Tokens the text model reads beside the message, writes beside its words, and sees in a picture: a guess."""

_NOTHING = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}


@dataclass(kw_only=True)
class Background:
    """One response: what was asked for, and how far it is."""

    id: str = field(default_factory=lambda: f"resp_{uuid4().hex}")
    created: float = field(default_factory=time.time)
    asked: Asked
    job: Job
    refusal: Mapping[str, Any] | None
    status: str = "queued"
    item: Mapping[str, Any] | None = None
    done: float | None = None

    async def work(self, delay: float) -> None:
        """Make the picture, which takes ``delay`` seconds at least."""
        self.status, began = "in_progress", time.monotonic()
        text = None if self.refusal else await asyncio.to_thread(drawn, self.job, 0)
        await asyncio.sleep(max(0.0, delay - (time.monotonic() - began)))
        self.item = {
            "id": f"ig_{uuid4().hex}",
            "type": "image_generation_call",
            "status": "failed" if self.refusal else "completed",
            "action": "edit" if self.job.operation == "edits" else "generate",
            "revised_prompt": self.job.prompt,
            **self.job.resolved,
            "result": text,
            **({"error": self.refusal} if self.refusal else {}),
        }
        self.status, self.done = "completed", time.monotonic()

    def body(self) -> dict[str, Any]:
        """The response as the API writes it, with what was asked for."""
        asked = {name: value for name, value in self.asked.body.items() if name != "input"}
        counts = self.usage() if self.item else {"usage": None}
        return {
            "id": self.id,
            "object": "response",
            "created_at": int(self.created),
            "status": self.status,
            "error": None,
            "incomplete_details": None,
            "parallel_tool_calls": True,
            **asked,
            "output": [self.item] if self.item else [],
            **counts,
        }

    def usage(self) -> dict[str, Any]:
        """What was counted: for the text model, and for the picture."""
        words = (len(self.job.prompt.encode()) + 3) // 4
        read = 2 * (_AROUND + words + _SEEN * len(self.job.images)) + _SEEN
        said = {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": read},
            "output_tokens": _WORDS + words,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + _WORDS + words,
        }
        drawn = _NOTHING if self.refusal else self.job.usage.body(details=True)
        return {"usage": said, "tool_usage": {"image_gen": drawn, "web_search": {"num_requests": 0}}}


class Backgrounds:
    """The responses that can be asked for. ``kept``: how long after they are done, in seconds."""

    def __init__(self) -> None:
        self.kept = KEPT
        self._all: dict[str, Background] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, background: Background, delay: float) -> None:
        """Start the work."""
        self._all[background.id] = background
        task = asyncio.create_task(background.work(delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def get(self, id: str) -> Background:
        """Look one up.

        Raises:
            ApiError: It never was, or is no longer.
        """
        oldest = time.monotonic() - self.kept
        self._all = {name: one for name, one in self._all.items() if one.done is None or one.done > oldest}
        if id not in self._all:
            raise errors.no_response(id)
        return self._all[id]

    def remove(self, id: str) -> None:
        """Keep one no longer.

        Raises:
            ApiError: It never was, or is no longer.
        """
        found = self.get(id)
        del self._all[found.id]


async def create(request: Request) -> Response:
    """Take a job, answer with its id, and begin; or talk, when it is about no picture."""
    body = await read_json(request)
    if not wants_picture(body):
        return await talk(request, body)
    entry, settings = received(request), service(request)
    asked = read_asked(body)
    sent = asked.sent
    entry.params, entry.model = sent.params, sent.params["model"]
    entry.images = tuple(hashlib.sha256(image.data).hexdigest() for image in sent.images)
    try:
        rules = check("edits", sent.params, today=settings.today())
    except errors.ApiError as refused:
        raise of_tool(refused) from None
    images, mask = await asyncio.to_thread(open_images, sent, rules) if sent.images else ([], None)
    job = make_job(asked.operation, sent, rules, images, mask, settings)
    stages = {BLOCKED_OUTPUT: "output", BLOCKED_INPUT: "input"}
    stage = next((stage for word, stage in stages.items() if word in job.prompt), None)
    refusal = errors.blocked(entry.request_id, stage).body["error"] if stage else None
    background = Background(asked=asked, job=job, refusal=refusal)
    entry.usage = background.usage()
    entry.micros = _micros(entry.usage["usage"], 0 if refusal else job.usage.micros(rules))
    admit(request)
    body = background.body()
    _all(request).begin(background, settings.delay)
    return JSONResponse(body)


async def retrieve(request: Request) -> Response:
    """A job as it stands."""
    return JSONResponse(_all(request).get(request.path_params["id"]).body())


async def forget(request: Request) -> Response:
    """Delete a job and what came of it (openai-python 3.51.0, ``responses.delete``)."""
    id = request.path_params["id"]
    _all(request).remove(id)
    return JSONResponse({"id": id, "object": "response", "deleted": True})


def _all(request: Request) -> Backgrounds:
    found: Backgrounds = request.app.state.backgrounds
    return found


def _micros(said: Mapping[str, int], drawn: int | None) -> int | None:
    """The price of both models; ``None`` when the picture's is not known."""
    if drawn is None:
        return None
    return drawn + math.ceil(said["input_tokens"] * _READ) + math.ceil(said["output_tokens"] * _WRITTEN)
