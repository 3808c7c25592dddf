"""What is set of the likeness reaches the studio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import coach

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
    ("settings", "tries", "grade"),
    [({}, 2, "final"), ({"second_try": False}, 1, "final"), ({"grade": "draft"}, 2, "draft")],
)
async def test_a_second_try_and_drafts_are_set(
    tmp_path: Path, settings: dict[str, Any], tries: int, grade: str
) -> None:
    async with studio(tmp_path, **settings) as opened:
        assert (opened.quote(REQUEST).tries, opened.grade) == (tries, grade)


async def test_a_second_try_is_left_out_where_there_is_no_time_for_it(tmp_path: Path) -> None:
    async with studio(tmp_path, picture_seconds=540) as opened:
        assert opened.quote(REQUEST).tries == 1


async def test_without_the_extra_it_is_said_once_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("coach.runtime.face_model", lambda: None)
    async with studio(tmp_path) as opened:
        assert caplog.text.count("Likeness is not measured") == 1
        assert opened.quote(REQUEST).tries == 1
