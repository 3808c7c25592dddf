"""Consent or a photo that is taken back while a picture waits: it is refused unpaid, and nothing was sent."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from coach.errors import PictureError
from coach.events import Event, Progress
from coach.store import Store
from coach.studio import GateLimits, PictureRequest
from tests.studio._service import answer, says
from tests.studio._workshop import ANA, workshop
from tests.studio.test_generate import FINAL


async def test_taking_consent_back_stops_what_waits_for_its_turn(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(FINAL))) as w:
        w.studio = w.new_studio(limits=GateLimits(at_once=1))
        async with w.studio.gate.admit("somebody else"):
            waiting = asyncio.create_task(w.refusal())
            await w.until_told("Waiting for our turn")
            await store.consents.revoke(ANA)

        error = await waiting

        assert (error.code, error.paid) == ("no_consent", "unpaid")
        assert w.upstream.asked == []
        assert await w.states() == ["planned", "quoted", "reserved", "refused"]
        assert (await w.only()).held_micros == 0
        assert await store.photos.list(ANA) == []
        # What shows nobody goes on.
        made = await w.generate(PictureRequest(prompt="A lighthouse", previews=0), call="call_2")
        assert made.operation == "generate"


@pytest.mark.parametrize("anew", [True, False])
async def test_a_photo_that_is_gone_by_then_is_not_sent(
    store: Store, tmp_path: Path, photo_bytes: bytes, other_photo_bytes: bytes, anew: bool
) -> None:
    async with workshop(store, tmp_path, photo_bytes, says(answer(FINAL))) as w:
        w.studio = w.new_studio(limits=GateLimits(at_once=1))
        async with w.studio.gate.admit("somebody else"):
            waiting = asyncio.create_task(w.refusal())
            await w.until_told("Waiting for our turn")
            if anew:
                await store.consents.revoke(ANA)
                await store.consents.give(ANA, statement="yes, with another photo")
                await store.photos.add(ANA, other_photo_bytes)
            else:
                await store.photos.remove(ANA, w.photo.id)

        error = await waiting

        assert (error.code, error.paid) == ("photo_gone", "unpaid")
        assert w.upstream.asked == [] and (await w.only()).held_micros == 0


async def test_it_is_looked_at_after_whoever_listens_was_told(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    async def slow(event: Event) -> None:
        if isinstance(event, Progress) and event.text.startswith("Sending"):
            await store.consents.revoke(ANA)

    async with workshop(store, tmp_path, photo_bytes, says(answer(FINAL))) as w:
        told = replace(w.context(), emit=slow)
        with pytest.raises(PictureError) as caught:
            await w.studio.generate(told, w.edit, identity_id="i1")
        assert caught.value.code == "no_consent" and w.upstream.asked == []
