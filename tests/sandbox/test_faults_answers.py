"""Faults of what the answer says, and those that are a status."""

import base64
import binascii
import io
import json
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from openai import APIError, OpenAI
from PIL import Image

from coach.sandbox import Sandbox, images
from coach.sandbox.faults import MODES
from coach.sandbox.faults.content import BOMB
from tests.sandbox._wire import ORDER, STREAMED, post

STATUSES = [name for name in MODES if name.startswith("status_")]


def b64(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)


def not_base64(text: Any) -> bool:
    with pytest.raises(binascii.Error):
        b64(text)
    return True


def half_a_picture(text: Any) -> bool:
    with Image.open(io.BytesIO(b64(text))) as image, pytest.raises(OSError, match=r"truncated|broken"):
        image.load()
    return True


def a_huge_picture(text: Any) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with pytest.raises(Image.DecompressionBombError):
            Image.open(io.BytesIO(b64(text)))
    return len(b64(text)) < 100


PICTURES: dict[str, Callable[[Any], object]] = {
    "b64_null": lambda text: text is None,
    "b64_invalid": not_base64,
    "b64_html": lambda text: b64(text).startswith(b"<!doctype html>"),
    "b64_cut": half_a_picture,
    "b64_huge": a_huge_picture,
}


@pytest.mark.parametrize("mode", PICTURES)
def test_the_picture_is_none(quick: Sandbox, mode: str) -> None:
    answer = post(quick, mode)
    assert answer.status_code == 200 and answer.json()["usage"]["total_tokens"] == 198
    assert PICTURES[mode](answer.json()["data"][0]["b64_json"])
    partial, completed = events(post(quick, mode, STREAMED))
    assert PICTURES[mode](completed["b64_json"]) and completed["usage"]["total_tokens"] == 298
    assert b64(partial["b64_json"]).startswith(b"\x89PNG"), "the preview is good"


@pytest.mark.parametrize(
    ("mode", "data"),
    [("data_empty", []), ("data_null", None), ("url_only", [{"url": "https://example.org/a.png"}])],
)
def test_the_list_of_pictures_is_not_one(quick: Sandbox, mode: str, data: object) -> None:
    answer = post(quick, mode).json()
    assert answer["data"] == data and answer["usage"]["total_tokens"] == 198
    assert post(quick, mode, STREAMED).json() == {"created": 1, "data": data}


def test_the_body_is_something_else(quick: Sandbox) -> None:
    page = post(quick, "html_200")
    assert page.headers["content-type"] == "text/html; charset=utf-8" and "<h1>" in page.text
    assert post(quick, "json_array").json() == [{"b64_json": None}]
    empty = post(quick, "empty_200")
    assert (empty.status_code, empty.content, empty.headers["content-length"]) == (200, b"", "0")


def test_the_body_cannot_be_parsed(quick: Sandbox) -> None:
    cut = post(quick, "json_cut")
    assert int(cut.headers["content-length"]) == len(cut.content) > 1000
    with pytest.raises(ValueError, match="Unterminated"):
        cut.json()
    with pytest.raises(RecursionError):
        post(quick, "json_deep").json()


@pytest.mark.parametrize(("mode", "status"), [("gzip_bomb", 200), ("status_400_bomb", 400)])
def test_a_small_body_becomes_a_large_one(quick: Sandbox, mode: str, status: int) -> None:
    headers = {"authorization": "Bearer any", "x-sandbox-fault": mode, "accept-encoding": "identity"}
    with (
        httpx2.Client(base_url=quick.base_url, headers=headers) as client,
        client.stream("POST", "/images/generations", json=ORDER) as answer,
    ):
        packed = b"".join(answer.iter_raw())
    assert (answer.status_code, answer.headers["content-encoding"]) == (status, "gzip")
    assert len(packed) < 400_000
    unpacker, size = zlib.decompressobj(31), 0
    while packed:
        size += len(unpacker.decompress(packed, 2**24))
        packed = unpacker.unconsumed_tail
    assert unpacker.eof and BOMB < size < BOMB + 100, "whole, and its checksum right"


def test_the_usage_is_left_out(quick: Sandbox) -> None:
    answer = post(quick, "usage_missing").json()
    assert "usage" not in answer and b64(answer["data"][0]["b64_json"])
    _, completed = events(post(quick, "usage_missing", STREAMED))
    assert "usage" not in completed and b64(completed["b64_json"])


