"""Stickers over HTTP, with the sandbox behind: the seed's two requests, who may, and each way to fail."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from coach.sandbox import Sandbox
from coach.server.routes.stickers import prefers_text
from coach.stickers.spec import JobSpec
from tests._folder import write_folder
from tests.server._flows import agree
from tests.server._serve import Served, an_app, serving, settings_for
from tests.stickers._phrasings import SEED_IMAGE, SEED_SPEC
from tests.studio._service import Service, says, service

POSTS = ("POST /v1/images/edits", "POST /v1/agents/sandbox/chat")
PATH = "/api/v1/stickers/"
KEYS = (
    "version",
    "type",
    "engine",
    "base_image_ref",
    "canvas",
    "prompt",
    "negative_prompt",
    "text",
    "constraints",
)
ONCE = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture(scope="module")
def painter() -> Iterator[Sandbox]:
    """A sandbox that draws people on nothing."""
    with Sandbox() as sandbox:
        yield sandbox


@dataclass(kw_only=True)
class Desk:
    """A server, a sandbox behind it, and somebody's link to a picture."""

    served: Served
    sandbox: Sandbox
    site: Service
    client: httpx2.AsyncClient

    @property
    def url(self) -> str:
        """The link."""
        return f"http://127.0.0.1:{self.site.port}/asset.png"

    @property
    def posts(self) -> int:
        """How many pictures were asked for."""
        return sum(entry.route in POSTS for entry in self.sandbox.log)

    async def ask(
        self, message: str = "", *, headers: dict[str, str] | None = None, **fields: Any
    ) -> httpx2.Response:
        """Ask; ``url=None`` leaves the base picture out."""
        link = fields.pop("url", self.url)
        body = {"message": message, **({} if link is None else {"base_image_url": link}), **fields}
        return await self.client.post(PATH, json=body, headers=headers)

    async def spec(self, **fields: Any) -> httpx2.Response:
        """The seed's first request."""
        return await self.ask(
            SEED_SPEC, mode="custom", user_prompt="Character holding a sign saying HODL", **fields
        )

    async def now(self, **fields: Any) -> httpx2.Response:
        """The seed's second request."""
        return await self.ask(SEED_IMAGE, **fields)


@asynccontextmanager
async def desk(
    sandbox: Sandbox, folder: Path, url: str | None, photo: bytes, **more: Any
) -> AsyncIterator[Desk]:
    """Open one, for Ann."""
    async with service(says(photo, media_type="image/png")) as site:
        links = [f"http://127.0.0.1:{site.port}", sandbox.settings["fetch_trusted"]]
        given = {"fetch_trusted": ",".join(links), **more}
        app = an_app(settings_for(sandbox, folder, url, **given))
        async with serving(app) as served, served.client("ann") as ann:
            yield Desk(served=served, sandbox=sandbox, site=site, client=ann)


