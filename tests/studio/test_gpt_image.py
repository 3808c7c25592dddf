"""The GPT Image engine: what it puts on the wire, and what it makes of what comes back."""

import base64
import codecs
import json
import re
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from coach.errors import PictureError
from coach.studio import GptImageEngine
from coach.studio.engines import ImagePart, Order, Received, Span
from tests.studio._service import (
    answer,
    ask,
    engine_for,
    error,
    event,
    frames,
    picture,
    says,
    store,
    streams,
)

UNUSED = GptImageEngine(AsyncOpenAI(api_key="a-key", base_url="http://127.0.0.1:9"))
"""Reading needs no service."""

PHOTO = ImagePart(name="photo-1.jpg", data=b"a photo", media_type="image/jpeg")
OTHER = ImagePart(name="version-2.png", data=b"a picture", media_type="image/png")
PARAMS = {
    "model": "gpt-image-2.5-sunburst",
    "size": "1024x1536",
    "quality": "high",
    "n": 1,
    "output_format": "png",
}

GOLD, TEAL = picture("gold"), picture("teal")


def order(*images: ImagePart, mask: ImagePart | None = None, **params: object) -> Order:
    return Order(
        operation="edit" if images else "generate",
        model="gpt-image-2.5-sunburst",
        prompt="A guide under stars ✦",
        params={**PARAMS, **params},
        images=images,
        mask=mask,
    )


async def exchange(engine: GptImageEngine, wanted: Order, folder: Path) -> Received:
    media_type = await ask(engine, wanted, folder / "a.body")
    return engine.read(folder / "a.body", media_type, folder / "a.picture")


async def test_a_generation_is_one_json_post(tmp_path: Path) -> None:
    async with engine_for(says(answer(picture()))) as (engine, upstream):
        await exchange(engine, order(moderation="auto"), tmp_path)
    [asked] = upstream.asked
    assert asked.path == "/v1/images/generations"
    assert asked.json == {"prompt": "A guide under stars ✦", **PARAMS, "moderation": "auto"}
    assert asked.headers["authorization"] == "Bearer a-key"
    assert asked.headers["accept-encoding"] == "identity"


async def test_an_edit_of_one_picture_names_its_field_image(tmp_path: Path) -> None:
    async with engine_for(says(answer(picture()))) as (engine, upstream):
        await exchange(engine, order(PHOTO, stream=True), tmp_path)
    [asked] = upstream.asked
    assert asked.path == "/v1/images/edits"
    files = [(name, headers, content) for name, headers, content in asked.parts if "content-type" in headers]
    [(name, headers, content)] = files
    assert (name, content) == ("image", b"a photo")
    assert headers["content-disposition"].endswith('filename="photo-1.jpg"')
    assert headers["content-type"] == "image/jpeg"
    assert asked.fields == {
        "prompt": "A guide under stars ✦",
        "model": "gpt-image-2.5-sunburst",
        "size": "1024x1536",
        "quality": "high",
        "n": "1",
        "output_format": "png",
        "stream": "true",
    }


async def test_several_pictures_and_a_mask_keep_their_order_and_types(tmp_path: Path) -> None:
    mask = ImagePart(name="mask.png", data=b"a mask", media_type="image/png")
    async with engine_for(says(answer(picture()))) as (engine, upstream):
        await exchange(engine, order(PHOTO, OTHER, mask=mask), tmp_path)
    files = [(n, h["content-type"], c) for n, h, c in upstream.asked[0].parts if "content-type" in h]
    assert files == [
        ("image[]", "image/jpeg", b"a photo"),
        ("image[]", "image/png", b"a picture"),
        ("mask", "image/png", b"a mask"),
    ]


async def test_the_bytes_of_a_json_answer_are_kept_untouched(tmp_path: Path) -> None:
    first, second = picture("navy"), picture("teal", form="WEBP")
    async with engine_for(says(answer(first, second))) as (engine, _):
        received = await exchange(engine, order(), tmp_path)
    assert [found.path.read_bytes() for found in received.pictures] == [first, second]
    assert received.usage is not None and received.usage["output_tokens"] == 1373
    assert received.unreadable == 0


