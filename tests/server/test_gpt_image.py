"""Pictures by themselves over HTTP: what each path makes, what it costs, and who may."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coach.sandbox import Sandbox
from coach.server.routes.gpt_image import PicturesOut
from coach.studio.uploads import read_upload
from tests.server._curl import RUNS, Runs
from tests.server._serve import Served, an_app, serving, settings_for
from tests.store._images import quadrants, save
from tests.studio._drawn import holed

Posted = Awaitable[httpx2.Response]
EXAMPLES = (
    """curl -X POST http://localhost:8000/api/ai/gpt-image/advanced/ \\
  -H "Cookie: sessionid=..." \\
  -F "prompt=A futuristic cityscape at sunset" \\
  -F "size=1024x1024" \\
  -F "quality=high"
""",
    """curl -X POST http://localhost:8000/api/ai/gpt-image/multi-reference/ \\
  -H "Cookie: sessionid=..." \\
  -F "prompt=Combine all these into a gift basket" \\
  -F "image_0=@product1.jpg" \\
  -F "image_1=@product2.jpg" \\
  -F "image_2=@product3.jpg" \\
  -F "quality=high"
""",
    """curl -X POST http://localhost:8000/api/ai/gpt-image/inpainting/ \\
  -H "Cookie: sessionid=..." \\
  -F "prompt=Add a flamingo to the pool" \\
  -F "image=@lounge.png" \\
  -F "mask=@mask.png" \\
  -F "quality=high"
""",
)
"""The examples that came with these paths, as they are written."""


def drawn(width: int, kind: str = "PNG") -> bytes:
    return save(quadrants(size=(width, 80)), kind)


def pictures(*names: str) -> dict[str, tuple[str, bytes]]:
    """A file for each field, the wider the higher its number."""
    numbers = {name: int(name.partition("_")[2] or 0) for name in names}
    return {name: ("x.png", drawn(100 + number)) for name, number in numbers.items()}


def words(prompt: str = "A hat") -> dict[str, str]:
    return {"prompt": prompt, "quality": "low"}


def refusal(answer: httpx2.Response) -> tuple[int, str, str | None]:
    """The status, the code and the field of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code and problem["detail"]
    return answer.status_code, problem["code"], problem.get("field")


def told(answer: httpx2.Response) -> PicturesOut:
    assert answer.status_code == 200, answer.text
    return PicturesOut.model_validate(answer.json())


@pytest.mark.parametrize("run", RUNS)
async def test_the_examples_run_as_they_are_written(
    small: Served, quick_sandbox: Sandbox, tmp_path: Path, run: Runs
) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"product{number}.jpg").write_bytes(drawn(100 + number, "JPEG"))
    (tmp_path / "lounge.png").write_bytes(drawn(120))
    (tmp_path / "mask.png").write_bytes(holed((120, 80), (0, 0, 40, 80)))
    await small.here.store.consents.give("ann", statement="I agree")
    session, _ = await small.here.credentials.issue("ann", "session")
    before, answers = quick_sandbox.totals, []
    for example in EXAMPLES:
        command = example.replace("http://localhost:8000", small.url).replace("...", session)
        status, answer = await run(command, tmp_path)
        assert status == 200, answer
        answers.append(PicturesOut.model_validate(answer))
    assert [answer.mode for answer in answers] == ["generate", "compose", "inpaint"]
    assert [len(asked.images) for asked in quick_sandbox.log[-3:]] == [0, 3, 1]
    after = quick_sandbox.totals
    assert after.charged - before.charged == 3
    assert sum(answer.cost_micros or 0 for answer in answers) == after.micros - before.micros
    place = await small.here.store.identities.workshop("ann")
    kept = await small.here.store.versions.list("ann", place.id)
    assert [version.id for version in kept] == [answer.versions[0].version_id for answer in answers]
    async with httpx2.AsyncClient() as anybody:
        for answer in answers:
            kind, _, text = answer.image.partition(";base64,")
            assert kind == "data:image/png" and answer.images == [answer.image] and answer.why
            assert b64decode(text, validate=True) == (await anybody.get(answer.versions[0].url)).content


async def test_pictures_go_along_by_their_numbers_once_for_each_key(
    served: Served, quick_sandbox: Sandbox
) -> None:
    await served.here.store.consents.give("ann", statement="I agree")
    files = pictures("image_10", "image_2", "image_0", "image_9")
    key = {"Idempotency-Key": "k" * 200}
    before = quick_sandbox.totals.charged
    async with served.client("ann") as ann, served.client("ben") as ben:

        def asked(prompt: str = "All of them", path: str = "gpt-image/multi-reference/") -> Posted:
            return ann.post(f"/api/ai/{path}", data=words(prompt), files=files, headers=key)

        first, second = map(told, await asyncio.gather(asked(), asked()))
        assert first.image == second.image and first.mode == "compose"
        sent = [await read_upload(served.here.store, "ann", name) for name in quick_sandbox.log[-1].images]
        assert [picture.width for picture in sent] == [100, 102, 109, 110]
        again = told(await asked(path="gpt-image/multi-reference/?as=links"))
        assert again.versions[0].version_id == first.versions[0].version_id
        assert again.image == again.images[0] == again.versions[0].url
        assert refusal(await asked("None of them")) == (409, "conflict", None)
        assert quick_sandbox.totals.charged == before + 1
        theirs = await ben.post("/api/ai/gpt-image/advanced/", data=words(), headers=key)
        assert told(theirs).mode == "generate", "somebody else's key is another one"


