"""A chat request as the scripted coach sees it: what it may do, what it knows, what was said and done.

Everything is read from the request, so the coach remembers nothing and any number of conversations can use it
at once. Facts about the person come from tags in the system prompt, as the reference coach writes them.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from coach.sandbox.tools import offered

Json = Mapping[str, Any]

# How a conversation tells what came of a button: as the answer of a call.
_BUTTON = re.compile(
    r"The user (said yes|said no|pressed this button)(?:\. |, but )?(?:(It is done|it was not done): )?"
)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A call that has its answer.

    Attributes:
        by: Whether the coach made it, or the person with a button.
        answer: What the coach was told; for a button ``""`` when it was done.
        declined: Whether the person said no.
    """

    name: str
    arguments: Json
    answer: str
    by: Literal["coach", "person"] = "coach"
    declined: bool = False
    carried_out: bool = False


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A line of the list of identities."""

    handle: str
    name: str
    stage: str


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One request."""

    messages: Sequence[Json]
    tools: Mapping[str, Json]
    """The parameters' schemas of the tools on offer, by name."""

    @classmethod
    def of(cls, request: Json) -> Talk:
        """Read a chat completions request that is in order."""
        functions = [tool["function"] for tool in offered(request)]
        tools = {function["name"]: function.get("parameters") or {} for function in functions}
        return cls(messages=request["messages"], tools=tools)

    def can(self, tool: str) -> bool:
        """Whether a tool is on offer and the prompt speaks of it, in backticks."""
        return tool in self.tools and f"`{tool}`" in self.prompt

    def called(self, *tools: str) -> bool:
        """Whether one of these was called since the person spoke."""
        return any(done.name in tools for done in self.done)

    @cached_property
    def prompt(self) -> str:
        """The system text the conversation begins with."""
        return "\n\n".join(_text(m) for m in self.messages[: self._head])

    @cached_property
    def said(self) -> str:
        """What the person said last, or ``""`` when they have not spoken yet."""
        spoken = (_text(m) for m in reversed(self.messages) if m["role"] == "user")
        return next(spoken, "")

    @cached_property
    def heard(self) -> str:
        """Everything the person has said."""
        return "\n".join(_text(m) for m in self.messages if m["role"] == "user")

    @property
    def spoke(self) -> bool:
        """Whether it is the person who spoke last, and not the application."""
        return len(self.messages) > self._turn and self.messages[self._turn]["role"] == "user"

    @cached_property
    def done(self) -> tuple[Done, ...]:
        """What was called since the person spoke or pressed a button, oldest first."""
        return self._done_since(self._turn)

    @cached_property
    def done_ever(self) -> tuple[Done, ...]:
        """Everything that was called in this conversation, as far as the request tells, oldest first."""
        return self._done_since(self._head)

    @cached_property
    def done_here(self) -> tuple[Done, ...]:
        """What was called since this phase began."""
        every = self.done_ever
        moves = [i for i, done in enumerate(every) if _moves_to(done, self.phase)]
        return every[moves[-1] + 1 :] if moves else every

    @property
    def entered(self) -> bool:
        """Whether this phase began since the person spoke."""
        return any(_moves_to(done, self.phase) for done in self.done)

    @cached_property
    def phase(self) -> str:
        """The phase's name, or ``""`` when the prompt does not say."""
        return self.tag("phase")

    @property
    def following(self) -> list[str]:
        """The phases one can go to."""
        return [name.strip() for name in self.tag("next_phases").split(",") if name.strip()]

    @property
    def name(self) -> str:
        """What the person is called, or ``""``."""
        name = self.tag("user_name")
        return "" if name.startswith("not known") else name

    @property
    def notes(self) -> list[str]:
        """What is noted about the person."""
        return [line.removeprefix("- ") for line in self._lines("notes")]

    @cached_property
    def identities(self) -> list[Identity]:
        """The identities on the list."""
        return [_identity(line) for line in self._lines("identities")]

    @cached_property
    def current(self) -> Identity | None:
        """The identity it is about; without one chosen, the only one there is."""
        chosen = self._lines("current_identity")
        if chosen:
            return _identity(chosen[0])
        return self.identities[0] if len(self.identities) == 1 else None

    @property
    def photo(self) -> bool:
        """Whether there is a photo."""
        return self.tag("photo") not in ("", "none")

    @property
    def versions(self) -> list[str]:
        """The handles of the pictures, oldest first."""
        return [line.split()[0] for line in self._lines("versions")]

    @property
    def parents(self) -> dict[str, str]:
        """The picture each was made from, of those that were made from one."""
        parts = (line.split(" · ") for line in self._lines("versions"))
        return {part[0]: part[1][5:] for part in parts if len(part) > 1 and part[1].startswith("from ")}

    @property
    def accepted(self) -> str:
        """The picture the person accepted, or ``""``."""
        lines = [line.split(" · wish: ")[0] for line in self._lines("versions")]
        return next((line.split()[0] for line in reversed(lines) if " · accepted" in line), "")

    def tag(self, name: str) -> str:
        """What stands between the last pair of these tags in the prompt, or ``""``."""
        found = re.findall(rf"<{name}>((?:(?!<{name}>).)*?)</{name}>", self.prompt, re.DOTALL)
        return html.unescape(found[-1]).strip() if found else ""

    def _lines(self, tag: str) -> list[str]:
        return [line.strip() for line in self.tag(tag).splitlines() if line.strip()]

    @cached_property
    def _head(self) -> int:
        """How many messages the prompt takes."""
        roles = [m["role"] for m in self.messages]
        return next((i for i, role in enumerate(roles) if role not in ("system", "developer")), len(roles))

    @cached_property
    def _turn(self) -> int:
        """Where the turn begins: at the person's last message, or the last thing the application told."""
        spoken = [i for i, m in enumerate(self.messages) if m["role"] in ("user", "system", "developer")]
        # A button's call stands right before its answer.
        spoken += [i - 1 for i, m in enumerate(self.messages) if m["role"] == "tool" and _button(_text(m))]
        return max([self._head, *spoken]) if len(self.messages) > self._head else self._head

    def _done_since(self, start: int) -> tuple[Done, ...]:
        messages = self.messages[start:]
        answers = {m["tool_call_id"]: _text(m) for m in messages if m["role"] == "tool"}
        found: list[Done] = []
        for message in messages:
            for call in message.get("tool_calls") or []:
                name, arguments = call["function"]["name"], _object(call["function"]["arguments"])
                found.append(_done(name, arguments, answers.get(call["id"], "")))
        return tuple(found)


def _button(answer: str) -> re.Match[str] | None:
    return _BUTTON.match(answer)


def _done(name: str, arguments: Json, answer: str) -> Done:
    told = _button(answer)
    if told is None:
        return Done(name=name, arguments=arguments, answer=answer)
    return Done(
        name=name,
        arguments=arguments,
        answer=answer[told.end() :],
        by="person",
        declined=told[1] == "said no",
        carried_out=told[2] == "It is done",
    )


def _moves_to(done: Done, phase: str) -> bool:
    return bool(phase) and done.name == "transition_phase" and done.arguments.get("phase") == phase


def _identity(line: str) -> Identity:
    handle, name, stage, *_ = [*(part.strip() for part in line.split("·")), "", ""]
    return Identity(handle=handle, name=name, stage=stage)


def _text(message: Json) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))


def _object(arguments: str) -> Json:
    try:
        parsed = json.loads(arguments)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
