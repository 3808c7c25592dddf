"""The whole journey through ``coach.open``: SQLite and a folder, PostgreSQL and a bucket, with restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import coach
from coach.sandbox import Sandbox, ScriptedPerson
from coach.store import CONSENT_TEXT, Store
from tests._s3 import S3Server


@pytest.fixture
def settings(
    dialect: str, database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> coach.Settings:
    """SQLite goes with a folder, PostgreSQL with a bucket: nothing else differs."""
    given: dict[str, Any] = {"home": tmp_path / "home", "database_url": database_url, "chat_model": "any"}
    if dialect == "postgres":
        bucket: S3Server = request.getfixturevalue("s3")
        given |= {
            "s3_endpoint": bucket.endpoint,
            "s3_bucket_name": bucket.bucket,
            "s3_access_key": bucket.access_key,
            "s3_secret_key": bucket.secret_key,
        }
    sandbox = request.getfixturevalue("sandbox")
    return coach.Settings.read(**given, openai_api_key=sandbox.api_key, openai_base_url=sandbox.base_url)


@pytest.fixture
def sandbox() -> Any:
    with Sandbox() as running:
        yield running


class Journey:
    """Carries the scripted person through the conversation, opening everything anew for each step."""

    def __init__(self, settings: coach.Settings, photo: bytes) -> None:
        self.settings, self.photo = settings, photo
        self.person, self.id, self.heard = ScriptedPerson(), "", ""
        self.events: list[coach.Event] = []

    async def go(self, *, steps: int) -> bool:
        """Some steps in one process; says whether the person has more to say."""
        async with coach.open("coach.reference", self.settings) as opened, self.settings.openai() as client:
            model = coach.OpenAIModel(client, model=self.settings.chat_model)
            if not self.id:
                talk = await coach.Conversation.start(opened, model, user_id="grace")
                self.id = talk.id
                await self.follow(talk.greet())
            talk = await coach.Conversation.resume(opened, model, user_id="grace", conversation_id=self.id)
            for _ in range(steps):
                if not await self.step(talk, opened.service("store", Store)):
                    return False
            return True

    async def step(self, talk: coach.Conversation, store: Store) -> bool:
        if waiting := await talk.waiting():
            await self.follow(talk.decide(waiting[0], yes=True))
            return True
        has_photo = await store.photos.primary("grace") is not None
        versions = len(await store.versions.list("grace", "i1")) if has_photo else 0
        line = self.person.next(talk.phase, self.heard, has_photo=has_photo, versions=versions)
        if line == "/photo":
            await store.consents.give("grace", statement=CONSENT_TEXT)
            await store.photos.add("grace", self.photo)
        elif line is not None:
            await self.follow(talk.say(line))
        return line is not None

    async def follow(self, events: Any) -> None:
        self.heard = ""
        async for event in events:
            self.events.append(event)
            if isinstance(event, coach.Say):
                self.heard += event.text


async def test_somebody_sees_themselves_and_accepts_with_restarts_on_the_way(
    settings: coach.Settings, photo_bytes: bytes, sandbox: Sandbox
) -> None:
    journey = Journey(settings, photo_bytes)
    for _ in range(40):
        if not await journey.go(steps=3):
            break
    ended = [event for event in journey.events if isinstance(event, coach.Finished)]
    assert {event.state for event in ended} == {"done", "waiting"}
    assert not any(isinstance(event, coach.Stopped) for event in journey.events)
    moves = [event.phase for event in journey.events if isinstance(event, coach.PhaseChanged)]
    assert moves == [
        "get_to_know_you",
        "identity_brainstorming",
        "identity_refinement",
        "i_am_statement",
        "identity_visualization",
        "wrap_up",
    ]
    async with coach.open("coach.reference", settings) as opened:
        store = opened.service("store", Store)
        identity = await store.identities.current("grace")
        assert identity is not None and identity.stage == "visualized"
        versions = await store.versions.list("grace", identity.handle)
        assert [version.handle for version in versions] == ["v1", "v2"]
        assert identity.accepted_version_id == versions[1].id
        for version in versions:
            assert (await store.versions.bytes("grace", version.id)).startswith(b"\x89PNG")
        entries = await opened.service("studio", coach.Studio).generations("grace", journey.id)
        assert [entry.generation.state for entry in entries] == ["done", "done"]
    posts = [entry for entry in sandbox.log if entry.route == "POST /v1/images/edits"]
    assert len(posts) == 2
    assert sum(entry.generation.actual_micros or 0 for entry in entries) == sum(
        post.micros or 0 for post in posts
    )
