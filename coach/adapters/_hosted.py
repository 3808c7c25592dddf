"""One turn of one person inside an agent that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from coach._answers import Answer
from coach._calls import Call
from coach._messages import new_call_id
from coach.events import Event, Finished, Waiting
from coach.turn import Turn

Listener = Callable[[Event], Awaitable[None]]
"""Who is told what happens: progress, previews, results, questions to the person, moves."""


class Hosted:
    """A turn whose calls an agent makes one at a time, or side by side.

    Args:
        turn: The turn.
        listen: Told every event as it happens. What it raises, the call raises when it has ended.

    Attributes:
        turn: The turn: its ``prompt``, ``tools`` and ``phase`` are those of the next reply.
    """

    def __init__(self, turn: Turn, listen: Listener | None = None) -> None:
        self.turn = turn
        self._listen = listen
        self._at_work = 0
        self._catching_up = asyncio.Lock()

    async def call(self, call_id: str, name: str, arguments: str | Mapping[str, Any]) -> Answer:
        """Run one call, judged in the phase its reply was asked in. Nothing a model sends raises.

        Args:
            call_id: The agent's id of the call. Repeated, it gives the stored answer; empty, it gets one.
            name: The action.
            arguments: JSON text, or the object itself.
        """
        call = Call(id=call_id or new_call_id(), name=name, arguments=arguments or "{}")
        calling = self.turn.answer(call)
        failed: Exception | None = None
        self._at_work += 1
        try:
            if self._listen is not None:
                async for event in calling:
                    try:
                        await self._listen(event)
                    except Exception as error:  # noqa: BLE001 - raised at the end: the call is at work until then
                        failed = failed or error
            answer = await calling
        finally:
            self._at_work -= 1
        if failed is not None:
            raise failed
        return answer

    async def proceed(self) -> None:
        """Go on to the next reply: a move that was asked for happens now, and the prompt is new.

        To be called before the model is asked again, when every call of its last reply has its answer.
        """
        async for event in self.turn.proceed():
            await self._tell(event)

    async def catch_up(self) -> None:
        """Go on to the next reply, if the calls of one were answered: for agents that do not say when.

        To be called whenever they look up the prompt or the tools, also side by side. Between the calls of a
        reply it does nothing, as long as one of them is at work.
        """
        async with self._catching_up:
            if self.turn.answers and not self._at_work:
                await self.proceed()

    async def decide(self, waiting: Waiting, *, yes: bool) -> Finished:
        """Give the person's answer to what waits: a yes runs it, once, with exactly the arguments shown.

        The model does not know of it yet: each kind of agent has its ``told``.

        Args:
            waiting: The question as the listener was told it, or as :meth:`Turn.waiting` lists it.

        Raises:
            Conflict: It was answered before, has expired, or is not the call that was shown.
        """
        finished: Finished | None = None
        async for event in self.turn.decide(waiting.call_id, waiting.digest, yes=yes):
            if isinstance(event, Finished):
                finished = event
            await self._tell(event)
        assert finished is not None, "every question has its end"
        return finished

    async def _tell(self, event: Event) -> None:
        if self._listen is not None:
            await self._listen(event)
