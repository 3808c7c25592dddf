"""The whole conversation: the reference coach, the scripted coach and the scripted person, all for real."""

from dataclasses import dataclass, field
from pathlib import Path

import coach
from coach.conversation import Conversation
from coach.events import Event, Finished, PhaseChanged, Say, Stopped, Waiting
from coach.model import OpenAIModel
from coach.sandbox import Sandbox, ScriptedPerson
from coach.settings import Settings
from coach.store import CONSENT_TEXT, CONSENT_VERSION, Store
from tests.sandbox._requests import PHASES


@dataclass(kw_only=True)
class Seen:
    """What happened, for whoever watches."""

    phases: list[str] = field(default_factory=lambda: ["introduction"])
    done: list[tuple[str, str]] = field(default_factory=list)
    pictures: int = 0
    heard: str = ""
    waiting: list[Waiting] = field(default_factory=list)

    def take(self, event: Event) -> None:
        match event:
            case Say(text=text):
                self.heard += text
            case PhaseChanged(phase=phase):
                self.phases.append(phase)
            case Waiting():
                self.waiting.append(event)
            case Finished(action=action, state=state):
                self.done.append((action, state))
                self.pictures += state == "done" and action.endswith("_image")
            case Stopped():
                raise AssertionError(event)


async def test_it_goes_from_hello_to_goodbye(sandbox: Sandbox, tmp_path: Path, photo_bytes: bytes) -> None:
    settings = Settings.read(
        openai_api_key=sandbox.api_key,
        openai_base_url=sandbox.base_url,
        home=tmp_path,
        chat_model="sandbox-coach",
    )
    before = len(sandbox.log)
    async with coach.open("coach.reference", settings) as ours, settings.openai() as client:
        model = OpenAIModel(client, model=settings.chat_model)
        conversation = await Conversation.start(ours, model, user_id="ada")
        seen = await talked(conversation, ours.service("store", Store), photo_bytes)
    assert seen.phases == PHASES
    states = dict(seen.done)
    assert states.pop("accept_identity_visualization") == "done"
    assert set(states.values()) == {"done"} and seen.pictures == 2
    assert [name for name, _ in seen.done].count("create_identity") == 3
    assert seen.heard.startswith("That is a good place to begin")
    pictures = [entry for entry in sandbox.log[before:] if entry.route == "POST /v1/images/edits"]
    assert [len(entry.images) for entry in pictures] == [1, 2]
    assert pictures[1].images[1] == pictures[0].images[0], "the photo goes along with the change"


async def talked(conversation: Conversation, store: Store, photo: bytes) -> Seen:
    seen, person, user = Seen(), ScriptedPerson(), conversation.user_id
    events = conversation.greet()
    for _ in range(30):
        seen.heard = ""
        async for event in events:
            seen.take(event)
        if seen.waiting:
            events = conversation.decide(seen.waiting.pop(), yes=True)
            continue
        has_photo = await store.photos.primary(user) is not None
        line = person.next(conversation.phase, seen.heard, has_photo=has_photo, versions=seen.pictures)
        if line == "/photo":
            await store.consents.give(user, text_version=CONSENT_VERSION, statement=CONSENT_TEXT)
            await store.photos.add(user, photo)
            line = person.next(conversation.phase, seen.heard, has_photo=True, versions=seen.pictures)
        if line is None:
            return seen
        events = conversation.say(line)
    raise AssertionError("it does not end")
