"""A conversation that asks the model itself, keeps every message, and goes on after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from coach._calls import Call, Limits
from coach._messages import new_call_id, unanswered
from coach._replies import Reply, assistant_message
from coach._stream import Emit, Stream
from coach.context import Context
from coach.errors import ModelError
from coach.events import Event, Finished, PhaseChanged, Say, Stopped, Waiting
from coach.folder import Coach
from coach.model import Model
from coach.pending import PATIENCE
from coach.store import Conversations
from coach.store.conversations import Conversation as Row
from coach.store.lease import held
from coach.text import Cleaner, clean, message_text
from coach.turn import Turn, open_turn

LOST = "I lost my thread there. Tell me again what you would like, and we go on from here."
SILENT = "I have no words just now. Please say that once more."
AWAY = "I cannot answer just now. Nothing is lost: what you wrote is kept. Try again in a moment."

LONGEST_REPLY = 64_000
"""Characters of one reply that are kept."""

MOST_CALLS = 64
"""Calls of one reply that are looked at."""

_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


class Conversation:
    """One person's conversation with a coach.

    Made by :meth:`start` or :meth:`resume`. Each method that makes something happen returns an async
    iterator of events; what was begun goes on when nobody reads it to the end.

    Attributes:
        id: The conversation's id.
        user_id: The person.
        tenant: Whose customer they are, or ``""``.
        phase: The phase it is in.
    """

    def __init__(self, coach: Coach, model: Model, row: Row, limits: Limits | None) -> None:
        self.id, self.user_id, self.tenant, self.phase = row.id, row.user_id, row.tenant, row.phase
        self._coach, self._model, self._limits = coach, model, limits or Limits()
        self._store = coach.service("conversations", Conversations)
        self._lock = _locks.setdefault(row.id, asyncio.Lock())

    @classmethod
    async def start(
        cls, coach: Coach, model: Model, *, user_id: str, tenant: str = "", limits: Limits | None = None
    ) -> Conversation:
        """Begin a conversation in the coach's first phase.

        Args:
            user_id: The person, as the host application knows them.
            tenant: Whose customer they are, where the host serves several; it stays with the conversation.
        """
        row = await coach.service("conversations", Conversations).start(
            user_id, tenant=tenant, coach=coach.name, phase=coach.first_phase
        )
        return cls(coach, model, row, limits)

    @classmethod
    async def resume(
        cls, coach: Coach, model: Model, *, user_id: str, conversation_id: str, limits: Limits | None = None
    ) -> Conversation:
        """Go on with a conversation, in this process or after a restart.

        Raises:
            NotFound: This person has no such conversation.
        """
        row = await coach.service("conversations", Conversations).get(user_id, conversation_id)
        return cls(coach, model, row, limits)

    def greet(self) -> AsyncIterator[Event]:
        """Let the coach speak first."""
        return self._stream(self._reply)

    def say(self, text: str) -> AsyncIterator[Event]:
        """Say something to the coach and follow what comes of it.

        Raises:
            InputRefused: The message is empty or too long. Nothing was kept.
        """
        message = {"role": "user", "content": message_text(text)}

        async def follow(turn: Turn, emit: Emit) -> None:
            await self._keep(message)
            await self._reply(turn, emit)

        return self._stream(follow)

    def press(
        self, action: str, arguments: Mapping[str, Any], *, call_id: str | None = None
    ) -> AsyncIterator[Event]:
        """Run an action because the person pressed its button; the coach is told and speaks on.

        Args:
            call_id: Makes it the same press, which has its effect once; left out: another.
        """

        async def follow(turn: Turn, emit: Emit) -> None:
            await self._button(turn, turn.press(action, arguments, call_id=call_id), emit)
            await self._reply(turn, emit)

        return self._stream(follow, asks=False)

    def decide(self, waiting: Waiting, *, yes: bool) -> AsyncIterator[Event]:
        """Answer a waiting call; the coach is told and speaks on.

        Raises:
            Conflict: It was answered before, has expired, or is not the call that was shown.
        """

        async def follow(turn: Turn, emit: Emit) -> None:
            await self._button(turn, turn.decide(waiting.call_id, waiting.digest, yes=yes), emit)
            await self._reply(turn, emit)

        return self._stream(follow, asks=False)

    async def waiting(self) -> list[Waiting]:
        """The calls that wait for the person's yes, oldest first."""
        # No prompt is needed for that, so none is gathered and rendered.
        who = Context(user_id=self.user_id, conversation_id=self.id, phase=self.phase)
        return await Turn(self._coach, who, self._limits).waiting()

    async def messages(self) -> list[dict[str, Any]]:
        """Every message so far, as chat completions has them."""
        return [row.content for row in await self._store.messages(self.user_id, self.id)]

    def _stream(
        self, follow: Callable[[Turn, Emit], Awaitable[None]], *, asks: bool = True
    ) -> AsyncIterator[Event]:
        async def produce(emit: Emit) -> None:
            async def heard(event: Event) -> None:
                if isinstance(event, PhaseChanged):
                    self.phase = event.phase
                    await self._store.move(self.user_id, self.id, event.phase)
                await emit(event)

            # One thing at a time: two messages at once would each be answered without the other.
            alone = held(self._store, self.user_id, self.id, patience=self._limits.seconds)
            async with self._lock, alone:
                turn = await self._turn(asks=asks)
                await self._catch_up(turn, heard)
                await follow(turn, heard)

        return Stream(produce)

    async def _turn(self, *, asks: bool) -> Turn:
        # Read anew: another process, or another object here, may have moved on.
        self.phase = (await self._store.get(self.user_id, self.id)).phase
        who = Context(user_id=self.user_id, tenant=self.tenant, conversation_id=self.id, phase=self.phase)
        return await open_turn(self._coach, who, self._limits, asks=asks)

    async def _catch_up(self, turn: Turn, emit: Emit) -> None:
        """Mend what a crash left: calls without an answer, and a yes that was not carried out.

        The journal knows which calls happened.
        """
        await self._coach.journal.reopen(self.user_id, self.id, datetime.now(UTC) + PATIENCE)
        if left := unanswered(await self.messages()):
            await self._call(turn, left, emit)

    async def _reply(self, turn: Turn, emit: Emit) -> None:
        """Ask the model until it has nothing more to call."""
        if not turn.prompt_version:  # after a button
            await turn.refresh()
        said: list[str] = []
        for _ in range(self._limits.replies):
            try:
                async with asyncio.timeout(turn.seconds_left):
                    reply = await self._ask(turn, said, emit)
            except TimeoutError:
                break
            except ModelError as exc:
                say = await _corrected(turn, said, AWAY)
                await emit(Stopped(reason="model", say=say, detail=str(exc)))
                return
            if not reply.calls:
                if not reply.text:
                    await self._stop(await _corrected(turn, said, SILENT), "model", emit)
                return
            await self._call(turn, reply.calls, emit)
            if turn.over:
                break
        await self._stop(await _corrected(turn, said, LOST), turn.over or "replies", emit)

    async def _ask(self, turn: Turn, said: list[str], emit: Emit) -> Reply:
        reply, cleaner = Reply(text=""), Cleaner()

        async def say(text: str) -> None:
            if text:
                said.append(text)
                await emit(Say(text=text))

        messages = clean(await self.messages())
        async for piece in self._model.reply(system=turn.prompt, messages=messages, tools=turn.tools):
            if isinstance(piece, str):
                await say(cleaner.add(piece))
            else:
                await say(cleaner.end())
                # Every later request carries what is kept, so it is bounded.
                calls = tuple(replace(call, id=new_call_id()) for call in piece.calls[:MOST_CALLS])
                reply = Reply(text=clean(piece.text)[:LONGEST_REPLY], calls=calls)
        if reply.text and not reply.calls and (truth := await turn.correction("".join(said))):
            await say(f"\n\n{truth}")
            reply = replace(reply, text=f"{reply.text}\n\n{truth}")
        if reply.text or reply.calls:
            await self._keep(assistant_message(reply), prompt_version=turn.prompt_version)
        return reply

    async def _call(self, turn: Turn, calls: tuple[Call, ...], emit: Emit) -> None:
        async for event in turn.run(calls):
            await emit(event)
        for answer in turn.answers:
            await self._keep(answer)

    async def _button(self, turn: Turn, events: AsyncIterator[Event], emit: Emit) -> None:
        """Follow what a button does, and tell the coach before it moves on."""
        async for event in events:
            await emit(event)
            if isinstance(event, Finished):
                # Both or none: a call without an answer would be carried out once more after a crash.
                await self._keep(*turn.told())

    async def _stop(self, say: str, reason: Any, emit: Emit) -> None:
        await self._keep({"role": "assistant", "content": say})
        await emit(Stopped(reason=reason, say=say))

    async def _keep(self, *some: Mapping[str, Any], prompt_version: str | None = None) -> None:
        await self._store.append(self.user_id, self.id, *some, prompt_version=prompt_version)


async def _corrected(turn: Turn, said: list[str], say: str) -> str:
    """What ends a turn in which the model did not come to its end, after what it said until then."""
    truth = await turn.correction("".join(said))
    return f"{say} {truth}" if truth else say
