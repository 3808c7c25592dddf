"""Sheets: the photo beside the pictures with every face at one size, and all versions as a tree."""

from __future__ import annotations

import asyncio
import hashlib
import io
import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw
from sqlalchemy import update

from coach.errors import Conflict, ConsentMissing, InputRefused, NotFound
from coach.faces import face_model, off_loop
from coach.store import Store, Version, blob_key
from coach.store.tables import versions
from coach.studio import provenance
from coach.studio._sheet import ACCEPTED, BANDS, Place, _font, _judged, places
from coach.studio.compare import AT_ONCE, MOST, Sheet, Sheets, _from_near
from tests.store._rows import PICTURE, add_versions


@pytest.mark.parametrize(
    ("parents", "at"),
    [
        ({"v1": None}, {"v1": (0, 0)}),
        ({"v1": None, "v2": "v1", "v3": "v2"}, {"v1": (0, 0), "v2": (1, 0), "v3": (2, 0)}),
        ({"v1": None, "v2": None}, {"v1": (0, 0), "v2": (0, 1)}),
        (
            {"v1": None, "v2": "v1", "v3": "v2", "v1a": "v1", "v2a": "v2", "v2b": "v2a", "v4": None},
            {"v1": (0, 0), "v2": (1, 0), "v3": (2, 0), "v2a": (2, 1), "v2b": (3, 1), "v1a": (1, 2)}
            | {"v4": (0, 3)},
        ),
    ],
)
def test_a_tree_goes_on_in_its_row_and_branches_below(
    parents: Mapping[str, str | None], at: Mapping[str, tuple[int, int]]
) -> None:
    found = places(parents)
    assert {handle: (place.column, place.row) for handle, place in found.items()} == at
    assert all(
        found[handle].made_from == (at[parent] if parent else None) for handle, parent in parents.items()
    )
    assert Place(column=0, row=0) == found["v1"]


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


class Pictures:
    """Puts pictures where a studio would have put them."""

    def __init__(self, store: Store, identity_id: str) -> None:
        self.store, self.identity_id = store, identity_id

    async def add(self, data: bytes, *, parent: str | None = None, band: str | None = None) -> Version:
        key = blob_key("ann", "pictures", f"{hashlib.sha256(data).hexdigest()}.png")
        await self.store.blobs.put(key, data, "image/png")
        picture = replace(PICTURE, blob=key, sha256=hashlib.sha256(data).hexdigest())
        parent_id = (await self.store.versions.get("ann", "i1", parent)).id if parent else None
        [version] = await add_versions(
            self.store, "ann", self.identity_id, parent_id=parent_id, picture=picture
        )
        judged = update(versions).where(versions.c.id == version.id)
        async with self.store.database.write() as connection:
            await connection.execute(judged.values(judgement={"likeness": band, "why": ""} if band else None))
        return version


@pytest.fixture
async def pictures(store: Store, photo_bytes: bytes) -> Pictures:
    await store.consents.give("ann", statement="yes")
    await store.photos.add("ann", photo_bytes)
    identity = await store.identities.add("ann", "Night-sky guide")
    return Pictures(store, identity.id)


def opened(sheet: Sheet) -> Image.Image:
    image = Image.open(io.BytesIO(sheet.data)).convert("RGB")
    assert image.size == (sheet.width, sheet.height)
    return image


def shows(image: Image.Image, colour: str) -> bool:
    """Whether a colour is to be seen, as far as JPEG keeps it."""
    wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    assert isinstance(wanted, tuple)
    seen = image.getcolors(image.width * image.height) or []
    return any(
        isinstance(one, tuple) and max(abs(a - b) for a, b in zip(one, wanted, strict=True)) < 12
        for _, one in seen
    )


