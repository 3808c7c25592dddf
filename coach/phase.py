"""Phases: one markdown file each, with TOML front matter that says what is allowed and known in it.

::

    +++
    title   = "Identity visualization"
    actions = ["generate_identity_image", "accept_identity_visualization"]
    context = ["user_photo_url", "current_identity"]
    next    = ["wrap_up"]
    confirm = []                        # optional: actions that need the person's yes here
    +++
    You are helping {{ current_identity.name }} …
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FENCE = "+++"
_LONGEST = 16_000
"""Characters of front matter. Python's reader of TOML takes minutes for longer ones that are made for it."""
_PLACE = re.compile(r"^(?P<problem>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of a conversation.

    Attributes:
        name: The file's name without ``.md``.
        title: What a person may read; left out in the file, the name in words.
        actions: The actions the model may call, in the order it is shown them.
        context: The context keys its prompt uses, besides those of ``prompts/coach.md``.
        next: The phases that may follow. Empty: the conversation ends here.
        confirm: Those of its actions that need the person's yes.
        path: The file.
        template: Its name among the prompts, e.g. ``phases/wrap_up.md``.
    """

    name: str
    title: str
    actions: tuple[str, ...]
    context: tuple[str, ...]
    next: tuple[str, ...]
    confirm: tuple[str, ...] = ()
    path: Path
    template: str


class FrontMatterError(ValueError):
    """Front matter cannot be read; ``line`` counts from 1 in the file."""

    def __init__(self, problem: str, line: int) -> None:
        self.line = line
        super().__init__(problem)


def read_front_matter(text: str) -> tuple[dict[str, Any], str, int]:
    """Split a prompt file.

    Returns:
        The front matter, the body, and the line the body starts on, counted from 1. Without front matter the
        first is empty and the body starts on line 1.

    Raises:
        FrontMatterError: The closing ``+++`` is missing, or what stands between is too long or not TOML.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return {}, text, 1
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise FrontMatterError("the front matter has no closing `+++`", 1)
    front = "\n".join(lines[1:end])
    if len(front) > _LONGEST:
        raise FrontMatterError(f"the front matter is longer than {_LONGEST:,} characters", 1)
    try:
        found = tomllib.loads(front)
    except (ValueError, RecursionError) as exc:  # not only what is no TOML: numbers and depths without end
        place = _PLACE.match(str(exc))
        problem = place["problem"] if place else "a number is too long, or it nests too deep"
        line = (int(place["line"]) + 1 if place["line"] else end) if place else 1
        raise FrontMatterError(f"the front matter cannot be read: {problem}", line) from exc
    return found, "\n".join(lines[end + 1 :]), end + 2
