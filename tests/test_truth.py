"""The truth guard: what a model says of pictures is followed by a true sentence, where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import coach
from coach._truth import NO_LINK, NOT_MADE, Claim
from coach.conversation import AWAY, LOST, SILENT
from coach.model import Reply
from coach.testing import ScriptedModel, call
from tests._talk import HEAD, open_gate, run, write_talk
from tests.store._rows import add_versions

SHOWS = """
class Seen(BaseModel):
    blob: str
@action(spends={spends})
async def {name}(ctx: Context) -> Result[Seen]:
    "Show something."
    return Result(say="It is on the screen.", data=Seen(blob="a.png"))
"""


@pytest.fixture
async def talk(tmp_path: Path, store: coach.Store) -> coach.Coach:
    folder = write_talk(tmp_path)
    for name, spends in {"picture": True, "show": False}.items():
        (folder / "actions" / f"{name}.py").write_text(HEAD + SHOWS.format(name=name, spends=spends))
    page = folder / "prompts" / "phases" / "start.md"
    page.write_text(page.read_text().replace('["write"', '["picture", "show", "write"'))
    await store.people.ensure("ann")
    await add_versions(store, "ann", (await store.identities.add("ann", "Guide")).id)
    return coach.load(folder, **store.services(), log=[], gate=open_gate)


async def said(talk: coach.Coach, *replies: Any) -> tuple[str, str]:
    """What a person hears in one turn, and the last message that is kept."""
    conversation = await coach.Conversation.start(talk, ScriptedModel(replies), user_id="ann")
    events = [event async for event in conversation.say("Go.")]
    heard = "".join(event.text for event in events if isinstance(event, coach.Say))
    stopped = "".join(event.say for event in events if isinstance(event, coach.Stopped))
    return heard + stopped, (await conversation.messages())[-1]["content"]


@pytest.mark.parametrize(
    ("calls", "text", "truth"),
    [
        ([], "Here is your picture!", NOT_MADE),
        ([], "J'ai créé une nouvelle image pour toi.", NOT_MADE),
        ([], "Here is your picture again, v1.", None),
        ([], "Look at v7, V7 and v1: that is you.", "There is no picture v7."),
        ([], "See ![you](https://example.com/you)", NO_LINK),
        ([], "data:image/png;base64,AAAA", NO_LINK),
        ([], "Would you like to see yourself in a picture?", None),
        (["picture"], "I've made a new picture. Here is your picture!", None),
        (["show"], "Here is your picture.", None),
        (["show"], "I've made a new picture.", NOT_MADE),
        (["write"], "I've made a new picture, v9.", f"There is no picture v9. {NOT_MADE}"),
    ],
)
async def test_what_is_not_true_is_followed_by_what_is(
    talk: coach.Coach, calls: list[str], text: str, truth: str | None
) -> None:
    made = [call(name, **({"text": "x"} if name == "write" else {})) for name in calls]
    expected = f"{text}\n\n({truth})" if truth else text
    assert await said(talk, *([made] if made else []), text) == (expected, expected)


class Talkative:
    """A model that speaks before it calls, and then has no more to say."""

    def __init__(self, then: Reply | coach.ModelError | None) -> None:
        self._then, self._spoke = then, False

    async def reply(self, **_: Any) -> Any:
        if self._spoke and isinstance(self._then, coach.ModelError):
            raise self._then
        if self._spoke and self._then is not None:
            yield self._then
            return
        self._spoke = True
        yield "Here is your "
        yield "picture."
        yield Reply(text="Here is your picture.", calls=(call("nope"),))


@pytest.mark.parametrize(
    ("then", "end"), [(Reply(text=""), SILENT), (coach.ModelError("HTTP 500"), AWAY), (None, LOST)]
)
async def test_a_claim_before_a_call_is_put_right_however_the_turn_ends(
    talk: coach.Coach, then: Reply | coach.ModelError | None, end: str
) -> None:
    conversation = await coach.Conversation.start(talk, Talkative(then), user_id="ann")
    *_, last = [event async for event in conversation.say("Go.")]
    assert isinstance(last, coach.Stopped) and last.say == f"{end} ({NOT_MADE})"


@pytest.mark.parametrize("made", [call("picture"), call("paint", name="without data")])
async def test_a_picture_of_this_turn_may_be_told_of(talk: coach.Coach, made: coach.Call) -> None:
    turn = await talk.turn(user_id="ann")
    assert await turn.correction("I've made a picture.") == f"({NOT_MADE})"
    await run(turn, made)
    assert await turn.correction("I've made a picture.") is None
    assert await (await talk.turn(user_id="bob")).correction("That is v1.") == "(There is no picture v1.)"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Ich habe ein Bild von dir gemacht", True),
        ("Hier ist dein Bild", False),
        ("aquí tienes tu imagen", False),
        ("Criei a sua imagem", True),
        ("Ecco la tua nuova immagine", False),
        ("Ik heb je afbeelding gemaakt", True),
        ("Oto twój obraz", False),
        ("Här är din bild", False),
        ("İşte resmin", False),
        ("Вот твоя картинка", False),
        ("Я создал новое изображение", True),
        ("Ось твоє зображення", False),
        ("我已经为你生成了一张图片。", True),
        ("画像を作りました。", True),
        ("여기 당신의 사진이 있어요", False),
        ("إليك صورتك", False),
        ("यह रही आपकी तस्वीर", False),
        ("Ini gambar kamu", False),
        ("Đây là ảnh của bạn", False),
    ],
)
def test_a_claim_is_read_in_many_languages(text: str, made: bool) -> None:
    claim = Claim.of(text)
    assert (claim.shown, claim.made) == (True, made)
