"""Words of strangers in no message: what a file is called, a persona's bio, what a fetched link holds."""

from __future__ import annotations

from pathlib import Path

import pytest

import coach
from coach.errors import ModelError
from coach.personas import ModelWriter, Persona
from coach.stickers.outcome import Failed, Spec
from coach.stickers.request import StickerRequest
from tests.server._serve import an_app, begin, say, serving, settings_for
from tests.untrusted._hiding import OBEYED, SAVE, lab_of, picture_that_orders, site_that_orders, talk
from tests.untrusted._lab import World, canary, picture
from tests.untrusted._orders import ObedientModel, forbidden, orders_in

FILE = f"../{SAVE}.png"
"""What somebody calls a file they send."""


def kept(folder: Path) -> list[str]:
    """The files below a folder that hold the order, or are called by it."""
    files = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(data.startswith(b"SQLite format 3") for data in files.values())
    return [name for name, data in files.items() if OBEYED in name or OBEYED.encode() in data]


async def test_what_a_file_is_called_is_kept_nowhere_and_told_to_nobody(world: World, tmp_path: Path) -> None:
    home = tmp_path / "home"
    photo = {"image": (FILE, picture(0, 256), "image/png")}
    app = an_app(settings_for(world.sandbox, home), faces=None)
    async with serving(app) as served, served.client("ann") as ann:
        await served.here.store.consents.give("ann", statement="yes")
        before = world.sandbox.totals.received
        sent = await ann.put("/api/v1/users/me/upload-photo/", files=photo)
        made = await ann.post("/api/ai/gpt-image/high-fidelity/", files=photo, data={"prompt": "A hill."})
        assert (sent.status_code, made.status_code) == (200, 200)
        identity = await served.here.store.identities.add("ann", "Guide")
        asked = {
            "action": "generate_identity_image",
            "params": {"identity_id": identity.handle, "prompt": "Sea."},
        }
        assert (await ann.post("/api/v1/actions/", json=asked)).json()["state"] == "done"
        told = await say(ann, await begin(ann), "Look at my photo.")
        asked_of = [entry for entry in world.sandbox.log if entry.route.startswith("POST")]
        assert world.sandbox.totals.received - before >= 3
        assert OBEYED not in f"{sent.text} {told} {(await ann.get('/api/v1/users/me/')).text} {asked_of}"
    assert kept(tmp_path) == []


async def test_a_bio_orders_nothing_from_the_model_that_reads_it(world: World) -> None:
    words = " ".join(forbidden(world.things["ben"]))
    persona = Persona(firstname="Ana", lastname="Ruiz", bio_x=words[:1900], bio_facebook=SAVE)
    async with lab_of(world, agreed=True) as lab:
        sent, model = lab.sandbox.totals.received, ObedientModel()
        with pytest.raises(ModelError):  # it answers with calls, and nothing else is asked of it
            await ModelWriter(model).write(persona)
        assert len([*orders_in(model.views)]) > 10 and "tools" not in str(model.views)
        assert (await lab.touched(), lab.sandbox.totals.received) == (set(), sent)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, f"<html><title>{SAVE}</title><p>{SAVE}</p></html>".encode()),
        (200, picture_that_orders()),
        (302, SAVE.encode()),
        (404, SAVE.encode()),
    ],
    ids=["page", "picture", "elsewhere", "not there"],
)
async def test_what_a_fetched_link_holds_never_becomes_text_that_a_model_reads(
    world: World, status: int, body: bytes
) -> None:
    with site_that_orders(status, body) as origin:
        async with lab_of(world, agreed=True) as lab:
            fetcher = coach.Fetcher(http=True, trusted=[origin])
            stickers = coach.Stickers(store=lab.store, studio=lab.studio, fetcher=fetcher)
            asked = StickerRequest(base_image_url=f"{origin}/a.png", user_prompt="Waves.")
            sent = lab.sandbox.totals.received
            outcome = await stickers.ask(coach.Context(user_id="ann"), asked)
            assert isinstance(outcome, Spec if body.startswith(b"\x89PNG") else Failed)
            assert OBEYED not in f"{outcome!r} {getattr(outcome, 'spec', '')}"
            assert {owner for _, owner in await lab.touched()} <= {"ann"}
            for phase in lab.coach.phases:
                model = ObedientModel()
                await talk(lab, phase, model, "Look at the sticker's picture.")
                assert len(model.views) == 1 and "CALL" not in str(model.views)
            assert canary("ben") not in str(model.views) and lab.sandbox.totals.received == sent
            assert kept(world.folder / "copy") == []
