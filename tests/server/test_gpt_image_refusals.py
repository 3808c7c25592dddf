"""Every wrong form is refused by name, and nothing of it is kept, sent or paid."""

from typing import Any

from coach.sandbox import Sandbox
from coach.studio import Capabilities
from tests.server._serve import Served
from tests.server.test_gpt_image import drawn, refusal, words
from tests.store._images import png, quadrants, save
from tests.studio._drawn import holed

ALL, STREAM, SEVERAL = "gpt-image/advanced", "gpt-image/stream", "gpt-image/multi-reference"
PART, FAITHFUL, CLEAR, ONE = (
    *("gpt-image/inpainting", "gpt-image/high-fidelity", "gpt-image/transparent"),
    "edit-image-openai",
)
SIZES = ["auto", *Capabilities.load().model("gpt-image-2.5-sunburst").output_tokens["low"]]
TEXTS = ["prompt", "size", "quality", "background", "output_format", "output_compression", "moderation", "n"]
MODELS = [
    *("gpt-image-2.5-sunburst", "gpt-image-2.5-sunburst-2026-09-08"),
    *("gpt-image-2.5-flare", "gpt-image-2.5-flare-2026-09-08", "gpt-image-2", "gpt-image-2-2026-04-21"),
]
TEXTS += ["model", "response_format"]
FILES = ["image", "image_0"]
PROMPT, COUNT, SPAN = ["1 to 32000 characters"], ["1 to 10"], ["0 to 100"]

Files = list[tuple[str, bytes]]
PICTURE, HOLE = drawn(120), holed((120, 80), (0, 0, 40, 80))
WITH_MASK: Files = [("image", PICTURE), ("mask", HOLE)]


def several(count: int) -> Files:
    return [(f"image_{number}", PICTURE) for number in range(count)]


TEXT: tuple[tuple[str, dict[str, Any], str, list[str] | None], ...] = (
    (ALL, {"prompt": []}, "prompt", PROMPT),
    (ALL, {"prompt": " \n"}, "prompt", PROMPT),
    (STREAM, {"prompt": "x" * 33_000}, "prompt", PROMPT),
    (ALL, {"prompt": "A\x00hat"}, "prompt", None),
    (ALL, {"prompt": ["One", "Two"]}, "prompt", None),
    (ALL, {"size": "512x512"}, "size", SIZES),
    (STREAM, {"size": ""}, "size", SIZES),
    (ALL, {"quality": "ultra"}, "quality", ["auto", "low", "medium", "high", "xhigh", "max"]),
    (ALL, {"background": "clear"}, "background", ["auto", "opaque", "transparent"]),
    (CLEAR, {"background": "opaque"}, "background", ["transparent"]),
    (ALL, {"output_format": "gif"}, "output_format", ["jpeg", "webp", "png"]),
    (CLEAR, {"output_format": "jpeg"}, "output_format", ["png", "webp"]),
    (ALL, {"output_format": "webp", "output_compression": "101"}, "output_compression", SPAN),
    (ALL, {"output_format": "webp", "output_compression": "NaN"}, "output_compression", SPAN),
    (ALL, {"output_compression": "80"}, "output_compression", None),
    (ALL, {"moderation": "low"}, "moderation", ["auto"]),
    *((ALL, {"n": n}, "n", COUNT) for n in ("0", "-1", "11", "1.5", "1e0", "NaN", "", "\uff11", "9" * 5000)),
    (ALL, {"n": ["1", "1"]}, "n", None),
    (STREAM, {"partial_images": "4"}, "partial_images", ["0 to 3"]),
    (STREAM, {"partial_images": "1", "n": "2"}, "partial_images", ["0"]),
    (ALL, {"partial_images": "1"}, "partial_images", TEXTS),
    (ALL, {"response_format": "b64"}, "response_format", ["data_url", "b64_json", "url"]),
    *((ALL, {"model": name}, "model", MODELS) for name in ("gpt-image-1", "dall-e-2", "gpt-image-9", "")),
    (ALL, {"input_fidelity": "high"}, "input_fidelity", TEXTS),
    (SEVERAL, {"image_01": "x"}, "image_01", TEXTS + FILES),
    (ONE, {"image": "data:image/png;base64,AAAA"}, "image", ["a file"]),
    (ONE, {"y" * 500: "x"}, "y" * 40, TEXTS + FILES),
)
"""Texts that do not fit: the path, the fields, the one that is named, and what it may be."""

