"""The job spec, version 3.0: everything that decides what one sticker looks like, with a hash to name it by.

Source: the PackPuter guide (version, type, engine, base_image_ref, canvas, prompt, negative_prompt, text,
constraints, in this order) and Telegram's "Stickers" (core.telegram.org/stickers, read 2026-11: a static
sticker is a PNG or WebP of at most 512 KB whose longer side has 512 pixels).
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from coach.text import clean, one_line

Engine = Literal["memeputer_i2i", "gpt_image"]
Placement = Literal["top", "bottom", "sign"]
"""Where the words are: above the subject, below it, or on a sign it holds."""

LONGEST_PROMPT, LONGEST_WORDS, LONGEST_REF = 4_000, 32, 2_000
"""Characters of a prompt, of the words on a sticker, and of the name of the base picture."""

SIDE = 512
"""Width and height of a sticker in pixels."""

MAX_BYTES = 512 * 1024
"""The largest file Telegram takes as a static sticker."""


SIGNS = frozenset(
    {chr(code) for code in (*range(0x20, 0x7F), *range(0xA1, 0x100)) if code not in (0xAD, 0xAF)}
    | set("ıŁłŒœŠšŸŽž€™\u2013\u2014\u2018\u2019\u201c\u201d\u201e\u2022\u2026")
)
"""What words may be written with: the font has no others."""


def _prompt(text: str) -> str:
    return str(clean(text)).strip()


def _drawable(text: str) -> str:
    unknown = sorted(set(text) - SIGNS)
    if unknown:
        raise ValueError(
            f"the font has no {' '.join(unknown[:5])}; it has the Latin letters of Western Europe"
        )
    return text


_Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$"), AfterValidator(str.upper)]
_Prompt = Annotated[str, AfterValidator(_prompt), Field(max_length=LONGEST_PROMPT)]
_Line = Annotated[str, AfterValidator(one_line)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Canvas(_Part):
    """What a sticker is drawn on: always 512 pixels square with nothing behind it."""

    w: Literal[512] = 512
    h: Literal[512] = 512
    bg: Literal["transparent"] = "transparent"


class Style(_Part):
    """How words look. Lengths are pixels of the canvas.

    Attributes:
        font: The one there is: round and bold.
        font_size: The largest; words that are too long for the width are smaller.
        fill: ``#RRGGBB`` of the letters.
        stroke: ``#RRGGBB`` of the line around them.
        stroke_width: How wide that is; 0: none.
    """

    font: Literal["rounded"] = "rounded"
    font_size: int = Field(default=110, ge=24, le=160)
    fill: _Colour = "#FFFFFF"
    stroke: _Colour = "#1B1B1F"
    stroke_width: int = Field(default=8, ge=0, le=16)


class Text(_Part):
    """The words on a sticker. They are drawn by us, never by a model."""

    value: Annotated[_Line, Field(min_length=1, max_length=LONGEST_WORDS), AfterValidator(_drawable)]
    placement: Placement = "bottom"
    style: Style = Style()


class Outline(_Part):
    """The line around everything that is drawn, in pixels of the canvas."""

    color: _Colour = "#FFFFFF"
    width: int = Field(default=10, ge=4, le=24)


class Shadow(_Part):
    """A soft shadow below the outline: its darkness from 0 to 1, and lengths in pixels of the canvas."""

    color: _Colour = "#000000"
    opacity: float = Field(default=0.2, gt=0, le=0.4)
    blur: int = Field(default=4, ge=0, le=12)
    offset: int = Field(default=4, ge=0, le=12)


class Constraints(_Part):
    """What the quality gate checks.

    Attributes:
        subject_height: The least and the most of the canvas's height that the subject with its words, outline
            included and shadow not, may take.
        margin: Pixels at each side of the canvas that stay empty.
        centered: Whether it stands in the middle.
        max_bytes: The largest the file may be.
    """

    subject_height: tuple[float, float] = (0.7, 0.9)
    margin: int = Field(default=8, ge=4, le=64)
    centered: bool = True
    outline: Outline | None = Outline()
    shadow: Shadow | None = Shadow()
    max_bytes: int = Field(default=MAX_BYTES, ge=32 * 1024, le=MAX_BYTES)

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        low, high = self.subject_height
        if not 0.3 <= low <= high <= 1:
            raise ValueError("subject_height is two numbers from 0.3 to 1, the smaller one first")
        if low * SIDE > SIDE - 2 * self.margin:
            raise ValueError("with this margin the subject cannot be so high")
        return self


class JobSpec(_Part):
    """What one sticker is to look like.

    Attributes:
        base_image_ref: What the caller calls the picture of the character; never opened from here.
        prompt: What the model is told.
        negative_prompt: What it is told to leave out.
        text: The words on it; ``None``: none.
    """

    version: Literal["3.0"] = "3.0"
    type: Literal["image_sticker"] = "image_sticker"
    engine: Engine
    base_image_ref: Annotated[_Line, Field(min_length=1, max_length=LONGEST_REF)]
    canvas: Canvas = Canvas()
    prompt: Annotated[_Prompt, Field(min_length=1)]
    negative_prompt: _Prompt = ""
    text: Text | None = None
    constraints: Constraints = Constraints()

    def told(self) -> str:
        """The prompt for an engine that has no field for what to leave out."""
        return f"{self.prompt} Leave out: {self.negative_prompt}." if self.negative_prompt else self.prompt

    def hash(self) -> str:
        """SHA-256, in hex, of the spec as JSON with its keys in order and no white space."""
        text = json.dumps(
            self.model_dump(mode="json"), sort_keys=True, ensure_ascii=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()
