"""OpenAI's Chat Completions and Responses, in a loop of one's own.

::

    agent = Responses(turn)
    while not agent.done:
        reply = await client.responses.create(model="gpt-5.5", **agent.request(history))
        async for event in agent.run(reply):
            print(event)
        history += agent.added

Sources: openai-python 3.52.0 (types/chat, types/responses). It imports nothing of the package.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coach._answers import tool
from coach._calls import Call
from coach._replies import Reply, as_text, assistant_message, sendable, streamed_reply
from coach.errors import ModelError
from coach.events import Event, Finished, Say, Waiting
from coach.text import clean
from coach.turn import Turn

if TYPE_CHECKING:
    from coach.adapters._looks import Looks

Heard = tuple[list[dict[str, Any]], list[Call]]
"""A reply: what of it goes into the history, and its calls."""


class _Loop(ABC):
    """What both APIs share.

    Attributes:
        turn: The turn: its ``phase`` is that of the next reply.
        added: What the last :meth:`run` adds to the history: the reply, and the answers to its calls. After
            :meth:`decide` or :meth:`press`: what the model is to be told of it.
        done: The model asked for nothing more, or the turn's limits are used up.
    """

    def __init__(self, turn: Turn, *, stable: bool = True) -> None:
        self.turn, self.added, self.done = turn, list[dict[str, Any]](), False
        self._stable = stable

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tools of the next request, strict."""
        actions = self.turn.coach.actions
        names = sorted(actions) if self._stable else self._here
        return [self._tool(dict(tool(actions[name])["function"])) for name in names]

    async def run(self, reply: Any) -> AsyncIterator[Event]:
        """Run what the model asks for in a reply. Nothing that its calls hold raises.

        Args:
            reply: What ``create`` gave, also with ``stream=True``.

        Yields:
            What happens, its words first. At the end :attr:`added` holds the reply and one answer per call.

        Raises:
            ModelError: It is no whole reply; none of its calls has run.
            openai.OpenAIError: A stream broke off, as the SDK says it.
        """
        self.added, items, calls = [], list[dict[str, Any]](), list[Call]()
        try:
            async for piece in self._heard(reply):
                if isinstance(piece, str):
                    yield Say(text=clean(piece))
                else:
                    items, calls = piece
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as exc:
            # The SDK passes on whatever a server sends, unchecked.
            raise ModelError("The model sent an answer that is none.") from exc
        ended: dict[str, Finished] = {}
        async for event in self.turn.run(calls):
            if isinstance(event, Finished):
                ended[event.call_id] = event
            yield event
        answers = [(ended[one["tool_call_id"]], str(one["content"])) for one in self.turn.answers]
        self.added = items + [await self._answer(*answer) for answer in answers]
        self.done = not calls or self.turn.over is not None

    async def decide(self, waiting: Waiting, *, yes: bool) -> AsyncIterator[Event]:
        """Give the person's answer to what waits: a yes runs it, once, exactly as it was shown.

        Yields:
            What happens. At the end :attr:`added` tells the model, which may then be asked.

        Raises:
            Conflict: It was answered before, has expired, or is not the call that was shown.
        """
        async for event in self._button(self.turn.decide(waiting.call_id, waiting.digest, yes=yes)):
            yield event

    async def press(
        self, action: str, arguments: Mapping[str, Any], *, call_id: str | None = None
    ) -> AsyncIterator[Event]:
        """Run an action because the person pressed a button. See :meth:`Turn.press` and :meth:`decide`."""
        async for event in self._button(self.turn.press(action, arguments, call_id=call_id)):
            yield event

    async def _button(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        self.added = []
        async for event in events:
            yield event
        for call, ended in self.turn.told(lambda one: [(one.call, one.finished)]):
            self.added += [self._asked(call), await self._answer(ended, ended.say)]
        self.done = self.turn.over is not None

    @property
    def _here(self) -> Sequence[str]:
        return self.turn.coach.phase(self.turn.phase).actions

    def _offered(self) -> dict[str, Any]:
        """The tools and the choice among them, as far as there are any: an empty list is refused."""
        tools = self.tools
        if not tools or not self._stable:
            return {"tools": tools} if tools else {}
        allowed = [self._tool({"name": name}) for name in self._here]
        return {"tools": tools, "tool_choice": self._choice(allowed) if allowed else "none"}

    @abstractmethod
    def request(self, history: Sequence[Any]) -> dict[str, Any]:
        """What to give to ``create``, beside the model: the phase's prompt, the history and the tools."""

    @abstractmethod
    def _heard(self, reply: Any) -> AsyncIterator[str | Heard]: ...

    @abstractmethod
    def _tool(self, function: dict[str, Any]) -> dict[str, Any]: ...

    @abstractmethod
    def _choice(self, allowed: list[dict[str, Any]]) -> dict[str, Any]: ...

    @abstractmethod
    def _asked(self, call: Call) -> dict[str, Any]: ...

    @abstractmethod
    async def _answer(self, ended: Finished, say: str) -> dict[str, Any]: ...


class ChatCompletions(_Loop):
    """A loop over Chat Completions, of OpenAI or of a server that speaks them.

    Args:
        turn: The turn.
        stable: Every request carries all the coach's actions in the same order, so that a prompt cache holds,
            and names those of the phase as ``allowed_tools``. Without: those of the phase alone, for servers
            that know no ``allowed_tools``.
    """

    def request(self, history: Sequence[Any]) -> dict[str, Any]:
        """What to give to ``create``, beside the model.

        Args:
            history: The messages so far, without a system message.
        """
        return {"messages": [{"role": "system", "content": self.turn.prompt}, *history], **self._offered()}

    async def _heard(self, reply: Any) -> AsyncIterator[str | Heard]:
        whole = Reply(text="")
        if hasattr(reply, "choices"):
            message = reply.choices[0].message
            whole = Reply(text=as_text(message.content), calls=tuple(map(Call.of, message.tool_calls or ())))
            if whole.text:
                yield whole.text
        else:
            async with reply:
                async for piece in streamed_reply(reply):
                    if isinstance(piece, str):
                        yield piece
                    else:
                        whole = piece
        calls: dict[str, Call] = {}
        for call in whole.calls:
            calls.setdefault(call.id, call)
        said = Reply(text=clean(whole.text), calls=tuple(calls.values()))
        yield [assistant_message(said)], list(said.calls)

    def _tool(self, function: dict[str, Any]) -> dict[str, Any]:
        return {"type": "function", "function": function}

    def _choice(self, allowed: list[dict[str, Any]]) -> dict[str, Any]:
        return {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": allowed}}

    def _asked(self, call: Call) -> dict[str, Any]:
        return assistant_message(Reply(text="", calls=(call,)))

    async def _answer(self, ended: Finished, say: str) -> dict[str, Any]:
        return {"role": "tool", "tool_call_id": ended.call_id, "content": say}


class Responses(_Loop):
    """A loop over the Responses API.

    Args:
        turn: The turn.
        stable: See :class:`ChatCompletions`.
        pictures: The model sees each finished picture, 512 pixels wide, beside the words about it. Only one
            that was made for this person in this turn, and only while their consent for the purpose
            ``"pictures_to_model"`` holds.

    Raises:
        CoachError: ``pictures`` of a coach without the services of :func:`coach.open`.
    """

    def __init__(self, turn: Turn, *, stable: bool = True, pictures: bool = False) -> None:
        super().__init__(turn, stable=stable)
        self._looks: Looks | None = None
        if pictures:
            from coach.adapters._looks import Looks  # it brings the database

            self._looks = Looks(turn)

    def request(self, history: Sequence[Any]) -> dict[str, Any]:
        """What to give to ``create``, beside the model.

        Args:
            history: The input items so far.
        """
        return {"instructions": self.turn.prompt, "input": list(history), **self._offered()}

    async def _heard(self, reply: Any) -> AsyncIterator[str | Heard]:
        output: list[Any] = []
        if hasattr(reply, "output"):
            output, status = reply.output, reply.status
            if text := as_text(reply.output_text):
                yield text
        else:
            status = None
            async with reply:
                async for event in reply:
                    match event.type:
                        case "response.output_text.delta":
                            yield as_text(event.delta)
                        case "response.output_item.done":
                            output.append(event.item)
                        case "response.completed" | "response.incomplete" | "response.failed":
                            status = event.response.status
        if status not in ("completed", "incomplete"):
            raise ModelError("The model's reply failed at its server, or broke off; no call was made.")
        calls: dict[str, Call] = {}
        items = [_item(each, calls) for each in output]
        yield [item for item in items if item], list(calls.values())

    def _tool(self, function: dict[str, Any]) -> dict[str, Any]:
        return {"type": "function", **function}

    def _choice(self, allowed: list[dict[str, Any]]) -> dict[str, Any]:
        return {"type": "allowed_tools", "mode": "auto", "tools": allowed}

    def _asked(self, call: Call) -> dict[str, Any]:
        return call_item(call)

    async def _answer(self, ended: Finished, say: str) -> dict[str, Any]:
        output: str | list[dict[str, Any]] = say
        if self._looks is not None and (look := await self._looks.at(ended)) is not None:
            data, media_type = look
            url = f"data:{media_type};base64,{b64encode(data).decode()}"
            shown = {"type": "input_image", "image_url": url, "detail": "low"}
            output = [{"type": "input_text", "text": say}, shown]
        return output_item(ended, output)


def call_item(call: Call) -> dict[str, Any]:
    """A call as an input item of the Responses API."""
    return {"type": "function_call", "call_id": call.id, **sendable(call)}


def output_item(ended: Finished, output: str | list[dict[str, Any]]) -> dict[str, Any]:
    """The answer to a call as an input item of the Responses API."""
    return {"type": "function_call_output", "call_id": ended.call_id, "output": output}


def _item(item: Any, calls: dict[str, Call]) -> dict[str, Any]:
    """An output item as the history takes it; a call is put among the calls, once."""
    plain: dict[str, Any] = item.to_dict(mode="json")
    if plain["type"] != "function_call":
        return plain
    call = Call.of(item)
    if call.id in calls:
        return {}
    calls[call.id] = call
    return plain | call_item(call)