async def test_a_stream_shows_its_previews_and_ends_in_the_picture(tmp_path: Path) -> None:
    rough, final = picture("grey"), picture("gold")
    body = tmp_path / "a.body"
    async with engine_for(streams(frames(rough, picture("silver"), final=final))) as (engine, _):
        media_type = await ask(engine, order(PHOTO, stream=True, partial_images=2), body)
    finder, data = engine.find_partials(media_type), body.read_bytes()
    spans = [span for at in range(0, len(data), 7) for span in finder.feed(data[at : at + 7])]
    shown = [engine.read_partial(body, span, tmp_path / f"{n}.preview") for n, span in enumerate(spans)]
    assert [partial.index for partial in shown] == [0, 1]
    assert shown[0].picture.path.read_bytes() == rough
    received = engine.read(body, media_type, tmp_path / "a.picture")
    assert [found.path.read_bytes() for found in received.pictures] == [final]
    assert received.usage is not None and "output_tokens_details" not in received.usage


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "nothing"),
        (b"<html>busy</html>", "a page"),
        (b"[1, 2]", "a list"),
        (b"[" * 100_000, "too deep"),
        (b"x" * 3_000_000, "too long"),
        (b'{"created": 1, "data": []}', "no pictures"),
        (b'{"created": 1, "data": null}', "no data"),
        (b'{"data": [{"b64_json": null}]}', "null for a picture"),
        (b'{"data": [{"url": "http://elsewhere"}]}', "a link for a picture"),
        (b'{"data": [{"b64_json": ""}]}', "an empty picture"),
        (b'{"data": [{"b64_json": "####"}]}', "not base64"),
        (b'{"data": [{"b64_json": "AA==AAAA"}]}', "base64 that ends twice"),
        (b'{"data": [{"b64_json": "AAAA', "cut in the picture"),
        (b'{"data": [{"b64_json": "AAAA"}]', "cut after the picture"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_without_a_usable_picture_was_paid_for(body: bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        UNUSED.read(store(tmp_path / "a.body", body), "application/json", tmp_path / "a.picture")
    assert (caught.value.code, caught.value.paid) == ("bad_answer", "paid"), why


def test_one_bad_picture_does_not_take_the_good_ones_along(tmp_path: Path) -> None:
    good = base64.b64encode(picture()).decode()
    body = json.dumps({"data": [{"b64_json": "####"}, {"b64_json": good}, {"b64_json": None}]}).encode()
    received = UNUSED.read(store(tmp_path / "a.body", body), "application/json", tmp_path / "a.picture")
    assert [found.path.read_bytes() for found in received.pictures] == [picture()]
    assert received.unreadable == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (frames(picture(), final=None), "connection_lost"),
        (frames(picture(), final=picture())[:-40], "connection_lost"),
        (b"data: []\n\ndata: [DONE]\n\n", "connection_lost"),
        (
            frames(picture(), final=None) + event("error", error=error("moderation_blocked")["error"]),
            "moderation_blocked",
        ),
        (event("error", error={"code": None, "message": "x"}), "service_error"),
    ],
)
def test_a_stream_without_its_picture_may_have_been_charged(body: bytes, code: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        UNUSED.read(store(tmp_path / "a.body", body), "text/event-stream", tmp_path / "a.picture")
    assert (caught.value.code, caught.value.paid) == (code, "unknown")


@pytest.mark.parametrize(
    ("body", "pictures", "counted"),
    [
        (frames(final=GOLD) + event("error", error={"code": "server_error"}), [GOLD], True),
        (frames(final=GOLD) + b"data: [DONE]\n\n", [GOLD], True),
        (frames(final=GOLD) + event("image_edit.completed", b64_json=None), [GOLD], True),
        (frames(final=GOLD) + frames(final=TEAL), [GOLD, TEAL], False),
        (codecs.BOM_UTF8 + frames(TEAL, final=GOLD), [GOLD], True),
        (frames(TEAL, final=GOLD).replace(b"\n", b"\r"), [GOLD], True),
        (frames(TEAL, final=GOLD).replace(b"\n", b"\r\n"), [GOLD], True),
        (re.sub(rb"event: .*\n", b"", frames(TEAL, final=GOLD)), [GOLD], True),
        (frames(final=GOLD).replace(b', "usage"', b'\ndata: , "usage"'), [GOLD], True),
    ],
    ids=["an error after it", "done", "no second", "two", "a mark", "CR", "CRLF", "no names", "two lines"],
)
def test_a_picture_is_found_however_the_stream_is_written(
    body: bytes, pictures: list[bytes], counted: bool, tmp_path: Path
) -> None:
    received = UNUSED.read(store(tmp_path / "a.body", body), "text/event-stream", tmp_path / "a.picture")
    assert [found.path.read_bytes() for found in received.pictures] == pictures
    assert (received.usage is not None) is counted, "two counts are none: nobody says what each is for"


async def test_the_images_api_has_no_jobs() -> None:
    with pytest.raises(PictureError) as caught:
        async with UNUSED.resume("job_1"):
            raise AssertionError
    assert (caught.value.code, caught.value.paid) == ("interrupted", "unknown")


def test_a_partial_image_without_a_picture_is_none(tmp_path: Path) -> None:
    body = store(tmp_path / "a.body", b'{"partial_image_index": 0}')
    with pytest.raises(ValueError, match="no picture"):
        UNUSED.read_partial(body, Span(0, 26), tmp_path / "a.preview")


def test_a_stream_that_does_not_close_its_last_event_is_read(tmp_path: Path) -> None:
    body = store(tmp_path / "a.body", frames(final=picture()).rstrip(b"\n"))
    received = UNUSED.read(body, "text/event-stream", tmp_path / "a.picture")
    assert received.pictures[0].path.read_bytes() == picture()
