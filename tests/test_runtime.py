"""What is set reaches the studio: ``coach.open`` with real settings, against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.sandbox import Sandbox
from coach.settings import BUDGETS
from coach.store import Store
from coach.studio import Budgets

ANN = coach.Context(user_id="ann", conversation_id="c1", turn_id="t1", call_id="1")

Opened = AbstractAsyncContextManager[coach.Coach]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(quick=True) as running:
        yield running


@pytest.fixture
def opened(sandbox: Sandbox, tmp_path: Path, photo_bytes: bytes) -> Callable[[], Opened]:
    """Opens the reference coach as the environment says, with a person who is ready for a picture."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[coach.Coach]:
        settings = coach.Settings.read(
            home=tmp_path / "home", openai_api_key=sandbox.api_key, openai_base_url=sandbox.base_url
        )
        async with coach.open("coach.reference", settings) as reference:
            store = reference.service("store", Store)
            await store.people.ensure("ann")
            await store.consents.give("ann", statement="yes")
            await store.photos.add("ann", photo_bytes)
            await store.identities.add("ann", "Night-sky guide")
            yield reference

    return opened


async def generate(reference: coach.Coach) -> Any:
    """Run the action, as the model would."""
    action = reference.actions["generate_identity_image"]
    services = [reference.services[need] for need in action.needs]
    return await action(ANN, *services, identity_id="i1", prompt="On a hill at night.")


def posts(sandbox: Sandbox) -> list[str]:
    return [entry.route for entry in sandbox.log if entry.route.startswith("POST")]


def test_there_is_a_setting_for_every_budget() -> None:
    assert set(BUDGETS) == {field.name for field in fields(Budgets)}


@pytest.mark.parametrize("name", BUDGETS)
async def test_a_budget_that_is_set_refuses_the_picture_before_anything_is_sent(
    name: str, opened: Callable[[], Opened], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"COACH_MAX_{name.upper()}_USD", "0.001")
    async with opened() as reference:
        with pytest.raises(coach.PictureError) as caught:
            await generate(reference)
        turn = await reference.turn(user_id="ann", conversation_id="c2", phase="identity_visualization")
        asked = {"identity_id": "i1", "prompt": "At sea."}
        call = coach.Call(id="2", name="generate_identity_image", arguments=asked)
        async for _ in turn.run([call]):
            pass
    assert caught.value.code == ("over_budget" if name == "picture" else "budget_spent")
    assert caught.value.paid == "unpaid"
    named = f"The budget {name} (COACH_MAX_{name.upper()}_USD) allows $0.001"
    assert caught.value.detail.startswith(named)
    [told] = turn.answers
    assert named in str(told["content"]), "the model knows which one it was"
    assert "COACH" not in str(caught.value), "and the person need not"
    assert posts(sandbox) == []


@pytest.mark.parametrize(
    ("mode", "route"), [("direct", "POST /v1/images/edits"), ("background", "POST /v1/responses")]
)
async def test_the_mode_says_how_a_picture_is_asked_for(
    mode: str, route: str, opened: Callable[[], Opened], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_PICTURE_MODE", mode)
    async with opened() as reference:
        made = (await generate(reference)).data
    assert posts(sandbox) == [route]
    assert made.actual_micros == sandbox.totals.micros > 0


async def test_flux_needs_no_key_of_another_service(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    given = {name: value for name, value in sandbox.settings.items() if not name.startswith("openai")}
    settings = coach.Settings.read(home=tmp_path / "home", polling_interval=0.02, **given)
    async with coach.open("coach.reference", settings, faces=None) as reference:
        studio, store = reference.service("studio", coach.Studio), reference.service("store", Store)
        assert studio.model == "flux-dev" and "gpt-image-2" not in studio.capabilities.models
        await store.people.ensure("ann")
        await store.identities.add("ann", "Night-sky guide")
        request = coach.PictureRequest(prompt="On a hill at night.")
        made = await studio.generate(ANN, request, identity_id="i1")
    assert made.model == "flux-dev" and "POST /v2/flux/run" in posts(sandbox)
    with pytest.raises(coach.SettingsError, match="OPENAI_API_KEY is not set"):
        async with coach.open("coach.reference", coach.Settings.read(home=tmp_path / "home")):
            pass


async def test_how_many_at_once_and_how_often_reach_the_gate(
    opened: Callable[[], Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_PICTURES_AT_ONCE", "3")
    monkeypatch.setenv("COACH_PICTURES_PER_MINUTE", "7.5")
    async with opened() as reference:
        limits = reference.service("studio", coach.Studio).gate.limits
    assert (limits.at_once, limits.per_minute) == (3, 7.5)
