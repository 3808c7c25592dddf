"""``/v1/images/generations`` and ``/v1/images/edits``."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from coach.sandbox import errors
from coach.sandbox.intake import Sent, open_images, read_edit, read_json
from coach.sandbox.painter import Commission, Picture, encode, paint, preview, quick
from coach.sandbox.rules import BLOCKED_INPUT, BLOCKED_OUTPUT, ModelRules, Operation, check
from coach.sandbox.state import Service, admit, received, service
from coach.sandbox.usage import Usage, measure

_EVENT = {"generations": "image_generation", "edits": "image_edit"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """A request that was found in order.

    Attributes:
        resolved: What is used of ``size``, ``quality``, ``background`` and ``output_format``: never ``auto``.
        hash: Of everything that was sent but who it is for, 64 hex digits.
        partials: How many partial images; ``None`` when the answer is not streamed.
        quick: Nothing is painted.
        drift: See :class:`~coach.sandbox.painter.Commission`.
    """

    operation: Operation
    prompt: str
    resolved: Mapping[str, str]
    images: list[Image.Image]
    mask: Image.Image | None
    hash: str
    n: int
    compression: int
    usage: Usage
    partials: int | None
    safety_identifier: str | None
    quick: bool
    drift: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        width, height = self.resolved["size"].split("x")
        return int(width), int(height)

    def echo(self) -> dict[str, Any]:
        """What the answer repeats of the request."""
        echoed: dict[str, Any] = dict(self.resolved)
        return echoed | ({"safety_identifier": self.safety_identifier} if self.safety_identifier else {})

    @property
    def transparent(self) -> bool:
        """Whether the background is left out."""
        return self.resolved["background"] == "transparent"

    def draw(self, index: int) -> Picture | None:
        """The picture of this number, half a second of a processor; ``None`` for a quick one."""
        if self.quick:
            return None
        return paint(
            Commission(
                prompt=self.prompt,
                size=self.size,
                seed=f"{self.hash}:{index}",
                images=self.images,
                mask=self.mask,
                transparent=self.transparent,
                drift=self.drift,
            )
        )

    def encoded(self, picture: Picture | None, index: int, look: int | None = None) -> str:
        """The picture of this number, or an earlier look at it, as the API sends it."""
        format, compression = self.resolved["output_format"], self.compression
        if picture is None:
            stamp, transparent = f"{self.hash}:{index}:{look}", self.transparent
            data = quick(
                self.size, format=format, compression=compression, transparent=transparent, stamp=stamp
            )
        else:
            image = picture.image if look is None else preview(picture.image, look)
            hash = self.hash[:8]
            data = encode(image, picture.mark, hash=hash, format=format, compression=compression)
        return base64.b64encode(data).decode()


async def generations(request: Request) -> Response:
    """Make pictures from words."""
    return await _answer(request, "generations", Sent(params=await read_json(request)))


async def edits(request: Request) -> Response:
    """Make pictures from words and pictures."""
    return await _answer(request, "edits", await read_edit(request))


async def _answer(request: Request, operation: Operation, sent: Sent) -> Response:
    entry, settings = received(request), service(request)
    entry.params = sent.params
    entry.images = tuple(hashlib.sha256(image.data).hexdigest() for image in sent.images)
    entry.model = sent.params["model"] if isinstance(sent.params.get("model"), str) else None
    rules = check(operation, sent.params, today=settings.today())
    images, mask = await asyncio.to_thread(open_images, sent, rules) if operation == "edits" else ([], None)
    for word, stage in ((BLOCKED_OUTPUT, "output"), (BLOCKED_INPUT, "input")):
        if word in sent.params["prompt"]:
            raise errors.blocked(entry.request_id, stage)
    job = make_job(operation, sent, rules, images, mask, settings)
    entry.usage, entry.micros = job.usage.body(details=False), job.usage.micros(rules)
    admit(request)
    if job.partials is not None:
        return StreamingResponse(_stream(job, settings.delay), media_type="text/event-stream")
    began = time.monotonic()
    texts = [await asyncio.to_thread(drawn, job, index) for index in range(job.n)]
    await asyncio.sleep(max(0.0, settings.delay - (time.monotonic() - began)))
    return JSONResponse(
        {
            "created": int(time.time()),
            "data": [{"b64_json": text} for text in texts],
            "usage": job.usage.body(details=True),
            **job.echo(),
        }
    )


def drawn(job: Job, index: int) -> str:
    """The picture of this number as the API sends it; half a second of a processor."""
    return job.encoded(job.draw(index), index)


def make_job(
    operation: Operation,
    sent: Sent,
    rules: ModelRules,
    images: list[Image.Image],
    mask: Image.Image | None,
    settings: Service,
) -> Job:
    """The work for a request that was checked: ``images`` and ``mask`` are those of ``sent``, opened."""
    given = {name: value for name, value in sent.params.items() if value is not None}
    resolved = _resolved(given, images)
    partials = given.get("partial_images", 0) if given.get("stream") else None
    width, height = map(int, resolved["size"].split("x"))
    return Job(
        operation=operation,
        prompt=given["prompt"],
        resolved=resolved,
        images=images,
        mask=mask,
        hash=_hash(operation, sent),
        n=given.get("n", 1),
        compression=given.get("output_compression", 100),
        usage=measure(
            rules,
            prompt=given["prompt"],
            images=[image.size for image in (*images, *((mask,) if mask else ()))],
            size=(width, height),
            quality=resolved["quality"],
            n=given.get("n", 1),
            partials=partials or 0,
            fidelity=given.get("input_fidelity", "low"),
        ),
        partials=partials,
        safety_identifier=given.get("safety_identifier") or given.get("user"),
        quick=settings.quick,
        drift=settings.drift,
    )


def _resolved(given: Mapping[str, Any], images: list[Image.Image]) -> dict[str, str]:
    """What ``auto`` becomes here: the shape of the first image, high quality, an opaque background."""
    size = given.get("size", "auto")
    if size == "auto":
        width, height = ImageOps.exif_transpose(images[0]).size if images else (1, 1)
        size = "1024x1024" if width == height else "1536x1024" if width > height else "1024x1536"
    quality, background = given.get("quality", "auto"), given.get("background", "auto")
    return {
        "size": size,
        "quality": "high" if quality == "auto" else quality,
        "background": "opaque" if background == "auto" else background,
        "output_format": given.get("output_format", "png"),
    }


def _hash(operation: Operation, sent: Sent) -> str:
    drawn = {name: value for name, value in sent.params.items() if name not in ("safety_identifier", "user")}
    parts = [operation, json.dumps(drawn, sort_keys=True)]
    parts += [hashlib.sha256(upload.data).hexdigest() for upload in (*sent.images, *sent.overlays.values())]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


async def _stream(job: Job, delay: float) -> AsyncIterator[str]:
    partials, kind = job.partials or 0, _EVENT[job.operation]
    pause = delay / (partials + 1)
    for index in range(job.n):
        began = time.monotonic()
        picture = await asyncio.to_thread(job.draw, index)
        for look in range(partials):
            text = await asyncio.to_thread(job.encoded, picture, index, look + 3 - partials)
            await asyncio.sleep(max(0.0, pause * (look + 1) - (time.monotonic() - began)))
            yield _event(f"{kind}.partial_image", job, text, partial_image_index=look)
        text = await asyncio.to_thread(job.encoded, picture, index)
        await asyncio.sleep(max(0.0, delay - (time.monotonic() - began)))
        yield _event(f"{kind}.completed", job, text, usage=job.usage.body(details=False))


def _event(type: str, job: Job, text: str, **more: Any) -> str:
    body = {"type": type, "b64_json": text, "created_at": int(time.time()), **job.echo(), **more}
    if type.endswith("partial_image"):
        body.pop("safety_identifier", None)
    return f"event: {type}\ndata: {json.dumps(body)}\n\n"
