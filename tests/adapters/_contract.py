"""What every adapter's tests share: an agent of one kind, whose model says what the test says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

import coach
from coach.adapters import Hosted

KINDS = (
    *("openai_chat", "openai_responses", "openai_agents", "pydantic_ai", "langchain", "anthropic"),
    "mcp",
)
"""Each is a module ``tests.adapters._host_<kind>``, which holds ``KIND`` and ``open_host``."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What agents of one kind cannot do. All else is the same in each.

    Attributes:
        replies: A model makes several calls in one reply. Without: a move happens after each call.
        prompt: The model is shown the phase's prompt as its system text.
        ids: The agent tells calls apart by ids of its model: a repeated one is the same call.
        texts: What is no JSON object can come in as a call's arguments.
        deep: So can arguments that are nested too deeply to be read. Else the agent's library breaks off.
        history: The agent has one, to which what a person decided is added. Without: their answer is the
            answer to the call itself.
        turns: The agent knows where a turn of the person begins. Without: each call has one of its own.
    """

    replies: bool = True
    prompt: bool = True
    ids: bool = True
    texts: bool = True
    deep: bool = True
    history: bool = True
    turns: bool = True


@dataclass(kw_only=True)
class Shown:
    """What a model was shown when it was asked last.

    Attributes:
        prompt: The system text.
        tools: The schemas of what it may call, by name.
        answers: What it read as the answers to its calls, by their ids.
        text: All of it as it went over the wire.
    """

    prompt: str = ""
    tools: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


class Host(Protocol):
    """An agent of one kind with a coach in it, in the middle of one turn of one person.

    Attributes:
        shown: What its model was shown when it was asked last; it was asked once when the host opened.
        events: What the application was told, in order.
    """

    shown: Shown
    events: list[Any]

    async def reply(self, *calls: coach.Call) -> Mapping[str, str]:
        """The model makes these calls in one reply, and speaks in the next. Nothing they hold raises.

        Returns:
            What the model was then shown as their answers, by call id. A kind without ids uses those of the
            calls given here all the same.
        """

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        """The person answers a question, in the way this kind has for it.

        Raises:
            Conflict: It was answered before, or is not what was shown.
        """


class OpenHost(Protocol):
    """How a kind's module opens a host: all of it through the adapter, as its documentation says."""

    def __call__(
        self,
        talk: coach.Coach,
        *,
        user_id: str = "ann",
        conversation_id: str = "c1",
        phase: str | None = None,
        limits: coach.Limits | None = None,
    ) -> AbstractAsyncContextManager[Host]:
        """Open a host whose turn begins in this phase."""


def kind_of(name: str) -> tuple[Kind, OpenHost]:
    """A kind, and how it is opened."""
    module = import_module(f"tests.adapters._host_{name}")
    return cast("Kind", module.KIND), cast("OpenHost", module.open_host)


def opener(kind: Callable[[coach.Turn], Any]) -> OpenHost:
    """How a kind whose host is one turn opens it."""

    @asynccontextmanager
    async def open_host(
        talk: coach.Coach, *, user_id: str = "ann", conversation_id: str = "c1", **given: Any
    ) -> AsyncIterator[Any]:
        host = kind(await talk.turn(user_id=user_id, conversation_id=conversation_id, **given))
        await host.reply()
        host.events.clear()
        yield host

    return open_host


class Inside:
    """What hosts have in common that call one at a time. See :class:`Host`."""

    def __init__(self, turn: coach.Turn) -> None:
        self.shown, self.streams = Shown(), True
        self.events: list[coach.Event] = []
        self.hosted = Hosted(turn, self._listen)

    async def decide(self, waiting: coach.Waiting, *, yes: bool) -> None:
        await self.hosted.decide(waiting, yes=yes)

    async def _listen(self, event: coach.Event) -> None:
        self.events.append(event)


HIDDEN = re.compile(
    r"https?://|data:|[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{32}|[A-Za-z0-9+/]{120}|\.(?:png|jpe?g|webp)\b"
)
"""What no model reads: addresses, long ids, base64, names of files."""


def no_ref(said: str) -> str:
    """A sentence without the reference of a failure, which is another each time."""
    return re.sub(r"ref [0-9a-f]{8}", "ref", said)
