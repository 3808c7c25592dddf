"""Identities and pictures over HTTP: told, shown, explained and marked, for their owner only."""

from io import BytesIO
from typing import Any

import httpx2
import pytest
from PIL import Image, ImageChops, ImageDraw

from coach.errors import NotFound
from coach.studio import find_mask
from coach.studio.mask import MASK_BYTES
from coach.studio.provenance import IPTC, read
from tests.actions._pictures import make_ready
from tests.server._serve import Served
from tests.studio._drawn import encoded, holed, opened

HOLE = (200, 300, 600, 800)


async def made(client: httpx2.AsyncClient, action: str = "generate_identity_image", **params: Any) -> Any:
    """Have an action make a picture of Ann; gives what the application gets."""
    asked = {"action": action, "params": {"identity_id": "i1", **params}}
    answer = await client.post("/api/v1/actions/", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture
async def ready(served: Served, photo_bytes: bytes) -> Served:
    """Ann has a photo and an identity with a moment, and has agreed."""
    await make_ready(served.here.store, photo_bytes)
    return served


async def test_an_identity_is_told_with_its_pictures_and_their_tree(ready: Served) -> None:
    async with ready.client("ann") as ann:
        first = await made(ann)
        second = await made(ann, "revise_identity_image", change="at sunrise")
        [identity] = (await ann.get("/api/v1/identities/")).json()
        assert [image["id"] for image in identity["images"]] == [first["version_id"], second["version_id"]]
        assert identity["accepted"] is None and identity["handle"] == "i1" and "Night" in identity["name"]
        assert (await ann.get(identity["images"][0]["url"])).content.startswith(b"\x89PNG")

        tree = (await ann.get(f"/api/v1/identities/{identity['id']}/versions/")).json()
        assert [(node["handle"], node["parent"], node["depth"]) for node in tree] == [
            ("v1", None, 0),
            ("v2", "v1", 1),
        ]
        assert tree[1]["wish"] == "at sunrise" and tree[1]["cost_micros"] > 0 and not tree[1]["is_draft"]
        assert tree[1]["likeness"] == identity["images"][1]["likeness"] is not None
        one = (await ann.get(f"/api/v1/versions/{second['version_id']}/")).json()
        assert one["handle"] == "v2" and not one["accepted"]

        compared = (await ann.get("/api/v1/identities/i1/compare/?versions=v2,v1")).json()
        assert compared["handles"] == ["v2", "v1"] and len(compared["boxes"]) == 3
        sheet = (await ann.get("/api/v1/identities/i1/sheet/")).json()
        for each in (compared, sheet):
            shown = opened((await ann.get(each["url"])).content)
            assert shown.size == (each["width"], each["height"])


async def test_a_smaller_picture_keeps_its_mark_and_is_made_once(ready: Served) -> None:
    async with ready.client("ann") as ann:
        version = await made(ann)
        path = f"/api/v1/versions/{version['version_id']}/picture/"
        whole = await ann.get(path)
        assert whole.headers["cache-control"] == "private, no-store"
        for _ in range(2):
            small = await ann.get(path, params={"width": 300})
        picture, marks = opened(small.content), read(small.content)
        assert small.headers["content-type"] == "image/webp" and picture.width == 320
        assert marks.source_type == IPTC + "trainedAlgorithmicMedia"
        assert marks.made_from == (read(whole.content).sha256,)
        assert (await ann.get(path, params={"width": 1024})).content == whole.content  # it is no wider
        for width in (63, 1025, "wide"):
            wrong = await ann.get(path, params={"width": width})
            assert (wrong.status_code, wrong.json()["field"]) == (422, "width")
    kept = [key for key in await ready.here.store.blobs.list("ann/derived/") if "thumbnail" in key]
    assert len(kept) == 1 and kept[0].endswith("-320.webp")


async def test_how_it_was_made_is_told(ready: Served) -> None:
    async with ready.client("ann") as ann:
        await made(ann)
        version = await made(ann, "revise_identity_image", change="at sunrise")
        told = (await ann.get(f"/api/v1/versions/{version['version_id']}/provenance/")).json()
        [photo] = await ready.here.store.photos.list("ann")
    assert told["wish"] == "at sunrise" and told["operation"] == "compose" and told["made_with"]
    assert [each["kind"] for each in told["made_from"]] == ["version", "photo"]
    assert told["made_from"][1]["id"] == photo.id and told["signature"] == "absent"
    assert told["says"][0]["what"] == "What it is" and told["says"][-1]["what"] == "Signature"


async def test_a_painted_part_makes_a_masked_change(ready: Served) -> None:
    async with ready.client("ann") as ann:
        first = await made(ann)
        path = f"/api/v1/versions/{first['version_id']}/masks/"
        size = (first["width"], first["height"])
        painting = Image.new("RGBA", size, "black")  # as a canvas saves it
        ImageDraw.Draw(painting).rectangle(HOLE, fill="white")
        painted = await ann.post(path, content=encoded(painting), headers={"Content-Type": "image/png"})
        assert painted.status_code == 201, painted.text
        handle = painted.json()["mask"]
        assert handle.startswith("m-") and len(handle) == 10
        cut = holed(size, (HOLE[0], HOLE[1], HOLE[2] + 1, HOLE[3] + 1))
        again = await ann.post(path, files={"mask": ("mask.png", cut, "image/png")})
        assert again.json()["mask"] == handle

        second = await made(ann, "revise_identity_image", change="a lantern", mask=handle)
        assert second["operation"] == "inpaint" and second["outside"] is not None
        before, after = [
            opened((await ann.get(f"/api/v1/versions/{each['version_id']}/picture/")).content).convert("RGB")
            for each in (first, second)
        ]
        apart = ImageChops.difference(before, after)
        apart.paste((0, 0, 0), (HOLE[0], HOLE[1], HOLE[2] + 1, HOLE[3] + 1))
        assert apart.getbbox() is None
        node = await ready.here.store.versions.node("ann", "i1", "v2")
        assert "The mask marks the part" in node.version.prompt and node.parent == "v1"

        unknown = {"identity_id": "i1", "change": "x", "mask": "m-00000000"}
        refused = await ann.post(
            "/api/v1/actions/", json={"action": "revise_identity_image", "params": unknown}
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "retry")
        assert "no mask 'm-00000000'" in refused.json()["detail"]


async def test_what_is_no_mask_of_this_picture_is_refused(ready: Served) -> None:
    async with ready.client("ann") as ann:
        version = await made(ann)
        path = f"/api/v1/versions/{version['version_id']}/masks/"
        grey = BytesIO()
        Image.effect_noise((version["width"], version["height"]), 60).save(grey, "PNG")
        for wrong in (b"", b"x" * (MASK_BYTES + 1), holed((10, 10), (1, 1, 2, 2)), grey.getvalue()):
            refused = await ann.post(path, content=wrong, headers={"Content-Type": "image/png"})
            assert (refused.status_code, refused.json()["code"]) == (422, "input_refused")
        elsewhere = await ann.post(path, files={"picture": ("mask.png", grey.getvalue())})
        assert elsewhere.status_code == 422


async def test_an_action_takes_nobody_elses_identity_or_mask(ready: Served) -> None:
    async with ready.client("ann") as ann, ready.client("ben") as ben:
        version = await made(ann)
        hers = await ready.here.store.identities.get("ann", "i1")
        await ready.here.store.identities.add("ben", "Sailor")
        hole = holed((version["width"], version["height"]), HOLE)
        kept = await ann.post(f"/api/v1/versions/{version['version_id']}/masks/", content=hole)
        for identity in (hers.id, "0" * 36):
            asked = {"action": "generate_identity_image", "params": {"identity_id": identity}}
            answer = await ben.post("/api/v1/actions/", json=asked)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    with pytest.raises(NotFound):
        await find_mask(ready.here.store, "ben", kept.json()["mask"])