async def test_faces_stand_beside_each_other_at_the_same_size(
    store: Store, pictures: Pictures, photo_bytes: bytes
) -> None:
    photo = Image.open(io.BytesIO(photo_bytes)).convert("RGB")
    small = Image.new("RGB", (1024, 1536), "#8899aa")
    leaning = photo.resize((384, 450)).rotate(20, Image.Resampling.BICUBIC, fillcolor="#8899aa")
    small.paste(leaning, (500, 200))
    first = await pictures.add(png(small), band="strong")
    await pictures.add(png(Image.new("RGB", (600, 900), "#335577")), band="cannot judge")
    await store.versions.accept("ann", "i1", "v1")
    model = face_model()
    assert model is not None

    sheet = await Sheets(store, model=model).compare("ann", "i1")

    assert sheet.handles == ("v1", "v2")
    assert await store.blobs.get(sheet.blob) == sheet.data and "/derived/comparison-" in sheet.blob
    image = opened(sheet)
    assert shows(image, BANDS["strong"][0]) and shows(image, ACCEPTED) and shows(image, "#335577")
    # Found again on the sheet: the same size, at the same height, and upright.
    boxes = [(left, top, left + width, top + height) for left, top, width, height in sheet.boxes]
    assert len(boxes) == 3 and boxes[0][0] < boxes[1][0] < boxes[2][0] < image.width
    cards = [image.crop(box) for box in boxes[:2]]
    eyes = [_from_near(model, card, model.find(card)[0]).landmarks[:2] for card in cards]
    apart = [b[0] - a[0] for a, b in eyes]
    assert apart[0] == pytest.approx(apart[1], rel=0.15)
    assert eyes[0][0] == pytest.approx(eyes[1][0], abs=25)
    assert all(abs(b[1] - a[1]) < 20 for a, b in eyes)  # leaning as before, it would be 40
    marks = provenance.read(sheet.data)
    assert marks.source_type == f"{provenance.IPTC}compositeSynthetic"
    assert marks.made_from[0] == first.sha256
    assert (await store.photos.list("ann"))[0].sha256 in marks.made_from


async def test_without_a_face_model_pictures_are_compared_all_the_same(
    store: Store, pictures: Pictures
) -> None:
    for shade in range(MOST + 2):
        await pictures.add(png(Image.new("RGB", (90, 60), (shade * 20, 90, 90))))
    sheets = Sheets(store, model=None)

    newest = await sheets.compare("ann", "i1")
    assert newest.handles == ("v3", "v4", "v5", "v6", "v7")
    chosen = await sheets.compare("ann", "i1", ["v7", "v2", "v2"])
    assert chosen.handles == ("v7", "v2")
    assert chosen.width < newest.width
    assert (await sheets.compare("ann", "i1", ["v7", "v2"])).blob == chosen.blob
    other = await sheets.compare("ann", "i1", ["v2", "v7"])
    assert other.blob != chosen.blob and other.data != chosen.data
    with pytest.raises(InputRefused, match="At most 5 pictures stand beside the photo; these are 6"):
        await sheets.compare("ann", "i1", [f"v{number}" for number in range(1, 7)])
    assert shows(opened(chosen), "#145a5a")  # v2's (20, 90, 90)


async def test_all_versions_are_shown_as_a_tree(store: Store, pictures: Pictures) -> None:
    for number, (parent, band) in enumerate([(None, "strong"), ("v1", "no"), ("v1", None), (None, "fair")]):
        picture = Image.new("RGB", (300, 300), (40 * number, 200, 40))
        ImageDraw.Draw(picture).ellipse((50, 50, 250, 250), fill="white")
        await pictures.add(png(picture), parent=parent, band=band)

    sheet = await Sheets(store, model=None).versions("ann", "i1")

    assert sheet.handles == ("v1", "v2", "v1a", "v3")
    image = opened(sheet)
    assert image.width < image.height  # two columns, three rows
    assert all(shows(image, BANDS[band][0]) for band in ("strong", "no", "fair"))
    marks = provenance.read(sheet.data)
    assert marks.source_type == f"{provenance.IPTC}trainedAlgorithmicMedia"
    assert len(marks.made_from) == 4


