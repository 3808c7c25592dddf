"""What is sent to do harm: it is refused, or kept as it is, and never breaks a stream or opens a door."""

from typing import Any

import httpx2
import pytest

from coach.store.blobs import blob_key
from tests.server._serve import Served, begin, listen, names, turn


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_blobs_key_in_a_buttons_arguments_is_no_way_to_its_picture(served: Served) -> None:
    key = blob_key("ben", "pictures", "his.png")
    await served.here.store.blobs.put(key, b"his", "image/png")
    arguments = {"blob": key, "deep": [{"blob": key}]}
    async with served.client("ann") as ann:
        seen = await turn(ann, await begin(ann), type="press", action="accept", arguments=arguments)
    assert seen[0][2] == {"type": "press", "action": "accept", "arguments": arguments}


HOSTILE = {
    "no number of JSON": '{"type": "press", "action": "a", "arguments": {"x": NaN, "y": [1e999]}}',
    "numbers that a database writes in another way": '{"type": "press", "action": "a", "arguments": {"x": '
    "[1e23, 1E-7, 1.0, -0.0, 1.7976931348623157e308, 5e-324, 12345678901234567890123]}}",
    "half a character": '{"type": "press", "action": "a", "arguments": {"\\ud800": "\\ud800"}}',
    "a NUL": '{"type": "press", "action": "a\\u0000", "arguments": {"x": "\\u0000"}}',
    "a NUL in an answer": '{"type": "decide", "call_id": "\\u0000", "digest": "\\u0000", "yes": true}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_what_no_database_keeps_is_one_turn_under_one_key(served: Served, body: str) -> None:
    async with served.client("ann") as ann:
        talk = await begin(ann)
        answers = [await _sent(ann, talk, body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "event: done" in answers[0].text
    assert answers[0].text == answers[1].text


async def test_numbers_that_differ_are_another_turn(served: Served) -> None:
    body = '{"type": "press", "action": "a", "arguments": {"x": %s}}'
    async with served.client("ann") as ann:
        talk = await begin(ann)
        numbers = ("1e23", "100000000000000000000000", "1.0e+23", "100000000000000000000001", "1.1e23")
        answers = [await _sent(ann, talk, body % number) for number in numbers]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 409, 409]


@pytest.mark.parametrize("depth", [300, 400])
@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_arguments_that_are_too_deep_are_refused(served: Served, depth: int) -> None:
    body = '{"type": "press", "action": "a", "arguments": {"x": %s}}' % ("[" * depth + "]" * depth)
    async with served.client("ann") as ann:
        answer = await _sent(ann, await begin(ann), body)
    assert (answer.status_code, answer.json()["code"]) == (422, "input_refused")


async def test_no_number_of_an_event_breaks_a_stream(served: Served) -> None:
    async with served.client("ann") as ann:
        talk = await begin(ann)
        await turn(ann, talk, type="greet")
        path = f"/api/v1/conversations/{talk}/events/"
        for told in ("9" * 30, "9" * 5000, str(2**31), str(2**63)):
            answer = await ann.get(path, params={"after": told})
            assert (answer.status_code, answer.json()["field"]) == (422, "after")
            async with ann.stream("GET", path, headers={"Last-Event-ID": told}) as watching:
                more = await turn(ann, talk, type="greet")
                assert watching.status_code == 200
            assert names(more)[-1] == "done"
        assert (await listen(ann, talk, 0, 1))[0][0] == 1


async def _sent(client: httpx2.AsyncClient, talk: str, body: str) -> httpx2.Response:
    headers: dict[str, Any] = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    return await client.post(f"/api/v1/conversations/{talk}/turns/", content=body, headers=headers)
