"""Which place and which light a prompt asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from PIL import Image

from coach.sandbox.painter import indoors, outdoors
from coach.sandbox.painter.light import LIGHTS, Light, varied

Painter = Callable[[Image.Image, Light, Random], None]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Somewhere to be: how it is painted, when it is usually seen, which words mean it."""

    paint: Painter
    usual: str
    words: str
    grass: bool = True


PLACES = {
    "observatory": Place(
        paint=outdoors.observatory,
        usual="night",
        words="observatory telescope planetarium astronomer astronomy constellation constellations galaxy",
    ),
    "sea": Place(
        paint=outdoors.sea,
        usual="dawn",
        words="sea ocean ship boat sail sailing harbour harbor beach coast shore wave waves lighthouse "
        "captain navigator voyage island lake river water deck",
    ),
    "mountain": Place(
        paint=outdoors.mountains,
        usual="dusk",
        words="mountain mountains peak peaks summit ridge cliff alpine climbing hiking trail valley",
    ),
    "city": Place(
        paint=outdoors.city,
        usual="night",
        words="city skyline street rooftop urban downtown tower towers neighbourhood neighborhood",
    ),
    "forest": Place(
        paint=outdoors.forest,
        usual="golden",
        words="forest wood woods tree trees garden orchard jungle pine pines clearing",
    ),
    "stage": Place(
        paint=indoors.stage,
        usual="indoors",
        words="stage audience theatre theater concert spotlight podium auditorium applause microphone",
        grass=False,
    ),
    "study": Place(
        paint=indoors.study,
        usual="indoors",
        words="library book books classroom school study desk bookshelf bookshelves workshop atelier "
        "laboratory lab office kitchen students lecture blackboard workbench",
        grass=False,
    ),
    "hills": Place(
        paint=outdoors.hills,
        usual="day",
        words="hill hills field fields meadow countryside farm vineyard prairie path road",
    ),
}

TIMES = {
    "night": "night midnight moon moonlight moonlit starlight starlit starry stars milky",
    "dawn": "dawn sunrise morning daybreak",
    "golden": "golden afternoon autumn",
    "dusk": "dusk sunset evening twilight",
    "day": "day daylight midday noon sunny bright",
}

_NOT = re.compile(
    r"\b(?:instead of|rather than|not|without|no|never)\s+(?:(?:the|a|an|at|in|on|by|of)\s+)*[a-z]+"
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A place at a time of day, by their names in :data:`PLACES` and :data:`LIGHTS`."""

    place: str
    time: str

    def paint(self, size: tuple[int, int], rng: Random) -> tuple[Image.Image, Light]:
        """The scene without anybody in it, and its light. ``size`` is in pixels."""
        image, sun = Image.new("RGB", size), varied(LIGHTS[self.time], rng)
        PLACES[self.place].paint(image, sun, rng)
        return image, sun

    @property
    def grass(self) -> bool:
        """Whether grass grows in front."""
        return PLACES[self.place].grass


def scene_of(prompt: str, *, before: Scene | None = None, rng: Random) -> Scene:
    """Read a prompt.

    Args:
        prompt: What is asked for. "Not at night" and "instead of the sea" ask for neither.
        before: The scene of the picture that is being changed: what is new wins, the rest stays.
        rng: Chooses the place when no word of the prompt names one.
    """
    places = {name: place.words for name, place in PLACES.items()}
    place = _asked(prompt, places, before.place if before else "")
    place = place or (before.place if before else rng.choice(("hills", "mountain", "sea", "forest")))
    time = _asked(prompt, TIMES, before.time if before else "")
    time = time or (before.time if before else PLACES[place].usual)
    if "indoors" in (time, PLACES[place].usual):
        time = PLACES[place].usual
    return Scene(place=place, time=time)


def _asked(prompt: str, words: Mapping[str, str], before: str) -> str:
    """What a prompt asks for: its ``<change>``, else its ``<scene>``, else any of its words."""
    low = prompt.lower()
    parts = [
        found[1]
        for tag in ("change", "scene")
        if (found := re.search(rf"<{tag}>(.*?)</{tag}>", low, re.DOTALL))
    ]
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
