"""The conversation over HTTP: as events, once for each key, shown again from any point, carried on."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import update

from coach.sandbox import Sandbox
from coach.server import record
from coach.store._rows import now
from coach.store._work import LEASE
from coach.store.serving import turns
from coach.store.turns import Turns
from tests.server._serve import Served, an_app, begin, listen, names, say, serving, settings_for, turn
from tests.store._rows import add_versions


@pytest.fixture(autouse=True)
def whole_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speech is one event however slow the machine is: numbers of events are looked at here."""
    monkeypatch.setattr(record, "TOGETHER", 60.0)


async def test_a_turn_is_events_up_to_its_end(served: Served) -> None:
    async with served.client("ann") as ann:
        talk = await begin(ann)
        first = await turn(ann, talk, type="greet")
        assert names(first) == ["said", "say", "done"]
        second = await say(ann, talk, "Hello, I am Ann.")
    assert second[0][2] == {"type": "say", "text": "Hello, I am Ann."}
    assert ("phase", {"phase": "get_to_know_you", "previous": "introduction"}) in [
        (name, data) for _, name, data in second
    ]
    assert names(second)[-2:] == ["say", "done"]
    assert all(after == before + 1 for (before, *_), (after, *_) in pairwise(first + second))


async def test_what_happened_is_shown_again_from_any_point(served: Served) -> None:
    async with served.client("ann") as ann:
        talk = await begin(ann)
        seen = await turn(ann, talk, type="greet") + await say(ann, talk, "Hello, I am Ann.")
        for after in (0, 2, len(seen) - 1):
            assert await listen(ann, talk, after, len(seen)) == seen[after:]


async def test_everybody_who_watches_sees_the_same(served: Served) -> None:
    async with served.client("ann") as ann:
        talk = await begin(ann)
        watching = [asyncio.create_task(listen(ann, talk, 0, 3)) for _ in range(3)]
        seen = await turn(ann, talk, type="greet")
        assert await asyncio.gather(*watching) == [seen] * 3


async def test_the_same_key_is_the_same_turn(served: Served) -> None:
    async with served.client("ann") as ann:
        talk = await begin(ann)
        path, key = f"/api/v1/conversations/{talk}/turns/", {"Idempotency-Key": "k1"}
        asked = [ann.post(path, json={"type": "say", "text": "Hello"}, headers=key) for _ in range(10)]
        answers = {answer.text for answer in await asyncio.gather(*asked)}
        assert len(answers) == 1
        other = await ann.post(path, json={"type": "say", "text": "Goodbye"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "conflict")
    said = await served.here.store.conversations.messages("ann", talk)
    assert [row.role for row in said] == ["user", "assistant"]


async def test_a_turn_goes_on_when_its_reader_is_gone(served: Served) -> None:
    async with served.client("ann") as ann:
        talk = await begin(ann)
        path = f"/api/v1/conversations/{talk}/turns/"
        async with ann.stream("POST", path, json={"type": "say", "text": "Hello, I am Ann."}) as response:
            assert response.status_code == 200
        seen = await listen(ann, talk, 0, 8)
        assert "phase" in names(seen)


async def test_somebody_elses_conversation_is_not_there(served: Served) -> None:
    async with served.client("ann") as ann, served.client("ben") as ben:
        talk = await begin(ann)
        await turn(ann, talk, type="greet")
        answers = []
        for id in (talk, "0" * 36):
            for method, path, body in (
                ("GET", "", None),
                ("GET", "events/", None),
                ("POST", "turns/", {"type": "greet"}),
            ):
                answer = await ben.request(method, f"/api/v1/conversations/{id}/{path}", json=body)
                answers.append((answer.status_code, answer.json()["code"]))
        assert set(answers) == {(404, "not_found")}
        assert (await ben.get("/api/v1/conversations/")).json() == []


async def test_a_turn_that_a_dead_process_left_is_carried_on(
    quick_sandbox: Sandbox, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(quick_sandbox, tmp_path, database_url)
    async with serving(an_app(settings)) as served, served.client("ann") as ann:
        talk = await begin(ann)
        # As a process leaves it that dies between writing the turn down and asking the model.
        rows = Turns(served.here.store.database)
        body = {"type": "say", "text": "Hello, I am Ann."}
        left, is_new = await rows.begin("ann", talk, key="k", body=body, holder="a dead process")
        assert is_new
        await age(served, left.id)
        seen = await listen(ann, talk, 0, 7)
        assert names(seen)[:2] == ["said", "started"] and "phase" in names(seen)
        again, is_new = await rows.begin("ann", talk, key="k", body=body, holder="another")
        assert not is_new and again.id == left.id


async def age(served: Served, turn_id: str) -> None:
    """Let a turn's last sign of life be too long ago."""
    async with served.here.store.database.write() as connection:
        old = update(turns).where(turns.c.id == turn_id).values(beat_at=now() - 2 * LEASE)
        await connection.execute(old)


async def test_a_conversation_is_called_by_its_first_words_or_by_whom_it_led_to(served: Served) -> None:
    async with served.client("ann") as ann, served.client("ben") as ben:
        silent, spoken, led = [await begin(ann) for _ in range(3)]
        long = "<b>Hello</b>\n I am Ann," + " and I talk a lot" * 9
        await say(ann, spoken, long)
        await say(ann, spoken, "Later words")
        identity = await served.here.store.identities.add("ann", "Night-sky guide")
        await add_versions(served.here.store, "ann", identity.id, conversation_id=led)
        workshop = await served.here.store.identities.workshop("ann")
        for talk in (led, spoken):  # a sticker's picture is there, and that is nobody they are
            await add_versions(served.here.store, "ann", workshop.id, conversation_id=talk)
        titles = {each["id"]: each["title"] for each in (await ann.get("/api/v1/conversations/")).json()}
        assert (titles[silent], titles[led]) == ("", "Night-sky guide")
        assert titles[spoken].startswith("<b>Hello</b> I am Ann, and I talk") and len(titles[spoken]) <= 60
        assert titles[spoken].endswith("…")
        one = (await ann.get(f"/api/v1/conversations/{led}/")).json()
        assert one["title"] == "Night-sky guide"
        assert (await ben.get("/api/v1/conversations/")).json() == []


async def test_what_can_be_done_in_a_turn_is_said_in_plain_words(served: Served) -> None:
    async with served.client("ann") as ann:
        path = f"/api/v1/conversations/{await begin(ann)}/turns/"
        unknown, missing = [(await ann.post(path, json=body)).json() for body in ({"type": "shout"}, {})]
    assert unknown["detail"] == "body: `type` can be say, greet, press, decide."
    assert unknown["allowed"] == ["say", "greet", "press", "decide"]
    assert missing["detail"] == "body: Say in `type` which kind it is."