async def test_another_skin_is_no_strong_likeness_on_a_sheet(store: Store, pictures: Pictures) -> None:
    version = await pictures.add(png(Image.new("RGB", (300, 300), "white")), band="strong")
    before = await Sheets(store, model=None).versions("ann", "i1")
    mine = update(versions).where(versions.c.id == version.id)
    for skin, colour in (("kept", "strong"), ("darker", "no")):
        async with store.database.write() as connection:
            judged = {"likeness": "strong", "why": "", "skin": skin}
            await connection.execute(mine.values(judgement=judged))
        sheets = Sheets(store, model=None)
        sheet = await sheets.versions("ann", "i1")
        shown = [band for band in ("strong", "no") if shows(opened(sheet), BANDS[band][0])]
        assert shown == [colour], skin
        assert (sheet.blob == before.blob) is (skin == "kept")
        beside = opened(await sheets.compare("ann", "i1"))
        assert shows(beside, BANDS["strong"][0]) is (skin == "kept")
    for band in ("strong", "fair", "no", "cannot judge"):  # not cut on the smallest card
        _, words = _judged(band, "lighter")
        assert words.endswith(", skin lighter") and _font(14).getlength(words) < 180


async def test_at_most_two_are_made_at_once_of_one_file_after_the_other(
    store: Store, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shade in range(3):
        await pictures.add(png(Image.new("RGB", (90, 60), (shade * 20, 90, 90))))
    get, reading, most = store.blobs.get, 0, 0

    async def counted(key: str) -> bytes:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        await asyncio.sleep(0.02)  # else all of them are in here together
        data = await get(key)
        reading -= 1
        return data

    monkeypatch.setattr(store.blobs, "get", counted)
    sheets = Sheets(store, model=None)
    trees = (sheets.versions("ann", "i1") for _ in range(3))
    made = await asyncio.gather(sheets.compare("ann", "i1", ["v1"]), *trees)
    assert [len(each.handles) for each in made] == [1, 3, 3, 3]
    assert most <= AT_ONCE


async def test_the_faces_threads_are_left_to_faces(store: Store, pictures: Pictures) -> None:
    await pictures.add(png(Image.new("RGB", (90, 60))))
    go_on = threading.Event()
    comparing = [asyncio.ensure_future(off_loop(go_on.wait, 60)) for _ in range(2)]
    try:
        async with asyncio.timeout(30):
            await Sheets(store, model=None).versions("ann", "i1")
    finally:
        go_on.set()
        assert await asyncio.gather(*comparing) == [True, True]


async def test_nothing_is_shown_of_others_or_against_the_will_of_the_person(
    store: Store, pictures: Pictures
) -> None:
    sheets = Sheets(store, model=None)
    for empty in (sheets.compare("ann", "i1"), sheets.versions("ann", "i1")):
        with pytest.raises(Conflict, match="no picture yet"):
            await empty
    version = await pictures.add(png(Image.new("RGB", (60, 90))))
    await store.consents.give("bob", statement="yes")
    await store.identities.add("bob", "Sailor")
    for foreign in (
        sheets.compare("bob", version.identity_id),
        sheets.versions("bob", version.identity_id),
        sheets.compare("ann", "i1", ["v9"]),
    ):
        with pytest.raises(NotFound):
            await foreign
    sheet, every = await sheets.compare("ann", "i1"), await sheets.versions("ann", "i1")
    [photo] = await store.photos.list("ann")
    await store.photos.remove("ann", photo.id)
    assert not await store.blobs.exists(sheet.blob)
    assert await store.blobs.exists(every.blob)
    await store.consents.revoke("ann", "pictures")
    with pytest.raises(ConsentMissing):
        await sheets.compare("ann", "i1")
    await store.consents.give("ann", statement="yes")
    with pytest.raises(Conflict, match="no photo"):
        await sheets.compare("ann", "i1")