FILE: tuple[tuple[str, dict[str, str], Files, str, list[str] | None], ...] = (
    (ALL, {}, [("image", PICTURE)], "image", TEXTS),
    (ALL, {}, [("mask", HOLE)], "mask", TEXTS),
    (ONE, {}, [("size", PICTURE)], "size", ["text"]),
    (ONE, {}, [], "image", ["1"]),
    (ONE, {}, [("image", PICTURE), ("image_0", PICTURE)], "image", ["1"]),
    (ONE, {}, [("image", PICTURE), ("image", PICTURE)], "image", None),
    (SEVERAL, {}, several(1), "image", ["2 to 16"]),
    (SEVERAL, {}, several(17), "image", ["2 to 16"]),
    (SEVERAL, {}, [*several(2), ("mask", HOLE)], "mask", TEXTS + FILES),
    (FAITHFUL, {}, [], "image", ["1 to 16"]),
    (FAITHFUL, {"input_fidelity": "low"}, several(1), "input_fidelity", ["high"]),
    (PART, {}, [("image", PICTURE)], "mask", None),
    (PART, {}, [("mask", HOLE)], "image", ["1"]),
    (PART, {}, [*WITH_MASK, ("image_0", PICTURE)], "image", ["1"]),
    (PART, {}, [("image", PICTURE), ("mask", holed((60, 40), (0, 0, 9, 9)))], "mask", None),
    (PART, {}, [("image", PICTURE), ("mask", PICTURE)], "mask", None),
    (STREAM, {}, [("mask", HOLE)], "image", ["1 to 16"]),
    (STREAM, {"partial_images": "-1"}, WITH_MASK, "partial_images", ["0 to 3"]),
)
"""Files that do not fit."""

BROKEN: tuple[tuple[str, Files, str, str], ...] = (
    (ONE, [("image", png(8200, 5000))], "image", "too_many_pixels"),
    (ONE, [("image_4", save(quadrants(), "GIF"))], "image_4", "unsupported_type"),
    (SEVERAL, [("image_7", b"no picture"), ("image_3", PICTURE)], "image_7", "not_an_image"),
    (STREAM, [("image_7", PICTURE[:-40]), ("image", PICTURE)], "image_7", "broken"),
    (FAITHFUL, [("image_0", b"")], "image_0", "empty"),
)
"""Files that are no pictures to work from, each called x.png."""


async def test_what_does_not_fit_is_named_with_what_would(small: Served, quick_sandbox: Sandbox) -> None:
    before, blobs = quick_sandbox.totals.received, small.here.store.blobs
    forms = [(path, given, [], field, allowed) for path, given, field, allowed in TEXT] + list(FILE)
    for number, (path, given, files, field, allowed) in enumerate(forms):
        person = f"person-{number // 20}"  # nobody may ask for many pictures in a minute
        await small.here.store.consents.give(person, statement="I agree")
        async with small.client(person) as client:
            named = [(name, ("x.png", data)) for name, data in files]
            answer = await client.post(f"/api/ai/{path}/", data=words() | given, files=named)
        assert refusal(answer) == (422, "input_refused", field), (path, answer.text)
        assert answer.json().get("allowed") == allowed, (path, answer.text)
    assert await blobs.list() == [] and quick_sandbox.totals.received == before


async def test_a_file_that_is_no_picture_is_named_as_the_form_calls_it(
    small: Served, quick_sandbox: Sandbox
) -> None:
    before = quick_sandbox.totals.received
    await small.here.store.consents.give("ann", statement="I agree")
    async with small.client("ann") as ann:
        for path, files, field, reason in BROKEN:
            named = [(name, ("x.png", data)) for name, data in files]
            answer = await ann.post(f"/api/ai/{path}/", data=words(), files=named)
            assert refusal(answer) == (422, "photo_refused", field), (path, answer.text)
            assert answer.json()["reason"] == reason
    assert await small.here.store.blobs.list() == [] and quick_sandbox.totals.received == before


async def test_what_is_no_form_is_refused_and_a_stranger_before_it_is_read(small: Served) -> None:
    path = "/api/ai/gpt-image/advanced/"
    multipart = {"Content-Type": "multipart/form-data; boundary=b"}
    async with small.client("ann") as ann:
        assert refusal(await ann.post(path, json=words()))[:2] == (415, "not_a_form")
        assert refusal(await ann.post(path))[:2] == (415, "not_a_form")
        assert refusal(await ann.post(path, content=b"--a\r\n", headers=multipart))[:2] == (
            400,
            "bad_request",
        )
        big = await ann.post(path, content=b"x" * 1_100_000, headers=multipart)
        assert refusal(big)[:2] == (413, "too_large")
        ann.headers["Authorization"] = "Bearer nobody"
        assert refusal(await ann.post(path, json=words()))[:2] == (401, "not_signed_in")
