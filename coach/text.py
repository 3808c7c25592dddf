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
# Format (direction, zero width, tags), private use, unassigned. Line ends and other controls become spaces.
_UNSEEN = frozenset({"Cf", "Co", "Cn"})
_GAP = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def clean(value: Any) -> Any:
    """Put U+FFFD for what no database and no provider takes: NUL and lone surrogates, at any depth.

    Raises:
        RecursionError: The value is nested deeper than Python follows.
    """
    if isinstance(value, str):
        return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(inner) for inner in value]
    return value


def one_line(text: str) -> str:
    """A text on one line: white space, line ends of every kind and control characters are one space each run.

    What stands in a list that a prompt writes line by line cannot add a line to it.
    """
    return _GAP.sub(" ", str(clean(text))).strip()


def visible(text: str) -> str:
    """A text on one line, of what can be seen: without direction marks, zero-width characters and tags.

    What is shown or drawn then says the same to everybody, and to a model as to a person.
    """
    return one_line("".join(sign for sign in str(clean(text)) if unicodedata.category(sign) not in _UNSEEN))


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
