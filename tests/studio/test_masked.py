"""A part of a picture is changed: a person's mask, over HTTP, and what is kept of the answer."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from pydantic import ValidationError

from coach.errors import InputRefused, NotFound, PictureError, StoreUnavailable
from coach.sandbox import Sandbox
from coach.store import Store
from coach.studio import Generation, PictureRequest, Reference
from coach.studio._keep import Keeper
from coach.studio.judge import judgement_of
from coach.studio.masks import add_mask, read_mask
from coach.studio.provenance import IPTC, Signer, read
from coach.studio.spool import SpoolFile
from tests.studio._certificates import certificates
from tests.studio._drawn import holed, opened
from tests.studio._service import answer, picture, says
from tests.studio._workshop import ANA, Workshop, workshop
from tests.studio.test_against_sandbox import talk

HOLE = (100, 100, 300, 400)


def mask(size: tuple[int, int], hole: tuple[int, int, int, int] = HOLE) -> bytes:
    return holed(size, hole, dpi=(72, 72))


def outside_is_same(one: Image.Image, other: Image.Image) -> bool:
    apart = ImageChops.difference(one, other)
    apart.paste((0, 0, 0), HOLE)
    return apart.getbbox() is None


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(today=date(2026, 11, 20)) as running:
        yield running


async def masked_edit(w: Workshop) -> PictureRequest:
    """An edit of Ana's photo with a mask."""
    kept = await add_mask(w.store, ANA, w.edit.references[0], mask((w.photo.width, w.photo.height)))
    return w.edit.model_copy(update={"mask": kept})


def remove_when_it_came(monkeypatch: pytest.MonkeyPatch, store: Store, photo_id: str) -> None:
    """Let the person delete a photo after the answer has come, and before it is put away."""
    real = Keeper.keep

    async def keep(keeper: Keeper, generation: Generation, file: SpoolFile, *where: Any) -> Generation:
        await store.photos.remove(ANA, photo_id)
        return await real(keeper, generation, file, *where)

    monkeypatch.setattr(Keeper, "keep", keep)


async def test_from_a_mask_to_a_version_over_http(
    store: Store, tmp_path: Path, photo_bytes: bytes, sandbox: Sandbox
) -> None:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=sandbox.base_url, api_key=sandbox.api_key, max_retries=0) as client:
        ana = await talk(store, tmp_path, photo_bytes, client)
        photo = await store.photos.get("ana", ana.photo.id)
        hole = await add_mask(store, "ana", ana.photo, mask((photo.width, photo.height)))
        made = await ana.generate("With a lamp in hand", mask=hole, previews=0)
    [version] = made.versions
    assert made.operation == "inpaint"
    assert (version.width, version.height) == (photo.width, photo.height)
    before = opened(await store.photos.bytes("ana", photo.id)).convert("RGB")
    after = opened(await store.versions.bytes("ana", version.id))
    assert outside_is_same(before, after)
    assert ImageChops.difference(before.crop(HOLE), after.crop(HOLE)).getbbox() is not None
    assert version.provider_blob is not None
    found = read(await store.versions.bytes("ana", version.id))
    came = read(await store.blobs.get(version.provider_blob))
    assert found.source_type == IPTC + "compositeWithTrainedAlgorithmicMedia"
    assert found.sha256 == version.sha256 and found.made_from == (came.sha256, photo.sha256)
    judgement = judgement_of(version)
    assert judgement is not None and judgement.outside is not None and judgement.outside < 0.2


async def test_the_services_bytes_are_kept_beside_and_what_it_changed_is_told(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    other = picture("gold", size=(1024, 1536))
    async with workshop(store, tmp_path, photo_bytes, says(answer(other, other))) as w:
        wanted = (await masked_edit(w)).model_copy(update={"previews": 0, "count": 2})
        made = await w.generate(wanted)
        assert len(made.versions) == 2
        for version in made.versions:
            assert version.media_type == "image/png" and version.provider_blob is not None
            assert await store.blobs.get(version.provider_blob) == other
            judgement = judgement_of(version)
            assert judgement is not None and judgement.outside is not None and judgement.outside > 0.8
        first = judgement_of(made.versions[0])
        assert first is not None and made.say_likeness is not None
        told = f"{first.outside:.0%} outside the marked part had changed; that was put back."
        assert made.say_likeness == f"Likeness was not measured. {told}"
        assert len({version.provider_blob for version in made.versions}) == 2
        # The same key again is the same answer, and nothing is made twice.
        assert (await w.generate(wanted)).versions == made.versions


@pytest.mark.parametrize("stamped", [True, False])
async def test_it_is_signed_and_without_a_time_stamp_kept_unsigned(
    store: Store, tmp_path: Path, photo_bytes: bytes, stamped: bool
) -> None:
    keys = certificates()
    nowhere = None if stamped else "http://127.0.0.1:1/"
    signer = Signer(certificate=keys.chain, key=keys.key, timestamp_url=nowhere)
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture("gold")))) as w:
        wanted = (await masked_edit(w)).model_copy(update={"previews": 0})
        [version] = (await w.generate(wanted, studio=w.new_studio(signer=signer))).versions
        found = read(await store.versions.bytes(ANA, version.id))
        assert found.credentials.state == ("untrusted" if stamped else "absent")
        assert found.source_type == IPTC + "compositeWithTrainedAlgorithmicMedia"


