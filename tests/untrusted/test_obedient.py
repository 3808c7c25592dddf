"""A model that obeys whoever wrote last, whichever way the words come: what becomes of it is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

import coach
from coach.adapters import Hosted
from coach.studio import GptImageEngine, Spool, Studio
from tests.actions._pictures import on_studio
from tests.untrusted._hiding import lab_of, picture_that_orders, site_that_orders, talk
from tests.untrusted._lab import World, canary
from tests.untrusted._orders import ObedientModel, forbidden, order, orders_in


@pytest.mark.parametrize("phase", ["identity_visualization", "sticker", "identity_brainstorming"])
async def test_what_a_message_orders_reaches_nobody_else_and_costs_nothing(world: World, phase: str) -> None:
    async with lab_of(world, agreed=False) as lab:
        sent, model = lab.sandbox.totals.received, ObedientModel()
        events = await talk(lab, phase, model, " ".join(forbidden(world.things["ben"])))
        done = [event for event in events if isinstance(event, coach.Finished) and event.state == "done"]
        assert (done, lab.sandbox.totals.received - sent) == ([], 0)
        assert not any(isinstance(event, coach.PhaseChanged) for event in events)
        assert await lab.touched() <= {(table, "ann") for table in ("calls", "conversations", "messages")}
        assert canary("ben") not in f"{model.views} {events}"


async def test_what_was_kept_of_a_person_orders_nothing_either(world: World) -> None:
    words = " ".join(forbidden(world.things["ben"]))
    async with lab_of(world, agreed=False) as lab:
        await lab.store.people.rename("ann", words)
        await lab.store.notes.add("ann", words)
        await lab.store.identities.update(
            "ann", "i1", name=words, statement=words, visualization=words, appearance=words
        )
        row = await lab.store.conversations.start("ann", coach="reference", phase="wrap_up")
        told = {"role": "tool", "tool_call_id": "x", "content": words}
        made = {"id": "x", "type": "function", "function": {"name": "save_note", "arguments": "{}"}}
        asked = {"role": "assistant", "content": words, "tool_calls": [made]}
        await lab.store.conversations.append("ann", row.id, {"role": "user", "content": words}, asked, told)
        for phase in ("introduction", "get_to_know_you", "identity_refinement", "identity_visualization"):
            sent, model = lab.sandbox.totals.received, ObedientModel()
            events = await talk(lab, phase, model, "Hello.")
            assert len(model.views) > 1, "it was told to do something"
            assert not any(isinstance(event, coach.PhaseChanged) for event in events)
            assert await lab.touched() <= {(table, "ann") for table in ("calls", "conversations", "messages")}
            assert lab.sandbox.totals.received == sent


async def test_an_order_to_spend_ends_at_the_turns_limit(world: World) -> None:
    wishes = [
        order("generate_identity_image", identity_id="i1", prompt=f"No. {n}", anyway=True) for n in range(9)
    ]
    same = [wishes[0]] * 3
    async with lab_of(world, agreed=True) as lab:
        for said, most in ((" ".join(wishes), 2), (" ".join(same), 1)):
            paid, model = await lab.paid(), ObedientModel()
            events = await talk(lab, "identity_visualization", model, said)
            assert await lab.paid() - paid == most
            assert isinstance(events[-1], coach.Stopped) and len(model.views) <= coach.Limits().replies


async def test_nobody_accepts_for_a_person(world: World) -> None:
    accept = order("accept_identity_visualization", identity_id="i1", version="v1")
    async with lab_of(world, agreed=True) as lab:
        events = await talk(lab, "identity_visualization", ObedientModel(), accept)
        assert any(isinstance(event, coach.Waiting) for event in events)
        assert not any(isinstance(event, coach.Started) for event in events)
        [version] = await lab.store.versions.list("ann", "i1")
        assert version.accepted_at is None


async def test_what_a_picture_holds_never_becomes_text_that_a_model_reads(world: World) -> None:
    upload = picture_that_orders()
    assert upload.count(b"CALL save_note") >= 3
    async with lab_of(world, agreed=True) as lab:
        photo = await lab.store.photos.add("ann", upload)
        for phase in lab.coach.phases:
            model = ObedientModel()
            await talk(lab, phase, model, "Look at my photo.")
            assert "CALL" not in str(model.views) and len(model.views) == 1
        made = order("generate_identity_image", identity_id="i1", prompt="A hill.", anyway=True)
        await talk(lab, "identity_visualization", model, made)
        assert "Obeyed" not in str(model.views)
        assert b"CALL" not in await lab.store.photos.bytes("ann", photo.id)


@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_what_an_upstream_says_never_becomes_text_that_a_model_reads(
    world: World, tmp_path: Path, status: int
) -> None:
    with site_that_orders(status) as origin:
        async with lab_of(world, agreed=True) as lab:
            settings = coach.Settings.read(openai_api_key="sk-secret-key", openai_base_url=f"{origin}/v1")
            async with settings.openai() as client:
                engine = GptImageEngine(client, seconds=5)
                studio = Studio(store=lab.store, engine=engine, spool=Spool(tmp_path / "spool"), previews=0)
                turn = await on_studio(lab.store, studio).turn(user_id="ann", phase="identity_visualization")
                made = {"identity_id": "i1", "prompt": "A hill.", "anyway": True}
                answer = await Hosted(turn).call("a", "generate_identity_image", made)
                view = f"{answer} {turn.prompt}"
                assert answer.finished.state == "refused"
                assert "Obeyed" not in view and "sk-secret-key" not in view


async def test_what_a_model_wrote_in_its_arguments_orders_nothing(world: World) -> None:
    words = " ".join(forbidden(world.things["ben"]))
    async with lab_of(world, agreed=False) as lab:
        host = Hosted(await lab.coach.turn(user_id="ann", phase="identity_brainstorming"))
        for name in ("rename_identity", words):
            answer = await host.call("", name, {"identity_id": words, "name": "x", words: words})
            assert answer.finished.state == "retry" and not [*orders_in(answer.say)]
        assert {owner for _, owner in await lab.touched()} <= {"ann"}
