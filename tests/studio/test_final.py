"""An accepted draft is made once more in full quality, and the final picture is shown if it is as like."""

from pathlib import Path
from typing import Any

import pytest

from coach.errors import Conflict, NotFound, PictureError
from coach.store import Store
from coach.studio import Generated, last_shown
from tests.studio._faces import mirror
from tests.studio._service import breaks, error, says
from tests.studio._workshop import ANA, Workshop


async def draft(w: Workshop, *, accept: bool = True) -> str:
    """Make a draft, accept it; its id."""
    generated = await w.generate(w.edit.model_copy(update={"grade": "draft"}), call="draft")
    if accept:
        await w.store.versions.accept(ANA, "i1", "v1")
    return generated.versions[0].id


async def final(w: Workshop, version: str = "v1", **options: Any) -> Generated:
    """Finish it."""
    options = {"prompt": "The same, finished"} | options
    return await w.studio.finish(w.context("accept"), identity_id="i1", version=version, **options)


async def accepted(w: Workshop) -> list[str]:
    return [each.handle for each in await w.store.versions.list(ANA, "i1") if each.accepted_at]


@pytest.mark.parametrize("colour", ["lime", "gold"])
async def test_a_draft_is_finished_from_itself_and_the_photos(
    store: Store, tmp_path: Path, photo_bytes: bytes, colour: str
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "lime", colour) as (w, _):
        made_of = await draft(w)
        generated = await final(w)
        assert [version.handle for version in generated.versions] == ["v2", "v1"]
        assert await accepted(w) == ["v2"]
        assert generated.versions[0].accepted_at is not None
        assert generated.say_likeness == (
            "The final picture takes the place of the draft. "
            "The face was compared with your photo: a strong likeness."
        )
        assert last_shown(await store.versions.tree(ANA, "i1")).handle == "v2"
        drawn, finished = w.upstream.asked
        assert finished.fields["prompt"] == "The same, finished"
        assert (drawn.fields["quality"], finished.fields["quality"]) == ("low", "high")
        sent = [content for name, _, content in finished.parts if name == "image[]"]
        assert sent == [await store.versions.bytes(ANA, made_of), await store.photos.bytes(ANA, w.photo.id)]
        assert w.told.count("Making it in full quality") == 1
        for prompt in ("The same, finished", "Words that were edited since"):
            assert (await final(w, prompt=prompt)).versions[0].id == generated.versions[0].id
        assert len(w.upstream.asked) == 2
        assert w.told.count("Making it in full quality") == 1


async def test_a_final_picture_that_is_less_like_the_person_is_kept_and_not_shown(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "lime", "orange", "lime") as (w, _):
        await draft(w)
        generated = await final(w)
        assert [version.handle for version in generated.versions] == ["v1", "v2"]
        assert await accepted(w) == ["v1"]
        assert last_shown(await store.versions.tree(ANA, "i1")).handle == "v1"
        assert generated.say_likeness == (
            "The draft stays: the final picture, kept as v2, is not as like you. "
            "The face was compared with your photo: a strong likeness."
        )
        assert not generated.second_try and len(w.upstream.asked) == 2


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_the_person_accepted_meanwhile_stays(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "lime") as (w, _):
        await draft(w)
        await w.generate(call="other")
        await store.versions.accept(ANA, "i1", "v2")
        assert [version.handle for version in (await final(w)).versions] == ["v1a", "v1"]
        assert await accepted(w) == ["v2"]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_cannot_be_finished_stays_as_it_is(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "lime") as (w, _):
        await draft(w)
        await w.generate(call="final")
        with pytest.raises(Conflict, match="v2 is no draft: it was made in full quality"):
            await final(w, "v2")
        w.upstream.replies = [says(error("moderation_blocked"), status=400), breaks]
        for said in ("Nothing was charged", "may have been charged", "may have been charged"):
            with pytest.raises(PictureError, match=said):
                await final(w)
        assert len(w.upstream.asked) == 4, "asked for again only when it was certainly not charged"
        assert await accepted(w) == ["v1"]
        await store.photos.remove(ANA, w.photo.id)
        with pytest.raises(NotFound):
            await final(w, again=True)
        assert await accepted(w) == ["v1"]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_without_a_face_model_the_final_picture_is_shown(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with mirror(store, tmp_path, photo_bytes, "lime", "red") as (w, _):
        w.studio = w.new_studio()
        await draft(w)
        generated = await final(w)
        assert [version.handle for version in generated.versions] == ["v2", "v1"]
        assert generated.say_likeness == (
            "The final picture takes the place of the draft. Likeness was not measured."
        )
