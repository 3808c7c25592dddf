"""What is asked for: the words and the options become a request of the studio's, and a key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from pydantic import ValidationError

from coach.errors import InputRefused
from coach.flux.made import Asked
from coach.flux.styles import Style, said
from coach.studio import PictureRequest
from coach.studio.comfy import Lora, film
from coach.studio.request import FluxOptions

WIDTH, HEIGHT = 1360, 768
"""Pixels of a picture, where nothing else is asked for (seed 004)."""

Character = str | tuple[str, float]
"""The LoRA of a character, by its file's name; or that, and how strong it is to be."""


class Options(TypedDict, total=False):
    """What can be asked for, of one picture or of each of a batch.

    Attributes:
        style_id: A style of the registry.
        width, height: Pixels, multiples of 16; 1360 and 768 where they are left out.
        steps: How many steps of denoising; as the model has it (FLUX dev: 20).
        seed: What the noise begins with; -1: any. Which it was is on record, and in the answer.
        character_loras: The LoRAs of who is in the picture.
        cinematic: How strong FILM-V3-FLUX is, instead of what the style says; 0: without.
        guidance: How closely the words are followed, instead of what the style or the model says.
        model: Another model than the style's.
        save_to_style: Whether the picture is saved in the style's folder too, where there is a folder.
    """

    style_id: str | None
    width: int
    height: int
    steps: int | None
    seed: int
    character_loras: Sequence[Character]
    cinematic: float | None
    guidance: float | None
    model: str | None
    save_to_style: bool


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A picture that is wanted, checked and not asked for yet."""

    asked: Asked
    request: PictureRequest
    model: str
    saves: bool


def asked_for(prompt: str, style: Style | None, options: Options) -> Asked:
    """What an answer repeats of what was asked for."""
    width, height = options.get("width", WIDTH), options.get("height", HEIGHT)
    return Asked(prompt=prompt, style=style, width=width, height=height)


def want(prompt: str, style: Style | None, options: Options, *, model: str) -> Wanted:
    """A picture that is wanted.

    Args:
        model: Where neither the options nor the style say which.

    Raises:
        InputRefused: A value is none of those allowed; it is named.
    """
    flux = _options(style, options)
    try:
        words = None if style is None else style.words
        request = PictureRequest(prompt=prompt, shape="landscape", previews=0, style=words, flux=flux)
    except ValidationError as exc:
        raise InputRefused(said(exc), field="prompt") from None
    return Wanted(
        asked=asked_for(prompt, style, options),
        request=request,
        model=options.get("model") or (model if style is None else style.model),
        saves=options.get("save_to_style", True),
    )


def _options(style: Style | None, options: Options) -> FluxOptions:
    """What is asked for beside the words: by name, else as the style has it."""
    plain = style or Style(id="none", title="None")
    cinematic = options.get("cinematic")
    cinematic = plain.cinematic_weight if cinematic is None else cinematic
    guidance = options.get("guidance")
    try:
        loras = [
            *plain.loras,
            *(_character(each, plain.character_weight) for each in options.get("character_loras", ())),
            *([film(cinematic)] if cinematic else []),
        ]
        return FluxOptions(
            style=None if style is None else style.id,
            loras=tuple(loras),
            steps=options.get("steps"),
            seed=options.get("seed", -1),
            guidance=plain.guidance if guidance is None else guidance,
            width=options.get("width", WIDTH),
            height=options.get("height", HEIGHT),
        )
    except ValidationError as exc:
        field = str(exc.errors(include_input=False)[0]["loc"][0])
        raise InputRefused(said(exc), field=field) from None


def _character(given: Character, usual: float) -> Lora:
    name, strength = (given, usual) if isinstance(given, str) else given
    try:
        return Lora(role="character", name=name, strength=strength)
    except ValidationError as exc:
        raise InputRefused(f"The LoRA {name[:40]!r}: {said(exc)}", field="character_loras") from None


def key_for(wanted: Wanted, which: str) -> str:
    """The key of a picture of a batch: what is asked for, and which of several it is."""
    content = [wanted.request.model_dump(mode="json"), wanted.model, which]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return f"flux {hashlib.sha256(text.encode()).hexdigest()}"
