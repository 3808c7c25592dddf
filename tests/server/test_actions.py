"""Actions by the person's own hand: as the seed's front end calls them, and once for each key."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from coach.folder import Coach
from coach.sandbox import Sandbox
from tests.actions._pictures import make_ready
from tests.server._serve import Served, an_app, begin, events_of, say, serving, settings_for

PATH = "/api/v1/actions/"


async def act(client: httpx2.AsyncClient, action: str, key: str = "", **more: Any) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    asked = {"action": action, **more}
    return await client.post(PATH, json=asked, headers=headers)


@pytest.fixture
async def ready(served: Served, photo_bytes: bytes) -> Served:
    """Ann has a photo and an identity with a moment, and has agreed."""
    await make_ready(served.here.store, photo_bytes)
    return served


async def test_the_seeds_front_end_goes_from_a_photo_to_an_accepted_picture(
    served: Served, photo_bytes: bytes
) -> None:
    store = served.here.store
    identity = await store.identities.add("ann", "Night-sky guide")
    await store.consents.give("ann", statement="yes")
    async with served.client("ann") as ann:
        photo = await ann.put("/api/v1/users/me/upload-photo/", files={"image": ("me.jpg", photo_bytes)})
        assert photo.json()["photos"][0]["url"].startswith(served.url)
        scene = "A visionary entrepreneur presenting innovative solutions..."
        made = await act(ann, "generate_identity_image", params={"identity_id": identity.id, "prompt": scene})
        [image] = made.json()["identity"]["images"]
        assert made.json()["data"]["url"] and "blob" not in made.text
        assert (await ann.get(image["url"])).content.startswith(b"\x89PNG")
        accepted = await act(ann, "accept_identity_visualization", params={"id": identity.id})
        assert accepted.json()["state"] == "done"
        assert accepted.json()["identity"]["accepted"]["id"] == image["id"]
        assert accepted.json()["identity"]["stage"] == "visualized"


async def test_the_same_key_is_the_same_outcome(ready: Served, quick_sandbox: Sandbox) -> None:
    async with ready.client("ann") as ann, ready.client("ben") as ben:
        sent = len(quick_sandbox.log)
        params = {"identity_id": "i1", "prompt": None}
        calls = [act(ann, "generate_identity_image", "k1", params=params) for _ in range(4)]
        answers = {each.json()["data"]["version_id"] for each in await asyncio.gather(*calls)}
        assert len(answers) == 1 and len(quick_sandbox.log) == sent + 1
        for action, other in (
            ("generate_identity_image", {"identity_id": "i1", "prompt": "On a pier."}),
            ("focus_identity", {"identity_id": "i1"}),
        ):
            used = await act(ann, action, "k1", params=other)
            assert (used.status_code, used.json()["code"]) == (409, "conflict")
        # A key is one's own.
        made = await act(ben, "create_identity", "k1", params={"name": "Sailor", "note": None})
        assert made.json()["identity"]["name"] == "Sailor"
        again = await act(ben, "create_identity", "k1", params={"name": "Sailor"})
        assert again.json()["identity"]["id"] == made.json()["identity"]["id"]
        assert len((await ben.get("/api/v1/identities/")).json()) == 1


async def test_a_button_of_no_conversation_needs_no_prompt(
    small: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Coach, "render")
    async with small.client("ann") as ann:
        made = await act(ann, "create_identity", params={"name": "Sailor", "note": None})
    assert made.json()["identity"]["name"] == "Sailor"


async def test_what_does_not_fit_is_named_and_not_repeated(ready: Served, quick_sandbox: Sandbox) -> None:
    sent = len(quick_sandbox.log)
    async with ready.client("ann") as ann:
        unknown = await act(ann, "buy_a_house")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
        for params, fields in (
            ({}, {"params.identity_id", "params.change"}),
            ({"identity_id": "i1", "change": ["secret"]}, {"params.change"}),
            ({"identity_id": "i1", "change": "x", "wish": "secret"}, {"params.wish"}),
        ):
            wrong = await act(ann, "revise_identity_image", params=params)
            assert wrong.status_code == 422 and "secret" not in wrong.text
            assert {each["field"] for each in wrong.json()["errors"]} == fields
        deep: dict[str, Any] = {}
        for _ in range(600):
            deep = {"identity_id": deep}
        assert (await act(ann, "focus_identity", params=deep)).status_code in (400, 422)
        nowhere = await act(ann, "transition_phase", params={"phase": "identity_brainstorming"})
        assert nowhere.status_code == 409 and "conversation_id" in nowhere.json()["detail"]
        nothing = await act(ann, "accept_identity_visualization", params={"id": "i1"})
        assert (nothing.status_code, nothing.json()["code"]) == (409, "refused")
        assert "no picture yet" in nothing.json()["detail"]
    assert len(quick_sandbox.log) == sent


async def test_within_a_conversation_it_is_a_turn_that_everybody_there_sees(ready: Served) -> None:
    async with ready.client("ann") as ann, ready.client("ben") as ben:
        talk = await begin(ann)
        await ready.here.store.conversations.move("ann", talk, "identity_visualization")
        asked = {"params": {"identity_id": "i1"}, "conversation_id": talk}
        made = await act(ann, "generate_identity_image", "k1", **asked)
        again = await act(ann, "generate_identity_image", "k1", **asked)
        assert made.status_code == 200, made.text
        assert made.json()["data"]["version_id"] == again.json()["data"]["version_id"]
        assert len(made.json()["identity"]["images"]) == 1
        kinds = await happened(ann, talk)
        assert kinds[:2] == ["said", "started"] and "image" in kinds and kinds[-2:] == ["say", "done"]
        used = await act(ann, "generate_identity_image", "k1", **(asked | {"params": {"identity_id": "i2"}}))
        assert used.status_code == 409
        elsewhere = await act(ann, "save_note", **(asked | {"params": {"text": "a note"}}))
        assert elsewhere.status_code == 409 and "not to be had" in elsewhere.json()["detail"]
        for id in (talk, "0" * 36):
            his = await act(ben, "generate_identity_image", **(asked | {"conversation_id": id}))
            assert (his.status_code, his.json()["code"]) == (404, "not_found")
        # The coach was told, and goes on from there.
        assert await say(ann, talk, "Thank you")


async def happened(client: httpx2.AsyncClient, talk: str) -> list[str]:
    """What happened in a conversation, up to the end of its first turn."""
    kinds: list[str] = []
    async with client.stream("GET", f"/api/v1/conversations/{talk}/events/") as response:
        async for _, kind, _ in events_of(response):
            kinds.append(kind)
            if kind == "done":
                break
    return kinds


async def test_what_the_budget_does_not_allow_is_told_as_such(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path, photo_bytes: bytes
) -> None:
    settings = settings_for(quick_sandbox, tmp_path, database_url, max_picture_usd=0.000001)
    async with serving(an_app(settings)) as served, served.client("ann") as ann:
        await make_ready(served.here.store, photo_bytes)
        refused = await act(ann, "generate_identity_image", params={"identity_id": "i1"})
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["paid"]) == (402, "over_budget", "unpaid")
