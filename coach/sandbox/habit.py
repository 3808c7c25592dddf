"""A habit of the scripted coach, and what comes of one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from coach.sandbox import listen
from coach.sandbox.ideas import idea_of
from coach.sandbox.talk import Identity, Talk

NAMING = ("set_user_name", "remember_name")
"""The tools that take a name; the second is the one of ``coach new``."""

GET_TO_KNOW, BRAINSTORM, REFINE = "get_to_know_you", "identity_brainstorming", "identity_refinement"
STATEMENT, PICTURE, WRAP_UP = "i_am_statement", "identity_visualization", "wrap_up"
STICKER = "sticker"
"""The phases of the reference coach the script has habits for."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the coach answers: words, or calls with the arguments it cares about."""

    say: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Habit:
    """One thing the coach does.

    Attributes:
        phase: Where; ``""`` everywhere.
        when: Whether it does it now.
        then: What it does. Calls it cannot make are left out; when none is left, the next habit is tried.
    """

    phase: str = ""
    when: Callable[[Talk], bool] = field(default=lambda talk: True)
    then: Callable[[Talk], Reply]


def call(tool: str, /, **arguments: Any) -> Reply:
    """Call a tool."""
    return Reply(calls=((tool, arguments),))


def this_identity(talk: Talk) -> dict[str, Any]:
    """The argument that says which identity it is about."""
    return {"identity_id": talk.current.handle if talk.current else None}


def station(talk: Talk) -> str:
    """Where the talk is, among the places there are lines for."""
    if talk.phase in _lines():
        return talk.phase
    return "introduction" if naming(talk) else "anywhere"


def naming(talk: Talk) -> str:
    """The tool here that takes the person's name, or ``""``."""
    return next((tool for tool in NAMING if talk.can(tool)), "")


def line(talk: Talk, key: str, *, at: str = "", **more: str) -> str:
    """A line of this place, filled in with what is known."""
    lines = _lines()[at or station(talk)]
    text = lines.get(key) or _lines()["anywhere"].get(key) or _lines()["anywhere"]["question"]
    return text.format(**_facts(talk), **more)


def say(key: str, *, at: str = "") -> Callable[[Talk], Reply]:
    """Say a line."""
    return lambda talk: Reply(say=line(talk, key, at=at))


def question(talk: Talk) -> str:
    """What the coach asks here."""
    at = station(talk)
    if at == PICTURE:
        return line(talk, picture_state(talk))
    return line(talk, "known" if at == "introduction" and talk.name else "question")


def opening(talk: Talk) -> str:
    """How the coach begins here."""
    at = station(talk)
    if at == "introduction":
        return line(talk, "known" if talk.name else "opening")
    if at == PICTURE and picture_state(talk) != "scene":
        return line(talk, picture_state(talk))
    if at == BRAINSTORM and not talk.identities:
        return line(talk, "question")
    if at == STATEMENT and not talk.tag("statement"):
        return line(talk, "theirs")
    return line(talk, "hello" if at == "anywhere" else "opening")


def picture_state(talk: Talk) -> str:
    """What the picture waits for; the name of the line that says so."""
    if talk.current is None:
        return "which"
    if not talk.tag("visualization"):
        return "scene"
    if not talk.photo:
        return "no_photo"
    return "look" if talk.versions else "ready"


def transition(talk: Talk, to: str = "") -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """The call that goes on: to a phase, or to the first one that may follow."""
    following = talk.following
    if to and to not in following:
        return ()
    return (("transition_phase", {"phase": to or following[0]}),) if following else ()


def picking(talk: Talk) -> list[Identity]:
    """The identities the person speaks of."""
    return listen.chosen(talk.said, talk.identities)


def _facts(talk: Talk) -> dict[str, str]:
    names = [one.name for one in talk.identities]
    return {
        "name": talk.name or "my friend",
        "identity": talk.current.name if talk.current else "who you are here",
        "identities": ", ".join(f"“{name}”" for name in names) or "nothing yet",
        "statement": talk.tag("statement") or "…",
        "names_because": _because(talk, names[-3:]),
        "tools": ", ".join(tool.replace("_", " ") for tool in talk.tools) or "nothing but talk",
        "answer": " ".join(dict.fromkeys(done.answer for done in talk.done if done.answer)),
    }


def _because(talk: Talk, names: list[str]) -> str:
    return "; ".join(f"“{name}”, because {idea_of(name, talk.heard).because}" for name in names)


@cache
def _lines() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name("lines.toml").read_text(encoding="utf-8"))
