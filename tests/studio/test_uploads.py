"""Pictures that are no photos of the person: kept like photos, under the same agreement, sent in order."""

import asyncio
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image

from coach.errors import ConsentMissing, Erasing, InputRefused, NotFound, PhotoRefused
from coach.store import Flows, Store
from coach.store.blobs import owner_of
from coach.store.erase import begin
from coach.store.export import export
from coach.studio import GateLimits, PictureRequest, Reference
from coach.studio.masks import add_mask, handle_of, read_mask
from coach.studio.uploads import add_upload, find_upload, has_upload, read_upload, upload_size
from tests.store._aged import DAY, aged, found
from tests.store._images import exif, quadrants, save
from tests.studio._drawn import holed, opened
from tests.studio._service import answer, picture, says
from tests.studio._workshop import ANA, Workshop, workshop


def logo(size: tuple[int, int] = (24, 16)) -> bytes:
    """A disc on nothing, as a WebP."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    image.paste((200, 30, 30, 255), (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    return save(image, "WEBP", lossless=True)


async def test_an_upload_is_kept_once_upright_small_and_without_what_it_tells(store: Store) -> None:
    turned = save(quadrants(size=(3000, 1500)), "JPEG", quality=95, exif=exif(6))
    kept = await add_upload(store, ANA, turned)
    assert await add_upload(store, ANA, turned) == kept and kept.kind == "upload"
    found = await read_upload(store, ANA, kept.id)
    assert (found.width, found.height, found.media_type) == (1024, 2048, "image/jpeg")
    assert opened(found.data).getexif() == {} and b"Anna" not in found.data
    red, green, blue = opened(found.data).getpixel((900, 100))
    assert red > 200 and max(green, blue) < 60, "what was at the top left is at the top right"
    assert len(await store.blobs.list(f"{owner_of(ANA)}/derived/")) == 1


async def test_a_small_logo_keeps_what_can_be_seen_through(store: Store) -> None:
    kept = await add_upload(store, ANA, logo())
    found = await read_upload(store, ANA, kept.id)
    assert (found.width, found.height, found.media_type) == (24, 16, "image/png")
    assert opened(found.data).getchannel("A").getextrema() == (0, 255)
    with pytest.raises(PhotoRefused) as caught:
        await add_upload(store, ANA, b"<svg onload=alert(1)>")
    assert caught.value.code == "unsupported_type"


async def test_its_size_is_known_without_reading_all_of_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    get, read = store.blobs.get, []

    async def counted(key: str, first: int | None = None) -> bytes:
        read.append(len(data := await get(key, first)))
        return data

    monkeypatch.setattr(store.blobs, "get", counted)
    noise = Image.effect_noise((600, 500), 90)
    for seen_through in (False, True):
        picture = Image.merge("RGBA", [noise] * 4) if seen_through else noise
        kept = await add_upload(store, ANA, save(picture, "PNG"))
        assert await upload_size(store, ANA, kept.id) == (600, 500)
    await store.blobs.delete(await find_upload(store, ANA, kept.id))
    with pytest.raises(NotFound, match="There is no upload"):
        await upload_size(store, ANA, kept.id)
    assert read == [64 * 1024] * 2


async def test_of_somebody_else_there_is_none(store: Store) -> None:
    kept = await add_upload(store, ANA, logo())
    assert await has_upload(store, ANA, kept.id) and not await has_upload(store, "bob", kept.id)
    for user_id, name in (("bob", kept.id), (ANA, "0" * 64), (ANA, "../x"), (ANA, "")):
        with pytest.raises(NotFound, match="There is no upload"):
            await read_upload(store, user_id, name)


def wanted(w: Workshop, *uploads: Reference) -> PictureRequest:
    return w.edit.model_copy(update={"references": (*uploads, *w.edit.references), "previews": 0})


async def test_uploads_go_along_in_their_order_with_names_that_tell_nothing(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture()))) as w:
        first, second = await add_upload(store, ANA, logo()), await add_upload(store, ANA, logo((40, 40)))
        made = await w.generate(wanted(w, first, second))
        assert made.operation == "compose" and len(made.versions) == 1
        [asked] = w.upstream.asked
        sent = [(head["content-disposition"], data) for name, head, data in asked.parts if name == "image[]"]
    kept = [(await read_upload(store, ANA, each.id)).data for each in (first, second)]
    assert [data for _, data in sent] == [*kept, await store.photos.bytes(ANA, w.photo.id)]
    names = [disposition.partition("filename=")[2].strip('"') for disposition, _ in sent]
    assert names == ["upload-1.png", "upload-2.png", "photo-3.jpg"]


async def test_without_an_agreement_no_upload_leaves(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture()))) as w:
        w.studio = w.new_studio(limits=GateLimits(at_once=1))
        kept = await add_upload(store, ANA, logo())
        alone = PictureRequest(prompt="On a wall", references=(kept,), previews=0)
        async with w.studio.gate.admit("somebody else"):
            waiting = asyncio.create_task(w.refusal(request=alone))
            await w.until_told("Waiting for our turn")
            await store.consents.revoke(ANA)
            with pytest.raises(NotFound):
                await read_upload(store, ANA, kept.id)
            await store.consents.give(ANA, statement="yes, again")
        error = await waiting
        assert (error.code, error.paid) == ("photo_gone", "unpaid"), "the new agreement is not about that one"
        await store.consents.revoke(ANA)
        kept = await add_upload(store, ANA, logo())
        with pytest.raises(ConsentMissing):
            await w.generate(alone, call="call_2")
        assert w.upstream.asked == []


async def test_an_agreement_that_ends_meanwhile_or_an_erasure_leaves_none(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.consents.give(ANA, statement="yes")
    put = store.blobs.put

    async def put_late(key: str, data: bytes | Path, media_type: str) -> None:
        await store.consents.revoke(ANA)
        await put(key, data, media_type)

    monkeypatch.setattr(store.blobs, "put", put_late)
    with pytest.raises(ConsentMissing):
        await add_upload(store, ANA, logo())
    monkeypatch.undo()
    await begin(store.database, ANA)
    with pytest.raises(Erasing):
        await add_upload(store, ANA, logo())
    assert await store.blobs.list() == []


async def test_a_mask_of_what_an_upload_was_before_it_was_made_smaller_fits_it(store: Store) -> None:
    kept = await add_upload(store, ANA, save(quadrants(size=(3000, 1500)), "PNG"))
    hole = await add_mask(store, ANA, kept, holed((3000, 1500), (0, 0, 1500, 1500)))
    data = await store.blobs.get(f"{owner_of(ANA)}/derived/mask-{hole.id}.png")
    alpha = opened(data).getchannel("A")
    assert alpha.size == (2048, 1024)
    assert (alpha.getpixel((1000, 500)), alpha.getpixel((1030, 500))) == (0, 255)
    assert alpha.histogram()[1:255] == [0] * 254
    with pytest.raises(InputRefused, match="has 3000 x 1400 pixels, the picture 2048 x 1024") as caught:
        await add_mask(store, ANA, kept, holed((3000, 1400), (0, 0, 9, 9)))
    assert caught.value.field == "mask"


async def test_sweep_removes_what_nobody_asked_with_and_export_gives_it(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture()))) as w:
        used, unused = await add_upload(store, ANA, logo()), await add_upload(store, ANA, logo((40, 40)))
        drawn = await add_upload(store, ANA, logo((50, 50)))
        hole = await add_mask(store, ANA, drawn, holed((50, 50), (0, 0, 9, 9)))
        data = {"upload": drawn.id, "mask": handle_of(hole)}
        await Flows(store.database).add(ANA, {"nodes": [{"data": data}, {"data": {"text": ""}}]})
        await add_upload(store, "bob", logo())
        await w.generate(wanted(w, used))
    for path in [*(tmp_path / "blobs").rglob("upload-*"), *(tmp_path / "blobs").rglob("mask-*")]:
        aged(path, 8 * DAY)
    assert (await export(store, ANA, tmp_path / "zip.zip")).missing == ()
    with ZipFile(tmp_path / "zip.zip") as zipped:
        assert f"other/derived-upload-{unused.id}.png" in zipped.namelist()
    names = {f"upload without a picture: upload-{each.id}.png" for each in (used, unused)}
    assert await found(store) == names, "what Ana asked with keeps nothing of Bob's"
    assert await found(store, fix=True) == set()
    assert await has_upload(store, ANA, drawn.id) and await read_mask(store, ANA, hole.id)
    assert await has_upload(store, ANA, used.id) and not await has_upload(store, ANA, unused.id)
    receipt = await w.studio.erase(ANA)
    assert receipt.done and not await has_upload(store, ANA, used.id)
