"""Text from outside, made fit to be stored and shown to a model."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from coach.errors import InputRefused

LONGEST_MESSAGE = 16_000
"""Characters of one message of a person; about ten printed pages."""

# PostgreSQL stores neither NUL nor half a surrogate pair; a model can produce both.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_GAP = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

# What nothing is drawn for: Default_Ignorable_Code_Point (Unicode's DerivedCoreProperties.txt): zero width,
# direction, variation selectors, tags, fillers; and the marks of interlinear annotation.
_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# The blocks that every emoji of UTS #51 (emoji-data.txt, Extended_Pictographic) is in.
_PICTOGRAPH = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
# The only three flags that are written with tags (UTS #51, RGI_Emoji_Tag_Sequence): England, Scotland, Wales.
_FLAGS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in region) for region in ("gbeng", "gbsct", "gbwls")
)
_SEEN = re.compile(
    "("  # what belongs to something that is seen
    f"\U0001f3f4(?:{_FLAGS})\U000e007f"
    f"|{_PICTOGRAPH}[\ufe0e\ufe0f]?(?:\u200d{_PICTOGRAPH}[\ufe0e\ufe0f]?)*"  # UTS #51, emoji_zwj_sequence
    "|[0-9#*]\ufe0f\u20e3"
    "|[\u1807\u1820-\u18aa][\u180b-\u180f]"  # a letter's form in Mongolian (Unicode Standard, 13.5)
    f")|[{_HIDDEN}]"
)
_ANY_HIDDEN = re.compile(f"[{_HIDDEN}]")
_JOINERS = frozenset("\u200c\u200d")
_VIRAMA = 9
# No letter is joined over more marks than that: what is looked at for each joiner is bounded.
_AROUND = 8


def storable(value: Any) -> Any:
    """Put U+FFFD for what no database and no provider takes: NUL and lone surrogates, at any depth.

    Raises:
        RecursionError: The value is nested deeper than Python follows.
    """
    if isinstance(value, str):
        return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {storable(key): storable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(inner) for inner in value]
    return value


def clean(value: Any) -> Any:
    """:func:`storable`, and without what cannot be seen, at any depth: a model reads what a person sees.

    Gone are characters that nothing is drawn for: zero width, direction, variation selectors, tags, fillers.
    They stay where something seen is made of them: inside emoji (UTS #51), and joiners where a script needs
    them (RFC 5892, appendix A, as for domain names; and before a virama, as Bengali and Kannada write:
    Unicode Standard, 12.2 and 12.8). Cleaned twice is cleaned once.

    Raises:
        RecursionError: The value is nested deeper than Python follows.
    """
    if isinstance(value, str):
        text: str = storable(value)
        return _SEEN.sub(_shown, text) if _ANY_HIDDEN.search(text) else text
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(inner) for inner in value]
    return value


def _shown(found: re.Match[str]) -> str:
    """What is left of a character that may be hidden, or of the emoji it is in."""
    if found[1] is not None:
        return found[0]
    return found[0] if found[0] in _JOINERS and _joins(found.string, found.start()) else ""


def _joins(text: str, at: int) -> bool:
    """Whether a joiner has something to join."""
    import idna  # with its tables, which few texts need

    if text[at] == "\u200d" and text[at - 1 : at].isalpha() and _is_virama(text[at + 1 : at + 2]):
        return True
    begin = max(0, at - _AROUND)
    try:
        return idna.valid_contextj(text[begin : at + _AROUND], at - begin)
    except ValueError:  # beside a character that has no name
        return False


def _is_virama(sign: str) -> bool:
    return sign != "" and unicodedata.combining(sign) == _VIRAMA


class Cleaner:
    """Cleans a text that comes in pieces, as :func:`clean` does the whole.

    A piece may end inside an emoji or a word; what cannot be judged yet is held back.
    """

    def __init__(self) -> None:
        # What came after the last character that nothing before or after it depends on; and how much of that
        # was given out.
        self._open, self._given = "", 0

    def add(self, piece: str) -> str:
        """The next piece, clean, with what was held back before it."""
        self._open += piece
        return self._give(_decided(self._open))

    def end(self) -> str:
        """What is still held back."""
        return self._give(len(self._open))

    def _give(self, end: int) -> str:
        cleaned: str = clean(self._open[:end])
        given = cleaned[self._given :]
        apart = next((at for at in range(end, 0, -1) if _stands_alone(self._open[at - 1])), 0)
        if end - apart > _LONGEST_OPEN:
            apart = end
        self._given = len(cleaned) - len(clean(self._open[:apart]))
        self._open = self._open[apart:]
        return given


_LONGEST_OPEN = 4 * _AROUND
"""Characters that are looked at again with the next piece: longer is no emoji, and no word with marks."""


def _stands_alone(sign: str) -> bool:
    return sign.isascii() and sign not in "0123456789#*"


def _decided(text: str) -> int:
    """Where the end of a text begins that what comes next decides: something hidden, and marks after it."""
    at = len(text)
    while len(text) - at < 2 * _AROUND and at and (_is_mark(text[at - 1]) or _ANY_HIDDEN.match(text[at - 1])):
        at -= 1
    hidden = _ANY_HIDDEN.search(text, at)
    return hidden.start() if hidden else len(text)


def _is_mark(sign: str) -> bool:
    return unicodedata.category(sign) in ("Mn", "Me")


def one_line(text: str) -> str:
    """A clean text on one line: white space, line ends and control characters are one space each run.

    What stands in a list that a prompt writes line by line cannot add a line to it.
    """
    return _GAP.sub(" ", str(clean(text))).strip()


def written_out(text: str) -> str:
    """A text with its control characters in writing, ``\\x1b``; tabs and line ends stay.

    A terminal obeys what it is shown: nothing may hide a part of what a person says yes to.
    """
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def message_text(text: str) -> str:
    """A person's message as it is kept.

    Raises:
        InputRefused: It is empty or longer than :data:`LONGEST_MESSAGE`.
    """
    kept: str = clean(text).strip()
    if not kept:
        raise InputRefused("The message is empty. Write something first.")
    if len(kept) > LONGEST_MESSAGE:
        raise InputRefused(f"The message is longer than {LONGEST_MESSAGE:,} characters. Send it in parts.")
    return kept
