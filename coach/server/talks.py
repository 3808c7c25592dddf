"""The turns of conversations: begun once for each key, and carried on as far as they can be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

from pydantic import TypeAdapter

from coach._calls import Limits
from coach.conversation import Conversation
from coach.errors import Conflict
from coach.events import Event
from coach.folder import Coach
from coach.model import Model
from coach.server.did import Came, Decided, Did, Pressed, Said, press_id
from coach.server.doubt import with_doubt
from coach.server.live import CUT_OFF, Live
from coach.server.record import Record
from coach.server.told import Told
from coach.store import Store, TurnRow, Turns

_DID: TypeAdapter[Did] = TypeAdapter(Did)


class Talks:
    """Conversations with a coach, turn by turn.

    Args:
        coach: The coach.
        model: What it speaks with.
        store: Where turns are kept.
        live: Where they are done.
        limits: How much a turn may do.
    """

    breakable = False

    def __init__(
        self, coach: Coach, model: Model, store: Store, live: Live, limits: Limits | None = None
    ) -> None:
        self._coach, self._model, self._limits = coach, model, limits
        self._live = live
        self.works = Turns(store.database)

    async def begin(self, user_id: str, conversation_id: str, did: Did, *, key: str | None) -> TurnRow:
        """Begin a turn, once for each key; it goes on whether or not anybody watches.

        Args:
            key: The client's; ``None``: a new turn in any case.

        Raises:
            NotFound: This person has no such conversation.
            Conflict: The key was used for another turn of it.
            StoreUnavailable: This process is stopping.
        """
        body = did.model_dump(mode="json")
        ask = partial(self.works.begin, user_id, conversation_id, key=key or uuid4().hex, body=body)
        return await self._live.begin(self, lambda holder: ask(holder=holder))

    def channel(self, work: TurnRow) -> str:
        """The conversation."""
        return work.conversation_id

    def opening(self, work: TurnRow) -> Told:
        """What the person did."""
        return "said", work.body

    async def do(self, work: TurnRow, record: Record, *, anew: bool) -> None:
        """Let the coach answer.

        Raises:
            Conflict: A process died in the middle of what may not be done a second time by itself.
        """
        async for event in self._events(work, anew=anew):
            await record.event(event, self._coach)

    async def _events(self, turn: TurnRow, *, anew: bool) -> AsyncIterator[Event]:
        talk = await Conversation.resume(
            self._coach,
            self._model,
            user_id=turn.user_id,
            conversation_id=turn.conversation_id,
            limits=self._limits,
        )
        did = _DID.validate_python(turn.body)
        if not anew and await _was_begun(talk, turn):
            did = Came(type="greet")
        elif not anew and isinstance(did, Pressed | Decided):
            # Whether it took effect only its own records know: it is not done a second time by itself.
            raise Conflict(await self._cut_off(turn, did))
        async for event in await _stream_of(talk, did, turn.id):
            yield event

    async def _cut_off(self, turn: TurnRow, did: Pressed | Decided) -> str:
        """What is told of a button whose process died."""
        call_id = press_id(turn.id) if isinstance(did, Pressed) else did.call_id
        call = await self._coach.journal.find(turn.user_id, turn.conversation_id, call_id)
        return await with_doubt(CUT_OFF, self._coach, call, since=turn.created_at)


async def _was_begun(talk: Conversation, turn: TurnRow) -> bool:
    """Whether the person's message, or what their button did, was kept before the process died."""
    return len(await talk.messages()) > turn.messages_before


async def _stream_of(talk: Conversation, did: Did, turn_id: str) -> AsyncIterator[Event]:
    match did:
        case Said(text=text):
            return talk.say(text)
        case Pressed(action=action, arguments=arguments):
            return talk.press(action, arguments, call_id=press_id(turn_id))
        case Decided():
            for waiting in await talk.waiting():
                if (waiting.call_id, waiting.digest) == (did.call_id, did.digest):
                    return talk.decide(waiting, yes=did.yes)
            raise Conflict("This question was answered before, has expired, or is about something else.")
        case _:
            return talk.greet()
