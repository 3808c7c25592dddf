"""What is set of the likeness reaches the studio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import coach
from tests.store._images import quadrants, save
from tests.studio._faces import DISTANCES, ScriptedFaces

REQUEST = coach.PictureRequest(
    prompt="On a hill at night", references=(coach.Reference(kind="photo", id="p1"),), keep_face=True
)


@asynccontextmanager
async def studio(home: Path, **settings: Any) -> AsyncIterator[coach.Studio]:
    """The studio of a coach with these settings."""
    read = coach.Settings.read(
        home=home, openai_api_key="a-key", openai_base_url="http://127.0.0.1:1/v1", **settings
    )
    async with coach.open("coach.reference", read) as reference:
        yield reference.service("studio", coach.Studio)


@pytest.mark.parametrize(
    ("settings", "tries", "grade", "previews"),
    [
        ({}, 2, "final", 0),
        ({"second_try": False}, 1, "final", 0),
        ({"grade": "draft"}, 2, "draft", 0),
        ({"previews": 3}, 2, "final", 3),
        ({"picture_seconds": 469}, 2, "final", 0),
        ({"picture_seconds": 470}, 1, "final", 0),
    ],
)
async def test_a_second_try_drafts_and_previews_are_set(
    tmp_path: Path, settings: dict[str, Any], tries: int, grade: str, previews: int
) -> None:
    async with studio(tmp_path, **settings) as opened:
        assert (opened.quote(REQUEST).tries, opened.grade, opened.previews) == (tries, grade, previews)


async def test_a_second_try_is_left_out_where_there_is_no_time_for_it(tmp_path: Path) -> None:
    async with studio(tmp_path, picture_seconds=540) as opened:
        assert opened.quote(REQUEST).tries == 1


class Mine(ScriptedFaces):
    """A model that the application brings."""


@pytest.mark.parametrize(("mine", "tries"), [(Mine(DISTANCES), 2), (None, 1)])
async def test_another_face_model_or_none_is_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mine: Mine | None, tries: int
) -> None:
    read = coach.Settings.read(home=tmp_path, openai_api_key="a-key", openai_base_url="http://127.0.0.1:1/v1")
    async with coach.open("coach.reference", read, faces=mine) as reference:
        assert reference.services["faces"] is mine
        assert reference.service("studio", coach.Studio).quote(REQUEST).tries == tries
        store = reference.service("store", coach.Store)
        await store.people.ensure("ann")
        await store.consents.give("ann", statement="yes")
        photo = await store.photos.add("ann", save(quadrants(size=(400, 400)), "PNG"))
        report = await reference.service("photo_coach", coach.PhotoCoach).look("ann", photo.id)
        assert (report.model, report.reason == "not_looked") == (mine.name if mine else "", mine is None)
    assert caplog.text == "", "whoever gives none wants none"


async def test_without_the_extra_it_is_said_once_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("coach.runtime.face_model", lambda: None)
    async with studio(tmp_path) as opened:
        assert caplog.text.count("Likeness is not measured") == 1
        assert (opened.quote(REQUEST).tries, opened.previews) == (1, 2)
