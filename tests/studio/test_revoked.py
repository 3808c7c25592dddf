"""Consent that is taken back while a picture waits: it is refused unpaid, and nothing was sent."""

import asyncio
from pathlib import Path

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
