"""One person's conversation in a terminal: the same for the demo and for ``coach chat``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coach.cli._terminal import Terminal
from coach.cli._transcript import Transcript
from coach.conversation import Conversation
from coach.errors import PhotoRefused
from coach.events import Event, Finished, PhaseChanged, Preview, Progress, Say, Started, Stopped, Waiting
from coach.folder import Coach
from coach.store import CONSENT_TEXT, CONSENT_VERSION, Store


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A picture that was shown: what the action gave, and where its file is."""

    data: Mapping[str, Any]
    path: Path


class Session:
    """Carries a conversation between a person and a terminal.

    Args:
        coach: The coach, with its services.
        conversation: The person's conversation.
        terminal: Where it is shown.
        transcript: Where it is kept for the person.

    Attributes:
        waiting: The call that waits for the person's yes, if one does.
        pictures: The pictures shown so far.
        heard: What the coach said last.
    """

    def __init__(
        self, coach: Coach, conversation: Conversation, terminal: Terminal, transcript: Transcript
    ) -> None:
        self.coach, self.conversation = coach, conversation
        self.terminal, self.transcript = terminal, transcript
        self.store = coach.service("store", Store)
        self.waiting: Waiting | None = None
        self.pictures: list[Shown] = []
        self.heard = ""
        self._started: dict[str, float] = {}

    async def greet(self) -> None:
        """Let the coach speak first."""
        self._phase(self.conversation.phase)
        await self._follow(self.conversation.greet())

    async def recall(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Pick up a conversation: show where it was, and what still waits."""
        self._phase(self.conversation.phase)
        last = [
            message for message in messages if message["role"] in ("user", "assistant") and message["content"]
        ]
        for message in last[-2:]:
            if message["role"] == "assistant":
                self.terminal.say("coach", message["content"], style="bold cyan")
            else:
                self.terminal.say("you", message["content"], style="bold green")
        self.waiting = next(iter(await self.conversation.waiting()), None)

    def question(self) -> str:
        """What the person is asked about the call that waits."""
        if self.waiting is None:
            return ""
        values = ", ".join(str(value) for value in self.waiting.arguments.values() if value is not None)
        return f"The coach asks for your yes: {self.waiting.action.replace('_', ' ')} ({values})"

    async def say(self, text: str, *, echo: bool = False) -> None:
        """Say something to the coach; ``echo`` shows it, when it was not typed here."""
        if echo:
            self.terminal.say("you", text, style="bold green")
        self.transcript.said("You", text)
        await self._follow(self.conversation.say(text))

    async def decide(self, *, yes: bool) -> None:
        """Answer what waits."""
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            self.transcript.note(f"You answered {'yes' if yes else 'no'} to {waiting.action}.")
            await self._follow(self.conversation.decide(waiting, yes=yes))

    async def has_photo(self) -> bool:
        """Whether the person has a photo here."""
        return await self.store.photos.primary(self.conversation.user_id) is not None

    def show_consent(self) -> None:
        """Show what the person is asked to agree to."""
        self.terminal.note(CONSENT_TEXT, style="")

    async def add_photo(self, path: Path) -> bool:
        """Record the person's consent, which they have just given, and take their photo in.

        Returns:
            Whether it was taken in; if not, the person has been told why.
        """
        user = self.conversation.user_id
        try:
            data = await asyncio.to_thread(lambda: path.expanduser().read_bytes())
        except OSError:
            self.terminal.note(f"There is no readable file {str(path)!r}. Give the path of a photo.")
            return False
        await self.store.consents.give(
            user, purpose="pictures", text_version=CONSENT_VERSION, statement=CONSENT_TEXT
        )
        try:
            photo = await self.store.photos.add(user, data)
        except PhotoRefused as exc:
            self.terminal.note(str(exc))
            return False
        self.terminal.note(f"consent recorded · photo kept, {photo.width}x{photo.height}, metadata removed")
        self.transcript.note("You agreed to the use of your photo and added it.")
        return True

    async def _follow(self, events: AsyncIterator[Event]) -> None:
        said: list[str] = []
        self.heard = ""
        with ExitStack() as busy:
            async for event in events:
                match event:
                    case Say(text=text):
                        said.append(text)
                        self.terminal.stream("coach", text)
                    case Started() if self.coach.actions[event.action].spends:
                        self._started[event.call_id] = time.monotonic()
                        busy.enter_context(self.terminal.busy("painting"))
                    case Finished():
                        busy.close()
                        self._flush(said)
                        await self._finished(event)
                    case _:
                        self._flush(said)
                        await self._beside(event)
        self._flush(said)
        self.terminal.end()

    async def _beside(self, event: Event) -> None:
        match event:
            case Progress(text=text):
                seconds = time.monotonic() - self._started.get(event.call_id, time.monotonic())
                self.terminal.note(f"{seconds:4.1f} s  {text}")
            case Preview(blob=blob):
                self.terminal.picture(await self.store.blobs.get(blob), columns=14)
            case PhaseChanged(phase=phase):
                self._phase(phase)
            case Waiting():
                self.waiting = event
            case Stopped(say=say, detail=detail):
                self.terminal.say("coach", say, style="bold cyan")
                self.transcript.said("Coach", say)
                if detail:
                    self.terminal.note(detail, style="yellow")

    async def _finished(self, event: Finished) -> None:
        data = event.data or {}
        if event.state in ("refused", "failed"):
            self.terminal.note(f"· {event.action}: {event.say}", style="yellow")
        elif event.state == "waiting":
            return  # the question follows when the coach has spoken
        elif event.state != "done":
            self.terminal.note(f"· {event.action}: {event.state}")
        elif "model" in data and "blob" in data:
            await self._show(data)
        else:
            self.terminal.note(f"· {event.action}")

    async def _show(self, data: Mapping[str, Any]) -> None:
        picture = await self.store.blobs.get(data["blob"])
        name = f"{data['handle']}{Path(data['blob']).suffix}"
        path = self.transcript.picture(name, picture, f"Version {data['handle']}")
        self.pictures.append(Shown(data=data, path=path))
        self.terminal.picture(picture)
        self.terminal.note(f"{data['handle']}  {path}", style="bold")

    def _flush(self, said: list[str]) -> None:
        if said:
            self.heard = "".join(said)
            self.transcript.said("Coach", self.heard)
            said.clear()
            self.terminal.end()

    def _phase(self, name: str) -> None:
        title = self.coach.phase(name).title
        self.terminal.heading(title)
        self.transcript.heading(title)
