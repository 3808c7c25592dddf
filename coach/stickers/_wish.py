"""What of a person's words is to be written on the sticker, and where. Their text is data, no template."""

from __future__ import annotations

import re
from dataclasses import dataclass

from coach.errors import InputRefused
from coach.stickers.spec import LONGEST_WORDS, Placement
from coach.text import one_line

LONGEST_WISH = 1_000
"""Characters of what one sticker is wished to show."""

_SAYS = (
    r"(?:that\s+)?(?:say(?:s|ing)?|read(?:s|ing)?|(?:with|showing)\s+the\s+(?:words?|text)|captioned)\b\s*:?"
)
_BOARDS = ("sign", "board", "banner", "placard", "poster", "card", "flag")
_BOARD = re.compile(rf"\b(?:{'|'.join(_BOARDS)})\b", re.IGNORECASE)
# Each is of its own length, and what is looked behind for has one.
_BEHIND = "|".join(rf"(?<=\b{board} )" for board in _BOARDS)
_ABOVE = re.compile(r"\b(?:at|on)\s+(?:the\s+)?top\b|\babove\b", re.IGNORECASE)
# The surest first: what stands in quotation marks, then what a sign or the words are said to say.
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?:\b(?:{_SAYS}|with)\s*)?(?:\"([^\"]+)\"|\u201c([^\u201c\u201d]+)\u201d|\u00ab([^\u00bb]+)\u00bb)",
        rf"\b{_SAYS}\s*(?:'((?:[^']|(?<=\w)'(?=\w))+)'|\u2018([^\u2018\u2019]+)\u2019)(?!\w)",
        rf"(?:{_BEHIND}){_SAYS}\s+([^.,;:()]+)",
    )
)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person wishes for.

    Attributes:
        shown: What the picture shows, without the words that are drawn by us.
        words: Those words; ``None``: none.
        placement: Where they are.
    """

    shown: str
    words: str | None
    placement: Placement


def understood(user_prompt: str) -> Wish:
    """Read what somebody wrote: the words in quotation marks, or what a sign is to say, are drawn by us.

    Raises:
        InputRefused: It is empty or too long, or the words are.
    """
    wish = told(user_prompt, "user_prompt", LONGEST_WISH)
    if not wish:
        raise InputRefused("Say what the sticker shows.", field="user_prompt")
    found = next((match for form in _FORMS if (match := form.search(wish))), None)
    if found is None:
        return Wish(shown=wish, words=None, placement="bottom")
    words = next(group for group in found.groups() if group).strip()
    if not words:
        return Wish(shown=wish, words=None, placement="bottom")
    if len(words) > LONGEST_WORDS:
        say = f"The words on a sticker have at most {LONGEST_WORDS} characters."
        if found.re is _FORMS[-1]:  # without them it may be more than was meant
            say += " Put them in quotation marks."
        raise InputRefused(say, field="user_prompt")
    before, after = wish[: found.start()].rstrip(), wish[found.end() :].lstrip(" ")
    glue = "" if after[:1] in ".,;:!?)" else " "
    return Wish(shown=f"{before}{glue}{after}".strip(), words=words, placement=_placed(before, after))


def told(text: str, field: str, most: int) -> str:
    """A person's text on one line, of what can be seen, that cannot end the marks it stands between.

    Raises:
        InputRefused: It is longer than ``most`` characters.
    """
    if len(text) > most:
        raise InputRefused(
            f"`{field}` has more than {most:,} characters. Say it in fewer words.", field=field
        )
    return one_line(text).translate({ord("<"): "(", ord(">"): ")"})


def _placed(before: str, after: str) -> Placement:
    if _BOARD.search(before):
        return "sign"
    return "top" if _ABOVE.search(f"{before} | {after}") else "bottom"
