"""Whether a message asks for a job spec or orders the picture. In doubt it asks for the spec: that is free.

Where a caller can say it by a typed action, nothing here is asked; this reads what callers write to an agent.
Only the message gives orders. What it quotes, and the words for the sticker that are in it, give none.
"""

# ruff: noqa: RUF001 - other languages have other letters

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from coach.stickers._orders import (
    AGAINST,
    ASKS_POLITELY,
    LONGEST,
    NEUTRAL,
    NO_SPEC,
    ORDER,
    SENTENCES,
    STILL_AGAINST,
    WORDS_FOLLOW,
)
from coach.stickers.outcome import Wanted
from coach.text import LONGEST_MESSAGE

_LONGEST = 2 * LONGEST_MESSAGE
"""Characters of a message once it is readable: there are signs that stand for eighteen others."""

_ASIDE = re.compile(
    r"https?://\S+|<!--.*?(?:-->|\Z)|<(\w+)\b[^<>]*>.*?(?:</\1\s*>|\Z)|```.*?(?:```|\Z)|`[^`]*`|~~.*?~~"
    r"|^ ?>.*?$|\"[^\"]*(?:\"|\Z)|“[^”]*(?:”|\Z)|„[^“”]*(?:[“”]|\Z)|«[^»]*(?:»|\Z)|»[^»«]*«|「[^」]*(?:」|\Z)"
    r"|『[^』]*(?:』|\Z)|《[^《》]*》|‹[^‹›]*›|(?<!\w)['‘][^'‘’]*['’](?!\w)|\[[^\[\]]*\]\([^()]*\)",
    re.DOTALL | re.MULTILINE,
)
"""What is set apart from what the caller says: addresses, quotations, code, markup, what is struck out. What
is not closed is looked through once: no bracket goes on over the next one."""

_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
"""Scripts with letters that look like one another's."""

_SEEN_OTHERWISE = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u0334-\u0338\u20d2-\u20d3\u20d8-\u20da\u20e0-\u20ef]"
)
"""What makes a text look other than it reads: changes of direction, strokes through letters."""


def decide(message: str, *, words: Iterable[str | None] = ()) -> Wanted:
    """What a message wants: ``"image"`` only when it clearly orders that, and nothing in it says otherwise.

    The orders are the seed's ("generate the image NOW", "return ONLY the image URL", "DO NOT return another
    job spec", "generate it", "create it") and the same in German, Spanish, French, Portuguese, Russian,
    Chinese, Japanese and Turkish. Questions, conditions, negations, a wish for the spec or for changes, and
    what cannot be read as it looks, leave it at ``"spec"``.

    Args:
        message: What the caller says to us.
        words: The words for the sticker; where the message repeats them they are no orders.
    """
    text = _readable(message)
    if len(text) > _LONGEST or _SEEN_OTHERWISE.search(message) or _is_mixed(text):
        return "spec"
    said, *theirs = _parts(text)
    # With the sticker's own words still in it: who wrote those shall not be able to take a "not" out.
    doubts = NEUTRAL.sub(" ", ASKS_POLITELY.sub(r"\1.", NO_SPEC.sub(" . ", said)))
    if AGAINST.search(doubts) or any(map(STILL_AGAINST.search, theirs)):
        return "spec"
    given = [_readable(each or "") for each in words]
    for each in given:
        text = _without(text, each)
    said, *theirs = _parts(text)
    sentences = SENTENCES.split(NEUTRAL.sub(" ", ASKS_POLITELY.sub(r"\1.", said)))
    # The sentence that announces somebody's words has no end before them.
    orders = [each.strip(" ,") for each in sentences[: -1 if theirs else None] if _orders(each)]
    # Who repeats the words may have set them anew: with other line ends and spaces, or only some of them.
    given = [" ".join(each.split()) for each in given]
    return "spec" if all(any(order in each for each in given) for order in orders) else "image"


def _parts(text: str) -> list[str]:
    """What the caller says, and what they announce as somebody's words."""
    return WORDS_FOLLOW.split(re.sub(r"\s+", " ", _ASIDE.sub(" … ", text)), maxsplit=1)


def _orders(sentence: str) -> bool:
    sentence = re.sub(r" +", " ", sentence).strip()
    return len(sentence) <= LONGEST and ORDER.fullmatch(sentence) is not None


def _readable(text: str) -> str:
    """A text as it is compared: small letters, one form of each, nothing that cannot be seen."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("ʼ", "'")
    seen = "".join(
        each for each in plain if unicodedata.category(each) not in ("Cf", "Mn", "Me", "Cc") or each in "\n\t"
    )
    return re.sub(r"[^\S\n]+", " ", seen)


def _without(text: str, words: str) -> str:
    words = words.strip()
    return text.replace(words, " … ") if len(words) > 1 else text


def _is_mixed(text: str) -> bool:
    """Whether a word has letters of several scripts that look alike."""
    return any(
        len({script for each in word if (script := _script(each))}) > 1 for word in re.findall(r"\w+", text)
    )


def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN" if letter.isalpha() else ""
    name = unicodedata.name(letter, "")
    return next((script for script in _SCRIPTS if name.startswith(script)), "")
