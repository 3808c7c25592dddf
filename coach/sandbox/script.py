"""The scripted coach: tables of habits, each a condition on the talk and what follows from it.

It goes through the reference coach's journey and is of some use in any other coach. It calls only tools that
are on offer and that the prompt speaks of, none twice in a turn, and otherwise speaks; so it never loops,
whatever it is told. One exception: a tool it does not know is called when the person asks for it by name.
What it says is in ``lines.toml``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coach.sandbox.aftermath import AFTER
from coach.sandbox.arguments import fit
from coach.sandbox.habit import Habit, Reply, opening, question, station
from coach.sandbox.ideas import four_ideas
from coach.sandbox.journey import SPOKEN, stranger
from coach.sandbox.talk import Talk

_PERSONAS = '{"final_prompt":'


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The coach's answer to one request: words, or calls with complete arguments."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()


def answer(request: Mapping[str, Any]) -> Answer:
    """Answer a chat completions request that is in order."""
    talk = Talk.of(request)
    if _PERSONAS in talk.prompt:  # no conversation: `coach.personas` has prompts written
        return Answer(text=json.dumps({"final_prompt": four_ideas(talk.prompt, talk.prompt)}))
    forced = _forced(request, talk)
    reply = Reply(calls=((forced, {}),)) if forced else _reply(talk)
    calls = tuple((tool, fit(talk.tools[tool], given, said=talk.said)) for tool, given in reply.calls)
    if request.get("parallel_tool_calls") is False:
        calls = calls[:1]
    return Answer(text=reply.say, calls=calls)


def _reply(talk: Talk) -> Reply:
    if not talk.done and not talk.spoke:
        return Reply(say=question(talk) if talk.said else opening(talk))
    return next(reply for habit in (AFTER if talk.done else SPOKEN) if (reply := _tried(habit, talk)))


def _tried(habit: Habit, talk: Talk) -> Reply | None:
    if habit.phase not in ("", station(talk)) or not habit.when(talk):
        return None
    reply = habit.then(talk)
    calls = tuple(
        call
        for call in reply.calls
        if (talk.can(call[0]) or call[0] == stranger(talk)) and not talk.called(call[0])
    )
    return Reply(say=reply.say, calls=calls) if reply.say or calls else None


def _forced(request: Mapping[str, Any], talk: Talk) -> str:
    """The tool that ``tool_choice`` demands; under ``required`` only while nothing was called yet."""
    choice = request.get("tool_choice")
    if isinstance(choice, Mapping) and choice.get("type") == "allowed_tools":
        choice = choice["allowed_tools"].get("mode")
    if isinstance(choice, Mapping):
        return str(choice.get("function", {}).get("name", ""))
    if choice == "required" and not _reply(talk).calls:
        return next(iter(talk.tools), "")
    return ""