async def test_the_seeds_two_requests_give_the_seeds_two_answers(
    painter: Sandbox, database_url: str, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with desk(painter, tmp_path, database_url, photo_bytes) as d:
        await agree(d.served, "ann")
        before = d.posts
        spec = await d.spec()
        assert spec.status_code == 200 and tuple(spec.json()) == KEYS
        told = JobSpec.model_validate(spec.json())
        assert (told.version, told.type, told.base_image_ref) == ("3.0", "image_sticker", "uploaded_image")
        assert (told.canvas.w, told.canvas.h, told.canvas.bg) == (512, 512, "transparent")
        assert told.text is not None and told.text.value == "HODL"
        quote = int(spec.headers["Sticker-Quote-Micros"])
        assert len(spec.headers["Sticker-Spec"]) == 64 and quote > 0 and d.posts == before

        both = await asyncio.gather(d.now(), d.now(headers={"Accept": "text/plain"}))
        assert [each.status_code for each in both] == [200, 200] and d.posts == before + 1
        image, bare = both
        assert list(image.json()) == ["image_url"]
        assert bare.headers["content-type"].startswith("text/plain")
        async with httpx2.AsyncClient() as stranger:
            files = [(await stranger.get(link)).content for link in (image.json()["image_url"], bare.text)]
        assert files[0] == files[1]
        with Image.open(io.BytesIO(files[0])) as sticker:
            assert (sticker.format, sticker.mode, sticker.size) == ("PNG", "RGBA", (512, 512))
        assert 0 < int(image.headers["Sticker-Cost-Micros"]) <= quote
        assert image.headers["Sticker-Spec"] == spec.headers["Sticker-Spec"]

        again = await d.now()
        assert again.status_code == 200 and d.posts == before + 1
        other = await d.now(headers={"Idempotency-Key": "another"})
        assert other.status_code == 200 and d.posts == before + 2


@ONCE
async def test_somebody_elses_spec_is_not_there_and_all_goes_with_its_person(
    painter: Sandbox, database_url: str, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with desk(painter, tmp_path, database_url, photo_bytes) as d:
        for person in ("ann", "ben"):
            await agree(d.served, person)
        hash = (await d.spec()).headers["Sticker-Spec"]
        async with d.served.client("ben") as ben:
            answers = [
                await ben.post(PATH, json={"message": said, "spec_hash": each})
                for each in (hash, "0" * 64)
                for said in ("", "generate it")
            ]
            assert {(each.status_code, each.json()["code"]) for each in answers} == {(404, "not_found")}
            assert (await ben.post(PATH, json={"message": SEED_IMAGE, "base_image_url": d.url})).json()[
                "needs"
            ] == ["user_prompt"]
        assert (await d.ask("generate it", url=None, spec_hash=hash)).status_code == 200
        exported = await d.client.get("/api/v1/users/me/export/")
        with zipfile.ZipFile(io.BytesIO(exported.content)) as file:
            [row] = map(json.loads, file.read("data/sticker_specs.jsonl").splitlines())
            assert row["hash"] == hash and row["url"] == d.url
            assert any(name.startswith("other/") and "sticker-" in name for name in file.namelist())
        erased = await d.client.request("DELETE", "/api/v1/users/me/", json={"confirm": "erase"})
        assert erased.status_code == 200, erased.text
        assert not list(await d.served.here.store.blobs.look("ann/"))
        async with d.served.client("ann") as ann:
            assert (await ann.post(PATH, json={"message": "", "spec_hash": hash})).status_code == 404


@ONCE
async def test_each_failure_has_its_answer(
    painter: Sandbox, database_url: str, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with desk(painter, tmp_path, database_url, photo_bytes, max_picture_usd="0.0001") as d:
        no_consent = await d.spec()
        assert (no_consent.status_code, no_consent.json()["code"]) == (403, "consent_missing")
        assert no_consent.json()["error"] == no_consent.json()["detail"] and no_consent.json()["how"]
        await agree(d.served, "ann")
        missing = await d.ask("Generate a Telegram sticker image.", url=None, user_prompt="a dog")
        assert (missing.status_code, list(missing.json())) == (200, ["needs", "hint"])
        assert missing.json()["needs"] == ["base_image_url"]

        for fields, field, said in (
            ({"mode": "video"}, "mode", "'custom' or 'auto'"),
            ({"template_id": "MOON"}, "template_id", "HODL"),
            ({"sticker_format": "tgs"}, "sticker_format", "'image'"),
            ({"asset_prepared": "yes"}, "asset_prepared", "boolean"),
            ({"colour": "red"}, "colour", "Extra inputs"),
            ({"spec_hash": "s1"}, "spec_hash", "match"),
            ({"message": 3}, "message", "string"),
        ):
            wrong = await d.ask(**fields)  # type: ignore[arg-type]
            problem = wrong.json()
            assert (wrong.status_code, problem["field"]) == (422, field), problem
            assert problem["error"] == problem["detail"]
            assert said in json.dumps(problem), problem

        inside = await d.spec(url="http://169.254.169.254/latest/meta-data")
        assert (inside.status_code, inside.json()["code"]) == (422, "fetch_refused")
        d.site.replies = [says(b"<html>")]
        no_picture = await d.spec()
        assert (no_picture.status_code, no_picture.json()["field"]) == (422, "base_image_url")
        d.site.replies = [says(photo_bytes)]
        await d.spec()
        before = d.posts
        dear = await d.now()
        assert (dear.status_code, dear.json()["code"], dear.json()["paid"]) == (402, "over_budget", "unpaid")
        assert dear.json()["error"] and "image_url" not in dear.json() and d.posts == before
        async with httpx2.AsyncClient(base_url=d.served.url) as stranger:
            unknown = await stranger.post(PATH, json={"message": ""})
        assert unknown.status_code == 401 and unknown.json()["error"] == unknown.json()["detail"]
        assert unknown.headers["www-authenticate"] == "Bearer"
        large = await d.ask(base_image="x" * 30_000_000)
        assert (large.status_code, large.json()["error"]) == (413, large.json()["detail"])


@ONCE
async def test_who_asks_too_often_and_where_no_picture_is_made_reads_it_in_the_contracts_words(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(quick_sandbox, tmp_path, database_url)
    source = write_folder(tmp_path)
    app = an_app(
        settings, source=source, server={"requests_per_minute": 100, "turns_per_minute": 1}, faces=None
    )
    async with serving(app) as served, served.client("ann") as ann:
        for status, code in ((409, "conflict"), (429, "too_many")):
            refused = await ann.post(PATH, json={"message": ""})
            assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
            assert refused.json()["error"] == refused.json()["detail"]
        assert refused.headers["retry-after"]


@ONCE
async def test_a_picture_that_is_no_sticker_is_told_as_failed(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path, photo_bytes: bytes
) -> None:
    # The quick sandbox only labels pictures: what comes is no cut-out.
    async with desk(quick_sandbox, tmp_path, database_url, photo_bytes) as d:
        await agree(d.served, "ann")
        await d.spec()
        before = d.posts
        for _ in range(2):
            refused = await d.now(headers={"Accept": "text/plain"})
            told = refused.json()
            assert (refused.status_code, told["code"], told["paid"]) == (502, "gate_refused", "paid")
            assert told["violations"] and {"rule", "say"} == told["violations"][0].keys()
            assert "image_url" not in told and told["error"] == told["detail"]
        assert d.posts == before + 2


@ONCE
@pytest.mark.parametrize("steps", ["1", "2"])
async def test_memeputer_draws_in_one_step_or_two_for_what_was_quoted(
    painter: Sandbox, database_url: str, tmp_path: Path, photo_bytes: bytes, steps: str
) -> None:
    there = {name: value for name, value in painter.settings.items() if name.startswith("memeputer")}
    more = {**there, "sticker_engine": "memeputer", "memeputer_steps": steps}
    async with desk(painter, tmp_path, database_url, photo_bytes, **more) as d:
        await agree(d.served, "ann")
        before = d.posts
        asset = f"{there['memeputer_url']}/pictures/asset.png"  # it fetches links to itself alone
        spec = await d.spec(url=asset)
        assert spec.status_code == 200, spec.text
        assert tuple(spec.json()) == KEYS and spec.json()["engine"] == "memeputer_i2i"
        assert spec.json()["text"]["value"] == "HODL"
        assert d.posts == before, "a spec is free"
        for wish in ({}, {"user_prompt": "Character holding a sign saying HODL"}):
            image = await d.now(url=asset, **wish)
            assert (image.status_code, list(image.json())) == (200, ["image_url"]), image.text
        assert d.posts == before + int(steps)
        assert int(image.headers["Sticker-Cost-Micros"]) <= int(spec.headers["Sticker-Quote-Micros"])


def test_who_prefers_text_says_so() -> None:
    for accepts, text in (
        ("text/plain", True),
        ("text/plain, */*;q=0.1", True),
        ("application/json;q=0.5, text/plain", True),
        ("text/plain;q=0.4, application/json", False),
        ("*/*", False),
        ("", False),
        ("text/plain, application/json", False),
        ("text/plain;q=oops", False),
        ("text/plain;q=0", False),
    ):
        assert prefers_text(accepts) is text, accepts