Way = tuple[dict[str, str], tuple[str, ...], str, dict[str, Any]]
WAYS: dict[str, Way] = {
    "gpt-image/advanced": (
        {"size": "1536x1024", "background": "opaque", "output_format": "webp", "n": "2", "moderation": "auto"}
        | {"output_compression": "60"},
        (),
        "generate",
        {"size": "1536x1024", "background": "opaque", "output_format": "webp", "n": 2}
        | {"output_compression": 60},
    ),
    "gpt-image/multi-reference": (
        {"output_format": "jpeg"},
        ("image_0", "image"),
        "compose",
        {"output_format": "jpeg"},
    ),
    "gpt-image/high-fidelity": ({"input_fidelity": "high"}, ("image_3",), "edit", {"output_format": "png"}),
    "gpt-image/transparent": (
        {"output_format": "webp"},
        (),
        "generate",
        {"output_format": "webp", "background": "transparent"},
    ),
    "edit-image-openai": ({"size": "1024x1024"}, ("image",), "edit", {"size": "1024x1024"}),
}


async def test_each_path_sends_what_was_asked_for(small: Served, quick_sandbox: Sandbox) -> None:
    await small.here.store.consents.give("ann", statement="I agree")
    async with small.client("ann") as ann:
        for path, (given, files, mode, sent) in WAYS.items():
            data = words() | given | {"response_format": "url"}
            made = told(await ann.post(f"/api/ai/{path}/", data=data, files=pictures(*files)))
            params = quick_sandbox.log[-1].params
            assert made.mode == mode and sent.items() <= params.items(), path
            assert len(made.versions) == len(made.images) == params["n"]
            assert {each.media_type for each in made.versions} == {f"image/{params['output_format']}"}
            assert made.cost_micros == quick_sandbox.log[-1].micros
            if path.endswith("high-fidelity"):
                assert any("keeps faces and fine details" in why for why in made.why)


async def test_a_front_end_may_name_the_model_and_write_its_own_data_url(
    small: Served, quick_sandbox: Sandbox
) -> None:
    async with small.client("ann") as ann:
        form = words() | {"model": "gpt-image-2", "response_format": "b64_json"}
        made = told(await ann.post("/api/ai/gpt-image/advanced/", data=form))
        picture = (await ann.get(made.versions[0].url)).content
    assert made.model == quick_sandbox.log[-1].model == "gpt-image-2"
    assert "gpt-image-2 makes it" in " ".join(made.why)
    assert b64decode(made.image, validate=True) == picture and made.images == [made.image]


async def test_pictures_need_an_agreement_and_words_do_not(small: Served, quick_sandbox: Sandbox) -> None:
    before = quick_sandbox.totals.received
    async with small.client("ann") as ann:
        for path in ("edit-image-openai/", "gpt-image/stream/"):
            answer = await ann.post(f"/api/ai/{path}", data=words(), files=pictures("image"))
            assert refusal(answer) == (403, "consent_missing", None)
            assert "PUT /api/v1/users/me/consent/" in answer.json()["how"]
        assert quick_sandbox.totals.received == before
        assert await small.here.store.blobs.list("ann/") == []
        assert told(await ann.post("/api/ai/gpt-image/advanced/", data=words())).success


async def test_a_budget_is_one_persons(quick_sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(quick_sandbox, tmp_path, max_person_usd="0.008")
    async with serving(an_app(settings, faces=None)) as served:
        for person in ("ann", "ben"):
            async with served.client(person) as client:
                answers = [await client.post("/api/ai/gpt-image/advanced/", data=words()) for _ in range(2)]
                assert told(answers[0]).success
                assert refusal(answers[1]) == (402, "budget_spent", None)
                assert answers[1].json()["paid"] == "unpaid"
                assert (await client.post("/api/ai/gpt-image/stream/", data=words())).status_code == 402


async def test_a_form_of_a_page_is_as_good(small: Served) -> None:
    async with small.client("ann") as ann:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        body = "prompt=A+caf%C3%A9&quality=low&response_format=url"
        answer = await ann.post("/api/ai/gpt-image/advanced/", content=body, headers=headers)
        made = await small.here.store.versions.find("ann", told(answer).versions[0].version_id)
        assert made.prompt == "A caf\xe9"
        # With a field for a file in which none was chosen.
        parts = ('"prompt"\r\n\r\nA hat', '"quality"\r\n\r\nlow', '"image"; filename=""\r\n\r\n')
        named = [f"--b\r\nContent-Disposition: form-data; name={part}\r\n" for part in parts]
        headers["Content-Type"] = "multipart/form-data; boundary=b"
        stream = ann.post("/api/ai/gpt-image/stream/", content="".join(named) + "--b--\r\n", headers=headers)
        assert "event: image_generation.completed" in (await stream).text


async def test_every_field_is_documented(small: Served) -> None:
    async with httpx2.AsyncClient(base_url=small.url) as anybody:
        paths = (await anybody.get("/openapi.json")).json()["paths"]
    forms = {path: item["post"]["requestBody"] for path, item in paths.items() if path.startswith("/api/ai/")}
    assert len(forms) == 7
    for form in forms.values():
        schema = form["content"]["multipart/form-data"]["schema"]
        assert schema["additionalProperties"] is False and "prompt" in schema["required"]
        for field in schema["properties"].values():
            assert field["description"]
            assert field.get("format") == "binary" or field["examples"]
            assert set(field["examples"] if "enum" in field else ()) <= set(field.get("enum", ()))
