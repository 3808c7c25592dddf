"""One person's conversation in a terminal: the same for the demo and for ``coach chat``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coach.cli._agree import finding
from coach.cli._likeness import likeness
from coach.cli._terminal import Terminal
from coach.cli._transcript import Transcript
from coach.conversation import Conversation
from coach.errors import PhotoRefused
from coach.events import Event, Finished, PhaseChanged, Preview, Progress, Say, Started, Stopped, Waiting
from coach.folder import Coach
from coach.store import CONSENT_TEXT, CONSENT_VERSION, Store
from coach.store.consent import declared
from coach.store.intake import MAX_BYTES
from coach.studio import PhotoCoach, Studio
from coach.studio.doubts import tell, untold
from coach.studio.lineage import last_shown
from coach.text import written_out

IN_DOUBT = "A picture may have been charged without arriving. Say so if you want it tried again."


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
        stopped: Whether a turn was ended before the coach was done.
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
        self.stopped = False
        self._seen: dict[str, Path] = {}
        self._started: dict[str, float] = {}

    async def greet(self) -> None:
        """Let the coach speak first."""
        self._phase(self.conversation.phase)
        await self._follow(self.conversation.greet())

    async def recall(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Pick up a conversation: keep what was said, show where it was, and what still waits."""
        names = {"user": ("You", "bold green"), "assistant": ("Coach", "bold cyan")}
        said = [message for message in messages if message["role"] in names and message["content"]]
        for message in said:
            self.transcript.recalled(names[message["role"]][0], message["content"])
        self._phase(self.conversation.phase)
        for message in said[-2:]:
            name, style = names[message["role"]]
            self.terminal.say(name.lower(), message["content"], style=style)
        await self.show_newest()
        self.waiting = next(iter(await self.conversation.waiting()), None)

    async def tell_of_doubts(self) -> None:
        """Say that a picture may have been charged, where a crash kept the person from being told."""
        studio, talk = self.coach.perhaps("studio", Studio), self.conversation
        if studio is None:
            return
        if doubts := await untold(studio.ledger, talk.user_id, talk.id):
            self.terminal.note(IN_DOUBT, style="yellow")
            self.transcript.note(IN_DOUBT)
            await tell(studio.ledger, talk.user_id, doubts)

    def question(self) -> str:
        """What the person is asked about the call that waits."""
        if self.waiting is None:
            return ""
        values = [f"{name}: {value}" for name, value in self.waiting.arguments.items() if value is not None]
        ask, terms = self.waiting.ask, self.waiting.terms
        if terms and terms.prompt:
            ask = f"{terms.text}\n\n{ask}"  # what is sent comes first
        elif terms and terms.text:
            ask = f"{ask} {terms.text}"
        return written_out(f"{ask} ({', '.join(values)})")

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
            self.transcript.note(f"{waiting.ask} You answered {'yes' if yes else 'no'}.")
            await self._follow(self.conversation.decide(waiting, yes=yes))

    async def has_photo(self) -> bool:
        """Whether the person has a photo here."""
        return await self.store.photos.primary(self.conversation.user_id) is not None

    def show_consent(self) -> None:
        """Show what the person is asked to agree to."""
        self.terminal.note(declared(), style="")

    async def add_photo(self, path: Path) -> bool:
        """Record the person's consent, which they have just given, and take their photo in.

        Returns:
            Whether it was taken in; if not, the person has been told why.
        """
        user = self.conversation.user_id
        try:
            data = await asyncio.to_thread(read_photo, path)
            await self.store.consents.give(
                user, purpose="pictures", text_version=CONSENT_VERSION, statement=CONSENT_TEXT
            )
            added = await self.store.photos.add(user, data)
            photo = await self.store.photos.make_primary(user, added.id)
        except PhotoRefused as exc:
            self.terminal.note(str(exc))
            return False
        self.terminal.note(f"consent recorded · photo kept, {photo.width}x{photo.height}, metadata removed")
        photo_coach = self.coach.services.get("photo_coach")
        if isinstance(photo_coach, PhotoCoach):
            self.terminal.note(finding(await photo_coach.look(user, photo.id)))
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
                self.stopped = True
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
        elif "title" in data and "blob" in data:
            await self._show_blob(data["title"], data["blob"])
        else:
            self.terminal.note(f"· {event.action}")

    async def _show(self, data: Mapping[str, Any]) -> None:
        path = await self._show_blob(data["handle"], data["blob"], _likeness(data))
        self.pictures.append(Shown(data=data, path=path))

    async def show_newest(self) -> None:
        """Show the newest picture of the identity it is about, unless it was shown: it came unwatched.

        The one that an action would have shown: not the newest when that was put behind another.
        """
        user = self.conversation.user_id
        identity = await self.store.identities.current(user)
        nodes = await self.store.versions.tree(user, identity.handle) if identity else ()
        if nodes and (newest := last_shown(nodes).version).blob not in self._seen:
            await self._show_blob(newest.handle, newest.blob, _likeness(newest.judgement or {}))

    async def _show_blob(self, title: str, blob: str, likeness: str = "") -> Path:
        """Show a picture under its handle, or a sheet under its title."""
        picture = await self.store.blobs.get(blob)
        path = self.transcript.picture(f"{title}{Path(blob).suffix}", picture, f"Version {title}")
        self._seen[blob] = path
        self.terminal.picture(picture)
        beside = f" · likeness: {likeness}" if likeness else ""
        self.terminal.note(f"{title}  {path}{beside}", style="bold")
        return path

    async def forget_photos(self) -> None:
        """Take the person's consent back and delete their photos."""
        await self.store.consents.revoke(self.conversation.user_id)
        # Sheets, which may show a photo, went with the photos: so do the copies of them here.
        gone = [blob for blob in self._seen if not await self.store.blobs.exists(blob)]
        for blob in gone:
            self.transcript.take_away(self._seen.pop(blob))
        self.terminal.note(
            "Your agreement is taken back and your photos are deleted, with the sheets of this talk. Your "
            f"pictures stay, and what earlier talks left in {self.transcript.folder}."
        )

    async def list_pictures(self) -> None:
        """Show which pictures the person has, of every identity."""
        user, listed = self.conversation.user_id, False
        for identity in await self.store.identities.list(user):
            for version in await self.store.versions.list(user, identity.handle):
                accepted = " · accepted" if version.id == identity.accepted_version_id else ""
                self.terminal.note(f"{identity.name} · {version.handle}{accepted}")
                listed = True
        if not listed:
            self.terminal.note("There is no picture yet.")

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


def read_photo(path: Path) -> bytes:
    """The bytes of a file that may be a photo.

    Raises:
        PhotoRefused: There is no such file, it cannot be read, or it is larger than a photo may be.
    """
    try:
        path = path.expanduser()
        if not path.is_file():  # a device or a pipe might never end
            raise PhotoRefused("no_file", f"There is no file {str(path)!r}. Give the path of a photo.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as exc:
        raise PhotoRefused("no_file", f"The file {str(path)!r} cannot be read.") from exc


def _likeness(judged: Mapping[str, Any]) -> str:
    return likeness(judged["likeness"], judged.get("skin")) if judged.get("likeness") else ""
