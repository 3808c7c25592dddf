"""A yes is for exactly what was shown: the words, the photos, the most it costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import coach
from coach.adapters.mcp import told as asked_by_client
from coach.cli._session import Session
from coach.cli._terminal import Terminal
from coach.cli._transcript import Transcript
from coach.pending import PATIENCE, MemoryJournal, digest_of
from coach.sandbox import Sandbox
from coach.server.links import Links
from coach.server.told import shown, told
from coach.store import owner_of
from coach.testing import ScriptedModel, call
from tests._talk import open_gate, run, start, write_talk
from tests._terms import ASKS, agrees, asked, begin, confirming, decide, posts
from tests.actions._pictures import make_ready, reference_coach

SCENE = "On a hill at night, with stars."


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(quick=True) as running:
        yield running


@pytest.fixture
async def careful(
    store: coach.Store, sandbox: Sandbox, tmp_path: Path, photo_bytes: bytes
) -> AsyncIterator[coach.Coach]:
    """The reference coach, where each picture needs a yes; Ann has all it takes."""
    await make_ready(store, photo_bytes)
    async with reference_coach(store, sandbox, tmp_path, grade="draft", previews=0) as opened:
        yield confirming(opened)


async def test_what_was_shown_is_what_is_sent_byte_for_byte(
    careful: coach.Coach, store: coach.Store, sandbox: Sandbox, photo_bytes: bytes
) -> None:
    before, turn = len(posts(sandbox)), await begin(careful)
    # What becomes longer, shorter or other bytes on its way somewhere: quoted, JSON, multipart, line ends.
    scene = (
        'Caf\u00e9 at 5 o\u2019clock: <b>"me"</b> & \u661f, {{ 7 * 7 }}; a\u0301 \U0001f30c\r\nnext line\t.'
    )
    await store.identities.update("ann", "i1", visualization=scene)
    for name, more in zip(ASKS, ({}, {"change": 'Bluer <sky> & "more"\n\nstars'}, {}), strict=True):
        waiting = await asked(turn, name, **more)
        assert len(posts(sandbox)) == before, "a question costs nothing"
        events = await decide(turn, waiting)
        [sent] = posts(sandbox)[before:]
        assert agrees(waiting.terms, sent)
        assert [event.state for event in events if isinstance(event, coach.Finished)] == ["done"]
        before += 1
        with pytest.raises(coach.Conflict):
            await decide(turn, waiting)
    assert len(posts(sandbox)) == before
    [photo] = await store.photos.list("ann")
    assert waiting.terms is not None
    assert [(each.name, each.sha256) for each in waiting.terms.pictures[1:]] == [("photo-2", photo.sha256)]
    assert waiting.terms.pictures[1].blob == photo.blob


async def test_a_sticker_is_what_its_spec_was_quoted_at(
    careful: coach.Coach, store: coach.Store, sandbox: Sandbox
) -> None:
    turn, before = await begin(careful, phase="sticker"), len(posts(sandbox))
    await run(turn, call("create_sticker_spec", template="GM", wish="in a warm coat"))
    waiting = await asked(turn, "generate_sticker_now", spec="s1")
    row = await careful.service("stickers", coach.Stickers).specs.get("ann", "s1")
    assert waiting.terms and waiting.terms.micros == row.quote_micros and len(posts(sandbox)) == before
    await decide(turn, waiting)
    assert all(agrees(waiting.terms, sent) for sent in posts(sandbox)[before:])
    assert len(posts(sandbox)) > before


async def test_what_changed_since_is_not_sent_but_asked_anew(
    careful: coach.Coach,
    store: coach.Store,
    sandbox: Sandbox,
    photo_bytes: bytes,
    other_photo_bytes: bytes,
    tmp_path: Path,
) -> None:
    async def words(_: coach.Coach) -> coach.Coach:
        await store.identities.update("ann", "i1", visualization="On a pier in fog.")
        return careful

    async def photo(_: coach.Coach) -> coach.Coach:
        [old] = await store.photos.list("ann")
        await store.photos.add("ann", other_photo_bytes)
        await store.photos.remove("ann", old.id)
        return careful

    async def name(_: coach.Coach) -> coach.Coach:
        await store.identities.update("ann", "i1", statement="I am the one who shows the way.")
        return careful

    before = len(posts(sandbox))
    async with reference_coach(store, sandbox, tmp_path / "dear", grade="final", previews=0) as opened:
        dearer = confirming(opened)

        async def price(_: coach.Coach) -> coach.Coach:
            return dearer

        seen = []
        for change in (words, photo, name, price):
            turn = await begin(careful)
            first = await asked(turn, "generate_identity_image")
            turn = await begin(await change(careful))
            events = await decide(turn, first)
            assert len(posts(sandbox)) == before
            [again] = [event for event in events if isinstance(event, coach.Waiting)]
            [ended] = [event for event in events if isinstance(event, coach.Finished)]
            assert (ended.call_id, ended.state) == (first.call_id, "refused")
            assert again.terms != first.terms and again.digest != first.digest
            with pytest.raises(coach.Conflict):
                await decide(turn, first)
            seen.append((first.terms, again.terms))
            if change is price:
                assert len(posts(sandbox)) == before
                await decide(turn, again)
                [sent] = posts(sandbox)[before:]
                assert agrees(again.terms, sent)
            else:
                await decide(turn, again, yes=False)
    (_, fog), (_, other), (_, named), (cheap, dear) = seen
    assert fog and other and named and cheap and dear and cheap.micros and dear.micros
    assert "On a pier in fog." in fog.prompt and SCENE not in fog.prompt
    assert fog.prompt == other.prompt and fog.pictures != other.pictures
    assert "shows the way" in named.prompt
    assert cheap.prompt == dear.prompt and cheap.micros < dear.micros
    # Cheaper is what they agreed to, too.
    turn = await begin(dearer)
    question = await asked(turn, "generate_identity_image")
    await decide(await begin(careful), question)
    assert len(posts(sandbox)) == before + 2


async def test_what_cannot_be_done_is_said_instead_of_asked(
    careful: coach.Coach, store: coach.Store, sandbox: Sandbox
) -> None:
    before, turn = len(posts(sandbox)), await begin(careful)
    waiting = await asked(turn, "generate_identity_image")
    await store.consents.revoke("ann")
    [ended] = [event for event in await decide(turn, waiting) if isinstance(event, coach.Finished)]
    assert ended.state == "refused"
    events = await run(turn, call("generate_identity_image", identity_id="i1"))
    assert [type(event) for event in events] == [coach.Finished]
    assert (await turn.waiting(), len(posts(sandbox))) == ([], before)


async def test_a_yes_is_for_what_the_calls_before_it_in_the_reply_have_done(careful: coach.Coach) -> None:
    turn = await begin(careful)
    events = await run(
        turn,
        call("write_visualization", identity_id="i1", visualization="In a lighthouse, at dawn."),
        call("generate_identity_image", identity_id="i1"),
    )
    [waiting] = [event for event in events if isinstance(event, coach.Waiting)]
    assert waiting.terms and "In a lighthouse, at dawn." in waiting.terms.prompt


async def test_an_action_that_would_send_something_else_than_it_said_sends_nothing(
    careful: coach.Coach, sandbox: Sandbox
) -> None:
    honest = careful.actions["generate_identity_image"]

    async def lie(*given: Any, **more: Any) -> coach.Terms:
        assert honest.terms is not None
        terms = await honest.terms(*given, **more)
        assert terms is not None
        return replace(terms, prompt=terms.prompt.replace("stars", "clouds"))

    actions = {**careful.actions, honest.name: replace(honest, terms=lie)}
    turn, before = await begin(replace(careful, actions=actions)), len(posts(sandbox))
    events = await decide(turn, await asked(turn, honest.name))
    [ended] = [event for event in events if isinstance(event, coach.Finished)]
    assert ended.state == "refused" and "not what the user said yes to" in ended.say
    assert len(posts(sandbox)) == before


async def test_a_model_that_repeats_the_id_of_a_question_does_not_answer_it(
    careful: coach.Coach, store: coach.Store, sandbox: Sandbox
) -> None:
    before, turn = len(posts(sandbox)), await begin(careful)
    waiting = await asked(turn, "generate_identity_image")
    # Whatever the person said, the process was killed before it was written down.
    assert await store.calls.claim("ann", "c1", waiting.call_id, waiting.digest, datetime.now(UTC))
    await store.identities.update("ann", "i1", visualization="Other words than were shown.")
    again = call("generate_identity_image", id=waiting.call_id, identity_id="i1")
    [ended] = await run(await begin(careful), again)
    assert isinstance(ended, coach.Finished) and ended.state == "retry" and "was cut off" in ended.say
    assert len(posts(sandbox)) == before


async def test_terms_of_another_type_end_the_call_and_not_the_turn(careful: coach.Coach) -> None:
    async def plain(*_: Any, **__: Any) -> Any:
        return {"prompt": "A dict."}

    action = replace(careful.actions["generate_identity_image"], terms=plain)
    turn = await begin(replace(careful, actions={**careful.actions, action.name: action}))
    [ended] = await run(turn, call(action.name, identity_id="i1"))
    assert isinstance(ended, coach.Finished) and ended.state == "failed" and not await turn.waiting()


async def test_calls_from_before_there_were_terms_are_read_and_asked_anew(
    careful: coach.Coach, store: coach.Store, sandbox: Sandbox
) -> None:
    turn, before = await begin(careful), len(posts(sandbox))
    arguments = {"identity_id": "i1", "prompt": None, "anyway": False}
    old = coach.CallRecord(
        user_id="ann",
        conversation_id="c1",
        call_id="old",
        action="generate_identity_image",
        arguments=arguments,
        digest=digest_of("generate_identity_image", arguments),
        phase="identity_visualization",
        prompt_version="",
        state="waiting",
        created_at=datetime.now(UTC),
        expires_at=datetime.now(UTC) + PATIENCE,
    )
    await store.calls.begin(old)
    [waiting] = await turn.waiting()
    assert waiting.terms is None
    await decide(turn, waiting)
    [anew] = await turn.waiting()
    assert anew.terms and len(posts(sandbox)) == before


async def test_whoever_shows_a_question_shows_its_terms(careful: coach.Coach, store: coach.Store) -> None:
    waiting = await asked(await begin(careful), "generate_identity_image", prompt="Here \x1b[8m hidden.")
    name, data = told(waiting, careful) or ("", {})
    kept = json.loads(json.dumps(data))
    seen = shown(kept, Links(b"secret", seconds=60), "/media/", owner=owner_of("ann"))
    assert waiting.terms and (name, seen["terms"]["prompt"]) == ("waiting", waiting.terms.prompt)
    assert [picture["url"][:7] for picture in seen["terms"]["pictures"]] == ["/media/"]
    assert waiting.terms.prompt in waiting.terms.text and waiting.terms.text.startswith(
        "It costs at most $0."
    )
    talk = await coach.Conversation.start(careful, ScriptedModel([]), user_id="ann")
    session = Session(careful, talk, Terminal(), Transcript(folder=Path("unused"), sandbox=True))
    session.waiting = waiting
    for asks in (session.question(), asked_by_client(waiting)):
        assert "Here \\x1b[8m hidden." in asks and "\x1b" not in asks and waiting.ask in asks


class Slow(MemoryJournal):
    """A database that takes its time to say what waits."""

    async def waiting(self, user_id: str, conversation_id: str) -> list[coach.CallRecord]:
        await asyncio.sleep(0.01)
        return await super().waiting(user_id, conversation_id)


async def test_of_equal_questions_side_by_side_the_last_one_stays_until_it_is_too_late(
    tmp_path: Path,
) -> None:
    journal = Slow()
    talk = coach.load(write_talk(tmp_path), log=[], gate=open_gate, calls=journal)
    first = replace(talk.phase("start"), confirm=("paint",))
    turn = await start(replace(talk, phases={**talk.phases, "start": first}))
    calls = [call("paint", id=name, name="p") for name in "ab"]
    events = await run(turn, *calls)
    [waiting] = await turn.waiting()
    assert [event for event in events if isinstance(event, coach.Waiting)][-1] == waiting
    record = await journal.find("ann", "c1", waiting.call_id)
    assert record is not None
    await journal.finish(replace(record, expires_at=datetime.now(UTC)))
    [late] = await run(turn, next(each for each in calls if each.id == waiting.call_id))
    assert isinstance(late, coach.Finished) and late.state == "refused" and "in time" in late.say