async def test_when_the_photo_is_gone_the_answer_is_kept_as_it_came(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = picture("gold", size=(1024, 1536))
    async with workshop(store, tmp_path, photo_bytes, says(answer(other))) as w:
        wanted = (await masked_edit(w)).model_copy(update={"previews": 0})
        remove_when_it_came(monkeypatch, store, w.photo.id)
        [version] = (await w.generate(wanted)).versions
        assert version.provider_blob is None
        assert await store.versions.bytes(ANA, version.id) == other


async def test_another_photo_that_is_gone_changes_nothing_outside_the_mask(
    store: Store,
    tmp_path: Path,
    photo_bytes: bytes,
    other_photo_bytes: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture("gold")))) as w:
        second = await store.photos.add(ANA, other_photo_bytes)
        wanted = await masked_edit(w)
        both = (*wanted.references, Reference(kind="photo", id=second.id))
        wanted = wanted.model_copy(update={"previews": 0, "references": both})
        remove_when_it_came(monkeypatch, store, second.id)
        [version] = (await w.generate(wanted)).versions
        assert version.provider_blob is not None
        before = opened(await store.photos.bytes(ANA, w.photo.id)).convert("RGB")
        assert outside_is_same(before, opened(await store.versions.bytes(ANA, version.id)))


async def test_an_error_while_a_paid_answer_is_put_away_never_says_that_it_was_unpaid(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object) -> None:
        raise PictureError("invalid_request", paid="unpaid", say="The mask does not fit.")

    async with workshop(store, tmp_path, photo_bytes, says(answer(picture("gold")))) as w:
        wanted = (await masked_edit(w)).model_copy(update={"previews": 0})
        with monkeypatch.context() as patch:
            patch.setattr("coach.studio._keep.masked", refuses)
            error = await w.refusal(request=wanted)
        assert (error.code, error.paid) == ("not_kept", "paid")
        assert (await w.only()).state == "received" and (await w.only()).spool is not None
        assert len((await w.generate(wanted)).versions) == 1
        assert len(w.upstream.asked) == 1


async def test_without_a_face_to_keep_nothing_is_said_of_likeness(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(picture("gold")))) as w:
        wanted = (await masked_edit(w)).model_copy(update={"previews": 0, "keep_face": False})
        made = await w.generate(wanted)
        judgement = judgement_of(made.versions[0])
        assert judgement is not None and judgement.likeness is None
        assert made.say_likeness == (
            f"{judgement.outside:.0%} outside the marked part had changed; that was put back."
        )


async def test_what_could_not_be_put_away_is_put_back_at_the_next_try(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = store.blobs.put

    async def is_full(key: str, data: bytes | Path, media_type: str) -> None:
        if key.endswith("-masked.png"):
            raise StoreUnavailable("The bucket is full.")
        await put(key, data, media_type)

    async with workshop(store, tmp_path, photo_bytes, says(answer(picture("gold")))) as w:
        wanted = (await masked_edit(w)).model_copy(update={"previews": 0})
        monkeypatch.setattr(store.blobs, "put", is_full)
        assert (await w.refusal(request=wanted)).code == "not_kept"
        monkeypatch.setattr(store.blobs, "put", put)
        [version] = (await w.generate(wanted)).versions
        assert version.blob.endswith("-masked.png") and version.provider_blob is not None
        assert await store.blobs.get(version.provider_blob) == picture("gold")
        pictures = [key for key in await store.blobs.list() if "/pictures/" in key]
        assert sorted(pictures) == sorted([version.blob, version.provider_blob])
        assert len(w.upstream.asked) == 1


async def test_a_mask_is_kept_once_and_without_anything_else(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes) as w:
        size, of = (w.photo.width, w.photo.height), w.edit.references[0]
        kept = await add_mask(store, ANA, of, mask(size))
        assert await add_mask(store, ANA, of, mask(size)) == kept and kept.kind == "mask"
        data = await read_mask(store, ANA, kept.id)
        image = opened(data)
        assert image.info.get("dpi") is None
        assert image.getchannel("A").getpixel((150, 150)) == 0
        assert image.getchannel("A").getpixel((1, 1)) == 255
        with pytest.raises(InputRefused, match="A mask is a PNG with transparency"):
            await add_mask(store, ANA, of, mask((10, 10), (1, 1, 2, 2)))
        with pytest.raises(NotFound):
            await add_mask(store, "bob", of, mask(size))
        for user_id, name in (("bob", kept.id), (ANA, "0" * 64), (ANA, "../x"), (ANA, "")):
            with pytest.raises(NotFound):
                await read_mask(store, user_id, name)


async def test_a_mask_of_another_picture_is_refused_before_anything_is_asked_for(
    store: Store, tmp_path: Path, photo_bytes: bytes, other_photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes) as w:
        other = await store.photos.add(ANA, other_photo_bytes)
        wanted = await masked_edit(w)
        wanted = wanted.model_copy(update={"references": (Reference(kind="photo", id=other.id),)})
        with pytest.raises(InputRefused, match="the picture 512 x 512") as caught:
            await w.generate(wanted)
        assert caught.value.field == "mask"
        assert w.upstream.asked == [] and await w.studio.generations(ANA, "talk") == []


def test_a_mask_is_no_reference() -> None:
    with pytest.raises(ValidationError, match="a mask is no picture to work from"):
        PictureRequest(prompt="A guide", references=(Reference(kind="mask", id="0"),))
