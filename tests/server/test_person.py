"""The person over HTTP: photos and consent, what they cost, everything along, everything erased."""

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import httpx2
from PIL import Image

from coach.sandbox import Sandbox
from coach.store import CONSENT_VERSION
from coach.store.intake import MAX_BYTES
from tests.actions._pictures import make_ready
from tests.server._serve import Served, an_app, begin, say, serving, settings_for

ME = "/api/v1/users/me/"
YES = {"statement": "I agree", "subject": "self", "text_version": CONSENT_VERSION}


async def upload(client: httpx2.AsyncClient, data: bytes, field: str = "image") -> httpx2.Response:
    return await client.put(f"{ME}upload-photo/", files={field: ("me.jpg", data, "image/jpeg")})


async def test_a_photo_is_kept_without_consent_and_looked_at_with_it(
    served: Served, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    async with served.client("ann") as ann:
        before = (await ann.get(ME)).json()
        assert before["photos"] == [] and before["name"] is None and before["likeness_measured"]
        assert not before["consent"]["active"] and before["consent"]["text_version"] == CONSENT_VERSION

        first = (await upload(ann, photo_bytes)).json()
        assert first["photo"]["findings"] is None and not first["consent"]["active"]
        old = await ann.put(f"{ME}consent/", json=YES | {"text_version": "2020-01-01"})
        assert (old.status_code, old.json()["code"]) == (409, "conflict")
        agreed = (await ann.put(f"{ME}consent/", json=YES)).json()
        assert agreed["consent"]["active"] and agreed["consent"]["statement"].endswith("I agree")
        assert agreed["photos"][0]["findings"]["usable"]

        second = (await upload(ann, other_photo_bytes, "file")).json()
        assert second["photo"]["findings"]["reason"] == "ok" and not second["photo"]["primary"]
        chosen = await ann.post(f"{ME}photos/{second['photo']['id']}/primary/")
        assert [photo["primary"] for photo in chosen.json()["photos"]] == [False, True]
        link = chosen.json()["photos"][1]
        shown = await ann.get(link["url"])
        assert shown.headers["content-type"] == "image/jpeg" and link["url_seconds"] == 600
        left = (await ann.delete(f"{ME}photos/{second['photo']['id']}/")).json()["photos"]
        assert [photo["id"] for photo in left] == [first["photo"]["id"]] and left[0]["primary"]
        assert (await ann.get(link["url"])).status_code == 404


async def test_what_is_no_photo_is_refused_with_its_reason(served: Served) -> None:
    small = BytesIO()
    Image.new("RGB", (20, 20)).save(small, "PNG")
    wrong = {
        b"": "empty",
        b"no picture": "not_an_image",
        b"\xff" * (MAX_BYTES + 1): "too_large",
        small.getvalue(): "too_small",
    }
    async with served.client("ann") as ann:
        for data, reason in wrong.items():
            refused = await upload(ann, data)
            assert (refused.status_code, refused.json()["reason"]) == (422, reason)
        nothing = await upload(ann, b"x", "picture")
        assert (nothing.status_code, nothing.json()["reason"]) == (422, "no_file")
        assert (await ann.get(ME)).json()["photos"] == []


async def test_a_consent_that_is_taken_back_stops_everything(served: Served, photo_bytes: bytes) -> None:
    await make_ready(served.here.store, photo_bytes)
    asked = {"action": "generate_identity_image", "params": {"identity_id": "i1"}}
    async with served.client("ann") as ann:
        assert (await ann.post("/api/v1/actions/", json=asked)).status_code == 200
        assert (await ann.get("/api/v1/identities/i1/compare/")).status_code == 200
        after = (await ann.delete(f"{ME}consent/")).json()
        assert after["photos"] == [] and not after["consent"]["active"]
        compared = await ann.get("/api/v1/identities/i1/compare/")
        assert (compared.status_code, compared.json()["code"]) == (403, "consent_missing")
        await upload(ann, photo_bytes)
        refused = await ann.post("/api/v1/actions/", json=asked)
        assert (refused.status_code, refused.json()["code"]) == (409, "refused")
        assert len((await ann.get("/api/v1/identities/i1/")).json()["images"]) == 1
    assert await served.here.store.blobs.list("ann/derived/") == []


async def test_what_it_costs_is_told_and_what_others_spend_is_not(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path, photo_bytes: bytes
) -> None:
    budgets = {"max_person_usd": 1, "max_picture_usd": 0.5, "max_day_usd": 0.3}
    settings = settings_for(quick_sandbox, tmp_path, database_url, **budgets)
    async with serving(an_app(settings)) as served, served.client("ann") as ann, served.client("ben") as ben:
        await make_ready(served.here.store, photo_bytes)
        made = await ann.post(
            "/api/v1/actions/",
            json={"action": "generate_identity_image", "params": {"identity_id": "i1"}},
        )
        cost = made.json()["data"]["actual_micros"]
        told = (await ann.get(f"{ME}costs/")).json()
        assert told["spent_micros"] == told["today_micros"] == cost > 0 and told["held_micros"] == 0
        limits = {each["name"]: each for each in told["limits"]}
        assert limits.keys() == {"picture", "person"} and limits["person"]["left_micros"] == 1_000_000 - cost
        assert told["doubts"] == [] and not told["used_up"]
        his = (await ben.get(f"{ME}costs/")).json()
        assert his["spent_micros"] == 0 and str(cost) not in json.dumps(his)


async def test_everything_comes_along_in_one_zip(served: Served, photo_bytes: bytes) -> None:
    await make_ready(served.here.store, photo_bytes)
    await served.here.store.notes.add("ben", "Ben's own note")
    async with served.client("ann") as ann, served.client("new") as somebody_new:
        await say(ann, await begin(ann), "Hello, I am Ann.")
        answer = await ann.get(f"{ME}export/")
        assert answer.headers["content-type"] == "application/zip"
        with ZipFile(BytesIO(answer.content)) as zipped:
            assert "photos/photo-1-primary.jpg" in zipped.namelist()
            everything = b"".join(zipped.read(name) for name in zipped.namelist())
        assert b"Hello, I am Ann." in everything and b"Ben" not in everything
        assert (await somebody_new.get(f"{ME}export/")).status_code == 200


async def test_everything_goes_with_a_receipt_and_the_key_with_it(served: Served, photo_bytes: bytes) -> None:
    await make_ready(served.here.store, photo_bytes)
    async with served.client("ann") as ann, served.client("ben") as ben:
        await begin(ben)
        await say(ann, await begin(ann), "Hello, I am Ann.")
        unsure = await ann.request("DELETE", ME, json={"confirm": "yes"})
        assert (unsure.status_code, unsure.json()["field"]) == (422, "confirm")
        answer = (await ann.request("DELETE", ME, json={"confirm": "erase"})).json()
        assert answer["done"] and answer["receipt"]["rows"]["photos"] == 1
        assert answer["receipt"]["rows"]["turns"] == answer["receipt"]["rows"]["credentials"] == 1
        assert answer["sentences"][0].startswith("Erased: ann, ")
        gone = await ann.get(ME)
        assert (gone.status_code, gone.json()["code"]) == (401, "not_signed_in")
        assert len((await ben.get("/api/v1/conversations/")).json()) == 1
    assert await served.here.store.blobs.list("ann/") == []
