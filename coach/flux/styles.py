"""Styles: which LoRA draws a picture, and with what numbers. One TOML file each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from coach.errors import InputRefused, SettingsError
from coach.studio.comfy import Lora, LoraName

OWN = Path(__file__).with_name("styles")
"""The folder of those that come with the library."""

_MOST = 64 * 1024
_STRENGTH = Field(ge=-10, le=10, allow_inf_nan=False)


class Style(BaseModel):
    """One style.

    Attributes:
        id: What it is asked for by: 1 to 32 small letters, digits, ``-`` and ``_``.
        title: What it is called.
        about: What it looks like, for whoever chooses.
        lora: Its LoRA in the worker's folder; ``None``: it is made of words alone.
        lora_weight: How strong that is.
        character_weight: How strong the LoRA of a character is where nothing else is asked for.
        cinematic_weight: How strong FILM-V3-FLUX is where nothing else is asked for; 0: without.
        guidance: How closely the words are followed; ``None``: as the model has it.
        model: The model it is for, by its name in the capability table.
        words: What is added to every prompt; many LoRAs answer to certain words.
        samples: Prompts to try it with.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    title: str = Field(min_length=1, max_length=80)
    about: str = Field(default="", max_length=500)
    lora: LoraName | None = None
    lora_weight: Annotated[float, _STRENGTH] = 1.0
    character_weight: Annotated[float, _STRENGTH] = 1.0
    cinematic_weight: Annotated[float, _STRENGTH] = 0.0
    guidance: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)
    model: str = Field(default="flux-dev", min_length=1, max_length=60)
    words: str | None = Field(default=None, min_length=1, max_length=2000)
    samples: tuple[str, ...] = ()

    @field_validator("title")
    @classmethod
    def _is_a_line(cls, title: str) -> str:
        if not title.isprintable() or title != title.strip():
            raise ValueError("a title is one line without spaces around it")
        return title

    @property
    def loras(self) -> tuple[Lora, ...]:
        """Its own LoRA, if it has one."""
        if self.lora is None:
            return ()
        return (Lora(role="style", name=self.lora, strength=self.lora_weight),)


class Styles:
    """The styles there are.

    Args:
        styles: In any order; they are listed by their ids, numbers as numbers.
    """

    def __init__(self, styles: Mapping[str, Style]) -> None:
        self._styles = {id: styles[id] for id in sorted(styles, key=_by_number)}

    @classmethod
    def load(cls, folder: Path | None = None) -> Styles:
        """Read the ``.toml`` files of a folder; without one, the styles that come with the library.

        Raises:
            SettingsError: A file cannot be read or is no style, or two have the same id; the file is named.
        """
        styles: dict[str, Style] = {}
        try:
            paths = sorted(path for path in (folder or OWN).iterdir() if path.suffix == ".toml")
        except OSError:
            raise SettingsError("COACH_STYLES is no folder that can be read.") from None
        for path in paths:
            style = _read(path)
            if style.id in styles:
                raise SettingsError(f"{path.name}: another style has the id {style.id!r} already.")
            styles[style.id] = style
        return cls(styles)

    def __iter__(self) -> Iterator[Style]:
        return iter(self._styles.values())

    def get(self, id: str) -> Style:
        """One style.

        Raises:
            InputRefused: There is no such style; those there are are named.
        """
        if id not in self._styles:
            there = ", ".join(self._styles) or "none"
            say = f"There is no style {id[:40]!r}. There are: {there}."
            raise InputRefused(say, field="style_id", allowed=tuple(self._styles))
        return self._styles[id]


def _by_number(id: str) -> tuple[tuple[bool, int, str], ...]:
    """By the numbers in it as numbers, and these before words."""
    parts: list[str] = re.findall(r"\d+|\D+", id)
    return tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)


def _read(path: Path) -> Style:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
        if len(data) > _MOST:
            raise SettingsError(f"{path.name}: a style has at most {_MOST // 1024} kB.")
        return Style.model_validate(tomllib.loads(data.decode()))
    except ValidationError as exc:
        raise SettingsError(f"{path.name}: {said(exc)}") from None
    except (OSError, ValueError) as exc:  # a wrong TOML file is a ValueError, and so is wrong UTF-8
        raise SettingsError(f"{path.name} is no TOML file that can be read ({type(exc).__name__}).") from None


def said(error: ValidationError) -> str:
    """The first thing that is wrong, with its name."""
    first: Any = error.errors(include_input=False, include_url=False)[0]
    return f"`{'.'.join(map(str, first['loc']))}`: {first['msg']}."
