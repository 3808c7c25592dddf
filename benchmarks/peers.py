"""The libraries one would use instead, each as its documentation shows, and the bare call.

After the call everybody does what their user has to: decode the base64, look whether it is a picture, write
the file.
"""

from __future__ import annotations

import base64
import io
import time
from pathlib import Path
from typing import Any, Self

from PIL import Image

KEY = "sk-bench"
PROMPT = "A calm, confident founder on a stage in warm light"
WANTED = {"model": "gpt-image-1.5", "size": "1024x1536", "quality": "high"}
STREAMED = {"stream": True, "partial_images": 3}


def streams(address: str) -> bool:
    """Whether the server at this address answers with a stream."""
    return "/sse" in address


def keep(data: bytes, path: Path) -> None:
    """Look whether it is a picture, and write it."""
    check(data)
    path.write_bytes(data)


def check(data: bytes) -> None:
    """Look at the head: is it a picture, and how large."""
    with Image.open(io.BytesIO(data)) as picture:
        if min(picture.size) < 1:
            raise ValueError("no picture")


class _Ready:
    """A peer that is ready once it is made."""

    def __init__(self, address: str, photo: bytes) -> None:
        raise NotImplementedError

    @classmethod
    async def open(cls, address: str, photo: bytes, folder: Path) -> Self:
        """See :class:`benchmarks.worker.Peer`."""
        return cls(address, photo)


class OpenAISDK(_Ready):
    """The SDK's ``images.edit``."""

    packages = ("openai", "httpx2")

    def __init__(self, address: str, photo: bytes) -> None:
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(base_url=address, api_key=KEY, max_retries=0)
        self._photo = ("photo.jpg", photo, "image/jpeg")
        self._streams = streams(address)

    async def picture(self, path: Path) -> float | None:
        """One picture. Returns the seconds until the first preview was there as bytes, if there was one."""
        wanted: dict[str, Any] = {**WANTED, "image": self._photo, "prompt": PROMPT}
        if not self._streams:
            response = await self._client.images.edit(**wanted)
            keep(base64.b64decode(response.data[0].b64_json), path)
            return None
        began, first = time.perf_counter(), None
        async for event in await self._client.images.edit(stream=True, partial_images=3, **wanted):
            data = base64.b64decode(event.b64_json)
            first = first or time.perf_counter() - began
            if event.type == "image_edit.completed":
                keep(data, path)
            else:
                check(data)
        return first


class LiteLLM(_Ready):
    """``litellm.aimage_edit``. It does not stream partial images (BerriAI/litellm issue 19569)."""

    packages = ("litellm", "openai", "aiohttp")

    def __init__(self, address: str, photo: bytes) -> None:
        import litellm

        litellm.suppress_debug_info = True
        self._edit, self._address, self._photo = litellm.aimage_edit, address, photo
        self._wanted = {**WANTED, "model": f"openai/{WANTED['model']}"}

    async def picture(self, path: Path) -> None:
        """One picture."""
        response = await self._edit(
            image=self._photo, prompt=PROMPT, api_base=self._address, api_key=KEY, **self._wanted
        )
        keep(base64.b64decode(response.data[0].b64_json), path)


class PydanticAI(_Ready):
    """pydantic-ai's ``ImageGenerator``. It has no streaming."""

    packages = ("pydantic-ai-slim", "openai")

    def __init__(self, address: str, photo: bytes) -> None:
        from pydantic_ai import BinaryImage, ImageGenerator
        from pydantic_ai.images.openai import OpenAIImageGenerationModel
        from pydantic_ai.providers.openai import OpenAIProvider

        provider = OpenAIProvider(base_url=address, api_key=KEY)
        self._generator = ImageGenerator(OpenAIImageGenerationModel(WANTED["model"], provider=provider))
        self._photo = BinaryImage(data=photo, media_type="image/jpeg")
        self._settings = {"openai_size": WANTED["size"], "openai_quality": WANTED["quality"]}

    async def picture(self, path: Path) -> None:
        """One picture."""
        result = await self._generator.generate(PROMPT, images=[self._photo], settings=self._settings)
        keep(result.images[0].content.data, path)


class BareCall(_Ready):
    """The HTTP call alone, by the client below the SDK; what comes is read and dropped."""

    packages = ("httpx2",)

    def __init__(self, address: str, photo: bytes) -> None:
        from httpx2 import AsyncClient

        self._client = AsyncClient(timeout=60, headers={"Authorization": f"Bearer {KEY}"})
        self._url, self._files = f"{address}/images/edits", {"image": ("photo.jpg", photo, "image/jpeg")}
        self._form = {**WANTED, **({"stream": "true", "partial_images": "3"} if streams(address) else {})}

    async def picture(self, path: Path) -> None:
        """One call."""
        async with self._client.stream(
            "POST", self._url, data={"prompt": PROMPT, **self._form}, files=self._files
        ) as response:
            async for _ in response.aiter_raw():
                pass
