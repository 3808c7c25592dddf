"""What the scripted coach can think of; its words are in ``ideas.toml``."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Idea:
    """An identity, the words that bring it to mind, and what can be said of it."""

    name: str
    words: str
    because: str
    statement: str
    scene: str


@cache
def _ideas() -> tuple[Idea, ...]:
    table = tomllib.loads(Path(__file__).with_name("ideas.toml").read_text(encoding="utf-8"))
    return tuple(Idea(**row) for row in table["ideas"])


def ideas_for(heard: str) -> list[Idea]:
    """Every idea: those first whose words were heard most, then those that suit anybody."""
    said = re.findall(r"\w+", heard.lower())
    return sorted(
        _ideas(), key=lambda idea: (-sum(word in idea.words.split() for word in said), idea.words != "")
    )


def idea_of(name: str, heard: str) -> Idea:
    """The idea behind an identity; for a name of the person's own, one made for it."""
    for idea in _ideas():
        if idea.name.lower() == name.lower():
            return idea
    like = ideas_for(f"{name} {heard}")[0]
    article = (
        "" if name.lower().startswith(("the ", "a ", "an ")) else "an " if name[:1] in "AEIOUaeiou" else "a "
    )
    return Idea(
        name=name,
        words="",
        because="you named it yourself",
        statement=f"I am {article}{name[:1].lower()}{name[1:]}. I live it in small steps, every day.",
        scene=like.scene,
    )


def four_ideas(heard: str, used: str) -> str:
    """Four scenes for somebody's pictures, numbered; none that was used, as long as there are others."""
    scenes = [f"{idea.scene}{when}" for when in _WHEN for idea in ideas_for(heard)]
    fresh = [scene for scene in scenes if scene not in used] or scenes
    return " ".join(f"{number}. {scene}" for number, scene in enumerate(fresh[:4], 1))


_WHEN = ("", " At dusk.", " In the rain.", " On a winter morning.")
