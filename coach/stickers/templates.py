"""The stickers that can be asked for by a word: what the character does, and what is written on them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from coach.errors import InputRefused
from coach.stickers.names import NAMES
from coach.stickers.spec import Text
from coach.text import one_line

_Words = Annotated[str, Field(min_length=1, max_length=300)]


class Template(BaseModel):
    """One of them.

    Attributes:
        meaning: What its word says, for people.
        pose: What the character does, as a part of a sentence after "The character is".
        expression: How it looks while doing so.
        text: The words, where they are and how they look.
        negative: What it is not to become.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    meaning: _Words
    pose: _Words
    expression: _Words
    text: Text
    negative: _Words


def _read() -> Mapping[str, Template]:
    folder = Path(__file__).with_name("templates")
    texts = {name: (folder / f"{name.lower()}.toml").read_text(encoding="utf-8") for name in NAMES}
    return MappingProxyType({name: Template(**tomllib.loads(text)) for name, text in texts.items()})


TEMPLATES: Mapping[str, Template] = _read()
"""All of them by name, in the order of :data:`~coach.stickers.names.NAMES`."""


def template(name: str) -> Template:
    """The one that is called so, in capitals or not.

    Raises:
        InputRefused: There is none.
    """
    found = TEMPLATES.get(one_line(name[:40]).upper())
    if found is None:
        say = f"There is no such sticker template. There are {', '.join(NAMES)}."
        raise InputRefused(say, field="template_id", allowed=NAMES)
    return found
