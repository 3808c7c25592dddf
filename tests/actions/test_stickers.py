"""Stickers in the talk: a spec with its price, a yes, the sticker; the model sees handles alone."""

import re
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.sandbox import Sandbox
from coach.stickers.names import NAMES
from coach.store import StickerSpecs, Store
from tests.actions._pictures import ANN, call, make_ready, reference_coach

ONCE = pytest.mark.parametrize("dialect", ["sqlite"])
LEAKS = re.compile(r"https?://|[0-9a-f]{16}|-[0-9a-f]{4}-")
"""What a model is never to read: links, hashes, ids."""


@ONCE
async def test_a_spec_is_told_with_its_price_and_made_once(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    with Sandbox() as sandbox:
        async with reference_coach(store, sandbox, tmp_path) as reference:
            with pytest.raises(coach.Refused, match="no photo"):
                await call(reference, "create_sticker_spec", template="GM")
            await make_ready(store, photo_bytes)
            spec = await call(reference, "create_sticker_spec", template="GM", wish="in a warm coat")
            assert "s1" in spec.say and "“GM”" in spec.say and re.search(r"at most \$\d\.\d\d", spec.say)
            assert spec.data.handle == "s1" and sandbox.log == []
            for _ in range(2):
                made = await call(reference, "generate_sticker_now", spec="s1")
            assert (made.data.title, made.data.pictures) == ("sticker s1", 1)
            assert not LEAKS.search(spec.say + made.say)
            assert sum(entry.route == "POST /v1/images/edits" for entry in sandbox.log) == 1
            seen = await reference.context["sticker_specs"](ANN, reference.services["stickers"])
            assert [(each.handle, each.words, each.state) for each in seen] == [("s1", "GM", "made")]

            with pytest.raises(coach.Retry, match="Choose a template"):
                await call(reference, "create_sticker_spec")
            with pytest.raises(coach.Retry, match="No identity"):
                await call(reference, "create_sticker_spec", template="GM", picture="v1")
            for name, given in (
                ("generate_sticker_now", {"spec": "s9"}),
                ("generate_sticker_now", {"spec": spec.data.hash}),
            ):
                with pytest.raises(coach.NotFound):
                    await call(reference, name, coach.Context(user_id="ben"), **given)


@ONCE
async def test_it_is_made_from_the_picture_they_accepted_or_name(
    store: Store, tmp_path: Path, photo_bytes: bytes
) -> None:
    with Sandbox(quick=True) as sandbox:
        async with reference_coach(store, sandbox, tmp_path) as reference:
            await make_ready(store, photo_bytes)
            await call(reference, "generate_identity_image", identity_id="i1")
            await call(reference, "focus_identity", identity_id="i1")
            specs = StickerSpecs(store.database)
            for number, (picture, kind) in enumerate(
                ((None, "photo"), ("v1", "version"), ("photo", "photo")), 1
            ):
                await call(
                    reference, "create_sticker_spec", template="GM", picture=picture, wish=f"w{number}"
                )
                assert (await specs.get("ann", f"s{number}")).base_kind == kind
            accepted = await store.versions.accept("ann", "i1", "v1")
            await call(reference, "create_sticker_spec", template="GM", wish="w4")
            assert (await specs.get("ann", "s4")).base_id == accepted.id
            with pytest.raises(coach.NotFound):
                await call(reference, "create_sticker_spec", template="GM", picture="v7")
            # What the quick sandbox draws is no cut-out.
            with pytest.raises(coach.Refused, match="was paid for"):
                await call(reference, "generate_sticker_now", spec="s1")


def test_the_templates_that_the_model_can_name_are_all_there_are() -> None:
    reference = coach.load("coach.reference")
    schema = reference.actions["create_sticker_spec"].schema
    assert [name for name in NAMES if name not in str(schema["properties"]["template"])] == []
    assert reference.phases["sticker"].next == ("wrap_up",) and "sticker" in reference.phases["wrap_up"].next


@ONCE
async def test_the_scripted_coach_walks_from_the_end_to_a_sticker_and_back(
    store: Store, tmp_path: Path, photo_bytes: bytes, database_url: str
) -> None:
    await make_ready(store, photo_bytes)
    talk = await store.conversations.start("ann", coach="reference", phase="wrap_up")
    with Sandbox() as sandbox:
        given: dict[str, Any] = {"home": tmp_path, "database_url": database_url, "chat_model": "any"}
        given |= {"openai_api_key": sandbox.api_key, "openai_base_url": sandbox.base_url}
        settings = coach.Settings.read(**given, s3_bucket_name=None)
        async with coach.open("coach.reference", settings) as opened, settings.openai() as client:
            model = coach.OpenAIModel(client, model="any")
            conversation = await coach.Conversation.resume(
                opened, model, user_id="ann", conversation_id=talk.id
            )
            said, done = "", []
            for words in ("I would like a sticker of me", "HODL, please", "yes, please", "no, that is all"):
                async for event in conversation.say(words):
                    if isinstance(event, coach.Say):
                        said += event.text
                    if isinstance(event, coach.Finished):
                        done.append((event.action, event.state))
        assert done == [
            ("transition_phase", "done"),
            ("create_sticker_spec", "done"),
            ("generate_sticker_now", "done"),
            ("transition_phase", "done"),
        ]
        assert conversation.phase == "wrap_up" and "costs at most $" in said and not LEAKS.search(said)
