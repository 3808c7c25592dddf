"""Which place and which light a prompt asks for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from PIL import Image

from coach.sandbox.painter import indoors, outdoors
from coach.sandbox.painter.light import LIGHTS, Light, varied

Painter = Callable[[Image.Image, Light, Random], None]


_TABLE = tomllib.loads(Path(__file__).with_name("scene.toml").read_text(encoding="utf-8"))
TIMES: Mapping[str, str] = _TABLE["times"]
"""The times of day under the sky, and the words that mean them."""

PLACES: Mapping[str, Painter] = {
    "city": outdoors.city,
    "forest": outdoors.forest,
    "hills": outdoors.hills,
    "mountain": outdoors.mountains,
    "observatory": outdoors.observatory,
    "sea": outdoors.sea,
    "stage": indoors.stage,
    "study": indoors.study,
}
"""How each place is painted."""

_NOT = re.compile(
    r"\b(?:instead of|rather than|not|without|no|never)\s+(?:(?:the|a|an|at|in|on|by|of)\s+)*[a-z]+"
)

_LEFT_OUT = re.compile(r"\bleave out\b[^.]*")

# Both are wishes: the one to fulfil now, and, in a picture drawn afresh, each of them in order.
_WISH = re.compile(r"<(change|wish)>(.*?)</\1>", re.DOTALL)
_SCENE = re.compile(r"<scene>(.*?)</scene>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A place at a time of day, by their names in :data:`PLACES` and :data:`LIGHTS`."""

    place: str
    time: str

    def paint(self, size: tuple[int, int], rng: Random) -> tuple[Image.Image, Light]:
        """The scene without anybody in it, and its light. ``size`` is in pixels."""
        image, sun = Image.new("RGB", size), varied(LIGHTS[self.time], rng)
        PLACES[self.place](image, sun, rng)
        return image, sun

    @property
    def indoors(self) -> bool:
        """Whether there is a roof over it."""
        return usual_time(self.place) == "indoors"


def usual_time(place: str) -> str:
    """The light a place has when a prompt names none."""
    usual: str = _TABLE["places"][place]["usual"]
    return usual


def scene_of(prompt: str, *, before: Scene | None = None, rng: Random) -> Scene:
    """Read a prompt.

    Args:
        prompt: What is asked for. "Not at night" and "instead of the sea" ask for neither.
        before: The scene of the picture that is being changed: what is new wins, the rest stays.
        rng: Chooses the place when no word of the prompt names one.
    """
    places = {name: row["words"] for name, row in _TABLE["places"].items()}
    place = asked(prompt, places, before.place if before else "")
    place = place or (before.place if before else rng.choice(("hills", "mountain", "sea", "forest")))
    time, usual = asked(prompt, TIMES, before.time if before else ""), usual_time(place)
    time = time or (before.time if before else usual)
    return Scene(place=place, time=usual if "indoors" in (time, usual) else time)


def asked(prompt: str, words: Mapping[str, str], before: str) -> str:
    """The name of what a prompt asks for: its last wish that says so, else its ``<scene>``, else any words.

    Of a picture that is being changed only the last one counts: what was asked for earlier is in it.

    Args:
        words: The words that mean each name, with spaces between.
        before: What it is in the picture that is being changed; empty: nothing is.
    """
    low = _LEFT_OUT.sub(" ", prompt.lower())
    parts = [text for _, text in reversed(_WISH.findall(low))] + _SCENE.findall(low)
    if before and parts:
        return _most(parts[0], words, before)
    return next((name for text in (*parts, low) if (name := _most(text, words, before))), "")


def _most(text: str, words: Mapping[str, str], before: str) -> str:
    """The name whose words are said most often, the earliest among equals, preferring a change."""
    said = re.findall(r"[a-z]+", _NOT.sub(" ", text))
    found = {
        name: [i for i, word in enumerate(said) if word in known.split()] for name, known in words.items()
    }
    new = [name for name, at in found.items() if at and name != before]
    if not new:
        return before if found.get(before) else ""
    return max(new, key=lambda name: (len(found[name]), -found[name][0]))