@pytest.mark.parametrize("mode", STATUSES)
@pytest.mark.parametrize("body", [ORDER, STREAMED], ids=["whole", "streamed"])
def test_a_status_comes_as_the_service_sends_it(quick: Sandbox, mode: str, body: Any) -> None:
    _, status, *wait = mode.split("_")
    headers = {"authorization": "Bearer any", "x-sandbox-fault": mode, "accept-encoding": "identity"}
    with (
        httpx2.Client(base_url=quick.base_url, headers=headers) as client,
        client.stream("POST", "/images/generations", json=body) as answer,
    ):
        data = b"".join(answer.iter_raw())
    assert answer.status_code == int(status) and answer.headers["x-request-id"].startswith("req_")
    if status == "308":
        assert answer.headers["location"] == "?again"
    elif status in ("502", "503", "524"):
        assert data.startswith(b"<!doctype html>") and "html" in answer.headers["content-type"]
    elif wait != ["bomb"]:
        assert list(json.loads(data)["error"])[:4] == ["message", "type", "param", "code"]
    seconds = wait[0] if status == "429" and wait and wait != ["quota"] else None
    assert answer.headers.get("retry-after") == seconds


def test_the_official_client_follows_a_redirect_and_tries_again(quick: Sandbox) -> None:
    """What the studio's own client must not do, and why these modes are here."""
    counts: dict[str, int] = {}
    for mode in ("status_308", "status_500", "status_429_1"):
        headers = {"x-sandbox-fault": mode}
        with OpenAI(base_url=quick.base_url, api_key="any", default_headers=headers, max_retries=1) as client:
            before = quick.totals.received
            with pytest.raises(APIError):
                client.images.generate(model="gpt-image-2", prompt="x", quality="low", size="1024x1024")
            counts[mode] = quick.totals.received - before
    assert counts["status_308"] > 2 and counts["status_500"] == counts["status_429_1"] == 2


def test_a_refusal_needs_no_picture(wire: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "paint", None)
    answer = wire.post("/images/generations", json=ORDER, headers={"x-sandbox-fault": "status_429"})
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"


def events(answer: httpx2.Response) -> list[Any]:
    """The data of a stream's events."""
    return [
        json.loads(event.partition("data: ")[2])
        for event in answer.text.strip().split("\n\n")
        if "{" in event
    ]


def types(quick: Sandbox, mode: str) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in events(post(quick, mode, STREAMED))]


def test_a_stream_ends_in_another_way(quick: Sandbox) -> None:
    assert types(quick, "sse_unfinished") == ["partial_image"]
    assert types(quick, "sse_twice") == ["partial_image", "completed", "completed"]
    assert types(quick, "sse_error") == types(quick, "sse_blocked") == ["partial_image", "error"]
    error = events(post(quick, "sse_blocked", STREAMED))[-1]["error"]
    assert error["code"] == "moderation_blocked" and quick.log[-1].request_id in error["message"]


def test_the_official_client_raises_on_an_error_in_a_stream(quick: Sandbox) -> None:
    headers = {"x-sandbox-fault": "sse_blocked"}
    with (
        OpenAI(base_url=quick.base_url, api_key="any", default_headers=headers) as client,
        pytest.raises(APIError, match="safety system"),
    ):
        list(client.images.generate(**STREAMED))


def test_a_stream_lies_about_its_type_or_has_bad_previews(quick: Sandbox) -> None:
    assert post(quick, "sse_wrong_type", STREAMED).headers["content-type"] == "application/json"
    partial, completed = events(post(quick, "sse_bad_preview", STREAMED))
    assert not_base64(partial["b64_json"]) and b64(completed["b64_json"])


@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if mode.streamed])
def test_a_fault_of_streams_needs_one(quick: Sandbox, mode: str) -> None:
    error = post(quick, mode).json()["error"]
    assert error["code"] == "sandbox_fault" and mode in error["message"] and "stream" in error["message"]
    assert quick.log[-1].fault is None and quick.log[-1].micros == 0


def test_a_fault_of_previews_or_pictures_needs_them(quick: Sandbox) -> None:
    answer = post(quick, "sse_bad_preview", {**STREAMED, "partial_images": 0})
    assert "stream with previews" in answer.json()["error"]["message"]
    headers = {"authorization": "Bearer any", "x-sandbox-fault": "b64_null"}
    answer = httpx2.get(f"{quick.base_url}/models", headers=headers)
    assert "an answer with a picture" in answer.json()["error"]["message"]
    body = {"model": "any", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    answer = httpx2.post(f"{quick.base_url}/chat/completions", json=body, headers=headers)
    assert "an answer with a picture" in answer.json()["error"]["message"]


def test_a_fault_strikes_chat_too(quick: Sandbox) -> None:
    headers = {"authorization": "Bearer any", "x-sandbox-fault": "half_body"}
    body = {"model": "any", "messages": [{"role": "user", "content": "Hello"}]}
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(f"{quick.base_url}/chat/completions", json=body, headers=headers)
    assert (quick.log[-1].fault, quick.log[-1].micros) == ("half_body", None)
