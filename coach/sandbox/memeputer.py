"""Memeputer: an agent's chat, which writes job specs and makes stickers, and the direct endpoint of the
user's guide. Pictures are answered with links to here.

What is known of the chat is how the public client of its sticker bot calls it (MrGood89/PackPuter, read
2026-11-20), and of the direct endpoint what the user's guide says. **Invented**, because nobody says: the
refusals, that a spec is free, and the price.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Any

from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from coach.sandbox import errors
from coach.sandbox.intake import IMAGE_BYTES, Upload, open_image, read_json, referenced
from coach.sandbox.memeputer_spec import (
    CHAT_FIELDS,
    DIRECT_FIELDS,
    SIZE,
    fields,
    prompt_of,
    wants_picture,
    write_spec,
)
from coach.sandbox.painter import Commission, encode, paint, quick
from coach.sandbox.state import admit, received, service

MODEL = "memeputer"
PRICE = 50_000
"""What a picture costs, in micro-dollars (invented: the one price its paid agents were seen with)."""

_KEPT = 200
_ASSET = "asset"
"""The name of the picture that is always there: a character on nothing, as the bot prepares them."""


@dataclass(kw_only=True)
class Made:
    """The pictures that can be fetched, by names that cannot be guessed; the last ones."""

    _pictures: OrderedDict[str, bytes] = field(default_factory=OrderedDict)

    def add(self, data: bytes) -> str:
        """Keep one; returns its name."""
        name = token_urlsafe(24)
        self._pictures[name] = data
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        return name

    def get(self, name: str) -> bytes | None:
        """One of them, or the asset."""
        if name == _ASSET and name not in self._pictures:
            self._pictures[name] = _drawn("A cheerful character", "asset", (), is_quick=False)
        return self._pictures.get(name)


async def chat(request: Request) -> Response:
    """A spec, or the picture when the message orders it."""
    body = await _read(request, CHAT_FIELDS)
    message = body.get("message")
    if not isinstance(message, str) or not message.strip():
        raise errors.missing("message")
    base = await _base(request, body.get("base_image") or body.get("base_image_url"))
    if base is None:
        received(request).micros, hint = 0, "Upload a character asset first."
        return said(json.dumps({"needs": ["base_image"], "hint": hint}))
    if not wants_picture(message):
        received(request).micros = 0
        return said(json.dumps(write_spec(body)))
    link = await _picture(request, prompt_of(body), base)
    return said(json.dumps({"image_url": link}))


async def direct(request: Request) -> Response:
    """The picture, as the user's guide asks for it."""
    body = await _read(request, DIRECT_FIELDS)
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise errors.missing("prompt")
    fixed = {"width": SIZE[0], "height": SIZE[1], "n": 1, "response_format": "url"}
    for name, value in fixed.items():
        if body.get(name) != value:
            raise errors.not_one_of(name, body.get(name), [str(value)])
    base = await _base(request, body.get("base_image_url"))
    if base is None:
        raise errors.missing("base_image_url")
    return JSONResponse({"data": [{"url": await _picture(request, prompt, base)}]})


async def picture(request: Request) -> Response:
    """A picture, for whoever knows its link."""
    data = await asyncio.to_thread(_made(request).get, request.path_params["name"])
    received(request).micros = 0
    return Response(status_code=404) if data is None else Response(data, media_type="image/png")


def said(text: str, *, status: int = 200) -> Response:
    """A reply of the agent."""
    told = {"response": text, "model": "openai/gpt-4o:extended", "temperature": 1.6}
    return JSONResponse({"data": told}, status)


async def _read(request: Request, known: Collection[str]) -> dict[str, Any]:
    """The body, of which nothing is there that nobody was seen to send."""
    body, entry = await read_json(request), received(request)
    entry.params, entry.model = fields(body), MODEL
    for name in body.keys() - set(known):
        raise errors.unknown(name)
    return body


async def _base(request: Request, given: object) -> tuple[Upload, Image.Image] | None:
    """The base picture: sent along, or one that can be fetched here. Nothing else is fetched."""
    if not isinstance(given, str):
        return None
    here = f"{request.base_url}pictures/"
    if given.startswith("data:"):
        upload = referenced("base_image", {"image_url": given})
    elif given.startswith(here) and (
        data := await asyncio.to_thread(_made(request).get, given.removeprefix(here).removesuffix(".png"))
    ):
        upload = Upload(param="base_image_url", data=data, mime="image/png")
    else:
        return None
    image = await asyncio.to_thread(open_image, upload, 1, IMAGE_BYTES)
    received(request).images = (hashlib.sha256(upload.data).hexdigest(),)
    return upload, image


async def _picture(request: Request, prompt: str, base: tuple[Upload, Image.Image]) -> str:
    """Price, draw and keep a picture; returns its link."""
    settings, began = service(request), time.monotonic()
    received(request).usage, received(request).micros = {"pictures": 1}, PRICE
    admit(request)
    seed = hashlib.sha256(prompt.encode() + base[0].data).hexdigest()
    if settings.quick:
        seed += received(request).request_id
    data = await asyncio.to_thread(_drawn, prompt, seed, (base[1],), is_quick=settings.quick)
    await asyncio.sleep(max(0.0, settings.delay - (time.monotonic() - began)))
    return f"{request.base_url}pictures/{_made(request).add(data)}.png"


def _drawn(prompt: str, seed: str, images: tuple[Image.Image, ...], *, is_quick: bool) -> bytes:
    """A sticker: the character of the base picture on nothing."""
    if is_quick:
        return quick(SIZE, format="png", compression=100, transparent=True, stamp=seed)
    drawn = paint(Commission(prompt=prompt, size=SIZE, seed=seed, images=images, transparent=True))
    return encode(drawn.image, drawn.mark, hash=seed[:8], format="png")


def _made(request: Request) -> Made:
    found: Made = request.app.state.made
    return found
