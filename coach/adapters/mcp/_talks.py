"""The one conversation that each person has over MCP: a turn for each call, one at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from coach._answers import WAITS, Answer, waiting
from coach._calls import Limits
from coach._stream import Emit, Stream
from coach.adapters._hosted import Hosted, Listener
from coach.context import Context
from coach.errors import Conflict, ContextError, PromptError
from coach.events import Event, Finished, PhaseChanged, Waiting
from coach.folder import Coach
from coach.pending import PATIENCE, CallRecord
from coach.store import Conversations
from coach.store.lease import held
from coach.studio import Studio
from coach.studio.doubts import tell, untold
from coach.text import clean
from coach.turn import Turn, open_turn

logger = logging.getLogger("coach.mcp")

KIND = "mcp"
"""What kind of conversation it is."""

_CUT_OFF = (
    "This was cut off, and what came of it is not known. Look at what there is before you repeat it: it may "
    "have been made."
)
_TOO_LATE = "This waited for the user's yes, and the time for it is over. It has not happened."

_Do = Callable[[Turn, Emit, list[Answer]], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Person:
    """In whose name a client asks. The client's credentials say so, never its model.

    Attributes:
        user_id: The person, as the host application knows them.
        tenant: Whose customer they are, where the host serves several.
    """

    user_id: str
    tenant: str = ""


async def unheard(event: Event) -> None:
    """What nobody listens to."""


@dataclass(frozen=True, kw_only=True)
class Came(Answer):
    """What came of a call, and of the conversation with it.

    Attributes:
        phase: Where the conversation is now.
        prompt: The new instructions, if it moved the conversation or was made in another phase than it is in.
        moved: Whether it moved the conversation.
    """

    phase: str
    prompt: str = ""
    moved: bool = False


@dataclass(kw_only=True)
class _Place:
    """Where a conversation is."""

    id: str
    phase: str
    tenant: str


@dataclass(kw_only=True)
class _Remembered:
    """A conversation of a coach without a database: it is here as long as this process is."""

    place: _Place
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Talks:
    """People's conversations over MCP.

    Args:
        coach: The coach. With a service ``conversations`` they are kept there, and go on after a restart.
        limits: How much one call may do.
    """

    def __init__(self, coach: Coach, limits: Limits | None = None) -> None:
        self.coach, self._limits = coach, limits or Limits()
        self._kept = coach.perhaps("conversations", Conversations)
        studio = coach.perhaps("studio", Studio)
        self._ledger = None if studio is None else studio.ledger
        self._remembered: dict[str, _Remembered] = {}

    async def at(self, person: Person) -> Context:
        """Where a person's conversation is."""
        return self._who(person, await self._place(person))

    async def prompt(self, person: Person) -> tuple[str, str]:
        """The phase a person's conversation is in, and what its prompt says to them now."""
        who = await self.at(person)
        return who.phase, (await self.coach.render(who.phase, who)).text

    async def call(
        self, person: Person, call_id: str, name: str, arguments: dict[str, object], listen: Listener
    ) -> Came:
        """Make a call, once for each id.

        Raises:
            CoachError: It could not even be begun: the database is away, or what the prompt may know.
        """

        async def do(turn: Turn, heard: Emit, ended: list[Answer]) -> None:
            hosted = Hosted(turn, heard)
            ended.append(await hosted.call(call_id, name, arguments))
            await hosted.proceed()

        return await self._alone(person, do, listen, named=name)

    async def record(self, person: Person, call_id: str) -> CallRecord | None:
        """The record of a call of a person's conversation, or ``None``."""
        where = await self.at(person)
        return await self.coach.journal.find(where.user_id, where.conversation_id, call_id)

    def asks(self, record: CallRecord) -> Waiting | None:
        """The question that a call leaves with the person, while it can be answered."""
        if record.state != "waiting":
            return None
        question = waiting(record, self.coach.actions.get(record.action))
        return question if question.expires_at > datetime.now(UTC) else None

    async def came(self, person: Person, record: CallRecord) -> Came:
        """What came of a call that nobody is at work on, as far as its record knows."""
        where, waits = await self.at(person), self.asks(record)
        state, say = record.state, str(clean(record.say))
        if state == "running":
            state, say = "retry", _CUT_OFF
        elif state == "waiting":
            state, say = ("waiting", WAITS) if waits else ("retry", _TOO_LATE)
        ended = Finished(call_id=record.call_id, action=record.action, state=state, say=say, data=record.data)
        moved_on = where.phase != record.phase
        prompt = (await self.coach.render(where.phase, where)).text if moved_on else ""
        return Came(say=say, finished=ended, waiting=waits, phase=where.phase, prompt=prompt)

    async def at_rest(self, person: Person) -> bool:
        """Whether nobody is at work in a person's conversation. What a yes was given to, and was cut off,
        waits again then."""
        try:
            async with self._held(person, patience=0):
                return True
        except Conflict:
            return False

    async def waiting(self, person: Person) -> list[Waiting]:
        """What waits for a person's yes, oldest first."""
        return await Turn(self.coach, await self.at(person), self._limits).waiting()

    async def decide(
        self, person: Person, call_id: str, digest: str, *, yes: bool, listen: Listener = unheard
    ) -> Came:
        """Answer what waits for the person.

        Raises:
            Conflict: It was answered before, has expired, or is not the call that was shown.
        """

        async def do(turn: Turn, heard: Emit, ended: list[Answer]) -> None:
            waiting: Waiting | None = None
            async for event in turn.decide(call_id, digest, yes=yes):
                if isinstance(event, Waiting):  # it is asked anew
                    waiting = event
                if isinstance(event, Finished):
                    ended.append(Answer(say=event.say, finished=event, waiting=waiting))
                await heard(event)

        return await self._alone(person, do, listen)

    async def doubts(self, person: Person) -> list[str]:
        """What of a person's conversation may have been charged, and they were not asked about: its keys."""
        where = await self.at(person)
        return await untold(self._ledger, where.user_id, where.conversation_id) if self._ledger else []

    async def try_again(self, person: Person, doubts: Sequence[str]) -> None:
        """Take the person's word that more may be asked for, whatever became of these. Never a model's."""
        if self._ledger is not None:
            await tell(self._ledger, person.user_id, doubts)

    async def _alone(self, person: Person, do: _Do, listen: Listener, *, named: str = "") -> Came:
        async def produce(emit: Emit) -> Came:
            async with self._held(person, patience=self._limits.seconds) as place:
                before = place.phase

                async def heard(event: Event) -> None:
                    if isinstance(event, PhaseChanged):
                        await self._move(person, place, event.phase)
                    await emit(event)

                turn = await open_turn(self.coach, self._who(person, place), self._limits)
                return await self._came(turn, do, heard, before, named)

        # What was begun goes on when the client goes away: a picture that is paid for is still kept.
        calling = Stream(produce)
        async for event in calling:
            await listen(event)
        return await calling

    async def _came(self, turn: Turn, do: _Do, heard: Emit, before: str, named: str) -> Came:
        ended: list[Answer] = []
        prompt = ""
        try:
            await do(turn, heard, ended)
            strayed = bool(named) and named not in self.coach.phase(before).actions
            prompt = turn.prompt if strayed or turn.phase != before else ""
        except (ContextError, PromptError) as error:
            if not ended:
                raise
            # It happened, and is told; only the new instructions have to be asked for.
            logger.warning("The prompt of %s could not be rendered: %s", turn.phase, error)
        return Came(
            say=ended[-1].say,
            finished=ended[-1].finished,
            waiting=ended[-1].waiting,
            phase=turn.phase,
            prompt=prompt,
            moved=turn.phase != before,
        )

    @asynccontextmanager
    async def _held(self, person: Person, *, patience: float) -> AsyncIterator[_Place]:
        async with self._alone_with(person, patience) as place:
            until = datetime.now(UTC) + PATIENCE
            await self.coach.journal.reopen(person.user_id, place.id, until)
            yield place

    @asynccontextmanager
    async def _alone_with(self, person: Person, patience: float) -> AsyncIterator[_Place]:
        if self._kept is None:
            remembered = self._remembering(person)
            if remembered.lock.locked() and not patience:
                raise Conflict("This conversation is being answered. Try again in a moment.")
            async with remembered.lock:
                yield remembered.place
            return
        place = await self._place(person)
        async with held(self._kept, person.user_id, place.id, patience=patience):
            yield await self._place(person)

    def _who(self, person: Person, place: _Place) -> Context:
        return Context(
            user_id=person.user_id,
            tenant=place.tenant,
            conversation_id=place.id,
            phase=place.phase,
            next=self.coach.phase(place.phase).next,
            hears=False,  # the client's model does, and could call again before they read a word
        )

    async def _place(self, person: Person) -> _Place:
        if self._kept is None:
            return self._remembering(person).place
        row = await self._kept.only(
            person.user_id,
            of=KIND,
            coach=self.coach.name,
            phase=self.coach.first_phase,
            tenant=person.tenant,
        )
        return _Place(id=row.id, phase=row.phase, tenant=row.tenant)

    def _remembering(self, person: Person) -> _Remembered:
        place = _Place(id=KIND, phase=self.coach.first_phase, tenant=person.tenant)
        return self._remembered.setdefault(person.user_id, _Remembered(place=place))

    async def _move(self, person: Person, place: _Place, phase: str) -> None:
        if self._kept is not None:
            await self._kept.move(person.user_id, place.id, phase)
        place.phase = phase
