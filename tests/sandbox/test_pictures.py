"""Pictures through the real SDK, over real HTTP."""

import base64
import hashlib
import io
from itertools import pairwise
from typing import Any

import pytest
from openai import AsyncOpenAI
from PIL import Image

from coach.sandbox import Sandbox
from coach.sandbox.painter import NOTE, read_mark

MODEL = "gpt-image-2.5-sunburst"
PHOTO = "image/jpeg"


def opened(b64: str | None) -> Image.Image:
    """The picture in an answer."""
    return Image.open(io.BytesIO(base64.b64decode(b64 or "", validate=True)))


async def test_a_picture_is_generated_from_words_alone(openai: AsyncOpenAI) -> None:
    answer = await openai.images.generate(model=MODEL, prompt="a city at night", size="1536x1024", n=2)
    assert answer.data is not None
    first, second = (opened(one.b64_json) for one in answer.data)
    assert first.size == second.size == (1536, 1024)
    assert first.tobytes() != second.tobytes()
    assert answer._request_id is not None and answer._request_id.startswith("req_")


async def test_what_was_auto_is_resolved_in_the_answer(openai: AsyncOpenAI, photo_bytes: bytes) -> None:
    photo = ("me.jpg", photo_bytes, PHOTO)
    answer = await openai.images.edit(
        model=MODEL,
        prompt="by the sea",
        image=photo,
        size="auto",
        quality="auto",
        background="auto",
        user="u1",
    )
    said = answer.model_dump(exclude_none=True, exclude={"data", "created", "usage"})
    assert said == {
        "background": "opaque",
        "output_format": "png",
        "quality": "high",
        "safety_identifier": "u1",
        "size": "1024x1536",
    }, "the photo is upright, so the picture is"


async def test_usage_adds_up_and_is_what_the_log_counts(
    openai: AsyncOpenAI, sandbox: Sandbox, photo_bytes: bytes
) -> None:
    photos = [("me.jpg", photo_bytes, PHOTO)] * 2
    answer = await openai.images.edit(
        model=MODEL, prompt="x" * 40, image=photos, size="1024x1024", quality="high"
    )
    usage = answer.usage
    assert usage is not None and usage.output_tokens_details is not None
    assert usage.input_tokens_details.text_tokens == 10
    assert usage.input_tokens_details.image_tokens == 2048
    assert usage.output_tokens == usage.output_tokens_details.image_tokens == 1756
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens
    entry = sandbox.log[-1]
    assert entry.micros == 10 * 5 + 2048 * 8 + 1756 * 30
    assert entry.images == (hashlib.sha256(photo_bytes).hexdigest(),) * 2
    assert (entry.route, entry.model, entry.status) == ("POST /v1/images/edits", MODEL, 200)


async def test_the_same_request_draws_the_same_picture(openai: AsyncOpenAI, photo_bytes: bytes) -> None:
    async def draw(prompt: str, user: str = "a") -> bytes:
        photo = ("me.jpg", photo_bytes, PHOTO)
        answer = await openai.images.edit(
            model=MODEL, prompt=prompt, image=photo, size="1024x1024", safety_identifier=user
        )
        assert answer.data is not None
        return base64.b64decode(answer.data[0].b64_json or "")

    assert await draw("on a hill") == await draw("on a hill", "b") != await draw("on a hill.")


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
async def test_every_format_says_what_drew_it(openai: AsyncOpenAI, photo_bytes: bytes, format: Any) -> None:
    answer = await openai.images.edit(
        model=MODEL,
        prompt="in a library",
        image=("me.jpg", photo_bytes, PHOTO),
        output_format=format,
        size="1024x1024",
    )
    assert answer.data is not None
    picture = opened(answer.data[0].b64_json)
    mark = read_mark(picture)
    assert picture.format == format.upper() and mark is not None
    assert str(mark).startswith(NOTE) and mark.scene.place == "study"


async def test_a_transparent_picture_has_the_person_on_nothing(
    openai: AsyncOpenAI, photo_bytes: bytes
) -> None:
    answer = await openai.images.edit(
        model=MODEL,
        prompt="a sticker",
        image=("me.jpg", photo_bytes, PHOTO),
        background="transparent",
        size="1024x1024",
    )
    assert answer.data is not None
    alpha = opened(answer.data[0].b64_json).getchannel("A")
    assert alpha.getpixel((5, 5)) == 0 and alpha.getextrema() == (0, 255)


async def test_a_mask_changes_only_where_it_is_transparent(openai: AsyncOpenAI, photo_bytes: bytes) -> None:
    photo = Image.open(io.BytesIO(photo_bytes)).resize((1024, 1024))
    image, mask = io.BytesIO(), io.BytesIO()
    photo.save(image, "PNG")
    keep = Image.new("RGBA", photo.size, (0, 0, 0, 255))
    keep.paste((0, 0, 0, 0), (0, 0, 1024, 200))
    keep.save(mask, "PNG")
    answer = await openai.images.edit(
        model=MODEL,
        prompt="night",
        image=("me.png", image.getvalue(), "image/png"),
        mask=("mask.png", mask.getvalue(), "image/png"),
        size="1024x1024",
    )
    assert answer.data is not None
    picture = opened(answer.data[0].b64_json)
    middle, top = (300, 400, 700, 800), (300, 20, 700, 180)
    assert picture.crop(middle).tobytes() == photo.crop(middle).tobytes()
    assert picture.crop(top).tobytes() != photo.crop(top).tobytes()


async def test_a_stream_shows_less_and_less_blurred_previews(openai: AsyncOpenAI, photo_bytes: bytes) -> None:
    stream = await openai.images.edit(
        model=MODEL,
        prompt="by the sea",
        image=[("me.jpg", photo_bytes, PHOTO)],
        size="1024x1024",
        stream=True,
        partial_images=3,
    )
    events = [event async for event in stream]
    assert [event.type for event in events] == ["image_edit.partial_image"] * 3 + ["image_edit.completed"]
    assert [getattr(event, "partial_image_index", None) for event in events] == [0, 1, 2, None]
    pictures = [opened(event.b64_json).convert("L") for event in events]
    detail = [sum(map(abs, _steps(picture))) for picture in pictures]
    assert detail == sorted(detail) and len(set(detail)) == 4
    completed = events[-1]
    assert completed.type == "image_edit.completed"
    assert completed.usage.output_tokens == 1756 + 3 * 100
    assert "output_tokens_details" not in completed.usage.model_dump()


def _steps(picture: Image.Image) -> list[int]:
    """The differences along the middle row, which is free of the label."""
    row = picture.crop((0, 512, 1024, 513)).tobytes()
    return [a - b for a, b in pairwise(row)]


async def test_a_stream_without_previews_has_one_event(openai: AsyncOpenAI) -> None:
    stream = await openai.images.generate(model=MODEL, prompt="hills", size="1024x1024", stream=True)
    assert [event.type async for event in stream] == ["image_generation.completed"]
