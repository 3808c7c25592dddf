"""What a coach says of pictures, beside what there is: a model may say that it made one, and have made none.

What was said cannot be unsaid, so a sentence follows it. Each of them is true whenever it is said, also where
nothing was claimed: what is looked for may be wide.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from coach.events import Finished

if TYPE_CHECKING:
    from coach.folder import Coach

NOT_MADE = "No new picture was made just now."
NO_LINK = "A link is no picture: what is made here comes by itself."

MOST_HANDLES = 20
"""Handles in what was said that are looked up."""

_HANDLE = re.compile(r"(?<![\w./-])v[1-9][0-9]{0,8}[a-z]{0,6}(?!\w|[.-]\d)", re.ASCII | re.IGNORECASE)
_LINK = re.compile(
    r"!\[[^\]\n]{0,200}\]\(|<img\b|data:image/|https?://[^\s<>\"')]{1,500}\.(?:png|jpe?g|webp|gif|heic|avif)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile("[^.!?:\n\u3002\uff01\uff1f]+")
_CLOSE, _NEAR = ".{0,30}?", ".{0,60}?"
_NO_SPACES = "\u2e80"  # from here on scripts that do not part words


@runtime_checkable
class KnowsHandles(Protocol):
    """Who knows which pictures a person has: the service ``versions``."""

    async def known_handles(self, user_id: str, handles: Iterable[str]) -> set[str]:
        """Those of the handles that one of the person's pictures has."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What was said of pictures.

    Attributes:
        shown: That one is there.
        made: That one is new.
        linked: That one lies behind a link.
        handles: Which ones were named.
    """

    shown: bool
    made: bool
    linked: bool
    handles: tuple[str, ...]

    @classmethod
    def of(cls, said: str) -> Claim:
        """Read what was said, in one of the languages of ``claims.toml``."""
        shown = made = False
        for sentence in _SENTENCE.findall(said.casefold()):
            for noun, says_shown, says_made in _languages():
                if noun.search(sentence):
                    shown = shown or says_shown.search(sentence) is not None
                    made = made or says_made.search(sentence) is not None
        handles = dict.fromkeys(handle.lower() for handle in _HANDLE.findall(said))
        linked = _LINK.search(said) is not None
        return cls(shown=shown, made=made, linked=linked, handles=tuple(handles)[:MOST_HANDLES])


class Witness:
    """Sees what pictures come of one turn, and puts right what is said of them.

    Args:
        coach: Knows which actions make pictures, and who knows the person's.
        user_id: Whose turn it is.
    """

    def __init__(self, coach: Coach, user_id: str) -> None:
        self._coach, self._user_id = coach, user_id
        self._shown = self._made = False

    def see(self, event: Finished) -> None:
        """Look whether a picture came of a call: its data name its blob, or it was paid for."""
        action = self._coach.actions.get(event.action)
        spends = action is not None and action.spends
        if event.state == "done" and (spends or "blob" in (event.data or {})):
            self._shown, self._made = True, self._made or spends

    async def correction(self, said: str) -> str | None:
        """See :meth:`coach.turn.Turn.correction`."""
        claim = Claim.of(said)
        known = await self._known(claim.handles)
        told = [f"There is no picture {handle}." for handle in claim.handles if handle not in known]
        if (claim.made and not self._made) or (claim.shown and not (self._shown or known)):
            told.append(NOT_MADE)
        if claim.linked:
            told.append(NO_LINK)
        return f"({' '.join(told)})" if told else None

    async def _known(self, handles: tuple[str, ...]) -> set[str]:
        knows = self._coach.services.get("versions")
        if not handles or not isinstance(knows, KnowsHandles):
            return set(handles)  # nobody can say
        return await knows.known_handles(self._user_id, handles)


@cache
def _languages() -> list[tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]]:
    """For each language: what a picture is called, how it is said that one is there, and that one is new."""
    read = tomllib.loads(Path(__file__).with_name("claims.toml").read_text("utf-8"))
    found = []
    for words in read.values():
        noun, here, ready, made = (_any(words[name]) for name in ("noun", "here", "ready", "made"))
        is_shown, is_made = (
            f"{here}{_CLOSE}{noun}|{noun}{_CLOSE}{ready}",
            f"{made}{_NEAR}{noun}|{noun}{_NEAR}{made}",
        )
        found.append((re.compile(noun), re.compile(f"{is_shown}|{is_made}"), re.compile(is_made)))
    return found


def _any(words: Iterable[str]) -> str:
    """One of these, from the beginning of a word on where words are parted."""
    forms = [word.casefold() for word in words]
    begun = (("" if form > _NO_SPACES else r"\b") + re.escape(form) for form in forms)
    return f"(?:{'|'.join(begun)})"
