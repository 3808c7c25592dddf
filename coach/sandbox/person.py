"""A person for the demo: somebody who comes to the coach with the journey's whole story."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

Command = Literal["/photo"]
"""What the person does instead of speaking: add their photo."""

_LINES: dict[str, tuple[str, ...]] = {
    "introduction": ("Hello! You can call me {name}.", "I am {name}. Yes, let us begin."),
    "get_to_know_you": (
        "I spent my life with ships and computers. What fills my days now is explaining difficult things to "
        "students until they suddenly see it.",
        "Under the stars, with somebody who has never found the North Star before. I forget the time then.",
        "I like it when people stop being afraid of a question.",
    ),
    "identity_brainstorming": ("Yes, please.",),
    "identity_refinement": (
        "I would stop and answer the question a child asks me, even when I am in a hurry.",
        "Yes, the name sits well.",
    ),
    "i_am_statement": ("Yes, that is mine.",),
    "once more": ("Yes, once more, please.",),
    "wrap_up": ("On Friday I will take my neighbour's daughter outside and find the North Star with her.",),
}
_AT_MOST = ("once more", "wrap_up")
"""Where they do not repeat themselves, but leave."""

_FAVOURITE = "Night-sky guide"
_CHOICE = "{identity}. That one makes me smile."
_SCENE = (
    "At the little observatory on the hill, at night, with the sky full of stars. I am about to show "
    "somebody where to look, and I am calm and a little amused."
)
_READY = "There, that is my photo. Yes, I am ready."
_CHANGE = "I like it. Could it be at sunrise instead, as if we had stayed up until the end?"
_ACCEPT = "Yes. That is me."


class ScriptedPerson:
    """Speaks for a person, one line at a time.

    Args:
        name: What they are called.
    """

    def __init__(self, *, name: str = "Grace") -> None:
        self._name = name
        self._spoken: Counter[str] = Counter()

    def next(self, phase: str, coach_said: str, *, has_photo: bool, versions: int) -> str | Command | None:
        """What the person says or does next.

        Args:
            phase: The phase the conversation is in.
            coach_said: The coach's last words.
            has_photo: Whether their photo has been added.
            versions: How many pictures there are.

        Returns:
            Words, the command ``"/photo"``, or ``None`` when they have nothing more to say.
        """
        if phase == "identity_visualization":
            return self._seeing(coach_said.lower(), has_photo, versions)
        if phase == "identity_brainstorming" and (offered := re.findall(r"“([^”]+)”", coach_said)):
            return _CHOICE.format(identity=_FAVOURITE if _FAVOURITE in offered else offered[0])
        return self._line(phase)

    def _seeing(self, heard: str, has_photo: bool, versions: int) -> str | Command | None:
        if "once more" in heard:
            return self._line("once more")
        if versions:
            return _CHANGE if versions == 1 else _ACCEPT
        if "photo" in heard and not has_photo:
            return "/photo"
        return _READY if has_photo and ("ready" in heard or "photo" in heard) else _SCENE

    def _line(self, phase: str) -> str | None:
        lines, said = _LINES.get(phase, ()), self._spoken[phase]
        self._spoken[phase] += 1
        if said >= len(lines):
            return None if phase in _AT_MOST or not lines else lines[-1].format(name=self._name)
        return lines[said].format(name=self._name)
