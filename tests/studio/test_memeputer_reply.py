"""What an agent's reply means, in each shape that was seen of it."""

import json
import time

import pytest

from coach.studio.engines._memeputer_orders import links_in
from coach.studio.engines._memeputer_reply import LONGEST_LINK, Reply, read_reply

AT = "https://generated-images.memeputer.com/abc123.png"
SPEC = {"version": "3.0", "type": "image_sticker", "engine": "memeputer_i2i", "prompt": "A cat"}


def chat(response: object) -> bytes:
    """The reply of the chat that says this."""
    text = response if isinstance(response, str) else json.dumps(response)
    return json.dumps({"data": {"response": text, "model": "openai/gpt-4o:extended"}}).encode()


SHAPES: dict[str, bytes] = {
    "JSON in a text": chat({"image_url": AT}),
    "in a fence": chat(f"Sure!\n```json\n{json.dumps({'image_url': AT})}\n```\nEnjoy."),
    "in a fence without a name": chat(f"```\n{json.dumps({'url': AT})}\n```"),
    "JSON in prose": chat(f"Here it is: {json.dumps({'image': AT})} as you asked."),
    "JSON in a text in a text": chat(json.dumps(json.dumps({"image_url": AT}))),
    "prose": chat(f"Your sticker is ready: {AT}."),
    "markdown": chat(f"![sticker]({AT})\n\nLFG!"),
    "the bare link": chat(AT),
    "an object": json.dumps({"image_url": AT}).encode(),
    "image": chat({"image": AT}),
    "url": chat({"url": AT}),
    "the images API's": json.dumps({"data": [{"url": AT}]}).encode(),
    "the same in a text": chat({"data": [{"url": AT}]}),
    "data.url": json.dumps({"data": {"url": AT}}).encode(),
    "data.image_url": json.dumps({"data": {"image_url": AT}}).encode(),
    "plain text": AT.encode(),
    "escaped slashes": b'{"data": {"response": "{\\"image_url\\": \\"'
    + AT.replace("/", "\\\\/").encode()
    + b'\\"}"}}',
    "a spec with the picture in it": chat({**SPEC, "image_url": AT}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_link_is_found(shape: str) -> None:
    assert read_reply(SHAPES[shape]) == Reply(link=AT)


FAILURES: dict[str, tuple[bytes, str]] = {
    "apology": (chat("⚠️ An error occurred while processing. See https://memeputer.com/status"), "apology"),
    "another error": (chat({"error": "quota"}), "apology"),
    "not available": (
        chat("Sorry, image generation is not available. Write to https://x.org/help"),
        "not_available",
    ),
    "the guide's error": (
        chat({"error": "Image generation is not available. Please contact Memeputer support."}),
        "not_available",
    ),
    "the spec again": (chat(SPEC), "spec_again"),
    "the spec in prose": (chat(f"Here is the job spec:\n{json.dumps(SPEC)}"), "spec_again"),
    "needs": (chat({"needs": ["base_image"], "hint": "Upload one"}), "needs_more"),
    "talk": (chat("Here you go!"), "bad_answer"),
    "nothing": (b"", "bad_answer"),
    "a page": (b"<!doctype html><h1>One moment</h1>", "bad_answer"),
    "cut off": (chat({"image_url": AT})[:-40], "bad_answer"),
    "not UTF-8": (b"\xff\xfe{}", "bad_answer"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "bad_answer"),
    "another scheme": (chat({"image_url": "file:///etc/passwd"}), "bad_answer"),
    "a picture in the text": (chat({"image_url": "data:image/png;base64,AAAA"}), "bad_answer"),
    "too long a link": (chat({"image_url": f"{AT}?{'x' * LONGEST_LINK}"}), "bad_answer"),
}


@pytest.mark.parametrize("what", FAILURES)
def test_why_there_is_none_is_named(what: str) -> None:
    data, failure = FAILURES[what]
    reply = read_reply(data)
    assert (reply.link, reply.failure) == (None, failure)


def test_the_spec_and_what_is_needed_come_along() -> None:
    spec = read_reply(chat(SPEC)).spec
    assert spec is not None and json.loads(spec) == SPEC
    asked = read_reply(chat({"needs": ["base_image", "<b>words of theirs</b>", 7]}))
    assert asked.needs == ("base_image",), "nothing but plain words"


@pytest.mark.parametrize("filling", ["a", "\n", "```a ", "{", "\\", "https://a.b/ "])
def test_a_long_reply_that_says_nothing_is_read_at_once(filling: str) -> None:
    began = time.perf_counter()
    read_reply(f"```{filling * (250_000 // len(filling))}".encode())
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("said", [{"image_url": AT}, f"I used {AT} as the base.", {"nothing": AT}])
def test_the_base_picture_that_was_sent_is_no_answer(said: object) -> None:
    assert read_reply(chat(said), sent=[AT]).link is None
    host, _, path = AT.removeprefix("https://").partition("/")
    for same in (
        f"{AT}#made",
        f"https://{host.upper()}:443/{path}",
        f"https://{host}./{path.replace('a', '%61')}",
    ):
        assert read_reply(chat({"image_url": same}), sent=[AT]).link is None
    other = f"From {AT} I made https://cdn.memeputer.com/made"
    assert read_reply(chat(other), sent=[AT]).link == "https://cdn.memeputer.com/made"


def test_every_link_that_was_sent_is_found_where_it_stands() -> None:
    sent = {
        "message": "Like https://a.example/b.png, or <https://c.example/d>.",
        "spec": [{"x": AT}, 7, None],
    }
    sent["base_image"] = "data:image/png;base64,aGk="
    assert links_in(sent) >= {"https://a.example/b.png", "https://c.example/d", AT}
    assert "https://a.example/b(1)_" in links_in(["https://a.example/b(1)_"])


def test_of_several_links_in_prose_one_to_a_picture_is_taken() -> None:
    said = f"Rules: https://memeputer.com/rules, and your sticker: {AT}?sig=1"
    assert read_reply(chat(said)).link == f"{AT}?sig=1"


@pytest.mark.parametrize("piece", [" ", "a", "\n", "```"])
def test_a_fence_that_does_not_end_is_read_quickly(piece: str) -> None:
    began = time.perf_counter()
    assert read_reply(f"```{piece * (250_000 // len(piece))}".encode()).failure == "bad_answer"
    assert time.perf_counter() - began < 1
