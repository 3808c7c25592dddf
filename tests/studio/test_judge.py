"""Each picture of a person is compared with their photos; what is found is kept, and told as it is."""

import json
from pathlib import Path

import pytest

from coach.errors import StoreUnavailable
from coach.store import Store
from coach.studio import Generated, Generation, Judgement, PictureRequest, Reference
from coach.studio.judge import Judge, judgement_of, note
from tests.studio._faces import DISTANCES, ScriptedFaces, mirror, portrait
from tests.studio._service import answer, frames, says, streams
from tests.studio._workshop import ANA, workshop


class Died(BaseException):
    """The process, at that step."""


def judged(generated: Generated) -> Judgement:
    """How the picture that is shown was judged."""
    found = judgement_of(generated.versions[0])
    assert found is not None
    return found


async def test_a_picture_is_compared_with_the_photos_that_were_sent(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "gold") as (w, _):
        generated = await w.generate()
        found = judged(generated)
        assert (found.likeness, found.distance, found.photo_id) == ("strong", 0.12, w.photo.id)
        assert (found.model, found.skin) == ("scripted", "kept")
        assert generated.say_likeness == "The face was compared with your photo: a strong likeness."
        [version] = generated.versions
        assert generated.judgements == {version.id: found}
        assert Judgement.from_json(json.loads(json.dumps(found.to_json() | {"later": 1}))) == found
        steps = await w.studio.ledger.steps(ANA, generated.generation_id)
        assert [(step.state, step.detail) for step in steps[-2:]] == [
            ("judged", "likeness strong"),
            ("done", ""),
        ]
        assert await w.generate() == generated


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_that_no_photo_went_along_to_compare_it_with_is_said(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "lime", "red") as (w, _):
        first = (await w.generate()).versions[0]
        of = (Reference(kind="version", id=first.id),)
        request = PictureRequest(prompt="At dusk", references=of, keep_face=True)
        generated = await w.generate(request, call="call_2")
        assert judged(generated) == Judgement(
            likeness="not measured", why="No photo went along to compare it with."
        )
        assert generated.say_likeness == "Likeness was not measured." and not generated.second_try


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_the_most_like_comes_first_and_the_others_are_kept(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    drawn = [portrait(photo_bytes, colour) for colour in ("red", "orange", "gold", "lime")]
    async with workshop(store, tmp_path, photo_bytes, says(answer(*drawn))) as w:
        faces = ScriptedFaces(DISTANCES)
        studio = w.new_studio(faces=faces)
        generated = await w.generate(w.edit.model_copy(update={"count": 4}), studio=studio)
        assert [found.distance for found in generated.judgements.values()] == [0.1, 0.12, 0.4, 0.9]
        assert [version.handle for version in generated.versions] == ["v4", "v3", "v2", "v1"]
        assert faces.looked == 5, "the photo is looked at once for all of them"
        assert not generated.second_try and len(w.upstream.asked) == 1


async def test_what_was_stored_when_the_process_died_is_judged_at_the_next_start(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "gold") as (w, faces):
        with monkeypatch.context() as patch:

            def die(step: str) -> None:
                if step == "after_stored":
                    raise Died

            patch.setattr("coach.studio._keep.reached", die)
            with pytest.raises(Died):
                await w.generate()
        [entry] = await w.studio.generations(ANA, "talk")
        assert (entry.generation.state, entry.versions[0].judgement) == ("stored", None)
        put_back = Judgement(likeness="not measured", why="It has a mask.", outside=0.25)
        async with store.database.write() as connection:
            await note(connection, ANA, {entry.versions[0].id: put_back})
        [moved] = await w.new_studio(faces=faces).recover()
        assert moved.state == "done"
        found = judged(await w.generate())
        assert (found.likeness, found.outside) == ("strong", 0.25), "what is known of the mask stays"
        assert len(w.upstream.asked) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_comparison_that_fails_loses_no_picture_and_tells_nothing_of_the_person(
    store: Store, tmp_path: Path, photo_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    failure = RuntimeError(f"the face of {ANA}")
    async with mirror(store, tmp_path, photo_bytes, "gold", fails=failure) as (w, _):
        generated = await w.generate()
        assert judged(generated).likeness == "cannot judge"
        assert generated.say_likeness == (
            "Whether it looks like you could not be judged: The comparison did not succeed."
        )
        assert f"Version {generated.versions[0].id} could not be judged (RuntimeError)." in caplog.text
        assert ANA not in caplog.text
        assert not generated.second_try


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("change", ["consent", "photo", "bucket"])
async def test_photos_that_may_not_or_cannot_be_read_any_more_are_not_read(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    real = Judge.judge
    async with mirror(store, tmp_path, photo_bytes, "gold") as (w, faces):

        async def later(judge: Judge, generation: Generation) -> dict[str, Judgement]:
            if change == "consent":
                await store.consents.revoke(ANA, "pictures")
            elif change == "photo":
                await store.photos.remove(ANA, w.photo.id)
            else:
                monkeypatch.setattr(store.blobs, "get", away)
            return await real(judge, generation)

        async def away(key: str) -> bytes:
            raise StoreUnavailable("the bucket is away")

        monkeypatch.setattr(Judge, "judge", later)
        generated = await w.generate()
        found = judged(generated)
        assert (found.likeness, faces.looked) == ("cannot judge", 0)
        why = {"consent": "no consent", "photo": "are gone", "bucket": "could not be read"}
        assert why[change] in found.why


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_of_several_photos_one_that_is_gone_is_left_out(
    store: Store, tmp_path: Path, photo_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Judge.judge
    async with mirror(store, tmp_path, photo_bytes, "gold") as (w, faces):
        photos = [await store.photos.add(ANA, portrait(photo_bytes, "lime")), w.photo]
        references = tuple(Reference(kind="photo", id=photo.id) for photo in photos)

        async def later(judge: Judge, generation: Generation) -> dict[str, Judgement]:
            await store.photos.remove(ANA, photos[0].id)
            return await real(judge, generation)

        monkeypatch.setattr(Judge, "judge", later)
        found = judged(await w.generate(w.edit.model_copy(update={"references": references})))
        assert (found.likeness, found.photo_id, faces.looked) == ("strong", w.photo.id, 2)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_without_a_face_model_it_is_said_that_nothing_was_measured(
    store: Store, tmp_path: Path, photo_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with workshop(
        store, tmp_path, photo_bytes, streams(frames(final=portrait(photo_bytes, "red")))
    ) as w:
        generated = await w.generate()
        found = judged(generated)
        assert (found.likeness, found.distance, found.model) == ("not measured", None, "")
        assert generated.say_likeness == "Likeness was not measured."
        assert not generated.second_try and caplog.text == ""


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_is_not_of_the_person_is_not_judged(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "red") as (w, faces):
        for number, request in enumerate(
            (w.edit.model_copy(update={"keep_face": False}), PictureRequest(prompt="x", keep_face=True))
        ):
            generated = await w.generate(request, call=f"call_{number}")
            assert (generated.judgements, generated.say_likeness, generated.second_try) == ({}, None, False)
            assert w.studio.quote(request).tries == 1
        assert faces.looked == 0


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_was_wanted_is_written_down_with_the_wish(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "gold") as (w, _):
        await w.generate(wish="warmer light")
        row = await w.only()
        assert (row.wish, row.request) == ("warmer light", w.edit.model_dump(mode="json"))
        assert await w.generate(wish="another") == await w.generate(), "a wish does not make another picture"
        assert len(w.upstream.asked) == 1
