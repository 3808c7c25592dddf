"""One picture from request to version: what is sent, kept, told and written down."""

import asyncio
import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from coach.errors import ConsentMissing, InputRefused, NotFound, PictureError
from coach.store import Store
from coach.studio import Budgets, PictureRequest, Reference
from tests.studio._drawn import holed
from tests.studio._service import answer, breaks, frames, one_by_one, picture, says, streams
from tests.studio._workshop import ANA, workshop

ALL = ["planned", "quoted", "reserved", "sending", "received", "stored", "judged", "done"]
FINAL = picture("gold", size=(1024, 1536))
TODAY = date(2026, 11, 20)  # both models answer


async def test_a_photo_becomes_a_version(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    async with workshop(
        store, tmp_path, photo_bytes, streams(frames(picture("grey"), picture(), final=FINAL))
    ) as w:
        generated = await w.generate()
        [version] = generated.versions
        assert (version.handle, version.width, version.height) == ("v1", 1024, 1536)
        assert (version.media_type, version.prompt) == ("image/png", "As a night-sky guide")
        assert await store.versions.bytes(ANA, version.id) == FINAL
        assert version.sha256 == hashlib.sha256(FINAL).hexdigest()
        assert (generated.model, generated.operation) == ("gpt-image-2.5-sunburst", "edit")
        assert generated.request_id == "req_1" and generated.seconds is not None
        assert generated.actual_micros == 76 * 5 + 1024 * 8 + 1373 * 30
        assert generated.quote_micros is not None and generated.quote_micros > generated.actual_micros
        assert await w.states() == ALL
        assert w.spool.list() == [] and [path.name for path in w.spool.folder.iterdir()] == ["secret"]


async def test_what_is_told_while_it_is_made(store: Store, tmp_path: Path, photo_bytes: bytes) -> None:
    reply = streams(frames(picture("grey"), picture(), final=FINAL))
    async with workshop(store, tmp_path, photo_bytes, reply) as w:
        await w.generate()
        assert w.told == [
            "Sending your photo to gpt-image-2.5-sunburst",
            "First look",
            "Second look",
            "Keeping the picture",
        ]
        assert [preview.index for preview in w.previews] == [0, 1]
        assert await store.blobs.get(w.previews[0].blob) == picture("grey")
        assert "/previews/" in w.previews[0].blob


async def test_what_is_sent_says_nothing_about_the_person(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, streams(frames(final=FINAL))) as w:
        await w.generate()
        await w.generate(call="call_2")
        [asked, again] = w.upstream.asked
        assert asked.path == "/v1/images/edits"
        alias = asked.fields["safety_identifier"]
        assert len(alias) == 64 and again.fields["safety_identifier"] == alias
        assert alias != hashlib.sha256(ANA.encode()).hexdigest()
        [(_, headers, sent)] = [part for part in asked.parts if part[0] == "image"]
        assert headers["content-disposition"].endswith('filename="photo-1.jpg"')
        assert sent == await store.photos.bytes(ANA, w.photo.id)
        assert ANA.encode() not in asked.body and w.photo.id.encode() not in asked.body


@pytest.mark.parametrize(("model", "fidelity"), [("gpt-image-1.5", "high"), ("gpt-image-2", None)])
async def test_the_face_is_asked_for_only_where_that_can_be_asked(
    store: Store, tmp_path: Path, photo_bytes: bytes, model: str, fidelity: str | None
) -> None:
    async with workshop(store, tmp_path, photo_bytes, streams(frames(final=FINAL))) as w:
        await w.generate(studio=w.new_studio(model=model, today=lambda: TODAY))
        assert w.upstream.asked[0].fields.get("input_fidelity") == fidelity
        assert ("input_fidelity" in w.upstream.asked[0].fields) == (fidelity is not None)


async def test_a_change_starts_from_a_version_and_several_pictures_are_all_kept(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    replies = streams(frames(final=FINAL)), says(answer(picture("red"), picture("green", form="JPEG")))
    async with workshop(store, tmp_path, photo_bytes, *replies) as w:
        [first] = (await w.generate()).versions
        change = PictureRequest(
            prompt="Warmer light", references=(Reference(kind="version", id=first.id),), count=2, style="ink"
        )
        generated = await w.generate(change, parent="v1", call="call_2")
        assert [version.handle for version in generated.versions] == ["v2", "v3"]
        assert {version.parent_id for version in generated.versions} == {first.id}
        assert [version.media_type for version in generated.versions] == ["image/png", "image/jpeg"]
        assert generated.repairs == ("Previews are shown for one picture at a time; none will be shown.",)
        assert "Sending the picture to gpt-image-2.5-sunburst" in w.told
        assert generated.repairs[0] in w.told
        [(_, _, sent)] = [part for part in w.upstream.asked[1].parts if part[0] == "image"]
        assert sent == FINAL
        assert w.upstream.asked[1].fields["n"] == "2"
        entries = await w.studio.generations(ANA, "talk")
        assert [len(entry.versions) for entry in entries] == [1, 2]
        assert (await w.studio.generation(ANA, entries[1].generation.id)).versions == generated.versions


async def test_without_references_it_is_a_generation(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(FINAL))) as w:
        await store.consents.revoke(ANA, "pictures")
        generated = await w.generate(PictureRequest(prompt="A lighthouse", previews=0))
        assert generated.operation == "generate"
        assert w.told[0] == "Asking gpt-image-2.5-sunburst for a picture"


async def test_without_consent_nothing_is_read_sent_or_written_down(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        await store.consents.revoke(ANA, "pictures")
        await store.blobs.delete(w.photo.blob)
        with pytest.raises(ConsentMissing):
            await w.generate()
        assert w.upstream.asked == []
        assert await w.studio.generations(ANA, "talk") == []


async def test_another_persons_things_are_as_good_as_missing(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, streams(frames(final=FINAL))) as w:
        generated = await w.generate()
        await store.people.ensure("bob")
        await store.consents.give("bob", statement="yes")
        mine = await store.identities.add("bob", "Baker")
        theirs = (await store.identities.list(ANA))[0].id
        bob = w.context(user_id="bob")
        for identity, photo, parent in [
            (theirs, w.photo.id, None),
            (mine.id, w.photo.id, None),
            (mine.id, None, generated.versions[0].id),
            (mine.id, None, "v1"),
            ("i9", None, None),
        ]:
            kept = (Reference(kind="photo", id=photo),) if photo else ()
            with pytest.raises(NotFound):
                await w.studio.generate(
                    bob, PictureRequest(prompt="x", references=kept), identity_id=identity, parent=parent
                )
        with pytest.raises(NotFound):
            await w.studio.generation("bob", generated.generation_id)
        assert await w.studio.generations("bob", "talk") == []
        assert len(w.upstream.asked) == 1


async def test_a_mask_must_fit_the_picture_it_is_for(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, streams(frames(final=FINAL))) as w:
        small = await store.photos.add(ANA, holed((100, 100), (10, 10, 60, 60)))
        right = await store.photos.add(ANA, holed((w.photo.width, w.photo.height), (10, 10, 60, 60)))
        for wrong in (small, w.photo):
            with pytest.raises(InputRefused, match="A mask is a PNG with transparency"):
                await w.generate(w.edit.model_copy(update={"mask": Reference(kind="photo", id=wrong.id)}))
        generated = await w.generate(w.edit.model_copy(update={"mask": Reference(kind="photo", id=right.id)}))
        assert generated.operation == "inpaint"
        assert [name for name, headers, _ in w.upstream.asked[0].parts if "content-type" in headers] == [
            "image",
            "mask",
        ]


@pytest.mark.parametrize(("model", "limit"), [(None, 0.059), ("gpt-image-2.6-flare", 100)])
async def test_a_picture_that_may_cost_too_much_is_not_asked_for(
    store: Store, tmp_path: Path, photo_bytes: bytes, model: str | None, limit: float
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        with pytest.raises(PictureError) as caught:
            await w.generate(studio=w.new_studio(model=model, budgets=Budgets.of_usd(picture=limit)))
        assert (caught.value.code, caught.value.paid) == ("over_budget", "unpaid")
        assert await w.states() == ["planned", "quoted", "refused"]
        assert w.upstream.asked == [] and w.spool.list() == []


@pytest.mark.parametrize("limit", [Decimal("0.059578"), 0.059578])
async def test_a_picture_within_the_limit_is_made(
    store: Store, tmp_path: Path, photo_bytes: bytes, limit: Decimal | float
) -> None:
    async with workshop(store, tmp_path, photo_bytes, streams(frames(final=FINAL))) as w:
        quoted = w.studio.quote(w.edit)
        assert quoted.micros == 59_578
        one_less = w.new_studio(budgets=Budgets.of_usd(picture=Decimal("0.059577")))
        assert (await w.refusal(studio=one_less, call="call_2")).code == "over_budget"
        studio = w.new_studio(budgets=Budgets.of_usd(picture=limit))
        assert (await w.generate(studio=studio)).quote_micros == quoted.micros


async def test_nobody_listening_is_no_reason_to_lose_a_picture(
    store: Store, tmp_path: Path, photo_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def deaf(event: object) -> None:
        raise ConnectionError("the page was closed")

    async with workshop(
        store, tmp_path, photo_bytes, streams(frames(picture(), b"no picture", final=FINAL))
    ) as w:
        context = w.context()
        object.__setattr__(context, "emit", deaf)
        generated = await w.studio.generate(context, w.edit, identity_id="i1")
        assert len(generated.versions) == 1
        assert "News of generation" in caplog.text


async def test_a_bucket_that_hangs_costs_the_previews_and_not_the_picture(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = store.blobs.put

    async def hangs(key: str, data: bytes | Path, media_type: str) -> None:
        if "/previews/" in key:
            arrived.set()
            await asyncio.Event().wait()
        await put(key, data, media_type)

    async def hanging(number: int) -> None:
        if number == 1:
            await arrived.wait()

    arrived = asyncio.Event()
    monkeypatch.setattr(store.blobs, "put", hangs)
    monkeypatch.setattr("coach.studio._previews.PATIENCE", 0.1)
    reply = one_by_one(frames(picture("grey"), picture(), final=FINAL), hanging)
    async with asyncio.timeout(15), workshop(store, tmp_path, photo_bytes, reply, seconds=60) as w:
        [version] = (await w.generate()).versions
        assert await store.versions.bytes(ANA, version.id) == FINAL
        assert w.told == ["Sending your photo to gpt-image-2.5-sunburst", "Keeping the picture"]
        assert [path.name for path in w.spool.folder.iterdir()] == ["secret"]


async def test_a_retired_model_is_refused_before_anything_is_written_down(
    store: Store, tmp_path: Path, photo_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with workshop(store, tmp_path, photo_bytes, breaks) as w:
        studio = w.new_studio(model="gpt-image-1")
        assert "gpt-image-1 was shut down" in caplog.text
        with pytest.raises(PictureError) as caught:
            await w.generate(studio=studio)
        assert (caught.value.code, caught.value.paid) == ("model_retired", "unpaid")
        assert await w.studio.generations(ANA, "talk") == []
