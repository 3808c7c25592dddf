"""Turns at work: kept as they happen, seen by whoever watches, carried on when their process dies."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

from pydantic import TypeAdapter

from coach._calls import Limits
from coach.conversation import Conversation
from coach.errors import CoachError, Conflict, StoreUnavailable
from coach.events import Event
from coach.folder import Coach
from coach.model import Model
from coach.server.did import Came, Decided, Did, Pressed, Said, press_id
from coach.server.instruments import TURNS
from coach.server.record import Record
from coach.store import Store
from coach.store.happenings import MOST, Happening, Happenings
from coach.store.turns import LEASE, TurnRow, Turns

logger = logging.getLogger("coach.server")

LOOK_AGAIN = 2.0
"""Seconds after which a watcher looks for what another process wrote."""

CUT_OFF = "This was cut off when the server stopped. What was made is kept; look at your pictures."
FAILED = "Something went wrong on our side. Nothing you wrote is lost."

_DID: TypeAdapter[Said | Came | Pressed | Decided] = TypeAdapter(Did)


class Live:
    """The turns of one process.

    Args:
        coach: The coach.
        model: What it speaks with.
        store: Where turns and what happens in them are kept.
        limits: How much a turn may do.
    """

    def __init__(self, coach: Coach, model: Model, store: Store, limits: Limits | None = None) -> None:
        self._coach, self._model, self._limits = coach, model, limits
        self._turns, self._happenings = Turns(store.database), Happenings(store.database)
        self._holder = uuid4().hex
        self._bells: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._work: set[asyncio.Task[None]] = set()
        self._beating: asyncio.Task[None] | None = None
        self.closing = False

    def start(self) -> None:
        """Say from now on that this process is alive, and carry on what dead ones left."""
        self._beating = asyncio.create_task(self._beat())

    async def close(self) -> None:
        """Begin nothing more, let watchers go, and return when every turn has come to its end."""
        self.hang_up()
        await asyncio.gather(*self._work, return_exceptions=True)
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])

    def hang_up(self) -> None:
        """Let watchers go; they come back to the next process with the number of what they saw last."""
        self.closing = True
        for bells in self._bells.values():
            for bell in bells:
                bell.set()

    async def begin(self, user_id: str, conversation_id: str, did: Did, *, key: str | None) -> TurnRow:
        """Begin a turn, once for each key; it goes on whether or not anybody watches.

        Args:
            key: The client's; ``None``: a new turn in any case.

        Raises:
            NotFound: This person has no such conversation.
            Conflict: The key was used for another turn of it.
            StoreUnavailable: This process is stopping.
        """
        if self.closing:
            raise StoreUnavailable("The server is stopping. Try again in a moment.")
        turn, is_new = await self._turns.begin(
            user_id,
            conversation_id,
            key=key or uuid4().hex,
            body=did.model_dump(mode="json"),
            holder=self._holder,
        )
        if is_new:
            self._carry_on(turn, anew=True)
        return turn

    async def watch(
        self, user_id: str, channel: str, after: int = 0, *, turn: TurnRow | None = None
    ) -> AsyncIterator[Happening]:
        """What happened in a channel after a number, and then what happens.

        Args:
            turn: Only what belongs to this turn, until it ends. ``None``: everything, without end.
        """
        bell = asyncio.Event()
        self._bells[channel].add(bell)
        try:
            while True:
                bell.clear()
                some = await self._happenings.after(
                    user_id, channel, after, turn_id=turn.id if turn else None
                )
                for each in some:
                    yield each
                    after = each.seq
                    if turn is not None and each.kind == "done":
                        return
                if self.closing:
                    return
                if len(some) < MOST:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(bell.wait(), LOOK_AGAIN)
        finally:
            self._bells[channel].discard(bell)
            if not self._bells[channel]:
                del self._bells[channel]

    def ring(self, channel: str) -> None:
        """Let those who watch a channel look."""
        for bell in self._bells.get(channel, ()):
            bell.set()

    def record(self, user_id: str, channel: str, turn_id: str) -> Record:
        """Where to write down what happens in a channel."""
        return Record(self._happenings, user_id, channel, turn_id, ring=self.ring)

    def _carry_on(self, turn: TurnRow, *, anew: bool) -> None:
        task = asyncio.create_task(self._run(turn, anew=anew))
        self._work.add(task)
        TURNS.add(1)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        TURNS.add(-1)

    async def _run(self, turn: TurnRow, *, anew: bool) -> None:
        record = self.record(turn.user_id, turn.conversation_id, turn.id)
        failed = False
        try:
            if not await self._happenings.after(turn.user_id, turn.conversation_id, 0, turn_id=turn.id):
                await record.add("said", turn.body)
            async for event in self._events(turn, anew=anew):
                await record.event(event, self._coach)
        except CoachError as error:
            await record.add("error", {"code": type(error).__name__, "say": str(error)})
        except Exception:
            failed = True
            logger.exception("turn %s failed", turn.id)
            await record.add("error", {"code": "failed", "say": FAILED})
        try:
            await record.end({"state": "failed" if failed else "done"})
            await self._turns.end(turn, "failed" if failed else "done")
        except CoachError as error:  # the person is being erased, or the database is away
            logger.warning("what happened in turn %s is not kept: %s", turn.id, error)

    async def _events(self, turn: TurnRow, *, anew: bool) -> AsyncIterator[Event]:
        talk = await Conversation.resume(
            self._coach,
            self._model,
            user_id=turn.user_id,
            conversation_id=turn.conversation_id,
            limits=self._limits,
        )
        did = _DID.validate_python(turn.body)
        if not anew and await self._was_begun(talk, turn):
            did = Came(type="greet")
        elif not anew and isinstance(did, Pressed | Decided):
            # Whether it took effect only its own records know: it is not done a second time by itself.
            raise Conflict(CUT_OFF)
        async for event in await _stream_of(talk, did, turn.id):
            yield event

    async def _was_begun(self, talk: Conversation, turn: TurnRow) -> bool:
        """Whether the person's message, or what their button did, was kept before the process died."""
        return len(await talk.messages()) > turn.messages_before

    async def _beat(self) -> None:
        while True:
            with suppress(CoachError):
                await self._turns.beat(self._holder)
                if not self.closing:
                    for turn in await self._turns.adopt(self._holder):
                        self._carry_on(turn, anew=False)
            await asyncio.sleep(LEASE.total_seconds() / 3)


async def _stream_of(talk: Conversation, did: Any, turn_id: str) -> AsyncIterator[Event]:
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
